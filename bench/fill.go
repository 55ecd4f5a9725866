package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/tenancy"
)

// filling is what is put straight into the database of a server before it is measured.
type filling struct {
	count  int  // codes, with the values of benchCode
	once   bool // each can be redeemed once; else as often as one likes
	shared bool // the code SHARED, which can be redeemed as often as one likes
}

const (
	// insertedAtOnce is how many codes are inserted in one transaction.
	insertedAtOnce = 5000
	// sortedAtOnce is how many are put in order first. Random codes in no order would each
	// write a page of the index, which takes hours for ten million. After some rounds of this
	// the index has grown in the same places.
	sortedAtOnce = million
)

// symbols are those of generated codes.
const symbols = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// benchCode is the value of the n-th code: CODE- and eight characters that are as good as
// random, so that codes which are generated meanwhile come in between. The script of wrk has the same
// function. All products are below 2^53, which is
// where its numbers end: n is below 2^26.
func benchCode(n int) string {
	const step, space = 102_334_155, 1 << 40 // the step is odd, so that no two are the same
	value := []byte("CODE-????????")
	rest := n * step % space
	for i := len(value) - 1; value[i] == '?'; i-- {
		value[i] = symbols[rest%len(symbols)]
		rest /= len(symbols)
	}
	return string(value)
}

func (f filling) fill(ctx context.Context, address string) (err error) {
	store, err := openStore(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	workspaces, err := store.Workspaces(ctx)
	if err != nil {
		return err
	}
	code := codes.Code{
		WorkspaceID: workspaces[0].ID,
		Type:        codes.TypeNormal,
		CreatedAt:   time.Now().UTC().Add(-24 * time.Hour),
		CreatedBy:   core.ID{1},
	}
	if f.shared {
		if _, err := store.InsertCodes(ctx, []*codes.NewCode{named(code, "SHARED")}); err != nil {
			return err
		}
	}
	if f.once {
		code.MaxRedemptions = new(int64(1))
	}
	for first := 0; first < f.count; first += sortedAtOnce {
		values := make([]string, 0, sortedAtOnce)
		for n := first; n < first+sortedAtOnce && n < f.count; n++ {
			values = append(values, benchCode(n))
		}
		slices.Sort(values)
		for values := range slices.Chunk(values, insertedAtOnce) {
			codes := make([]*codes.NewCode, len(values))
			for i, value := range values {
				code.CreatedAt = code.CreatedAt.Add(time.Microsecond)
				codes[i] = named(code, value)
			}
			if _, err := store.InsertCodes(ctx, codes); err != nil {
				return err
			}
		}
		fmt.Fprintf(os.Stderr, "  filling: %d of %d\n", min(first+sortedAtOnce, f.count), f.count)
	}
	return nil
}

func named(code codes.Code, value string) *codes.NewCode {
	code.Value = value
	return &codes.NewCode{Code: code, Canonical: core.Canonical(value)}
}

func openStore(ctx context.Context, address string) (target, error) {
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		return sqlite.Open(path, sqlite.Options{BusyTimeout: time.Minute})
	}
	return postgres.Open(ctx, address, postgres.Options{Timeout: 5 * time.Minute})
}

// farAway returns the cursor of the page with this number of a list.
func farAway(ctx context.Context, s *process, number int) (cursor string, err error) {
	for skipped := 0; skipped < (number-1)*pageSize; {
		limit := min(core.MaxPage, (number-1)*pageSize-skipped)
		if cursor, err = nextPage(ctx, s, fmt.Sprintf("limit=%d&cursor=%s", limit, cursor)); err != nil || cursor == "" {
			return "", errors.Join(err, fmt.Errorf("the list has fewer than %d pages", number))
		}
		skipped += limit
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

// target is the store that is filled.
type target interface {
	codes.Store
	tenancy.WorkspaceStore
	Close() error
}
