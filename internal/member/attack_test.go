package member_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/member"
	"accesscodes/internal/tenancy"
)

// newNeighbour adds a workspace of Eve's, who invites whomever she likes.
func (o *office) newNeighbour(t *testing.T) core.Actor {
	t.Helper()
	service := tenancy.NewService(tenancy.Deps{
		Store: o.store, Now: o.clock, Entropy: core.SystemEntropy(), NewID: newID,
	})
	format := core.Format{Prefix: "EVE", Groups: 2, GroupLength: 4}
	w, err := service.CreateWorkspace(t.Context(), "eve", "Eve's", format)
	must(t, err)
	link, err := o.Links.InviteAs(t.Context(), event.System(), "", member.Invitation{
		Email: "eve@example.org", Role: member.RoleOwner, Workspace: &w,
	})
	must(t, err)
	in, err := o.Links.Accept(t.Context(), link, member.NewPerson{Name: "Eve", Password: "six silent spoons"})
	must(t, err)
	actor, _, _ := in.Actor("eve")
	return actor
}

// TestAnInviterTakesNoAccountOver: who may invite has links for every address.
func TestAnInviterTakesNoAccountOver(t *testing.T) {
	o := newOffice(t)
	eve := o.newNeighbour(t)
	link, err := o.Links.Invite(t.Context(), &eve, email, member.RoleOwner)
	must(t, err)
	for _, guess := range []string{"a password of Eve's", "six silent spoons"} {
		_, err = o.Links.Accept(t.Context(), link, member.NewPerson{Name: "Mara", Password: guess})
		if reasonOf(err) != core.ReasonSignInFailed {
			t.Errorf("with %q: %v", guess, err)
		}
	}
	if _, err := o.Sessions.Authenticate(t.Context(), o.token); err != nil {
		t.Errorf("Mara's session: %v", err)
	}
	if _, _, err := o.signIn(t.Context(), password, "192.0.2.1", ""); err != nil {
		t.Errorf("Mara's password: %v", err)
	}
	in, err := o.Links.Accept(t.Context(), link, member.NewPerson{Name: "Mara", Password: password})
	must(t, err)
	if in.Member.ID != o.mara.Member.ID || len(in.Seats) != 2 {
		t.Errorf("with her own password: %+v", in.Who)
	}
}

// TestWhoHasTakenAnAddressLosesIt: Eve invites an address that is not hers and makes the account herself.
// Its owner is not let in by another's link, nor is Eve; a new password puts her out.
func TestWhoHasTakenAnAddressLosesIt(t *testing.T) {
	o := newOffice(t)
	eve := o.newNeighbour(t)
	const victim = "priya@example.org"
	link, err := o.Links.Invite(t.Context(), &eve, victim, member.RoleViewer)
	must(t, err)
	const evil = "a password of Eve's"
	squatter, err := o.Links.Accept(t.Context(), link, member.NewPerson{Name: "Priya", Password: evil})
	must(t, err)
	mara, _, _ := o.mara.Actor("acme")
	link, err = o.Links.Invite(t.Context(), &mara, victim, member.RoleEditor)
	must(t, err)
	const real = "staple wombat teapot"
	_, err = o.Links.Accept(t.Context(), link, member.NewPerson{Name: "Priya", Password: real})
	if reasonOf(err) != core.ReasonSignInFailed {
		t.Fatalf("a link alone sets a password: %v", err)
	}
	reset, err := o.Links.Reset(t.Context(), victim)
	must(t, err)
	_, err = o.Links.Accept(t.Context(), reset, member.NewPerson{Password: real})
	must(t, err)
	if _, err := o.Sessions.Authenticate(t.Context(), squatter.Token); reasonOf(err) != core.ReasonSessionNotFound {
		t.Errorf("Eve's session: %v", err)
	}
	for guess, device := range map[string]string{evil: squatter.Device, real: squatter.Device} {
		in, err := o.Sessions.SignIn(t.Context(), member.Credentials{Email: victim, Password: guess, Device: device})
		if (err == nil) != (guess == real) || in.Again {
			t.Errorf("with %q from Eve's browser: known: %v, %v", guess, in.Again, err)
		}
	}
	in, err := o.Links.Accept(t.Context(), link, member.NewPerson{Password: real})
	if err != nil || len(in.Seats) != 2 {
		t.Errorf("the owner joins acme: %+v, %v", in.Who, err)
	}
}

// TestTwoLinksMakeOneAccount: who comes second proves that the account is theirs.
func TestTwoLinksMakeOneAccount(t *testing.T) {
	o := newOffice(t)
	eve := o.newNeighbour(t)
	mara, _, _ := o.mara.Actor("acme")
	const address = "priya@example.org"
	passwords := []string{"staple wombat teapot", "a password of Eve's"}
	var links []string
	for _, inviter := range []*core.Actor{&mara, &eve} {
		link, err := o.Links.Invite(t.Context(), inviter, address, member.RoleViewer)
		must(t, err)
		links = append(links, link)
	}
	results := make([]error, len(links))
	var both sync.WaitGroup
	for i, link := range links {
		both.Go(func() {
			_, results[i] = o.Links.Accept(t.Context(), link, member.NewPerson{Name: "Priya", Password: passwords[i]})
		})
	}
	both.Wait()
	won := slices.Index(results, nil)
	if won < 0 || reasonOf(results[1-won]) != core.ReasonSignInFailed {
		t.Fatalf("%v", results)
	}
	in, err := o.Links.Accept(t.Context(), links[1-won], member.NewPerson{Password: passwords[won]})
	if err != nil || len(in.Seats) != 2 {
		t.Errorf("with the first one's password: %+v, %v", in.Who, err)
	}
}

// TestTheInstallationHasALog that tells who was let run it, and which no workspace's log holds.
func TestTheInstallationHasALog(t *testing.T) {
	o := newOffice(t)
	cli := event.Actor{Kind: core.ActorCLI, Name: "root"}
	invite := func(email string) string {
		t.Helper()
		link, err := o.Links.InviteAs(t.Context(), cli, "", member.Invitation{
			Email: email, Role: member.RoleViewer, Workspace: &o.acme, Operator: true,
		})
		must(t, err)
		return link
	}
	_, err := o.Links.Accept(t.Context(), invite("ops@example.org"), member.NewPerson{Name: "Ops", Password: password})
	must(t, err)
	_, err = o.Links.InviteAs(t.Context(), cli, "", member.Invitation{Email: "ops@example.org", Operator: true})
	if reasonOf(err) != core.ReasonMemberExists {
		t.Errorf("who runs it already: %v", err)
	}
	invite("late@example.org")
	open, err := o.Members.OperatorInvitations(t.Context())
	must(t, err)
	must(t, o.Members.WithdrawOperator(t.Context(), cli, "", open[0].ID))
	if err := o.Members.WithdrawOperator(t.Context(), cli, "", open[0].ID); reasonOf(err) != core.ReasonLinkNotFound {
		t.Errorf("withdrawn twice: %v", err)
	}
	must(t, o.Members.RemoveAs(t.Context(), cli, "ops@example.org", core.ID{}))
	const changes = "member.joined member.invited member.joined member.invited member.uninvited member.removed"
	for name, log := range map[string]core.ID{"installation": event.Installation, "acme": o.acme.ID} {
		page, err := o.store.Events(t.Context(), &event.Query{Workspace: log, Limit: 100})
		must(t, err)
		var types []string
		for _, e := range page.Events {
			if e.Type != event.WorkspaceCreated {
				types = append(types, string(e.Type))
			}
			if strings.Contains(e.Data, "@") || strings.Contains(e.Data, "operator") != (name == "installation") &&
				e.Type != event.WorkspaceCreated {
				t.Errorf("%s: %s: %s", name, e.Type, e.Data)
			}
		}
		if got := strings.Join(types, " "); got != changes {
			t.Errorf("the log of %s: %s", name, got)
		}
	}
}

// watched notes what a store is asked for.
type watched struct {
	member.Store
	asked []string
}

func (w *watched) MemberByEmail(ctx context.Context, email string) (member.Member, error) {
	w.asked = append(w.asked, "person")
	return w.Store.MemberByEmail(ctx, email)
}

func (w *watched) KnowsDevice(ctx context.Context, id core.ID, device member.TokenHash) (bool, error) {
	w.asked = append(w.asked, "device")
	return w.Store.KnowsDevice(ctx, id, device)
}

func (w *watched) Seats(ctx context.Context, id core.ID) ([]member.Seat, error) {
	w.asked = append(w.asked, "seats")
	return w.Store.Seats(ctx, id)
}

func (w *watched) RecordMemberEvents(ctx context.Context, events ...*event.Event) error {
	w.asked = append(w.asked, "record")
	return w.Store.RecordMemberEvents(ctx, events...)
}

// TestAWrongSignInDoesTheSameForEverybody, so that its time does not tell who has an account.
func TestAWrongSignInDoesTheSameForEverybody(t *testing.T) {
	o := newOffice(t)
	_, device, err := o.signIn(t.Context(), password, "192.0.2.1", "")
	must(t, err)
	store := &watched{Store: o.store}
	people, err := member.New(member.Deps{Store: store, Now: o.clock, Entropy: core.SystemEntropy(), NewID: newID})
	must(t, err)
	asked := map[string][]string{}
	for _, address := range []string{email, "nobody@example.org"} {
		for _, device := range []string{"", device} {
			_, err := people.Sessions.SignIn(t.Context(), member.Credentials{
				Email: address, Password: "wrong", Address: "192.0.2.1", Device: device,
			})
			if reasonOf(err) != core.ReasonSignInFailed {
				t.Fatal(err)
			}
		}
		asked[address], store.asked = store.asked, nil
	}
	if diff := cmp.Diff(asked[email], asked["nobody@example.org"]); diff != "" || len(asked[email]) < 4 {
		t.Errorf("known and unknown differ:\n%s", diff)
	}
	must(t, people.Sessions.RecordFailures(t.Context()))
	if !slices.Equal(store.asked, []string{"record"}) {
		t.Errorf("nothing is recorded: %v", store.asked)
	}
}

// TestAFloodLocksNobodyOut: while strangers have taken every turn, a browser that is known gets one.
func TestAFloodLocksNobodyOut(t *testing.T) {
	o := newOffice(t)
	_, device, err := o.signIn(t.Context(), password, "192.0.2.1", "")
	must(t, err)
	ebb := o.Flood()
	defer ebb()
	if _, _, err := o.signIn(t.Context(), password, "192.0.2.1", ""); !core.IsKind(err, core.KindUnavailable) {
		t.Errorf("a stranger: %v", err)
	}
	if _, _, err := o.signIn(t.Context(), password, "192.0.2.1", device); err != nil {
		t.Errorf("from a browser that is known: %v", err)
	}
	const changed = "an entirely new sentence"
	if err := o.Sessions.ChangePassword(t.Context(), &o.mara, password, changed); err != nil {
		t.Errorf("who is signed in: %v", err)
	}
}
