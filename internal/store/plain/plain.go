// Package plain keeps what is not hot: it is written once, in SQL that both engines
// understand, over a small interface that each engine implements. A new stored thing of this
// kind is one file here and one migration for each engine.
//
// What is hot has hand-written SQL in the package of each engine, not here. Rules are not here
// either: stores decide nothing.
//
// # SQL
//
// Parameters are ?1, ?2 and so on, and a statement holds no other question mark. Only what
// means the same on both engines may be used: coalesce, CASE, ON CONFLICT … DO NOTHING,
// RETURNING. Two things differ that are easily missed: PostgreSQL must be able to tell each
// parameter's type from where it stands, so that a parameter needs a column or a CAST beside
// it; and max and min with two arguments are there only in SQLite.
//
// Where SQLite would take a wrong index it must be told the right one, in what is a comment for
// others: UPDATE events /*sqlite INDEXED BY events_user sqlite*/ SET …
//
// # Values
//
// [Value] says what an argument may be, [Row] what a column may be read into. In columns:
//
//	Go                     SQLite                     PostgreSQL
//	string                 TEXT                       text
//	string with JSON       TEXT                       jsonb, which changes spaces and order
//	int, int64             INTEGER                    smallint, integer, bigint
//	bool                   INTEGER, 0 or 1            boolean
//	[]byte                 BLOB                       bytea
//	core.ID              BLOB, 16 bytes             uuid
//	time.Time              INTEGER, microseconds      timestamptz
//
// Times are cut to microseconds and come back in UTC. NULL is a nil pointer, a nil []byte or
// the zero ID.
package plain

import (
	"context"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

// DB is what an engine offers. A function that is given to it may be called several times,
// each time from the start, so it must set whatever it reports anew.
type DB interface {
	// Read runs queries on one connection. Each query sees what is committed when it begins.
	Read(ctx context.Context, read func(Tx) error) error
	// Write runs write in one transaction, which is durable when Write returns nil. If write
	// returns an error, then Write returns it and nothing has changed. Errors of the database
	// are those of [storetest.Store]: Unavailable and OutcomeUnknown.
	Write(ctx context.Context, repeat Repeat, write func(Tx) error) error
}

// Repeat says whether a write may be done again when nobody knows if it was done: the
// connection broke before the answer to its commit came. SQLite has no such case.
type Repeat int

// The values of Repeat.
const (
	// Once: a second time would do more, or say something else. The caller gets
	// [core.OutcomeUnknown].
	Once Repeat = iota
	// Idempotent: a second time does nothing more and says the same.
	Idempotent
)

// Tx runs statements. It must not be used after the function that it was given to has
// returned.
type Tx interface {
	// Query calls scan with each row. scan must not use the Tx.
	Query(sql string, args []any, scan func(Row) error) error
	// Exec runs a statement that returns no rows, and reports how many rows it changed.
	Exec(sql string, args ...any) (changed int64, err error)
	// AddEvents adds events to the log, in this order. It comes behind what they tell of.
	AddEvents(events ...*event.Event) error
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

// Store keeps workspaces, API keys, the installation and the log of events. Engines embed it.
type Store struct{ db DB }

// New returns a store over an engine.
func New(db DB) Store { return Store{db: db} }

var (
	_ tenancy.WorkspaceStore    = Store{}
	_ tenancy.KeyStore          = Store{}
	_ tenancy.InstallationStore = Store{}
)

// read runs queries that give one result. With an error, the result is zero.
func read[T any](ctx context.Context, db DB, query func(Tx) (T, error)) (result T, err error) {
	err = db.Read(ctx, func(tx Tx) error {
		result, err = query(tx)
		return err
	})
	return orZero(result, err)
}

// write is read for a transaction.
func write[T any](ctx context.Context, db DB, repeat Repeat, act func(Tx) (T, error)) (result T, err error) {
	err = db.Write(ctx, repeat, func(tx Tx) error {
		result, err = act(tx)
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

// one runs a statement that returns one row at most. None is core.ErrNotFound.
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

// change runs a statement that changes one row. None is core.ErrNotFound.
func change(tx Tx, sql string, args ...any) error {
	changed, err := tx.Exec(sql, args...)
	if err == nil && changed == 0 {
		return core.ErrNotFound
	}
	return err
}
