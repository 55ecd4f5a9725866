package member_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/member"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/tenancy"
)

var start = time.Date(2031, 2, 3, 4, 5, 6, 789_012_000, time.UTC)

// office is an installation with the workspace acme and its owner Mara.
type office struct {
	*member.People
	store *sqlite.Store
	now   time.Time
	acme  tenancy.Workspace
	mara  member.Who
	token string // of Mara's session
}

func (o *office) clock() time.Time { return o.now }

func newID() (core.ID, error) {
	id, err := uuid.NewV7()
	return core.ID(id), err
}

const (
	email    = "mara.lindt@example.org"
	password = "correct horse battery"
)

func newOffice(t *testing.T) *office {
	t.Helper()
	path := filepath.Join(t.TempDir(), "codes.db")
	if _, err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, store.Close()) })
	o := &office{store: store, now: start}
	service := tenancy.NewService(tenancy.Deps{Store: store, Now: o.clock, Entropy: core.SystemEntropy(), NewID: newID})
	_, err = store.Secret(t.Context(), []byte("secret"))
	must(t, err)
	format := core.Format{Prefix: "ACME", Groups: 2, GroupLength: 4}
	o.acme, err = service.CreateWorkspace(t.Context(), "acme", "Acme Inc.", format)
	must(t, err)
	o.People, err = member.New(member.Deps{Store: store, Now: o.clock, Entropy: core.SystemEntropy(), NewID: newID})
	must(t, err)
	link, err := o.Links.SetUp(t.Context())
	must(t, err)
	mara, err := o.Links.Accept(t.Context(), link, member.NewPerson{
		Email: " Mara.Lindt@Example.org ", Name: "Mara Lindt", Password: password,
	})
	must(t, err)
	o.token, o.mara = mara.Token, mara.Who
	return o
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (o *office) signIn(ctx context.Context, password, address, device string) (token, known string, err error) {
	in, err := o.Sessions.SignIn(ctx, member.Credentials{
		Email: "MARA.LINDT@example.org", Password: password, Address: address, Device: device,
	})
	return in.Token, in.Device, err
}

// invite lets somebody join acme.
func (o *office) invite(t *testing.T, email, name string, role member.Role) member.Who {
	t.Helper()
	actor, _, _ := o.mara.Actor("acme")
	link, err := o.Links.Invite(t.Context(), &actor, email, role)
	must(t, err)
	in, err := o.Links.Accept(t.Context(), link, member.NewPerson{Name: name, Password: "staple wombat teapot"})
	must(t, err)
	return in.Who
}

func reasonOf(err error) core.Reason { return core.AsError(err).Reason }

func TestTheFirstPersonRunsAndOwnsEverything(t *testing.T) {
	o := newOffice(t)
	if !o.mara.Member.Operator || o.mara.Member.Email != email || len(o.mara.Seats) != 1 ||
		o.mara.Seats[0].Role != member.RoleOwner {
		t.Errorf("%+v", o.mara)
	}
	if link, err := o.Links.SetUp(t.Context()); link != "" || err != nil {
		t.Errorf("a further link for setting up: %q, %v", link, err)
	}
	actor, w, ok := o.mara.Actor("acme")
	if !ok || w.ID != o.acme.ID || actor.Kind != core.ActorMember || !actor.May(core.PermissionAdminister) ||
		actor.WorkspaceID != o.acme.ID || actor.Format != o.acme.Format {
		t.Errorf("%+v, %v", actor, ok)
	}
	if actor.Display != "" {
		t.Errorf("the log would name %s", actor.Display)
	}
	if _, _, ok := o.mara.Actor("other"); ok {
		t.Error("a seat that there is not")
	}
}

func TestEverySessionThatCannotBeUsedGetsOneAndTheSameError(t *testing.T) {
	o := newOffice(t)
	ended, _, err := o.signIn(t.Context(), password, "192.0.2.1", "")
	must(t, err)
	who, err := o.Sessions.Authenticate(t.Context(), ended)
	must(t, err)
	must(t, o.Sessions.SignOut(t.Context(), &who))
	must(t, o.Sessions.SignOut(t.Context(), &who)) // in a second tab
	_, first := o.Sessions.Authenticate(t.Context(), "")
	for name, token := range map[string]string{"malformed": "x", "unknown": strings.Repeat("x", 43), "ended": ended} {
		if _, err := o.Sessions.Authenticate(t.Context(), token); err != first {
			t.Errorf("%s: %v", name, err)
		}
	}
	o.now = start.Add(member.SessionIdle - time.Minute)
	if _, err := o.Sessions.Authenticate(t.Context(), o.token); err != nil {
		t.Errorf("after a while: %v", err)
	}
	o.now = o.now.Add(member.SessionIdle)
	if _, err := o.Sessions.Authenticate(t.Context(), o.token); err != first {
		t.Errorf("idle for too long: %v", err)
	}
}

func TestASessionEndsAfterAMonthHoweverMuchItIsUsed(t *testing.T) {
	o := newOffice(t)
	for o.now.Before(start.Add(member.SessionLife - 6*time.Hour)) {
		o.now = o.now.Add(6 * time.Hour)
		if _, err := o.Sessions.Authenticate(t.Context(), o.token); err != nil {
			t.Fatalf("after %s: %v", o.now.Sub(start), err)
		}
	}
	o.now = start.Add(member.SessionLife)
	if _, err := o.Sessions.Authenticate(t.Context(), o.token); reasonOf(err) != core.ReasonSessionNotFound {
		t.Errorf("after its life: %v", err)
	}
}

func TestAWrongSignInTellsNothing(t *testing.T) {
	o := newOffice(t)
	_, _, wrong := o.signIn(t.Context(), "wrong", "192.0.2.1", "")
	_, unknown := o.Sessions.SignIn(t.Context(), member.Credentials{Email: "x@example.org", Password: password})
	if wrong != unknown || reasonOf(wrong) != core.ReasonSignInFailed {
		t.Errorf("%v, %v", wrong, unknown)
	}
	first, _, err := o.signIn(t.Context(), password, "192.0.2.1", "")
	must(t, err)
	second, _, err := o.signIn(t.Context(), password, "192.0.2.1", "")
	if must(t, err); first == second || first == o.token {
		t.Error("two sessions have one token")
	}
}

func TestGuessingIsSlowedAndLocksNobodyOut(t *testing.T) {
	o := newOffice(t)
	_, device, err := o.signIn(t.Context(), password, "192.0.2.1", "")
	must(t, err)
	tries := 0
	for ; tries < 1000; tries++ { // from many addresses, until the account is slowed
		_, _, err := o.signIn(t.Context(), "wrong", "198.51.100."+string(rune('a'+tries)), "")
		if reasonOf(err) == core.ReasonTooManyRequests {
			break
		}
	}
	if tries > 100 {
		t.Fatalf("%d passwords were tried at once", tries)
	}
	_, _, err = o.signIn(t.Context(), password, "203.0.113.9", "")
	wait := core.AsError(err).RetryAfter
	if reasonOf(err) != core.ReasonTooManyRequests || wait <= 0 || wait > time.Minute {
		t.Errorf("from a new device: %v, wait %s", err, wait)
	}
	if _, _, err := o.signIn(t.Context(), password, "192.0.2.1", device); err != nil {
		t.Errorf("from a device that has signed in before: %v", err)
	}
	_, _, err = o.signIn(t.Context(), "wrong", "192.0.2.1", "a device of nobody")
	if reasonOf(err) != core.ReasonTooManyRequests {
		t.Errorf("with a device that nobody has: %v", err)
	}
	o.now = o.now.Add(time.Minute)
	if _, _, err := o.signIn(t.Context(), password, "203.0.113.9", ""); err != nil {
		t.Errorf("after a minute: %v", err)
	}
}

func TestOneAddressIsSlowedForItself(t *testing.T) {
	o := newOffice(t)
	for range 100 {
		if _, _, err := o.signIn(t.Context(), "wrong", "192.0.2.66", ""); reasonOf(err) == core.ReasonTooManyRequests {
			if _, _, err := o.signIn(t.Context(), password, "192.0.2.1", ""); err != nil {
				t.Errorf("from another address: %v", err)
			}
			return
		}
	}
	t.Error("a hundred passwords were tried from one address")
}

func TestAnInvitationIsAccepted(t *testing.T) {
	o := newOffice(t)
	priya := o.invite(t, "priya@example.org", "Priya Nair", member.RoleEditor)
	if len(priya.Seats) != 1 || priya.Seats[0].Role != member.RoleEditor || priya.Member.Operator {
		t.Errorf("%+v", priya)
	}
	actor, _, _ := o.mara.Actor("acme")
	_, err := o.Links.Invite(t.Context(), &actor, "Priya@example.org", member.RoleViewer)
	if reasonOf(err) != core.ReasonMemberExists {
		t.Errorf("once more: %v", err)
	}
	editor, _, _ := priya.Actor("acme")
	_, err = o.Links.Invite(t.Context(), &editor, "x@example.org", member.RoleOwner)
	if !core.IsKind(err, core.KindForbidden) {
		t.Errorf("by an editor: %v", err)
	}
	err = o.Members.ChangeRole(t.Context(), &editor, priya.Member.ID, member.RoleOwner)
	if !core.IsKind(err, core.KindForbidden) {
		t.Errorf("an editor makes themselves an owner: %v", err)
	}
}

// TestWhoHasAnAccountProvesIt: whoever has a link that was made for somebody else's address gets nothing.
func TestWhoHasAnAccountProvesIt(t *testing.T) {
	o := newOffice(t)
	o.invite(t, "priya@example.org", "Priya Nair", member.RoleEditor)
	must(t, o.removed(t, "priya@example.org"))
	actor, _, _ := o.mara.Actor("acme")
	link, err := o.Links.Invite(t.Context(), &actor, "priya@example.org", member.RoleOwner)
	must(t, err)
	_, err = o.Links.Accept(t.Context(), link, member.NewPerson{Name: "Eve", Password: "something else entirely"})
	if reasonOf(err) != core.ReasonSignInFailed {
		t.Errorf("with another password: %v", err)
	}
	who, err := o.Links.Accept(t.Context(), link, member.NewPerson{Name: "Eve", Password: "staple wombat teapot"})
	if err != nil || who.Member.Name != "Priya Nair" || who.Seats[0].Role != member.RoleOwner {
		t.Errorf("%v: %+v", err, who)
	}
}

func (o *office) removed(t *testing.T, email string) error {
	return o.Members.RemoveAs(t.Context(), event.Actor{Kind: core.ActorCLI}, email, o.acme.ID)
}

func TestEveryLinkThatCannotBeUsedGetsOneAndTheSameError(t *testing.T) {
	o := newOffice(t)
	actor, _, _ := o.mara.Actor("acme")
	link, err := o.Links.Invite(t.Context(), &actor, "x@example.org", member.RoleViewer)
	must(t, err)
	_, first := o.Links.Open(t.Context(), "")
	if _, err := o.Links.Open(t.Context(), strings.Repeat("x", 43)); err != first {
		t.Errorf("unknown: %v", err)
	}
	opened, err := o.Links.Open(t.Context(), link)
	if err != nil || opened.Workspace != "Acme Inc." || opened.Email != "x@example.org" {
		t.Errorf("%+v, %v", opened, err)
	}
	o.now = o.now.Add(member.InviteLife)
	if _, err := o.Links.Open(t.Context(), link); err != first {
		t.Errorf("expired: %v", err)
	}
	if _, err := o.Links.Accept(t.Context(), link, member.NewPerson{}); err != first {
		t.Errorf("expired and used: %v", err)
	}
}

func TestANewPasswordEndsTheSessionsThereWere(t *testing.T) {
	o := newOffice(t)
	link, err := o.Links.Reset(t.Context(), email)
	must(t, err)
	const changed = "an entirely new sentence"
	in, err := o.Links.Accept(t.Context(), link, member.NewPerson{Password: changed})
	must(t, err)
	token := in.Token
	if _, err := o.Sessions.Authenticate(t.Context(), o.token); reasonOf(err) != core.ReasonSessionNotFound {
		t.Errorf("the session from before: %v", err)
	}
	who, err := o.Sessions.Authenticate(t.Context(), token)
	must(t, err)
	other, _, err := o.signIn(t.Context(), changed, "192.0.2.1", "")
	must(t, err)
	if err := o.Sessions.ChangePassword(t.Context(), &who, "wrong", password); reasonOf(err) != core.ReasonSignInFailed {
		t.Errorf("with a wrong old one: %v", err)
	}
	must(t, o.Sessions.ChangePassword(t.Context(), &who, changed, password))
	if _, err := o.Sessions.Authenticate(t.Context(), other); reasonOf(err) != core.ReasonSessionNotFound {
		t.Errorf("another session: %v", err)
	}
	if _, err := o.Sessions.Authenticate(t.Context(), token); err != nil {
		t.Errorf("this session: %v", err)
	}
}

func TestPasswordsThatAreGuessedFirstAreRefused(t *testing.T) {
	o := newOffice(t)
	link, err := o.Links.Reset(t.Context(), email)
	must(t, err)
	for _, easy := range []string{
		"short", "password1234", "aaaaaaaaaaaaaaaa", "mara.lindt2031", "Lindt!Mara!Lindt!", "qwertyuiop123456",
		"Spring2026Spring", strings.Repeat("ö", member.MaxPasswordLength+1), "            ",
	} {
		_, err := o.Links.Accept(t.Context(), link, member.NewPerson{Password: easy})
		var refused *core.Error
		if !errors.As(err, &refused) || len(refused.Fields) == 0 || refused.Fields[0].Pointer != "/password" {
			t.Errorf("%q: %v", easy, err)
		}
	}
	for i, good := range []string{"correct horse battery", "Übergroße Wombats!", "mara likes blue teapots"} {
		link, err := o.Links.Reset(t.Context(), email)
		must(t, err)
		if _, err := o.Links.Accept(t.Context(), link, member.NewPerson{Password: good}); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestWhatPeopleSayOfThemselvesIsChecked(t *testing.T) {
	o := newOffice(t)
	actor, _, _ := o.mara.Actor("acme")
	for _, wrong := range []string{
		"", "x", "@", "a@", "@b", "a b@c", "a@b@c", "a\n@b", strings.Repeat("a", 250) + "@b.example",
	} {
		if _, err := o.Links.Invite(t.Context(), &actor, wrong, member.RoleViewer); !core.IsKind(err, core.KindInvalid) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	for _, wrong := range []string{"", "  ", "a\nb", "\u202eevil", strings.Repeat("a", member.MaxNameLength+1)} {
		if err := o.Sessions.UpdateProfile(t.Context(), &o.mara, wrong, ""); !core.IsKind(err, core.KindInvalid) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	must(t, o.Sessions.UpdateProfile(t.Context(), &o.mara, "Mara", "de"))
	if who, err := o.Sessions.Authenticate(t.Context(), o.token); err != nil || who.Member.Name != "Mara" ||
		who.Member.Language != "de" {
		t.Errorf("%+v, %v", who.Member, err)
	}
}

func TestAWorkspaceKeepsAnOwner(t *testing.T) {
	o := newOffice(t)
	actor, _, _ := o.mara.Actor("acme")
	for what, err := range map[string]error{
		"demote": o.Members.ChangeRole(t.Context(), &actor, o.mara.Member.ID, member.RoleEditor),
		"remove": o.Members.Remove(t.Context(), &actor, o.mara.Member.ID),
	} {
		if reasonOf(err) != core.ReasonLastOwner {
			t.Errorf("%s: %v", what, err)
		}
	}
	tomas := o.invite(t, "tomas@example.org", "Tomás Ruiz", member.RoleOwner)
	must(t, o.Members.ChangeRole(t.Context(), &actor, tomas.Member.ID, member.RoleOwner)) // which changes nothing
	must(t, o.Members.ChangeRole(t.Context(), &actor, o.mara.Member.ID, member.RoleViewer))
	owners, err := o.Members.Owners(t.Context(), o.acme.ID)
	if err != nil || len(owners) != 1 || owners[0] != "Tomás Ruiz" {
		t.Errorf("%v, %v", owners, err)
	}
}

func TestTheLogTellsOfPeopleWithoutAddresses(t *testing.T) {
	o := newOffice(t)
	priya := o.invite(t, "priya@example.org", "Priya Nair", member.RoleEditor)
	actor, _, _ := o.mara.Actor("acme")
	must(t, o.Members.ChangeRole(t.Context(), &actor, priya.Member.ID, member.RoleViewer))
	must(t, o.Members.Remove(t.Context(), &actor, priya.Member.ID))
	_, _, err := o.signIn(t.Context(), "wrong", "192.0.2.1", "")
	if reasonOf(err) != core.ReasonSignInFailed {
		t.Fatal(err)
	}
	must(t, o.Sessions.RecordFailures(t.Context()))
	_, _, err = o.signIn(t.Context(), password, "192.0.2.1", "")
	must(t, err)
	page, err := o.store.Events(t.Context(), &event.Query{Workspace: o.acme.ID, Limit: 100})
	must(t, err)
	var types []string
	for _, e := range page.Events {
		types = append(types, string(e.Type))
		if strings.Contains(e.Data+e.Actor.Name, "@") {
			t.Errorf("%s: %s", e.Type, e.Data)
		}
	}
	const want = "workspace.created member.joined member.invited member.joined member.changed member.removed " +
		"session.failed session.started"
	if got := strings.Join(types, " "); got != want {
		t.Errorf("recorded %s, want %s", got, want)
	}
}

// TestAnOldRequestChangesNoPassword: what was read before another request has changed it is not written
// back.
func TestAnOldRequestChangesNoPassword(t *testing.T) {
	o := newOffice(t)
	earlier := o.mara
	const changed = "an entirely new sentence"
	must(t, o.Sessions.ChangePassword(t.Context(), &o.mara, password, changed))
	must(t, o.Sessions.UpdateProfile(t.Context(), &earlier, "Mara", ""))
	if _, _, err := o.signIn(t.Context(), changed, "192.0.2.1", ""); err != nil {
		t.Errorf("with the new password: %v", err)
	}
	if _, _, err := o.signIn(t.Context(), password, "192.0.2.1", ""); reasonOf(err) != core.ReasonSignInFailed {
		t.Errorf("with the old one: %v", err)
	}
}

// TestNobodyComesBackByALinkFromBefore: neither who is removed nor who gets a lower role, by a link that they
// have made.
func TestNobodyComesBackByALinkFromBefore(t *testing.T) {
	for name, do := range map[string]func(o *office, tomas member.Who) error{
		"removed": func(o *office, _ member.Who) error { return o.removed(t, "tomas@example.org") },
		"made a viewer": func(o *office, tomas member.Who) error {
			actor, _, _ := o.mara.Actor("acme")
			return o.Members.ChangeRole(t.Context(), &actor, tomas.Member.ID, member.RoleViewer)
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			tomas := o.invite(t, "tomas@example.org", "Tomás Ruiz", member.RoleOwner)
			actor, _, _ := tomas.Actor("acme")
			link, err := o.Links.Invite(t.Context(), &actor, "another@example.org", member.RoleOwner)
			must(t, err)
			must(t, do(o, tomas))
			if _, err := o.Links.Open(t.Context(), link); reasonOf(err) != core.ReasonLinkNotFound {
				t.Errorf("a link of theirs: %v", err)
			}
		})
	}
}

// late does something just before a role is changed, when it is known who has it.
type late struct {
	member.Store
	before func()
}

func (l *late) UpdateSeat(
	ctx context.Context, by, workspace, id core.ID, role member.Role, events ...*event.Event,
) (bool, error) {
	l.before()
	return l.Store.UpdateSeat(ctx, by, workspace, id, role, events...)
}

// TestARemovalHoldsForRequestsFromBefore: neither theirs nor those about them bring somebody back.
func TestARemovalHoldsForRequestsFromBefore(t *testing.T) {
	o := newOffice(t)
	tomas := o.invite(t, "tomas@example.org", "Tomás Ruiz", member.RoleOwner)
	store := &late{Store: o.store, before: func() { must(t, o.removed(t, "tomas@example.org")) }}
	people, err := member.New(member.Deps{Store: store, Now: o.clock, Entropy: core.SystemEntropy(), NewID: newID})
	must(t, err)
	mara, _, _ := o.mara.Actor("acme")
	err = people.Members.ChangeRole(t.Context(), &mara, tomas.Member.ID, member.RoleViewer)
	if reasonOf(err) != core.ReasonMemberNotFound {
		t.Errorf("a role for who is removed meanwhile: %v", err)
	}
	actor, _, _ := tomas.Actor("acme")
	_, err = o.Links.Invite(t.Context(), &actor, "another@example.org", member.RoleOwner)
	if reasonOf(err) != core.ReasonRoleNotAllowed {
		t.Errorf("an invitation by who was removed: %v", err)
	}
	err = o.Members.ChangeRole(t.Context(), &actor, o.mara.Member.ID, member.RoleViewer)
	if reasonOf(err) != core.ReasonRoleNotAllowed {
		t.Errorf("a change by who was removed: %v", err)
	}
	if seated, err := o.Members.List(t.Context(), &mara); err != nil || len(seated) != 1 {
		t.Errorf("%v, %+v", err, seated)
	}
}

// TestAnOldInvitationTakesNoRoleAway: who was invited as a viewer and set everything up stays the owner, and the
// log does not say anything else.
func TestAnOldInvitationTakesNoRoleAway(t *testing.T) {
	o := newOffice(t)
	// Only who is not in a workspace is invited to it. This link is from before.
	before := early{o.store}
	people, err := member.New(member.Deps{Store: before, Now: o.clock, Entropy: core.SystemEntropy(), NewID: newID})
	must(t, err)
	link, err := people.Links.InviteAs(t.Context(), event.System(), "", member.Invitation{
		Email: email, Role: member.RoleViewer, Workspace: &o.acme,
	})
	must(t, err)
	in, err := o.Links.Accept(t.Context(), link, member.NewPerson{Password: password})
	if err != nil || len(in.Seats) != 1 || in.Seats[0].Role != member.RoleOwner {
		t.Errorf("%v, %+v", err, in.Seats)
	}
	page, err := o.store.Events(t.Context(), &event.Query{
		Workspace: o.acme.ID, Types: []event.Type{event.MemberJoined}, Limit: 100,
	})
	if err != nil || len(page.Events) != 1 {
		t.Errorf("%v, joined: %+v", err, page.Events)
	}
}

// early is a store in which nobody has an account yet.
type early struct{ member.Store }

func (early) MemberByEmail(context.Context, string) (member.Member, error) {
	return member.Member{}, core.ErrNotFound
}
