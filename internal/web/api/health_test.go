package api

import (
	"errors"
	"net/http"
	"testing"

	"accesscodes/internal/core"
)

func TestTheProcessSaysThatItLivesWhateverTheStoreDoes(t *testing.T) {
	f, faulty := newFaultyFixture(t)
	faulty.ping = func() error { return errors.New("internals") }
	f.server.Drain()
	if got := f.get(t, "/livez").mustBeOK(t); got.body != `{"status":"live"}` {
		t.Errorf("body %s", got.body)
	}
}

func TestTheServerIsReadyWhileTheStoreAnswers(t *testing.T) {
	f, faulty := newFaultyFixture(t)
	for _, test := range []struct {
		name  string
		ping  func() error
		ready bool
	}{
		{"at first", nil, true},
		{"the store is away", func() error { return core.Unavailable(errors.New("internals")) }, false},
		{"the store is broken", func() error { return errors.New("internals") }, false},
		{"it has come back", nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			faulty.ping = test.ping
			got := f.get(t, "/readyz")
			if test.ready {
				if got.mustBeOK(t).body != `{"status":"ready"}` {
					t.Errorf("body %s", got.body)
				}
				return
			}
			got.mustBe(t, http.StatusServiceUnavailable, core.ReasonStoreUnavailable)
			if got.header.Get("Retry-After") == "" {
				t.Errorf("header %v", got.header)
			}
		})
	}
}

func TestAReadyServerNamesTheNodesThatAreAway(t *testing.T) {
	f, faulty := newFaultyFixture(t)
	faulty.ping, faulty.away = func() error { return nil }, []string{"10.0.0.3:5432"}
	if got := f.get(t, "/readyz").mustBeOK(t); got.body != `{"status":"ready","away":["10.0.0.3:5432"]}` {
		t.Errorf("body %s", got.body)
	}
}

func TestADrainingServerIsNotReadyButStillAnswers(t *testing.T) {
	f := newFixture(t)
	f.get(t, "/readyz").mustBeOK(t)
	for range 2 { // it is safe to call twice
		f.server.Drain()
		got := f.get(t, "/readyz")
		if got.problem(t); got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
			t.Errorf("status %d, header %v", got.status, got.header)
		}
		f.post(t, generatePath, `{"type":"Normal"}`).mustBeOK(t)
	}
}
