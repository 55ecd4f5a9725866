package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// Noting is a store that notes commands instead of carrying them out, so that those of several
// requests can be handed over in one call.
type Noting struct {
	Store
	Commands []*codes.Command
}

// ErrNoted is what requests to a [Noting] end with.
var ErrNoted = errors.New("noted")

// Execute implements [codes.RedemptionStore].
func (n *Noting) Execute(_ context.Context, commands []*codes.Command) ([]codes.Result, error) {
	n.Commands = append(n.Commands, commands...)
	return nil, ErrNoted
}

// Reservation implements [codes.RedemptionStore]: what is noted counts as made.
func (n *Noting) Reservation(ctx context.Context, workspace, id core.ID) (string, codes.Reservation, error) {
	for _, command := range n.Commands {
		if command.Creates && command.Reservation == id {
			return command.Canonical, codes.Reservation{ID: id, WorkspaceID: workspace}, nil
		}
	}
	return n.Store.Reservation(ctx, workspace, id)
}

// commands are the commands of requests, none of which is carried out.
func (s *site) commands(t *testing.T, requests ...request) []*codes.Command {
	t.Helper()
	n := &Noting{Store: s.Store}
	service := s.serve(t, n)
	for _, ask := range requests {
		if err := ask(service); !errors.Is(err, ErrNoted) {
			t.Fatalf("a request was not noted: %v", err)
		}
	}
	return n.Commands
}

// request asks a server for something.
type request func(*codes.Services) error

func (s *site) toRedeem(t *testing.T, caller *core.Actor, code, user string) request {
	return func(service *codes.Services) error {
		_, err := service.Redeem(t.Context(), caller, codes.RedeemRequest{Code: code, UserID: user})
		return err
	}
}

func (s *site) toReserve(t *testing.T, code, user string, life time.Duration) request {
	return func(service *codes.Services) error {
		_, err := service.Reserve(t.Context(), s.mine, codes.ReserveRequest{Code: code, UserID: user, Life: life})
		return err
	}
}

func (s *site) toConfirm(t *testing.T, r codes.Reservation) request {
	return func(service *codes.Services) error {
		_, err := service.Confirm(t.Context(), s.mine, r.ID)
		return err
	}
}

func (s *site) toRelease(t *testing.T, r codes.Reservation) request {
	return func(service *codes.Services) error {
		_, err := service.Release(t.Context(), s.mine, r.ID)
		return err
	}
}

func (s *site) toRollBack(t *testing.T, r codes.Redemption) request {
	return func(service *codes.Services) error {
		_, err := service.Rollback(t.Context(), s.mine, r.ID, "")
		return err
	}
}

func (s *site) toRevoke(t *testing.T, code string) request {
	return func(service *codes.Services) error {
		_, err := service.RevokeCode(t.Context(), s.mine, code)
		return err
	}
}

func (s *site) toRestore(t *testing.T, code string) request {
	return func(service *codes.Services) error {
		_, err := service.RestoreCode(t.Context(), s.mine, code)
		return err
	}
}

func (s *site) toDelete(t *testing.T, code string) request {
	return func(service *codes.Services) error { return service.DeleteCode(t.Context(), s.mine, code) }
}

func (s *site) toLimit(t *testing.T, code string, limit int64) request {
	return func(service *codes.Services) error {
		_, err := service.ChangeCode(
			t.Context(),
			s.mine,
			code,
			codes.CodeChange{MaxRedemptions: codes.Limit{Given: true, Max: &limit}},
		)
		return err
	}
}

// carryOut carries commands out in one call.
func (s *site) carryOut(t *testing.T, commands []*codes.Command) []codes.Result {
	t.Helper()
	results, err := s.Store.Execute(t.Context(), commands)
	if err != nil || len(results) != len(commands) {
		t.Fatalf("Execute: %d results for %d commands, %v", len(results), len(commands), err)
	}
	return results
}

// refused is an error that can be compared.
type refused string

func (r refused) Error() string { return string(r) }

func testCommands(t *testing.T, newStore Factory) {
	t.Run("rules are asked in order, at the time of the latest command", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "CODE")
		s.add(t, s.other, "THEIRS")
		redemption, reservation := codes.Redemption{ID: newID(t)}, codes.Reservation{ID: newID(t)}
		answers := []codes.Result{
			{Err: refused("so")},
			{Redemption: &redemption},
			{Replayed: true},
			{Reservation: &reservation},
		}
		var asked []time.Time
		commands := []*codes.Command{
			{Canonical: "CODE", At: now, UserID: "ada"},
			{Canonical: "NONE", At: now.Add(instant), Redemption: newID(t), Reservation: newID(t)},
			{Canonical: "THEIRS", At: now.Add(-time.Hour), NeedsUsage: true, UserID: "ada"},
			{Canonical: "CODE", At: now, UserID: "bob", Redemption: newID(t), Creates: true},
		}
		for i, command := range commands {
			command.WorkspaceID, command.Idempotent = s.mine.WorkspaceID, true
			command.Rule = func(execution *codes.Execution) codes.Result {
				asked = append(asked, execution.At)
				return answers[i]
			}
		}
		at := now.Add(instant)
		want := slices.Clone(answers)
		for i := range want {
			want[i].At = at
		}
		before := s.everything(t, s.mine)
		for name, ask := range map[string]func(context.Context, []*codes.Command) ([]codes.Result,
			error){"Execute": s.Store.Execute, "DryRun": s.Store.DryRun} {
			asked = nil
			got, err := ask(t.Context(), commands)
			checkSame(t, fmt.Sprint(name, ", ", err), want, got)
			checkSame(t, name+"'s times", []time.Time{at, at, at, at}, asked)
			if got, err := ask(t.Context(), nil); len(got) != 0 || err != nil {
				t.Errorf("%s of nothing: %v, %v", name, got, err)
			}
		}
		checkSame(t, "everything", before, s.everything(t, s.mine))
	})
	t.Run("those of one call see one another's effects", testTogether(newStore))
	t.Run("a command that is carried out twice is done once and says the same", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "TWO", times(2))
		for i, commands := range [][]*codes.Command{
			s.commands(t, s.toReserve(t, "TWO", "bob", 0)),
			s.commands(t, s.toRedeem(t, s.mine, "TWO", "ada")),
		} {
			checkSame(t, fmt.Sprintf("command %d", i), s.carryOut(t, commands), s.carryOut(t, commands))
		}
		s.checkUses(t, s.mine, "TWO", 1, 1)
	})
	t.Run("a use that lapses when the latest command comes is free for all of them", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "ONCE", times(1))
		s.add(t, s.mine, "BESIDE")
		held := s.reserve(t, s.mine, "ONCE", "ada", time.Minute)
		commands := s.commands(t, s.toRedeem(t, s.mine, "ONCE", "bob"), s.toConfirm(t, held))
		s.pass(time.Minute)
		commands = append(commands, s.commands(t, s.toRedeem(t, s.mine, "BESIDE", "cyd"))...)
		results := s.carryOut(t, commands)
		checkReason(t, "redeemed", results[0].Err, "")
		checkReason(t, "confirmed", results[1].Err, core.ReasonReservationLapsed)
		for i := range []int{0, 2} {
			if made := results[2*i].Redemption; made == nil || !made.CreatedAt.Equal(s.time()) {
				t.Errorf("command %d made %+v", 2*i, made)
			}
		}
		s.checkUses(t, s.mine, "ONCE", 1, 0)
	})
	t.Run("a caller who goes in the middle leaves nothing half done", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "TWO", times(2))
		s.add(t, s.mine, "AFTER")
		command := s.commands(t, s.toRedeem(t, s.mine, "TWO", "ada"))[0]
		left := s.leaveDuring(t, command, s.Store.Execute)
		s.redeem(t, s.mine, "AFTER", "zoe") // a wrapped store may carry the first out all the same; it has now
		redeemed := int64(len(s.redemptions(t, s.mine, codes.RedemptionFilter{}, 3))) - 1
		s.checkUses(t, s.mine, "TWO", redeemed, 0)
		if left == nil && redeemed != 1 || left != nil && !core.HasReason(left, core.ReasonOutcomeUnknown) && redeemed != 0 {
			t.Errorf("%d redemptions after the answer %v", redeemed, left)
		}
		if users := int64(len(s.users(t, s.mine, codes.UserFilter{}, 3))) - 1; users != redeemed {
			t.Errorf("%d redemptions and %d users", redeemed, users)
		}
		s.redeem(t, s.mine, "TWO", "bob")
	})
	t.Run("a caller who goes in the middle of a look leaves nothing in the others' way", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "OLD")
		for range 3 {
			left := s.leaveDuring(t, s.commands(t, s.toRedeem(t, s.mine, "OLD", "ada"))[0], s.Store.DryRun)
			if left != nil && !errors.Is(left, context.Canceled) {
				t.Errorf("DryRun: %v", left)
			}
		}
		s.add(t, s.mine, "NEW")
		for range 100 { // on every connection there is
			got, err := s.Validate(t.Context(), s.mine, codes.ValidateRequest{Code: "NEW", UserID: "ada"})
			if err != nil || !got.Valid {
				t.Fatalf("Validate: %+v, %v", got, err)
			}
			s.checkUses(t, s.mine, "NEW", 0, 0)
		}
	})
}

// leaveDuring asks for a redemption and goes when its rule has decided. It returns the error
// that the answer is, if any: what it means for the command is the caller's to check.
func (s *site) leaveDuring(
	t *testing.T,
	command *codes.Command,
	ask func(context.Context, []*codes.Command) ([]codes.Result, error),
) error {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	rule := command.Rule
	command.Rule = func(execution *codes.Execution) codes.Result {
		defer leave()
		return rule(execution)
	}
	results, err := ask(ctx, []*codes.Command{command})
	if ctx.Err() == nil {
		t.Fatalf("the rule was not asked: %v", err)
	}
	if err == nil && (len(results) != 1 || results[0].Err != nil || results[0].Redemption == nil) {
		t.Errorf("results %+v", results)
	}
	return err
}
