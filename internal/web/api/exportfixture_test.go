package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/store/storetest"
)

// pagedStore lets a test do something before each page of codes is read.
type pagedStore struct {
	storetest.Store
	pages  atomic.Int64
	before atomic.Pointer[func(page int64) error] // nil: nothing
	count  int                                    // of codes; 0: as many as there are

	recordingFails bool
}

func (s *pagedStore) RecordEvents(ctx context.Context, events ...*event.Event) error {
	if s.recordingFails {
		return errStore
	}
	return s.Store.RecordEvents(ctx, events...)
}

func (s *pagedStore) CountCodes(ctx context.Context, q *codes.CodeQuery) (int, error) {
	if s.count != 0 {
		return min(s.count, q.Limit), nil
	}
	return s.Store.CountCodes(ctx, q)
}

func (s *pagedStore) Codes(ctx context.Context, q *codes.CodeQuery) ([]codes.Code, error) {
	if do := s.before.Load(); do != nil {
		if err := (*do)(s.pages.Add(1)); err != nil {
			return nil, err
		}
	}
	return s.Store.Codes(ctx, q)
}

func (s *pagedStore) do(before func(page int64) error) { s.before.Store(&before) }

// newPaged is a fixture over a database whose pages of codes can be waited for.
func newPaged(t *testing.T, database newDatabase) (*fixture, *pagedStore) {
	t.Helper()
	paged := new(pagedStore)
	return newFixtureOn(t, database, func(below storetest.Store) storetest.Store {
		paged.Store = below
		return paged
	}), paged
}

// onEachDatabase runs a test once for each engine.
func onEachDatabase(t *testing.T, test func(t *testing.T, database newDatabase)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, newSQLite) })
	t.Run("postgres", func(t *testing.T) { test(t, newPostgres) })
}

// fill inserts codes of all types in acme, many of each instant, and returns their values.
func (f *fixture) fill(t *testing.T, count int, note string) (values []string) {
	t.Helper()
	var all []*codes.NewCode
	for i := range count {
		value := fmt.Sprintf("FILL-%06d", i)
		values = append(values, value)
		all = append(all, &codes.NewCode{Canonical: core.Canonical(value), Code: codes.Code{
			Value: value, WorkspaceID: f.key.WorkspaceID, Type: codes.Types()[i%7%3], Note: note,
			CreatedAt: f.clock.read().Add(time.Duration(i/50) * time.Microsecond), CreatedBy: f.key.ID,
		}})
	}
	for some := range slices.Chunk(all, 5000) {
		if _, err := f.store.InsertCodes(t.Context(), some); err != nil {
			t.Fatal(err)
		}
	}
	return values
}

// serve serves the fixture over real connections.
func (f *fixture) serve(t *testing.T, http2 bool) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(f.server)
	server.EnableHTTP2 = http2
	if http2 {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server
}

// fetch asks a server for a path. Nothing of the body has been read yet.
func (f *fixture) fetch(t *testing.T, server *httptest.Server, path string, edits ...edit) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Api-Key", f.secret)
	r.Header.Set("Accept-Encoding", "identity")
	for _, change := range edits {
		change(r)
	}
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// exported asks for an export, which must be whole.
func (f *fixture) exported(t *testing.T, path string, edits ...edit) string {
	t.Helper()
	got := f.call(t, "GET", path, "", edits...)
	if got.status != 200 {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	return got.body
}

// completedExports is the data of the events about acme's exports.
func (f *fixture) completedExports(t *testing.T) (all []map[string]any) {
	t.Helper()
	return f.exportEvents(t, "export.completed")
}

func (f *fixture) exportEvents(t *testing.T, kind string) (all []map[string]any) {
	t.Helper()
	f.sequence(t)
	for _, e := range f.call(t, "GET", "/events?types="+kind, "").mustBeOK(t).object(t)["data"].([]any) {
		e := e.(map[string]any)
		if subject := e["subject"].(map[string]any); subject["kind"] != "workspace" ||
			subject["id"] != f.key.WorkspaceID.String() {
			t.Errorf("the event is about %v", subject)
		}
		all = append(all, e["data"].(map[string]any))
	}
	return all
}

// mustBreak fails the test unless reading a body ends with an error.
func mustBreak(t *testing.T, body io.Reader) {
	t.Helper()
	if n, err := io.Copy(io.Discard, body); err == nil {
		t.Errorf("%d bytes look whole", n)
	}
}

var errStore = errors.New("a fault of the store")

// lines splits a text whose lines all end.
func lines(t *testing.T, text, end string) []string {
	t.Helper()
	rest, found := strings.CutSuffix(text, end)
	if !found && text != "" {
		t.Fatalf("the last line does not end: %q", text)
	}
	if text == "" {
		return nil
	}
	return strings.Split(rest, end)
}
