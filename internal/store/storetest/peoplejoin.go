package storetest

import (
	"errors"
	"slices"
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
	joinToo(t, s, other, &tomas, member.RoleOwner)
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
		if done, err := s.UpdateSeat(t.Context(), core.ID{}, acme.ID, tomas.ID, role); !done || err != nil {
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

// testNothingAfterTheRole: a request that began before somebody lost their role changes nothing, and gives
// nobody a seat who was removed.
func testNothingAfterTheRole(t *testing.T, s Store) {
	w := newWorkspace(t, s)
	mara, _ := newMember(t, s, w, "mara", member.RoleOwner)
	tomas, _ := newMember(t, s, w, "tomas", member.RoleOwner)
	priya, _ := newMember(t, s, w, "priya", member.RoleViewer)
	before, err := s.Seated(t.Context(), w.ID)
	if err != nil {
		t.Fatal(err)
	}
	acts := map[string]func() error{
		"invite": func() error {
			_, err := s.InsertLink(t.Context(), member.Link{
				ID: newID(t), Kind: member.LinkInvite, Email: "x@example.org", WorkspaceID: w.ID, Role: member.RoleOwner,
				CreatedBy: tomas.ID, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
			}, newTokenHash())
			return err
		},
		"invite to operate": func() error {
			_, err := s.InsertLink(t.Context(), member.Link{
				ID: newID(t), Kind: member.LinkInvite, Email: "x@example.org", Operator: true, CreatedBy: tomas.ID,
				CreatedAt: now, ExpiresAt: now.Add(time.Hour),
			}, newTokenHash())
			return err
		},
		"change themselves": func() error {
			_, err := s.UpdateSeat(t.Context(), tomas.ID, w.ID, tomas.ID, member.RoleOwner)
			return err
		},
		"change others": func() error {
			_, err := s.UpdateSeat(t.Context(), tomas.ID, w.ID, priya.ID, member.RoleOwner)
			return err
		},
		"remove others": func() error {
			_, err := s.DeleteSeat(t.Context(), tomas.ID, w.ID, priya.ID)
			return err
		},
	}
	refuse := func(when string) {
		t.Helper()
		for name, act := range acts {
			if err := act(); !errors.Is(err, member.ErrMayNot) {
				t.Errorf("%s: %s: %v", when, name, err)
			}
		}
	}
	if _, err := s.UpdateSeat(t.Context(), mara.ID, w.ID, tomas.ID, member.RoleEditor); err != nil {
		t.Fatal(err)
	}
	refuse("as an editor")
	if _, err := s.DeleteSeat(t.Context(), mara.ID, w.ID, tomas.ID); err != nil {
		t.Fatal(err)
	}
	refuse("removed")
	_, err = s.UpdateSeat(t.Context(), mara.ID, w.ID, tomas.ID, member.RoleOwner)
	if !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a role for who was removed: %v", err)
	}
	if _, err := s.DeleteMember(t.Context(), tomas.ID); err != nil {
		t.Fatal(err)
	}
	refuse("deleted")
	after, err := s.Seated(t.Context(), w.ID)
	want := slices.DeleteFunc(before, func(m member.Seated) bool { return m.ID == tomas.ID })
	if diff := cmp.Diff(want, after); diff != "" || err != nil {
		t.Errorf("afterwards: %v (-want +got):\n%s", err, diff)
	}
}

// testHigherRoleStays: an invitation takes nothing from who is in the workspace already, least of all its last
// owner.
func testHigherRoleStays(t *testing.T, s Store) {
	w := newWorkspace(t, s)
	mara, _ := newMember(t, s, w, "mara", member.RoleEditor)
	for _, c := range []struct{ invited, want member.Role }{
		{member.RoleSupport, member.RoleEditor}, {member.RoleOwner, member.RoleOwner}, {member.RoleViewer, member.RoleOwner},
	} {
		joinToo(t, s, w, &mara, c.invited)
		seated, err := s.Seated(t.Context(), w.ID)
		if err != nil || len(seated) != 1 || seated[0].Role != c.want || !seated[0].JoinedAt.Equal(now) {
			t.Errorf("after an invitation as %s: %v, %+v", c.invited, err, seated)
		}
	}
}

// joinToo lets somebody who has an account join a workspace.
func joinToo(t *testing.T, s Store, w tenancy.Workspace, m *member.Member, role member.Role) {
	t.Helper()
	link := member.Link{
		ID: newID(t), Kind: member.LinkInvite, Email: m.Email, WorkspaceID: w.ID, Role: role,
		CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	a := acceptance(t, link, m.Name)
	a.New, a.Member = false, *m
	a.Session.MemberID = m.ID
	if _, err := s.InsertLink(t.Context(), link, a.Token); err != nil {
		t.Fatal(err)
	}
	if err := s.AcceptLink(t.Context(), a); err != nil {
		t.Fatal(err)
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
