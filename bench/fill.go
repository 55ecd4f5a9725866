package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"accesscodes/internal/access"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/sqlite"
)

// runTag makes what this process sends different from what an earlier one did.
var runTag = time.Now().Unix() ^ int64(os.Getpid())<<32

// fillChunk is how many codes are inserted at once.
const fillChunk = 5000

// fill puts the codes of a case straight into the database of a server: BENCH-1, BENCH-2 and
// so on, with one use each, created one microsecond after the other.
func (p *plan) fill(ctx context.Context, c workCase, address string) (err error) {
	count := 0
	if c.codes != nil {
		count = c.codes(p, p.runs)
	}
	store, err := openStore(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	workspaces, err := store.Workspaces(ctx)
	if err != nil {
		return err
	}
	code := access.Code{WorkspaceID: workspaces[0].ID, Type: access.TypeNormal, CreatedAt: time.Now().UTC().Add(-24 * time.Hour)}
	if c.shared {
		if _, err := store.InsertCodes(ctx, []*access.NewCode{named(code, "SHARED")}); err != nil {
			return err
		}
	}
	once := int64(1)
	code.MaxRedemptions = &once
	for first := 1; first <= count; first += fillChunk {
		var codes []*access.NewCode
		for n := first; n < first+fillChunk && n <= count; n++ {
			code.CreatedAt = code.CreatedAt.Add(time.Microsecond)
			codes = append(codes, named(code, fmt.Sprint("BENCH-", n)))
		}
		if _, err := store.InsertCodes(ctx, codes); err != nil {
			return err
		}
	}
	return nil
}

func named(code access.Code, value string) *access.NewCode {
	code.Value = value
	return &access.NewCode{Code: code, Canonical: access.Canonical(value)}
}

func openStore(ctx context.Context, address string) (access.Store, error) {
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		return sqlite.Open(path, sqlite.Options{BusyTimeout: time.Minute})
	}
	return postgres.Open(ctx, address, postgres.Options{Timeout: time.Minute})
}

// farAway returns the cursor of page 10,000 of a list with 50 codes on a page.
func farAway(ctx context.Context, s *process) (cursor string, err error) {
	for range 9_999 * 50 / access.MaxPage {
		if cursor, err = nextPage(ctx, s, fmt.Sprintf("limit=%d&cursor=%s", access.MaxPage, cursor)); err != nil || cursor == "" {
			return "", errors.Join(err, errors.New("the list has fewer than 10,000 pages"))
		}
	}
	return cursor, nil
}

func nextPage(ctx context.Context, s *process, query string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/tenant-codes?"+query, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("X-Api-Key", s.key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	var page struct{ NextCursor string }
	err = json.NewDecoder(response.Body).Decode(&page)
	return page.NextCursor, errors.Join(err, response.Body.Close())
}
