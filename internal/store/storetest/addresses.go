package storetest

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

// keyInUse is a key whose addresses are noted.
type keyInUse struct {
	stores []Store // of the same database
	key    tenancy.Key
	source *event.Source
}

// note notes addresses after so many days, through one of the stores, and returns for which there is an event.
func (a *keyInUse) note(t *testing.T, node, day int, addresses ...string) (told string) {
	t.Helper()
	at := now.AddDate(0, 0, day)
	var all []string
	err := a.stores[node].NoteAddresses(t.Context(), a.key.ID, addresses, at, at.AddDate(0, 0, -90),
		func(address string) (*event.Event, error) {
			all = append(all, address)
			return a.source.Make(event.KeyUsed, at, event.Thing(event.SubjectKey, a.key.ID), "", event.Data{})
		})
	if err != nil {
		t.Error(err)
	}
	return strings.Join(all, " ")
}

func testKeyAddresses(t *testing.T, newStore Factory) {
	open := newStore(t)
	stores := []Store{open(), open()}
	w := newWorkspace(t, stores[0])
	recorder := event.NewRecorder(core.SystemEntropy())
	a := &keyInUse{stores, newKey(t, stores[0], w.ID), recorder.Source(w.ID, event.System(), 0)}
	for _, step := range []struct {
		day       int
		addresses string
		want      string
	}{
		{0, "10.0.0.1 10.0.0.2", ""}, // the first ones of the key
		{0, "10.0.0.1 10.0.0.3", "10.0.0.3"},
		{1, "10.0.0.3", ""},
		{90, "10.0.0.3", ""},
		{90, "10.0.0.1", ""},
		{180, "10.0.0.2 10.0.0.3", "10.0.0.2"}, // not used for longer than 90 days
		{181, "10.0.0.1", "10.0.0.1"},
		{180, "10.0.0.1", ""}, // by the clock of another node
		{269, "10.0.0.2", ""},
	} {
		if got := a.note(t, step.day%2, step.day, strings.Fields(step.addresses)...); got != step.want {
			t.Errorf("on day %d, from %s: events about %q, want %q", step.day, step.addresses, got, step.want)
		}
	}
	var both sync.WaitGroup // one of two nodes records what both have seen
	told := make([]string, 2)
	for node := range told {
		both.Go(func() { told[node] = a.note(t, node, 300, "10.0.0.9") })
	}
	both.Wait()
	if told[0]+told[1] != "10.0.0.9" {
		t.Errorf("two nodes told of %q", told)
	}
	// Of more than the most, those that were not used for longest are forgotten.
	for i := range tenancy.MaxAddresses {
		a.note(t, 0, 301+i, fmt.Sprint("10.0.1.", i))
	}
	if got := a.note(t, 1, 301, "10.0.1.0", "10.0.1.49", "10.0.0.9"); got != "10.0.0.9" {
		t.Errorf("afterwards new: %q", got)
	}
	sequence(t, stores[0])
	page, err := stores[0].Events(t.Context(), &event.Query{Workspace: w.ID, Limit: 1000})
	if want := 4 + tenancy.MaxAddresses + 1; err != nil || len(page.Events) != want {
		t.Errorf("%d events, want %d; %v", len(page.Events), want, err)
	}
}
