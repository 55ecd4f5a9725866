package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/member"
	"accesscodes/internal/tenancy"
)

func testPeople(t *testing.T, newStore Factory) {
	for name, test := range map[string]func(*testing.T, Store){
		"come back as they went in":           testPersonComesBack,
		"have sessions":                       testSessions,
		"join by links":                       testInvitations,
		"leave with all that is theirs":       testMemberIsDeleted,
		"are pruned of what has ended":        testPeopleArePruned,
		"are found by what is theirs alone":   testOtherPeoplesThings,
		"set up once, with any of many links": testOneSetsUp,
		"use a link once":                     testOneUsesALink,
		"have an address of their own":        testAddressIsTaken,
		"own what they found":                 testFounding,
		"lose their links with their role":    testLinksGoWithTheRole,
		"keep the higher of two roles":        testHigherRoleStays,
		"may nothing after their role":        testNothingAfterTheRole,
		"are invited to run everything":       testOperatorInvitations,
		"never leave a workspace ownerless":   testOneOwnerStays,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t, newStore)) })
	}
}

// noEvents is for acceptances of which no events are recorded.
func noEvents([]core.ID) ([]*event.Event, error) { return nil, nil }

var lastToken atomic.Uint32

func newTokenHash() (hash member.TokenHash) {
	n := lastToken.Add(1)
	return member.TokenHash{byte(n), byte(n >> 8), 31: 1}
}

// newMember stores a person with a role in a workspace by an invitation, and returns them and the token
// of their session.
func newMember(
	t *testing.T, s Store, w tenancy.Workspace, name string, role member.Role,
) (member.Member, member.TokenHash) {
	t.Helper()
	link := member.Link{
		ID: newID(t), Kind: member.LinkInvite, Email: name + "@example.org", WorkspaceID: w.ID, Role: role,
		CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	a := acceptance(t, link, name)
	if made, err := s.InsertLink(t.Context(), link, a.Token); err != nil || !made {
		t.Fatalf("InsertLink = %v, %v", made, err)
	}
	if err := s.AcceptLink(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	return a.Member, a.SessionHash
}

func acceptance(t *testing.T, link member.Link, name string) *member.Acceptance {
	t.Helper()
	m := member.Member{
		ID: newID(t), Email: name + "@example.org", Name: name, Password: "hash of " + name, CreatedAt: now,
		Operator: link.Operator,
	}
	return &member.Acceptance{
		Token: newTokenHash(), Link: link, Member: m, New: true, Session: newSession(t, m.ID), SessionHash: newTokenHash(),
		DeviceHash: newTokenHash(), At: now, Events: noEvents,
	}
}

func newSession(t *testing.T, of core.ID) member.Session {
	t.Helper()
	return member.Session{
		ID: newID(t), MemberID: of, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(member.SessionLife),
		Address: "2001:db8::1", Agent: "Firefox „ß“",
	}
}

func testPersonComesBack(t *testing.T, s Store) {
	acme, other := newWorkspace(t, s), newWorkspace(t, s)
	mara, token := newMember(t, s, acme, "mara", member.RoleOwner)
	mara.LastSeenAt = &now
	joinToo(t, s, other, &mara, member.RoleOwner)
	first := mara.Password
	mara.Name, mara.Language = "Mara Łindt", "de"
	if err := s.UpdateProfile(t.Context(), mara.ID, mara.Name, mara.Language); err != nil {
		t.Fatal(err)
	}
	session, err := s.SessionByToken(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from string
		want bool
	}{{"wrong", false}, {first, true}, {first, false}} { // the second time the hash is another one
		changed, err := s.ChangePassword(t.Context(), mara.ID, c.from, "another", session.Session.ID)
		if changed != c.want || err != nil {
			t.Errorf("ChangePassword from %q = %v, %v", c.from, changed, err)
		}
	}
	mara.Password = "another"
	found, err := s.MemberByEmail(t.Context(), "mara@example.org")
	if diff := cmp.Diff(mara, found); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	who, err := s.SessionByToken(t.Context(), token)
	if diff := cmp.Diff(mara, who.Member); diff != "" || err != nil || len(who.Seats) != 2 {
		t.Errorf("%d seats, %v (-want +got):\n%s", len(who.Seats), err, diff)
	}
	seated, err := s.Seated(t.Context(), acme.ID)
	want := []member.Seated{{Member: mara, Role: member.RoleOwner, JoinedAt: now}}
	if diff := cmp.Diff(want, seated); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if all, err := s.Members(t.Context()); len(all) != 1 || err != nil {
		t.Errorf("%d members, %v", len(all), err)
	}
	for _, email := range []string{"MARA@example.org", "nobody@example.org"} {
		if _, err := s.MemberByEmail(t.Context(), email); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("%s: %v", email, err)
		}
	}
}

func testSessions(t *testing.T, s Store) {
	w := newWorkspace(t, s)
	mara, first := newMember(t, s, w, "mara", member.RoleOwner)
	second, secondToken, device := newSession(t, mara.ID), newTokenHash(), newTokenHash()
	second.CreatedAt = now.Add(time.Minute)
	if err := s.InsertSession(t.Context(), second, secondToken, device); err != nil {
		t.Fatal(err)
	}
	for hash, want := range map[member.TokenHash]bool{device: true, newTokenHash(): false} {
		if known, err := s.KnowsDevice(t.Context(), mara.ID, hash); known != want || err != nil {
			t.Errorf("KnowsDevice = %v, %v, want %v", known, err, want)
		}
	}
	later := now.Add(time.Hour)
	for _, at := range []time.Time{later, now} { // the second, which comes late, changes nothing
		if err := s.TouchSession(t.Context(), second.ID, mara.ID, at); err != nil {
			t.Fatal(err)
		}
	}
	second.SeenAt = later
	all, err := s.Sessions(t.Context(), mara.ID, later)
	if err != nil || len(all) != 2 || !cmp.Equal(all[0], second) {
		t.Errorf("sessions: %v, %+v", err, all)
	}
	if err := s.DeleteOtherSessions(t.Context(), mara.ID, second.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SessionByToken(t.Context(), first); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a session that has ended: %v", err)
	}
	for _, want := range []error{nil, core.ErrNotFound} {
		if err := s.DeleteSession(t.Context(), mara.ID, second.ID); !errors.Is(err, want) {
			t.Errorf("DeleteSession = %v, want %v", err, want)
		}
	}
}

func testInvitations(t *testing.T, s Store) {
	w := newWorkspace(t, s)
	tomas, _ := newMember(t, s, w, "tomas", member.RoleOwner)
	link := member.Link{
		ID: newID(t), Kind: member.LinkInvite, Email: "mara@example.org", WorkspaceID: w.ID, Role: member.RoleEditor,
		CreatedBy: tomas.ID, CreatedByName: "Tomás", CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	earlier, token := newTokenHash(), newTokenHash()
	for _, hash := range []member.TokenHash{earlier, token} {
		if _, err := s.InsertLink(t.Context(), link, hash); err != nil {
			t.Fatal(err)
		}
		if hash == earlier {
			link.ID = newID(t)
		}
	}
	if _, err := s.LinkByToken(t.Context(), earlier, now); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a link that another has replaced: %v", err)
	}
	if _, err := s.LinkByToken(t.Context(), token, link.ExpiresAt); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a link at its end: %v", err)
	}
	want := link
	want.Workspace = w.Name
	if got, err := s.LinkByToken(t.Context(), token, now); err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(want, got))
	}
	open, err := s.Invitations(t.Context(), w.ID, now)
	if err != nil || !cmp.Equal(open, []member.Link{link}) {
		t.Errorf("invitations: %v, %+v", err, open)
	}
	for _, want := range []error{nil, core.ErrNotFound} {
		if err := s.DeleteInvitation(t.Context(), w.ID, link.ID); !errors.Is(err, want) {
			t.Errorf("DeleteInvitation = %v, want %v", err, want)
		}
	}
}

func testMemberIsDeleted(t *testing.T, s Store) {
	w := newWorkspace(t, s)
	mara, token := newMember(t, s, w, "mara", member.RoleOwner)
	if done, err := s.DeleteMember(t.Context(), mara.ID); done || err != nil {
		t.Errorf("the only owner: %v, %v", done, err)
	}
	if _, err := s.SessionByToken(t.Context(), token); err != nil {
		t.Errorf("what was refused has done something: %v", err)
	}
	newMember(t, s, w, "tomas", member.RoleOwner)
	if done, err := s.DeleteMember(t.Context(), mara.ID); !done || err != nil {
		t.Errorf("one of two owners: %v, %v", done, err)
	}
	if _, err := s.SessionByToken(t.Context(), token); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a session of nobody: %v", err)
	}
	if _, err := s.DeleteMember(t.Context(), mara.ID); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("once more: %v", err)
	}
}

func testPeopleArePruned(t *testing.T, s Store) {
	w := newWorkspace(t, s)
	_, token := newMember(t, s, w, "mara", member.RoleOwner)
	link := member.Link{
		ID: newID(t), Kind: member.LinkReset, Email: "x@example.org", CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	if _, err := s.InsertLink(t.Context(), link, newTokenHash()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{time.Minute, 0}, {2 * time.Hour, 1}, {13 * time.Hour, 1}, {14 * time.Hour, 0}} {
		if got, err := s.PrunePeople(t.Context(), now.Add(c.after)); got != c.want || err != nil {
			t.Errorf("after %s: %d, %v, want %d", c.after, got, err, c.want)
		}
	}
	if _, err := s.SessionByToken(t.Context(), token); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a session that was not used for long: %v", err)
	}
}

func testOtherPeoplesThings(t *testing.T, s Store) {
	acme, other := newWorkspace(t, s), newWorkspace(t, s)
	mara, _ := newMember(t, s, acme, "mara", member.RoleOwner)
	eve, token := newMember(t, s, other, "eve", member.RoleOwner)
	who, err := s.SessionByToken(t.Context(), token)
	if err != nil || len(who.Seats) != 1 || who.Seats[0].Workspace.ID != other.ID {
		t.Fatalf("%+v, %v", who.Seats, err)
	}
	link := member.Link{
		ID: newID(t), Kind: member.LinkInvite, Email: "x@example.org", WorkspaceID: acme.ID, Role: member.RoleViewer,
		CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	if _, err := s.InsertLink(t.Context(), link, newTokenHash()); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"a session":     s.DeleteSession(t.Context(), mara.ID, who.Session.ID),
		"an invitation": s.DeleteInvitation(t.Context(), other.ID, link.ID),
	} {
		if !errors.Is(err, core.ErrNotFound) {
			t.Errorf("%s of others: %v", what, err)
		}
	}
	if _, err := s.DeleteSeat(t.Context(), core.ID{}, acme.ID, eve.ID); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a seat that there is not: %v", err)
	}
	if _, err := s.SessionByToken(t.Context(), token); err != nil {
		t.Error(err)
	}
}

// testOneSetsUp: of many who set up at once, one succeeds.
func testOneSetsUp(t *testing.T, s Store) {
	w := newWorkspace(t, s)
	if _, err := s.Secret(t.Context(), []byte("secret")); err != nil {
		t.Fatal(err)
	}
	setup := member.Link{Kind: member.LinkSetup, Operator: true, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	all := make([]*member.Acceptance, 8)
	for i := range all {
		setup.ID = newID(t)
		all[i] = acceptance(t, setup, fmt.Sprint("person", i))
		if made, err := s.InsertLink(t.Context(), setup, all[i].Token); !made || err != nil {
			t.Fatalf("InsertLink = %v, %v", made, err)
		}
	}
	if won := together(t, all, func(a *member.Acceptance) error { return s.AcceptLink(t.Context(), a) }); won != 1 {
		t.Errorf("%d have set up", won)
	}
	seated, err := s.Seated(t.Context(), w.ID)
	if err != nil || len(seated) != 1 || seated[0].Role != member.RoleOwner || !seated[0].Operator {
		t.Errorf("afterwards: %+v, %v", seated, err)
	}
	if made, err := s.InsertLink(t.Context(), setup, newTokenHash()); made || err != nil {
		t.Errorf("a link for setting up afterwards: %v, %v", made, err)
	}
}

// testOneUsesALink: of many who use one link at once, one succeeds.
func testOneUsesALink(t *testing.T, s Store) {
	w := newWorkspace(t, s)
	link := member.Link{
		ID: newID(t), Kind: member.LinkInvite, Email: "mara@example.org", WorkspaceID: w.ID, Role: member.RoleOwner,
		CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	token := newTokenHash()
	if _, err := s.InsertLink(t.Context(), link, token); err != nil {
		t.Fatal(err)
	}
	all := make([]*member.Acceptance, 8)
	for i := range all {
		all[i] = acceptance(t, link, fmt.Sprint("person", i))
		all[i].Token = token
	}
	if won := together(t, all, func(a *member.Acceptance) error { return s.AcceptLink(t.Context(), a) }); won != 1 {
		t.Errorf("%d have used the link", won)
	}
}

// testOneOwnerStays: two owners who leave at once do not both.
func testOneOwnerStays(t *testing.T, s Store) {
	for range 5 {
		w := newWorkspace(t, s)
		mara, _ := newMember(t, s, w, "mara"+w.Slug, member.RoleOwner)
		tomas, _ := newMember(t, s, w, "tomas"+w.Slug, member.RoleOwner)
		acts := []func() (bool, error){
			func() (bool, error) { return s.DeleteSeat(t.Context(), mara.ID, w.ID, mara.ID) },
			func() (bool, error) { return s.UpdateSeat(t.Context(), tomas.ID, w.ID, tomas.ID, member.RoleViewer) },
		}
		won := together(t, acts, func(act func() (bool, error)) error {
			done, err := act()
			if err == nil && !done {
				return core.ErrNotFound
			}
			return err
		})
		if won != 1 {
			t.Errorf("%d have left", won)
		}
	}
}

// together does something with each at once and returns how often it succeeded. The others must not
// find what they need.
func together[T any](t *testing.T, all []T, do func(T) error) (won int) {
	t.Helper()
	var done atomic.Int32
	var wait sync.WaitGroup
	for _, one := range all {
		wait.Go(func() {
			switch err := do(one); {
			case err == nil:
				done.Add(1)
			case !errors.Is(err, core.ErrNotFound):
				t.Errorf("instead of refusing: %v", err)
			}
		})
	}
	wait.Wait()
	return int(done.Load())
}
