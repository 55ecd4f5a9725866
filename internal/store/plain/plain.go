// Package plain stores what is not hot. It is written once, in SQL that both engines understand,
// over a small interface that each engine implements. A new stored thing of this kind is one file
// here and one migration for each engine.
//
// Hot tables have hand-written SQL in the package of each engine, not here, except for counting, which
// reads them in the background. There are no rules here
// either: stores decide nothing.
package plain

import (
	"context"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
	"accesscodes/internal/member"
	"accesscodes/internal/overview"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/webhook"
)

// DB is what an engine offers. A function that is passed to it may be called several times, each
// time from the start, so it must set its results anew.
type DB interface {
	// Read runs queries on one connection. Each query sees what is committed when it begins.
	Read(ctx context.Context, read func(Tx) error) error
	// List is Read for what may take long: apart from look-ups, with a deadline.
	//
	// Errors: [core.Overloaded] after the deadline.
	List(ctx context.Context, read func(Tx) error) error
	// Write runs write in one transaction, which is durable when Write returns nil. If write returns
	// an error, Write returns it and nothing has changed. Errors of the database are
	// [core.Unavailable] and [core.OutcomeUnknown].
	Write(ctx context.Context, repeat Repeat, write func(Tx) error) error
}

// Repeat says whether a write may be repeated if it is unknown whether it was done: the connection
// broke before the answer to its commit came. SQLite has no such case.
type Repeat int

// The values of Repeat.
const (
	// Once: a repetition would do more, or give another result. The caller gets
	// [core.OutcomeUnknown].
	Once Repeat = iota
	// Idempotent: a repetition changes nothing more and gives the same result.
	Idempotent
)

// Tx runs statements. It must not be used after the function to which it was passed has returned.
type Tx interface {
	// Query calls scan with each row. scan must not use the Tx.
	Query(sql string, args []any, scan func(Row) error) error
	// Exec runs a statement that returns no rows, and reports how many rows it changed.
	Exec(sql string, args ...any) (changed int64, err error)
	// AddEvents adds events to the log, in this order. Call it after the changes that the events
	// describe.
	AddEvents(events ...*event.Event) error
	// Now returns the time by the database's clock, which all nodes share.
	Now() (time.Time, error)
}

// Row is one row of a query.
type Row interface {
	// Scan reads the row's columns, all of them, each into a destination: a *string, *int,
	// *int64, *bool, *[]byte, *core.ID or *time.Time; a pointer to a pointer to a string,
	// int, int64, bool or time, which NULL makes nil; or a []byte, which the column's value
	// must fill exactly. NULL makes a *[]byte nil and a *core.ID zero. Everything else that
	// does not fit is an error.
	Scan(dest ...any) error
}

// Store keeps workspaces, API keys, the installation, the log of events and jobs. Engines embed it.
type Store struct{ db DB }

// New returns a store over an engine.
func New(db DB) Store { return Store{db: db} }

var (
	_ tenancy.WorkspaceStore    = Store{}
	_ tenancy.KeyStore          = Store{}
	_ tenancy.InstallationStore = Store{}
	_ job.Store                 = Store{}
	_ member.Store              = Store{}
	_ overview.Store            = Store{}
	_ webhook.Store             = Store{}
)

// read runs queries that return one result. With an error, the result is zero.
func read[T any](ctx context.Context, db DB, query func(Tx) (T, error)) (result T, err error) {
	err = db.Read(ctx, func(tx Tx) error {
		result, err = query(tx)
		return err
	})
	return orZero(result, err)
}

// write runs a transaction that returns one result. With an error, the result is zero.
func write[T any](ctx context.Context, db DB, repeat Repeat, do func(Tx) (T, error)) (result T, err error) {
	err = db.Write(ctx, repeat, func(tx Tx) error {
		result, err = do(tx)
		return err
	})
	return orZero(result, err)
}

func orZero[T any](result T, err error) (T, error) {
	if err != nil {
		var zero T
		return zero, err
	}
	return result, nil
}

// one runs a query that returns at most one row. No row is [core.ErrNotFound].
func one(tx Tx, sql string, args []any, scan func(Row) error) error {
	found := false
	err := tx.Query(sql, args, func(row Row) error {
		found = true
		return scan(row)
	})
	if err == nil && !found {
		return core.ErrNotFound
	}
	return err
}

// change runs a statement that changes one row. No row is [core.ErrNotFound].
func change(tx Tx, sql string, args ...any) error {
	changed, err := tx.Exec(sql, args...)
	if err == nil && changed == 0 {
		return core.ErrNotFound
	}
	return err
}
