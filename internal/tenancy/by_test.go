package tenancy_test

import (
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

func TestWhoeverActsInAWorkspaceKnowsNoOther(t *testing.T) {
	w := newWorld(t)
	w.join(t, "other", acmeFormat)
	foreign, secret := w.key(t, "other", tenancy.NewKey{Name: "theirs", Role: tenancy.RoleFull})
	acme, err := w.Workspace(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	mine := w.By(&core.Actor{Kind: core.ActorMember, ID: core.ID{9}, Name: "Mara", WorkspaceID: acme.ID})
	name := "Mine now"
	newKey, rename := tenancy.NewKey{Name: "x", Role: tenancy.RoleRead}, tenancy.WorkspaceChange{Name: &name}
	for act, do := range map[string]func() error{
		"look at the workspace": func() error { _, err := mine.Workspace(t.Context(), "other"); return err },
		"change the workspace":  func() error { _, err := mine.UpdateWorkspace(t.Context(), "other", rename); return err },
		"list keys":             func() error { _, err := mine.Keys(t.Context(), "other"); return err },
		"find a key":            func() error { _, err := mine.FindKey(t.Context(), foreign.ID.String()); return err },
		"find a key by secret":  func() error { _, err := mine.FindKey(t.Context(), secret); return err },
		"create a key":          func() error { _, _, err := mine.CreateKey(t.Context(), "other", newKey); return err },
		"revoke a key":          func() error { _, err := mine.RevokeKey(t.Context(), foreign.ID); return err },
		"rotate a key":          func() error { _, _, err := mine.RotateKey(t.Context(), foreign.ID, time.Hour); return err },
	} {
		if err := do(); !core.IsKind(err, core.KindNotFound) {
			t.Errorf("%s: %v", act, err)
		}
	}
	w.login(t, secret) // nothing has happened to it
}

func TestEventsNameWhoActs(t *testing.T) {
	w := newWorld(t)
	acme, err := w.Workspace(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	mara := core.Actor{Kind: core.ActorMember, ID: core.ID{9}, Name: "Mara", WorkspaceID: acme.ID, RequestID: "r-1"}
	crm := tenancy.NewKey{Name: "CRM", Role: tenancy.RoleRead}
	if _, _, err := w.By(&mara).CreateKey(t.Context(), "acme", crm); err != nil {
		t.Fatal(err)
	}
	page, err := w.store.Events(t.Context(), &event.Query{
		Workspace: acme.ID, Types: []event.Type{event.KeyCreated}, Limit: 10,
	})
	if err != nil || len(page.Events) == 0 {
		t.Fatalf("%d events, %v", len(page.Events), err)
	}
	last := page.Events[len(page.Events)-1]
	if last.Actor != (event.Actor{Kind: core.ActorMember, ID: core.ID{9}, Name: "Mara"}) || last.RequestID != "r-1" {
		t.Errorf("recorded by %+v in %s", last.Actor, last.RequestID)
	}
}
