package webhook_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/webhook"
)

// BenchmarkDeliveries sends events that wait, over real HTTP, from one node on SQLite: to one endpoint, and to a
// hundred, each of which gets every event of its workspace. An operation is one delivery.
func BenchmarkDeliveries(b *testing.B) {
	for _, c := range []struct {
		name                  string
		workspaces, endpoints int // endpoints of each workspace
	}{{"one endpoint", 1, 1}, {"a hundred endpoints", 2, webhook.MaxEndpoints}} {
		b.Run(c.name, func(b *testing.B) {
			w := newWorld(b)
			var arrived, all atomic.Int64
			done := make(chan struct{})
			receiver := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
				if arrived.Add(1) == all.Load() {
					close(done)
				}
				rw.WriteHeader(http.StatusNoContent)
			}))
			b.Cleanup(receiver.Close)
			events := max(b.N/(c.workspaces*c.endpoints), 1)
			for n := range c.workspaces {
				if n > 0 {
					w.move(b, fmt.Sprint("umbrella-", n))
				}
				for range c.endpoints {
					e, _ := w.create(b, receiver.URL, "code.*")
					w.test(b, e.ID)
				}
				w.happen(b, numbered("CODE-", events)...)
			}
			tests := int64(c.workspaces * c.endpoints)
			all.Store(tests + int64(events*c.workspaces*c.endpoints))
			b.ResetTimer()
			w.send(b)
			<-done
			b.StopTimer()
			b.ReportMetric(float64(all.Load()-tests)/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}

// move lets the world's person act in another workspace.
func (w *world) move(t testing.TB, slug string) {
	t.Helper()
	spaces := tenancy.NewService(tenancy.Deps{Store: w.store, Now: w.now, Entropy: rand.Reader, NewID: newID})
	made, err := spaces.CreateWorkspace(t.Context(), slug, slug, core.Format{Groups: 2, GroupLength: 4})
	must(t, err)
	w.actor.WorkspaceID, w.actor.Workspace = made.ID, made.Slug
	w.source = event.NewRecorder(rand.Reader).Source(made.ID, event.System(), event.AllHot)
}
