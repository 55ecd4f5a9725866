package postgres_test

import (
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/core"
)

// redeemers are how many redeem codes at once, beside those that insert some.
const redeemers = 4

// fewUses is how often a code can be redeemed that every redeemer wants.
const fewUses = redeemers / 2

// redeeming is a use of a code that was asked for, and what the caller was told.
type redeeming struct {
	code, user string
	got        result
	mayBeDone  bool // by an earlier try
	took       time.Duration
}

// startRedeemers lets callers loose who redeem codes.
func (l *load) startRedeemers() {
	l.t.Helper()
	unlimited := newCode("UNLIMITED", "unlimited")
	unlimited.MaxRedemptions = nil
	if err := l.ask(unlimited); err != nil {
		l.t.Fatal(err)
	}
	d := newDesk(l.t, l.store)
	l.running.Go(func() { l.redeem(d, unlimited.Value) })
}

// redeem redeems codes in rounds. In each all redeemers want a code that has too few uses, and
// one that has uses for all, for users whom only this test knows.
func (l *load) redeem(d *desk, unlimited string) {
	for round := 0; !l.isStopped(); round++ {
		note := fmt.Sprint("few-", round)
		code, uses := newCode(note, note), int64(fewUses)
		code.MaxRedemptions = &uses
		if l.ask(code) != nil {
			continue // without it: whether it is there is not known
		}
		var all sync.WaitGroup
		for redeemer := range redeemers {
			all.Go(func() {
				l.redeemFor(d, code.Value, fmt.Sprintf("one of few %d-%d", round, redeemer))
				l.redeemFor(d, unlimited, fmt.Sprintf("one of many %d-%d", round, redeemer))
			})
		}
		all.Wait()
	}
}

// redeemFor repeats a request until it is answered, and writes down what was said each time.
func (l *load) redeemFor(d *desk, code, user string) {
	r := redeeming{code: code, user: user}
	for answered := false; !answered && !l.isStopped(); {
		start := time.Now()
		r.got = d.redeem(code, user)
		r.took = time.Since(start)
		l.write(r)
		answered = !r.isUnavailable() && !r.isUnknown()
		r.mayBeDone = r.mayBeDone || r.isUnknown()
	}
}

func (l *load) write(r redeeming) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.redeemings = append(l.redeemings, r)
	l.tell(func(w *watch) bool { return w.redeeming != nil && w.redeeming(r) })
}

func (r redeeming) isUnavailable() bool { return core.IsKind(r.got.err, core.KindUnavailable) }

func (r redeeming) isUnknown() bool {
	return core.HasReason(r.got.err, core.ReasonOutcomeUnknown)
}

func (r redeeming) isExhausted() bool {
	return core.HasReason(r.got.err, core.ReasonCodeExhausted)
}

// awaitRedeemed waits for redemptions that are asked for from now on: the store works.
func (l *load) awaitRedeemed(times int) {
	l.t.Helper()
	start := time.Now()
	l.wait("redemptions", &watch{left: times, redeeming: func(r redeeming) bool {
		return r.got.err == nil && time.Since(start) > r.took
	}})
}

// redemption is a row of the table.
type redemption struct {
	id         [16]byte
	code, user string
}

// checkRedemptions holds what redeemers were told against the database.
func (l *load) checkRedemptions(conn *pgx.Conn, all *tally) {
	l.t.Helper()
	rows, err := conn.Query(l.t.Context(), "SELECT id, code, user_id FROM redemptions")
	if err != nil {
		l.t.Fatal(err)
	}
	stored, err := pgx.CollectRows(rows, func(line pgx.CollectableRow) (r redemption, err error) {
		err = line.Scan(&r.id, &r.code, &r.user)
		return r, err
	})
	if err != nil {
		l.t.Fatal(err)
	}
	byUser := map[string]redemption{}
	for _, r := range stored {
		byUser[r.user] = r
	}
	if len(byUser) != len(stored) {
		l.t.Errorf("%d redemptions are by %d users, who each asked for one", len(stored), len(byUser))
	}
	told := map[redemption]bool{} // whether its user was told of it, or may have it without
	for _, r := range l.redeemings {
		l.checkRedeeming(r, byUser[r.user], all)
		if r.got.err == nil || r.isUnknown() {
			told[redemption{byUser[r.user].id, r.code, r.user}] = true
		}
	}
	for _, r := range stored {
		if !told[r] {
			l.t.Errorf("nobody asked for %+v, or it was refused", r)
		}
	}
	checkViolations(l.t, conn)
}

// checkRedeeming holds one promise against what the user has in the table.
func (l *load) checkRedeeming(r redeeming, has redemption, all *tally) {
	l.t.Helper()
	switch {
	case r.isUnavailable():
		all.unavailable++
	case r.isUnknown():
		all.unknown++
	case r.isExhausted():
		all.exhausted++
		if has != (redemption{}) {
			l.t.Errorf("%s was exhausted for %s, but this is stored: %+v", r.code, r.user, has)
		}
	case r.got.err != nil:
		l.t.Errorf("redeem %s for %s: %v", r.code, r.user, r.got.err)
	default:
		all.redeemed++
		if want := (redemption{r.got.id, r.code, r.user}); has != want {
			l.t.Errorf("%+v was acknowledged, but this is stored: %+v", want, has)
		}
		if r.got.replayed && !r.mayBeDone {
			l.t.Errorf("redeeming %s for %s was said to be done by an earlier request, but no other one can have been",
				r.code, r.user)
		}
	}
	// As for codes, a call may come when a commit is under way.
	if r.took > 2*timeout+margin {
		l.t.Errorf("redeeming %s for %s took %v, the store's timeout is %v", r.code, r.user, r.took, timeout)
	}
}
