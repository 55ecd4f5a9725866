package tenancy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

// TestAUseFromANewAddressIsAnEvent: IPv6 by its network, proxies' spellings alike, and what is no address is
// none.
func TestAUseFromANewAddressIsAnEvent(t *testing.T) {
	w := newWorld(t)
	key, secret := w.key(t, "acme", tenancy.NewKey{Name: "CRM", Role: tenancy.RoleRead})
	actor := w.login(t, secret)
	after := w.newest(t, 0)
	for _, step := range []struct {
		clients string
		want    string
	}{
		{"192.0.2.1 2001:db8::1", ""}, // the first ones
		{"192.0.2.1 2001:db8::2 ::ffff:192.0.2.1 2001:db8:0:0:ffff::1", ""},
		{"192.0.2.7 192.0.2.7 192.0.2.1", "192.0.2.7"},
		{"2001:db8:0:1::1 fe80::1%eth0", "2001:db8:0:1::/64 fe80::/64"},
		{"@ unix", ""},
		{"192.0.2.7", ""},
	} {
		for client := range strings.FieldsSeq(step.clients) {
			w.NoteAddress(&actor, client)
		}
		w.pass(time.Hour)
		if err := w.FlushKeyUsage(t.Context()); err != nil {
			t.Fatal(err)
		}
		var told []string
		for _, e := range w.eventsAfter(t, &after) {
			if e.Type != event.KeyUsed || e.Subject.ID != key.ID.String() || e.Actor.ID != key.ID || e.Actor.Name != "CRM" {
				t.Errorf("%+v", e)
			}
			_, address, _ := strings.Cut(e.Data, `"address":"`)
			address, _, _ = strings.Cut(address, `"`)
			told = append(told, address)
		}
		if got := strings.Join(told, " "); got != step.want {
			t.Errorf("from %s: %q, want %q", step.clients, got, step.want)
		}
	}
	// A caller who changes its address all the time takes no more memory than others.
	for i := range 1000 {
		w.NoteAddress(&actor, fmt.Sprintf("10.0.%d.%d", i/250, i%250))
	}
	if err := w.FlushKeyUsage(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(w.eventsAfter(t, &after)); got != tenancy.MaxAddresses {
		t.Errorf("%d events", got)
	}
	person := core.Actor{Kind: core.ActorMember, ID: core.ID{3}, WorkspaceID: actor.WorkspaceID}
	w.NoteAddress(&person, "192.0.2.9")
	if err := w.FlushKeyUsage(t.Context()); err != nil || w.newest(t, after) != after {
		t.Errorf("a person has no key: %v", err)
	}
}

// eventsAfter are the events of acme behind a position, which it moves.
func (w *world) eventsAfter(t *testing.T, after *int64) []event.Event {
	t.Helper()
	page, err := w.store.Events(t.Context(), &event.Query{Workspace: w.acme.ID, After: *after, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	*after = page.Next
	return page.Events
}

// newest is the newest position of acme's log behind another one.
func (w *world) newest(t *testing.T, after int64) int64 {
	t.Helper()
	w.eventsAfter(t, &after)
	return after
}
