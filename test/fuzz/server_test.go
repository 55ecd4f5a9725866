package fuzz

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/store/storetest"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/web/api"
)

const (
	addPath      = "/tenant-codes/add"
	generatePath = "/tenant-codes/generate"
	maxBodyBytes = 64 << 10
)

// server is the HTTP interface over a store that only remembers the last code.
type server struct {
	api   *api.Server
	key   string
	store *lastCode
}

// lastCode is a store in which every value is free. It has what issuing codes needs and
// nothing else.
type lastCode struct {
	storetest.Store
	caller tenancy.Caller
	code   *codes.NewCode
}

func (s *lastCode) Secret(_ context.Context, secret []byte) ([]byte, error) { return secret, nil }

func (s *lastCode) OldForms(context.Context) (map[string]core.ID, error) { return nil, nil }

func (s *lastCode) Bootstrap(_ context.Context, w tenancy.Workspace, k tenancy.Key, _ ...*event.Event) (bool, error) {
	s.caller = tenancy.Caller{Workspace: w, Key: k}
	return true, nil
}

func (s *lastCode) CallerByHash(context.Context, tenancy.KeyHash) (*tenancy.Caller, error) {
	return &s.caller, nil
}

func (s *lastCode) InsertCodes(_ context.Context, list []*codes.NewCode) ([]codes.InsertResult, error) {
	s.code = list[0]
	return make([]codes.InsertResult, len(list)), nil
}

func newServer(t testing.TB) *server {
	t.Helper()
	store := &lastCode{}
	newID := func() (core.ID, error) { return core.ID{1}, nil }
	people := tenancy.NewService(tenancy.Deps{Store: store, Now: time.Now, Entropy: core.SystemEntropy(), NewID: newID})
	service := codes.NewServices(codes.Deps{Store: store, Now: time.Now, Entropy: core.SystemEntropy(), NewID: newID})
	key, err := people.Bootstrap(context.Background(), "acme", "Acme",
		core.Format{Prefix: "ACME", Groups: 2, GroupLength: 4})
	if err != nil {
		t.Fatal(err)
	}
	api, err := api.New(api.Deps{
		Codes: service, Tenancy: people, Events: event.NewService(store, time.Now, 0),
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return &server{api: api, key: key, store: store}
}

// problem is what a refusal says.
type problem struct {
	Status int
	Reason string
	Errors []struct{ Pointer, Detail string }
}

// send returns the fields of the code that a body made, nil for those it has not, or
// why it was refused.
func (s *server) send(path string, body []byte) (map[string]any, *problem) {
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Api-Key", s.key)
	w := httptest.NewRecorder()
	s.store.code = nil
	s.api.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		refusal := &problem{}
		if err := json.Unmarshal(w.Body.Bytes(), refusal); err != nil || s.store.code != nil {
			refusal.Reason = "refused, but something was stored or the answer is not a problem"
		}
		return nil, refusal
	}
	code := s.store.code
	fields := map[string]any{
		"code": nil, "type": string(code.Type), "maxRedemptions": pointed(code.MaxRedemptions),
		"startsAt": pointed(code.StartsAt), "expiresAt": pointed(code.ExpiresAt),
		"note": orNil(code.Note), "recipient": orNil(code.Recipient), "metadata": nil,
	}
	if path == addPath {
		fields["code"] = code.Value
	}
	if len(code.Metadata) > 0 {
		fields["metadata"] = code.Metadata
	}
	return fields, nil
}

// pointed is what a pointer points to, or nil.
func pointed[T any](value *T) any {
	if value == nil {
		return nil
	}
	return *value
}

func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}
