package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/member"
	"accesscodes/internal/tenancy"
)

// testAddressIsTaken: a second account for an address is refused, and the link stays good. A new password
// forgets the browsers that were known.
func testAddressIsTaken(t *testing.T, s Store) {
	w := newWorkspace(t, s)
	mara, _ := newMember(t, s, w, "mara", member.RoleOwner)
	link := member.Link{
		ID: newID(t), Kind: member.LinkReset, Email: mara.Email, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	a := acceptance(t, link, "mara")
	if _, err := s.InsertLink(t.Context(), link, a.Token); err != nil {
		t.Fatal(err)
	}
	if err := s.AcceptLink(t.Context(), a); !errors.Is(err, member.ErrAddressTaken) {
		t.Errorf("a second account: %v", err)
	}
	known := newTokenHash()
	if err := s.InsertSession(t.Context(), newSession(t, mara.ID), newTokenHash(), known); err != nil {
		t.Fatal(err)
	}
	a.New, a.Member, a.EndSessions = false, mara, true
	a.Session.MemberID = mara.ID
	if err := s.AcceptLink(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	for device, want := range map[member.TokenHash]bool{known: false, a.DeviceHash: true} {
		if got, err := s.KnowsDevice(t.Context(), mara.ID, device); got != want || err != nil {
			t.Errorf("a device is known: %v, %v", got, err)
		}
	}
}

// testLinksGoWithTheRole: who may not invite others any more has no link left, made by them or for them, to the
// workspace. All other links stay.
func testLinksGoWithTheRole(t *testing.T, s Store) {
	acme, other := newWorkspace(t, s), newWorkspace(t, s)
	newMember(t, s, acme, "mara", member.RoleOwner)
	tomas, _ := newMember(t, s, acme, "tomas", member.RoleOwner)
	if _, err := s.PutSeat(t.Context(), other.ID, tomas.ID, member.RoleOwner, now); err != nil {
		t.Fatal(err)
	}
	links := map[string]member.Link{
		"by them":             {Email: "x@example.org", WorkspaceID: acme.ID, CreatedBy: tomas.ID},
		"for them":            {Email: tomas.Email, WorkspaceID: acme.ID},
		"by others":           {Email: "y@example.org", WorkspaceID: acme.ID},
		"by them, elsewhere":  {Email: "x@example.org", WorkspaceID: other.ID, CreatedBy: tomas.ID},
		"for them, elsewhere": {Email: tomas.Email, WorkspaceID: other.ID},
	}
	stay := map[string]bool{"by others": true, "by them, elsewhere": true, "for them, elsewhere": true}
	for _, role := range []member.Role{member.RoleOwner, member.RoleEditor} {
		tokens := map[string]member.TokenHash{}
		for name, l := range links {
			l.ID, l.Kind, l.Role = newID(t), member.LinkInvite, member.RoleOwner
			l.CreatedAt, l.ExpiresAt = now, now.Add(time.Hour)
			tokens[name] = newTokenHash()
			if made, err := s.InsertLink(t.Context(), l, tokens[name]); !made || err != nil {
				t.Fatalf("%s: %v, %v", name, made, err)
			}
		}
		if done, err := s.PutSeat(t.Context(), acme.ID, tomas.ID, role, now); !done || err != nil {
			t.Fatalf("%v, %v", done, err)
		}
		for name, token := range tokens {
			_, err := s.LinkByToken(t.Context(), token, now)
			if good := err == nil; good != (stay[name] || role == member.RoleOwner) {
				t.Errorf("as %s, a link %s: %v", role, name, err)
			}
		}
	}
}

// testFounding: a workspace comes with its owner, or not at all.
func testFounding(t *testing.T, s Store) {
	mara, _ := newMember(t, s, newWorkspace(t, s), "mara", member.RoleOwner)
	w := tenancy.Workspace{
		ID: newID(t), Slug: "founded", Name: "Founded", Format: core.Format{Groups: 2, GroupLength: 4}, CreatedAt: now,
		Events: tenancy.EventsSome,
	}
	founded, err := s.FoundWorkspace(t.Context(), w, mara.ID)
	if seated, seatErr := s.Seated(t.Context(), w.ID); !founded || err != nil || seatErr != nil || len(seated) != 1 ||
		seated[0].ID != mara.ID || seated[0].Role != member.RoleOwner {
		t.Errorf("founded: %v, %v, %v: %+v", founded, err, seatErr, seated)
	}
	taken := w
	taken.ID = newID(t)
	founded, err = s.FoundWorkspace(t.Context(), taken, mara.ID)
	if seated, seatErr := s.Seated(t.Context(), taken.ID); founded || err != nil || seatErr != nil || len(seated) != 0 {
		t.Errorf("with a slug that is taken: %v, %v, %v: %+v", founded, err, seatErr, seated)
	}
}

// testOperatorInvitations: those to run the installation are a list of their own.
func testOperatorInvitations(t *testing.T, s Store) {
	w := newWorkspace(t, s)
	var open []member.Link
	for i, email := range []string{"ops@example.org", "both@example.org", "viewer@example.org"} {
		l := member.Link{
			ID: newID(t), Kind: member.LinkInvite, Email: email, Operator: i < 2,
			CreatedAt: now.Add(time.Duration(i) * time.Second), ExpiresAt: now.Add(time.Hour),
		}
		if i > 0 {
			l.WorkspaceID, l.Role = w.ID, member.RoleViewer
		}
		if _, err := s.InsertLink(t.Context(), l, newTokenHash()); err != nil {
			t.Fatal(err)
		}
		open = append(open, l)
	}
	setup := member.Link{Kind: member.LinkSetup, Operator: true, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	setup.ID = newID(t)
	if made, err := s.InsertLink(t.Context(), setup, newTokenHash()); !made || err != nil {
		t.Fatal(made, err)
	}
	operators := func() []member.Link {
		t.Helper()
		found, err := s.Invitations(t.Context(), core.ID{}, now)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if diff := cmp.Diff(open[:2], operators()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := s.DeleteInvitation(t.Context(), core.ID{}, open[2].ID); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("an invitation to a workspace: %v", err)
	}
	if err := s.DeleteInvitation(t.Context(), core.ID{}, setup.ID); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a link for setting up: %v", err)
	}
	if err := s.DeleteInvitation(t.Context(), core.ID{}, open[0].ID); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(open[1:2], operators()); diff != "" {
		t.Errorf("afterwards (-want +got):\n%s", diff)
	}
}
