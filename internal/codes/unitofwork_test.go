package codes_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/storetest"
)

var errRecorded = errors.New("recorded, not done")

// recorder is a store that keeps the commands that it is asked for and carries none out.
type recorder struct {
	storetest.Store
	commands []*codes.Command
}

func (r *recorder) Execute(_ context.Context, commands []*codes.Command) ([]codes.Result, error) {
	r.commands = append(r.commands, commands...)
	return nil, errRecorded
}

// record returns the commands that requests lead to.
func (w *world) record(t tester, requests ...func(*codes.Services) error) []*codes.Command {
	t.Helper()
	store := &recorder{Store: w.Store}
	service := w.serve(t, store)
	for _, request := range requests {
		if err := request(service); !errors.Is(err, errRecorded) {
			t.Fatalf("a request that should be recorded: %v", err)
		}
	}
	return store.commands
}

// carryOut carries out commands that were recorded, in one transaction of the store.
func (w *world) carryOut(t tester, commands ...*codes.Command) []codes.Result {
	t.Helper()
	results, err := w.Store.Execute(t.Context(), commands)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// errorsByText lets results be compared that were refused.
func errorsByText() gocmp.Option {
	return gocmp.Comparer(func(a, b *core.Error) bool { return a.Error() == b.Error() })
}

// wish is a request that a group of commands comes from. Its reservation and redemption are
// numbers of those that were there before.
type wish struct {
	verb                    string
	mine                    bool // in the workspace acme, else in the other one
	code, user              string
	reservation, redemption int
}

func wishes() *rapid.Generator[wish] {
	return rapid.Custom(func(t *rapid.T) wish {
		return wish{
			verb: rapid.SampledFrom([]string{
				"redeem", "redeem", "redeem", "reserve", "reserve", "confirm", "release", "rollback", "revoke",
				"restore", "limit", "delete",
			}).Draw(t, "verb"),
			mine:        rapid.IntRange(0, 4).Draw(t, "workspace") < 4,
			code:        rapid.SampledFrom([]string{"SIGN-UP", "UP", "SPARE"}).Draw(t, "code"),
			user:        rapid.SampledFrom([]string{"ada", "bob", "dan"}).Draw(t, "user"),
			reservation: rapid.IntRange(0, 1).Draw(t, "reservation"),
			redemption:  rapid.IntRange(0, 2).Draw(t, "redemption"),
		}
	})
}

// site is a world with two workspaces in which something has happened.
type site struct {
	*world
	other        *core.Actor
	reservations []codes.Reservation
}

// newSite prepares a site. A copy of its world is a site, too.
func newSite(t tester, w *world) *site {
	s := &site{world: w, other: &core.Actor{WorkspaceID: core.ID{1}, ID: core.ID{2}}}
	w.add(
		t,
		w.acme,
		"SIGN-UP",
		of(codes.TypeNormal, codes.Options{MaxRedemptions: limitOf(3), Metadata: map[string]string{"a": "1"}}),
	)
	w.add(t, w.acme, "UP", of(codes.TypeUpgrade, uses(2)))
	w.add(t, s.other, "SPARE", of(codes.TypePremium, uses(1)))
	w.redeem(t, "SIGN-UP", "ada")
	w.redeem(t, "UP", "ada")
	s.reservations = append(s.reservations, w.reserve(t, "SIGN-UP", "bob", time.Minute))
	w.put(t, "cyd", codes.UserNormal)
	s.reservations = append(s.reservations, w.reserve(t, "UP", "cyd", time.Minute))
	w.redeem(t, "UP", "cyd")
	return s
}

// request is a wish as a request to a service of the site.
func (s *site) request(t tester, want wish) func(*codes.Services) error {
	caller := s.other
	if want.mine {
		caller = s.acme
	}
	redemptions := s.redemptions(t)
	return func(service *codes.Services) (err error) {
		switch ctx := t.Context(); want.verb {
		case "redeem":
			_, err = service.Redeem(ctx, caller, codes.RedeemRequest{Code: want.code, UserID: want.user})
		case "reserve":
			_, err = service.Reserve(ctx, caller, codes.ReserveRequest{Code: want.code, UserID: want.user})
		case "confirm":
			_, err = service.Confirm(ctx, s.acme, s.reservations[want.reservation].ID)
		case "release":
			_, err = service.Release(ctx, s.acme, s.reservations[want.reservation].ID)
		case "rollback":
			_, err = service.Rollback(ctx, s.acme, redemptions[want.redemption].ID, "")
		case "revoke":
			_, err = service.RevokeCode(ctx, caller, want.code)
		case "restore":
			_, err = service.RestoreCode(ctx, caller, want.code)
		case "limit":
			_, err = service.ChangeCode(
				ctx,
				caller,
				want.code,
				codes.CodeChange{MaxRedemptions: limitOf(2), Metadata: patch("a", "9")},
			)
		case "delete":
			err = service.DeleteCode(ctx, caller, want.code)
		default:
			t.Fatalf("no such verb: %s", want.verb)
		}
		return err
	}
}

// everything is what can be looked at in a site.
func (s *site) everything(t tester) (all []any) {
	t.Helper()
	for _, caller := range []*core.Actor{s.acme, s.other} {
		list, err := s.ListCodes(t.Context(), caller, codes.CodeFilter{}, core.PageRequest{})
		if err != nil {
			t.Fatal(err)
		}
		users, err := s.ListUsers(t.Context(), caller, codes.UserFilter{}, core.PageRequest{})
		if err != nil {
			t.Fatal(err)
		}
		redemptions, err := s.ListRedemptions(t.Context(), caller, codes.RedemptionFilter{}, core.PageRequest{})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, list, users, redemptions)
	}
	for _, made := range s.reservations {
		_, r, err := s.Store.Reservation(t.Context(), made.WorkspaceID, made.ID)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// newSites returns a function that makes sites, all the same.
func newSites(t *testing.T) func(tester) *site {
	t.Helper()
	var first *site
	newWorld := manyWorlds(t, func(w *world) { first = newSite(t, w) })
	return func(t tester) *site {
		return &site{world: newWorld(t), other: first.other, reservations: slices.Clone(first.reservations)}
	}
}

// commands are those that a group of wishes leads to.
func (s *site) commands(t tester, group []wish) []*codes.Command {
	t.Helper()
	var requests []func(*codes.Services) error
	for _, want := range group {
		requests = append(requests, s.request(t, want))
	}
	return s.record(t, requests...)
}

// checkGroup carries out the same commands on two sites, together and apart, and compares what
// became of them. It returns why each was refused.
func checkGroup(t tester, together, apart *site, group []wish) (reasons []core.Reason) {
	t.Helper()
	got := together.carryOut(t, together.commands(t, group)...)
	var want []codes.Result
	for _, command := range apart.commands(t, group) {
		want = append(want, apart.carryOut(t, command)...)
	}
	for i := range group {
		if group[i].verb == "confirm" && want[i].Replayed && want[i].Redemption == nil {
			got[i].Redemption = nil // it is in the unit of work only if others ask for it, and is looked up later
		}
		if diff := gocmp.Diff(want[i], got[i], errorsByText()); diff != "" {
			t.Fatalf("command %d, %+v (-apart +together):\n%s", i, group[i], diff)
		}
		if made := got[i].Reservation; made != nil {
			together.reservations, apart.reservations = append(together.reservations, *made), append(apart.reservations, *made)
		}
		reason := core.Reason("")
		if got[i].Err != nil {
			reason = core.AsError(got[i].Err).Reason
		}
		reasons = append(reasons, reason)
	}
	if diff := gocmp.Diff(apart.everything(t), together.everything(t)); diff != "" {
		t.Fatalf("what is there afterwards (-apart +together):\n%s", diff)
	}
	return reasons
}

func TestAGroupOfCommandsDoesWhatTheyDoOneAfterTheOther(t *testing.T) {
	newSite := newSites(t)
	rapid.Check(t, func(t *rapid.T) {
		group := rapid.SliceOfN(wishes(), 2, 8).Draw(t, "group")
		checkGroup(t, newSite(t), newSite(t), group)
	})
}

func TestCommandsOfAGroupSeeOneAnother(t *testing.T) {
	newSite := newSites(t)
	redeem := func(code, user string) wish {
		return wish{verb: "redeem", mine: code != "SPARE", code: code, user: user}
	}
	reserve := func(code, user string) wish {
		return wish{verb: "reserve", mine: code != "SPARE", code: code, user: user}
	}
	rollbackUp, rollbackSignUp := wish{verb: "rollback", redemption: 1}, wish{verb: "rollback", redemption: 2} // ada's
	release := wish{
		verb: "release",
	} // what bob holds of SIGN-UP
	revoke, remove := wish{verb: "revoke", mine: true, code: "SIGN-UP"}, wish{verb: "delete", code: "SPARE"}
	type reasons = []core.Reason
	tests := []struct {
		name  string
		group []wish
		want  reasons
	}{
		{
			"the last use goes to the first",
			[]wish{redeem("SIGN-UP", "dan"), redeem("SIGN-UP", "eve")},
			reasons{"", core.ReasonCodeExhausted},
		},
		{
			"the last use is held for the first",
			[]wish{reserve("SIGN-UP", "dan"), redeem("SIGN-UP", "eve")},
			reasons{"", core.ReasonCodeExhausted},
		},
		{"one user asks twice", []wish{redeem("SIGN-UP", "dan"), redeem("SIGN-UP", "dan")}, reasons{"", ""}},
		{"one user reserves twice", []wish{reserve("SIGN-UP", "dan"), reserve("SIGN-UP", "dan")}, reasons{"", ""}},
		{"reserved and redeemed", []wish{reserve("SIGN-UP", "dan"), redeem("SIGN-UP", "dan")}, reasons{"", ""}},
		{
			"what is released is free",
			[]wish{release, redeem("SIGN-UP", "dan"), redeem("SIGN-UP", "eve")},
			reasons{"", "", ""},
		},
		{
			"what is rolled back is free",
			[]wish{rollbackUp, redeem("SIGN-UP", "dan"), redeem("UP", "dan")},
			reasons{"", "", ""},
		},
		{"redeemed again", []wish{rollbackUp, redeem("UP", "ada")}, reasons{"", ""}},
		{"registered again", []wish{rollbackUp, rollbackSignUp, redeem("SIGN-UP", "ada")}, reasons{"", "", ""}},
		{
			"registered again, and upgraded",
			[]wish{rollbackUp, rollbackSignUp, redeem("SIGN-UP", "ada"), redeem("UP", "ada")},
			reasons{"", "", "", ""},
		},
		{
			"rolled back in the wrong order",
			[]wish{rollbackSignUp, rollbackUp, rollbackSignUp},
			reasons{core.ReasonRollbackOutOfOrder, "", ""},
		},
		{"revoked first", []wish{revoke, redeem("SIGN-UP", "dan")}, reasons{"", core.ReasonCodeRevoked}},
		{"revoked afterwards", []wish{redeem("SIGN-UP", "dan"), revoke}, reasons{"", ""}},
		{
			"deleted first",
			[]wish{remove, redeem("SPARE", "dan"), remove},
			reasons{"", core.ReasonCodeNotFound, core.ReasonCodeNotFound},
		},
		{"deleted afterwards", []wish{redeem("SPARE", "dan"), remove}, reasons{"", core.ReasonCodeInUse}},
		{"reserved and then deleted", []wish{reserve("SPARE", "dan"), remove}, reasons{"", core.ReasonCodeInUse}},
		{
			"a refused change is not stored with the next",
			[]wish{redeem("SIGN-UP", "dan"), {verb: "limit", mine: true, code: "SIGN-UP"}, revoke},
			reasons{"", core.ReasonCodeInUse, ""},
		},
		{
			"a refused command changes nothing for the next",
			[]wish{redeem("UP", "dan"), redeem("SIGN-UP", "dan")},
			reasons{core.ReasonCodeExhausted, ""},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			checkSame(t, "reasons", test.want, checkGroup(t, newSite(t), newSite(t), test.group))
		})
	}
}

// TestAGroupIsJudgedByItsLatestInstant: a use must not be confirmed by a request that
// came in time and be given to another that came when it had lapsed.
func TestAGroupIsJudgedByItsLatestInstant(t *testing.T) {
	for _, order := range []string{"in the order in which they came", "the other way round"} {
		t.Run(order, func(t *testing.T) {
			w := newWorld(t)
			w.add(t, w.acme, "ONE", of(codes.TypeNormal, uses(1)))
			held := w.reserve(t, "ONE", "ada", time.Minute)
			w.pass(time.Minute - time.Microsecond)
			commands := w.record(
				t,
				func(s *codes.Services) error { _, err := s.Confirm(t.Context(), w.acme, held.ID); return err },
			)
			w.pass(time.Microsecond)
			commands = append(commands, w.record(t, func(s *codes.Services) error {
				_, err := s.Redeem(t.Context(), w.acme, codes.RedeemRequest{Code: "ONE", UserID: "bob"})
				return err
			})...)
			confirm, redeem := 0, 1
			if order == "the other way round" {
				slices.Reverse(commands)
				confirm, redeem = 1, 0
			}
			results := w.carryOut(t, commands...)
			checkRefused(t, results[confirm].Err, core.ReasonReservationLapsed)
			checkRefused(t, results[redeem].Err, "")
			w.checkUses(t, "ONE", 1, 0)
		})
	}
}

// runAgain runs a command a second time as a store does that has lost the first answer: in
// a unit of work of what is stored by now.
func (w *world) runAgain(t *testing.T, command *codes.Command) (*codes.UnitOfWork, codes.Result) {
	t.Helper()
	unit := codes.NewUnitOfWork([]*codes.Command{command}, true)
	for _, canonical := range unit.CodesToLoad() {
		code, err := w.Store.Code(t.Context(), command.WorkspaceID, canonical, unit.At())
		if err != nil {
			t.Fatal(err)
		}
		unit.LoadCode(&codes.TrackedCode{Code: code, Canonical: canonical, Held: code.Reservations})
		unit.LoadLapsed(canonical, 0)
	}
	for _, ref := range unit.UsersToLoad() {
		if user, err := w.Store.User(t.Context(), ref.WorkspaceID, ref.ID); err == nil {
			unit.LoadUser(user)
		}
	}
	for _, r := range w.redemptions(t) {
		unit.LoadRedemption(core.Canonical(r.Code), r)
	}
	for _, ref := range unit.ReservationsToLoad() {
		if canonical, r, err := w.Store.Reservation(t.Context(), command.WorkspaceID, ref.ID); err == nil {
			unit.LoadReservation(canonical, r)
		}
	}
	return unit, unit.Run()[0]
}

// TestACommandWhoseAnswerWasLostIsDoneOnce: the store does it again and says what became of
// it the first time; nobody else did it, so it is no replay.
func TestACommandWhoseAnswerWasLostIsDoneOnce(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "CODE", of(codes.TypeNormal, uses(3)))
	held := w.reserve(t, "CODE", "cyd", 0)
	tests := []struct {
		name    string
		request func(*codes.Services) error
	}{
		{"redeem", func(s *codes.Services) error {
			_, err := s.Redeem(t.Context(), w.acme, codes.RedeemRequest{Code: "CODE", UserID: "ada"})
			return err
		}},
		{"reserve", func(s *codes.Services) error {
			_, err := s.Reserve(t.Context(), w.acme, codes.ReserveRequest{Code: "CODE", UserID: "bob"})
			return err
		}},
		{"confirm", func(s *codes.Services) error { _, err := s.Confirm(t.Context(), w.acme, held.ID); return err }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			command := w.record(t, test.request)[0]
			if !command.Idempotent {
				t.Error("it is not marked as repeatable")
			}
			first := w.carryOut(t, command)[0]
			checkRefused(t, first.Err, "")
			unit, again := w.runAgain(t, command)
			checkSame(t, "the second time", first, again)
			if len(
				unit.ChangedCodes(),
			)+len(
				unit.ChangedUsers(),
			)+len(
				unit.ChangedRedemptions(),
			)+len(
				unit.ChangedReservations(),
			) > 0 {
				t.Error("the second time changed something")
			}
		})
	}
}

// TestARedemptionWhoseAnswerWasLostStaysOneWhenItIsRolledBack: the caller learns that it
// was made, and not that it may be made anew.
func TestARedemptionWhoseAnswerWasLostStaysOneWhenItIsRolledBack(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "CODE", normal(""))
	command := w.record(t, func(s *codes.Services) error {
		_, err := s.Redeem(t.Context(), w.acme, codes.RedeemRequest{Code: "CODE", UserID: "ada"})
		return err
	})[0]
	made := w.carryOut(t, command)[0].Redemption
	undone := w.rollback(t, *made)
	_, again := w.runAgain(t, command)
	checkRefused(t, again.Err, "")
	checkSame(t, "the second time", &undone, again.Redemption)
}

// TestAUnitOfWorkSaysWhatToLoad: each thing once, in one order, so that groups that are carried out
// at the same time lock what they share in the same order.
func TestAUnitOfWorkSaysWhatToLoad(t *testing.T) {
	a, b := core.ID{1}, core.ID{2}
	commands := []*codes.Command{
		{WorkspaceID: b, Canonical: "Z", UserID: "ada", Redemption: core.ID{10}, Creates: true},
		{WorkspaceID: a, Canonical: "A", UserID: "bob", Redemption: core.ID{11}, NeedsUsage: true},
		{WorkspaceID: a, Canonical: "Z", UserID: "ada", Reservation: core.ID{12}, At: start},
		{WorkspaceID: a, Canonical: "A", UserID: "bob", Reservation: core.ID{13}, Creates: true, NeedsUsage: true},
		{WorkspaceID: a, Canonical: "M", At: start.Add(-time.Hour)},
	}
	for _, retried := range []bool{false, true} {
		t.Run(fmt.Sprint("retried ", retried), func(t *testing.T) {
			unit := codes.NewUnitOfWork(commands, retried)
			checkSame(t, "codes", []string{"A", "M", "Z"}, unit.CodesToLoad())
			checkSame(t, "used", []string{"A"}, unit.UsageToLoad())
			checkSame(
				t,
				"users",
				[]codes.UserRef{{WorkspaceID: a, ID: "ada"}, {WorkspaceID: a, ID: "bob"}, {WorkspaceID: b, ID: "ada"}},
				unit.UsersToLoad(),
			)
			redemptions := []codes.Ref{{Canonical: "A", ID: core.ID{11}}}
			reservations := []codes.Ref{{Canonical: "Z", ID: core.ID{12}}}
			if retried { // what they would make may be there
				redemptions = append(redemptions, codes.Ref{Canonical: "Z", ID: core.ID{10}})
				reservations = append(reservations, codes.Ref{Canonical: "A", ID: core.ID{13}})
			}
			checkSame(t, "redemptions", redemptions, sorted(unit.RedemptionsToLoad()))
			checkSame(t, "reservations", reservations, sortedDown(unit.ReservationsToLoad()))
			checkSame(t, "time", start, unit.At())
		})
	}
	empty := codes.NewUnitOfWork(nil, false)
	if len(empty.CodesToLoad())+len(empty.UsersToLoad())+len(empty.RedemptionsToLoad())+len(empty.Run()) != 0 {
		t.Error("a unit of work of no commands asks for something")
	}
}

func sorted(refs []codes.Ref) []codes.Ref {
	return slices.SortedFunc(
		slices.Values(refs),
		func(x, y codes.Ref) int { return cmp.Compare(x.Canonical, y.Canonical) },
	)
}

func sortedDown(refs []codes.Ref) []codes.Ref {
	return slices.SortedFunc(
		slices.Values(refs),
		func(x, y codes.Ref) int { return cmp.Compare(y.Canonical, x.Canonical) },
	)
}
