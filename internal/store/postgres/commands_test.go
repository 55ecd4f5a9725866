package postgres_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/storetest"
)

// desk is where commands are asked for: a server over a store, and an actor who may do
// everything.
type desk struct {
	t *testing.T
	*codes.Services
	caller *core.Actor
}

func newDesk(t *testing.T, store storetest.Store) *desk {
	t.Helper()
	service, caller := serve(t, store)
	return &desk{t, service, caller}
}

func (d *desk) redeem(code, user string) result {
	got, err := d.Redeem(d.t.Context(), d.caller, codes.RedeemRequest{Code: code, UserID: user})
	return result{got.Redemption.ID, got.Replayed, err}
}

func (d *desk) reserve(code, user string) result {
	got, err := d.Reserve(d.t.Context(), d.caller, codes.ReserveRequest{Code: code, UserID: user})
	return result{got.Reservation.ID, got.Replayed, err}
}

func (d *desk) release(reservation core.ID) result {
	got, err := d.Release(d.t.Context(), d.caller, reservation)
	return result{got.Reservation.ID, got.Replayed, err}
}

func (d *desk) rollBack(redemption core.ID) result {
	got, err := d.Rollback(d.t.Context(), d.caller, redemption, "")
	return result{got.Redemption.ID, got.Replayed, err}
}

func (d *desk) revoke(code string) result {
	_, err := d.RevokeCode(d.t.Context(), d.caller, code)
	return result{err: err}
}

// result is what a caller is told of a command.
type result struct {
	id       core.ID // of the redemption or the reservation; zero: it is about a code
	replayed bool
	err      error
}

// must requires that what a command needs has been done.
func (r result) must(t *testing.T) core.ID {
	t.Helper()
	if r.err != nil {
		t.Fatal(r.err)
	}
	return r.id
}

// operation is a command, alone in its database.
type operation struct {
	name       string
	writes     string // something that it does to a table, once
	repeatable bool
	prepare    func(*desk) func() result
	want       string // what accounts says when it is done, once

	undo   func(d *desk, made core.ID) result // what another request may do then; nil: nothing that matters
	undone string                             // what accounts says after that
}

// accounts says what commands have left in the database.
const accounts = `SELECT concat(
	(SELECT coalesce(string_agg(concat(canonical, ': ', redemptions, ' of ', max_redemptions, ' redeemed, ',
	reservations, ' held', CASE WHEN revoked_at IS NOT NULL THEN ', revoked' END), '; ' ORDER BY canonical),
	'no code') FROM codes),
	'; ', (SELECT count(*) FROM redemptions), ' redemptions, ', (SELECT count(*) FROM reservations),
	' reservations, ', (SELECT count(*) FROM users), ' users')`

// operations are commands of every kind on a code CODE that can be used twice.
func operations() []operation {
	return []operation{
		{
			name: "redeem", writes: "INSERT ON redemptions", repeatable: true,
			prepare: func(d *desk) func() result { return func() result { return d.redeem("CODE", "ada") } },
			want:    "CODE: 1 of 2 redeemed, 0 held; 1 redemptions, 0 reservations, 1 users",
			undo:    (*desk).rollBack, undone: "CODE: 0 of 2 redeemed, 0 held; 1 redemptions, 0 reservations, 0 users",
		},
		{
			name: "reserve", writes: "INSERT ON reservations", repeatable: true,
			prepare: func(d *desk) func() result { return func() result { return d.reserve("CODE", "ada") } },
			want:    "CODE: 0 of 2 redeemed, 1 held; 0 redemptions, 1 reservations, 0 users",
			undo:    (*desk).release, undone: "CODE: 0 of 2 redeemed, 0 held; 0 redemptions, 1 reservations, 0 users",
		},
		{
			name: "confirm", writes: "INSERT ON redemptions", repeatable: true,
			prepare: func(d *desk) func() result {
				held := d.reserve("CODE", "ada").must(d.t)
				return func() result {
					got, err := d.Confirm(d.t.Context(), d.caller, held)
					return result{got.Redemption.ID, got.Replayed, err}
				}
			},
			want: "CODE: 1 of 2 redeemed, 0 held; 1 redemptions, 1 reservations, 1 users",
			undo: (*desk).rollBack, undone: "CODE: 0 of 2 redeemed, 0 held; 1 redemptions, 1 reservations, 0 users",
		},
		{
			name: "release", writes: "UPDATE ON reservations", repeatable: true,
			prepare: func(d *desk) func() result {
				held := d.reserve("CODE", "ada").must(d.t)
				return func() result { return d.release(held) }
			},
			want: "CODE: 0 of 2 redeemed, 0 held; 0 redemptions, 1 reservations, 0 users",
		},
		{
			name: "rollback", writes: "UPDATE ON redemptions", repeatable: true,
			prepare: func(d *desk) func() result {
				made := d.redeem("CODE", "ada").must(d.t)
				return func() result { return d.rollBack(made) }
			},
			want: "CODE: 0 of 2 redeemed, 0 held; 1 redemptions, 0 reservations, 0 users",
		},
		{
			name: "revoke", writes: "UPDATE ON codes",
			prepare: func(d *desk) func() result { return func() result { return d.revoke("CODE") } },
			want:    "CODE: 0 of 2 redeemed, 0 held, revoked; 0 redemptions, 0 reservations, 0 users",
		},
		{
			name: "change", writes: "UPDATE ON codes",
			prepare: func(d *desk) func() result {
				limit := int64(7)
				return func() result {
					_, err := d.ChangeCode(
						d.t.Context(),
						d.caller,
						"CODE",
						codes.CodeChange{MaxRedemptions: codes.Limit{Given: true, Max: &limit}},
					)
					return result{err: err}
				}
			},
			want: "CODE: 0 of 7 redeemed, 0 held; 0 redemptions, 0 reservations, 0 users",
		},
		{
			name: "delete", writes: "DELETE ON codes",
			prepare: func(d *desk) func() result {
				return func() result { return result{err: d.DeleteCode(d.t.Context(), d.caller, "CODE")} }
			},
			want: "no code; 0 redemptions, 0 reservations, 0 users",
		},
	}
}

// ready makes everything ready for an operation and returns how to do it.
func (d operation) ready(t *testing.T, store storetest.Store) func() result {
	t.Helper()
	checkInserted(t, insert(t, store, newCode("CODE", "ab")))
	return d.prepare(newDesk(t, store))
}

// check checks that an operation was done once and that its caller was told so, as of something new.
func (d operation) check(t *testing.T, conn *pgx.Conn, got result) {
	t.Helper()
	if got.err != nil || got.replayed {
		t.Errorf("%s: replayed %v, error %v", d.name, got.replayed, got.err)
	}
	if !got.id.IsZero() &&
		!ask[bool](t, conn, "SELECT $1 IN (SELECT id FROM redemptions UNION SELECT id FROM reservations)", [16]byte(got.id)) {
		t.Errorf("%s was answered with %s, which is not there", d.name, got.id)
	}
	checkAccounts(t, conn, d.want)
}

// checkUnknown checks that a caller was told that nobody knows whether it was done.
func checkUnknown(t *testing.T, err error) {
	t.Helper()
	if !core.HasReason(err, core.ReasonOutcomeUnknown) {
		t.Errorf("error %v, want %s", err, core.ReasonOutcomeUnknown)
	}
}

func checkAccounts(t *testing.T, conn *pgx.Conn, want string) {
	t.Helper()
	if got := ask[string](t, conn, accounts); got != want {
		t.Errorf("this is there: %s\nwant: %s", got, want)
	}
}

// commandsOf returns the commands of requests, none of which is carried out.
func commandsOf(t *testing.T, store storetest.Store, requests ...func(*desk) result) []*codes.Command {
	t.Helper()
	n := &storetest.Noting{Store: store}
	for _, request := range requests {
		if got := request(newDesk(t, n)); !errors.Is(got.err, storetest.ErrNoted) {
			t.Fatalf("a request was not noted: %v", got.err)
		}
	}
	return n.Commands
}

// commandsAnswer is what a call of Execute returned.
type commandsAnswer struct {
	results []codes.Result
	err     error
}

// beginCommands calls Execute without waiting for it.
func beginCommands(t *testing.T, store storetest.Store, commands []*codes.Command) <-chan commandsAnswer {
	t.Helper()
	answers := make(chan commandsAnswer, 1)
	go func() {
		results, err := store.Execute(t.Context(), commands)
		answers <- commandsAnswer{results, err}
	}()
	return answers
}

// groups are commands on two codes that share a transaction, A before B.
func groups() []group {
	redeem := func(code string) func(*desk) result {
		return func(d *desk) result { return d.redeem(code, "user of "+code) }
	}
	revoke := func(code string) func(*desk) result {
		return func(d *desk) result { return d.revoke(code) }
	}
	return []group{
		{
			name: "all repeatable", repeatable: true, requests: []func(*desk) result{redeem("A"), redeem("B")},
			want: "A: 1 of 2 redeemed, 0 held; B: 1 of 2 redeemed, 0 held; 2 redemptions, 0 reservations, 2 users",
		},
		{
			name: "one not repeatable", requests: []func(*desk) result{revoke("A"), redeem("B")},
			want: "A: 0 of 2 redeemed, 0 held, revoked; B: 1 of 2 redeemed, 0 held; 1 redemptions, 0 reservations, 1 users",
		},
	}
}

type group struct {
	name       string
	repeatable bool
	requests   []func(*desk) result
	want       string // what accounts says when they are done, once
}

// ready makes everything ready for a group and returns its commands.
func (g group) ready(t *testing.T, store storetest.Store) []*codes.Command {
	t.Helper()
	checkInserted(t, insert(t, store, newCode("A", "aa"), newCode("B", "bb")))
	return commandsOf(t, store, g.requests...)
}

// check checks that a group was done once and that its callers were told so.
func (g group) check(t *testing.T, conn *pgx.Conn, got commandsAnswer) {
	t.Helper()
	if got.err != nil {
		t.Errorf("Execute: %v", got.err)
	}
	for i, result := range got.results {
		if result.Err != nil || result.Replayed {
			t.Errorf("command %d: %+v, want something new without an error", i, result)
		}
	}
	checkAccounts(t, conn, g.want)
}

// lostCommit is a database in which the commit of a group was made and its answer is on its way.
type lostCommit struct {
	address  string
	conn     *pgx.Conn
	proxy    *proxy
	answered <-chan commandsAnswer
}

// loseTheAnswer carries a group out up to where the answer to its commit can be lost.
func (g group) loseTheAnswer(t *testing.T) lostCommit {
	t.Helper()
	l := lostCommit{address: pgtest.Database(t)}
	l.conn = connect(t, l.address)
	var through string
	l.proxy, through = startProxy(t, l.address)
	store := open(t, through, postgres.Options{Timeout: timeout})
	commands := g.ready(t, store)
	holdCommits(t, l.conn, "redemptions")
	countRuns(t, l.conn, "INSERT ON redemptions")
	loseTheAnswer(t, l.conn, l.proxy, "redemptions", func() { l.answered = beginCommands(t, store, commands) })
	return l
}
