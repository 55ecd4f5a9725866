package postgres

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"accesscodes/internal/core"
)

// querier is a connection or a transaction.
type querier interface {
	Begin(ctx context.Context) (pgx.Tx, error)
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

// connectPatience is how long a database that is away or not ready is waited for.
const connectPatience = 2 * time.Second

// Waits between two tries of an act, before jitter.
const (
	firstPause   = 2 * time.Millisecond
	longestPause = 250 * time.Millisecond
)

// kind says what it means that nobody knows whether an act was done.
type kind int

// The kinds of act.
const (
	query  kind = iota // nothing: there is nothing to be done twice
	again              // a second time does nothing more and says the same
	single             // a second time would do more, or say something else
)

// read runs queries on one connection.
func (s *Store) read(ctx context.Context, act func(ctx context.Context, q querier) error) error {
	return s.readIn(ctx, hotLane, act)
}

// list is read for queries that may be long.
func (s *Store) list(ctx context.Context, act func(ctx context.Context, q querier) error) error {
	return s.readIn(ctx, listLane, act)
}

// readIn runs queries on a connection of a lane.
func (s *Store) readIn(ctx context.Context, lane lane, act func(ctx context.Context, q querier) error) error {
	return s.actIn(ctx, lane, query, act)
}

// transact runs act in one transaction.
func (s *Store) transact(ctx context.Context, k kind, act func(ctx context.Context, tx pgx.Tx) error) error {
	return s.act(ctx, k, func(ctx context.Context, q querier) error {
		return pgx.BeginFunc(ctx, q, func(tx pgx.Tx) error { return act(ctx, tx) })
	})
}

// act tries something on one connection until it is done, is certain to fail, or takes too
// long. What the database rolled back because of somebody else (serialization failure,
// deadlock) is always tried again. What the database cannot begin is given up after a
// short while, so that callers learn of it; what it may have done is pursued for longer.
func (s *Store) act(ctx context.Context, k kind, try func(ctx context.Context, q querier) error) error {
	return s.actIn(ctx, hotLane, k, try)
}

// actIn is act on a connection of a lane.
func (s *Store) actIn(parent context.Context, lane lane, k kind, try func(ctx context.Context, q querier) error) error {
	timeout := s.timeout
	if k == query {
		timeout = s.readTimeout
	}
	ctx, cancel := context.WithTimeout(parent, timeout)
	defer cancel()
	patience := time.Now().Add(min(connectPatience, timeout))
	unknown := false // whether an earlier try may have been done
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		f, err := s.tryOnce(ctx, lane, try)
		unknown = unknown || f == lost && k != query
		switch {
		case f == done, f == failed && !unknown:
			return err
		case f == failed, unknown && k == single:
			return core.OutcomeUnknown(err)
		case f == refused, f != rolledBack && !unknown && time.Now().After(patience):
			return outcome(parent, unknown, err)
		}
		select {
		case <-time.After(jittered(pause)):
		case <-ctx.Done():
			return outcome(parent, unknown, err)
		}
	}
}

// jittered is a random time around a pause, so that those whom the same thing made wait do not
// all come back at once.
func jittered(pause time.Duration) time.Duration { return pause/2 + rand.N(pause) }

// tryOnce takes a connection and tries something on it. Without a connection nothing was done.
func (s *Store) tryOnce(ctx context.Context, lane lane, try func(ctx context.Context, q querier) error) (fate, error) {
	wait, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	leave, err := s.enterLane(wait, lane)
	if err != nil {
		return unstarted, err
	}
	defer leave()
	conn, err := s.pool.Acquire(wait)
	if err != nil {
		return unstarted, err
	}
	defer conn.Release()
	err = try(ctx, conn)
	f := fateOf(err)
	if f == failed && conn.Conn().IsClosed() {
		f = lost // whatever the error is, it came when the answer should have come
	}
	if server, ok := errors.AsType[*pgconn.PgError](err); ok && server.Code == readOnly {
		_ = conn.Conn().Close(ctx) // the next one may lead to a server that takes writes
	}
	return f, err
}

// readOnly is the SQLSTATE read_only_sql_transaction, such as a standby answers with.
const readOnly = "25006"

// outcome is the error of an act that is given up.
func outcome(parent context.Context, unknown bool, err error) error {
	switch {
	case unknown:
		return core.OutcomeUnknown(err)
	case parent.Err() != nil:
		return parent.Err()
	default:
		return core.Unavailable(err)
	}
}

// errAgain ends a try that met what another transaction has done, but not all of it yet. A
// transaction is rolled back by it, and starts again.
var errAgain = errors.New("another transaction is in the way")

// fate is what became of one try.
type fate int

const (
	done       fate = iota
	failed          // nothing was done, and the same would happen again
	refused         // nothing was done, and the database will not do it soon
	unstarted       // nothing was done, because the database was not there or not ready
	rolledBack      // nothing was done, because of somebody else's transaction
	lost            // nobody knows
)

// fateOf reads the try's error. A database that answers with an error has done nothing;
// one that does not answer may have.
func fateOf(err error) fate {
	if err == nil || errors.Is(err, core.ErrNotFound) {
		return done
	}
	if errors.Is(err, errAgain) {
		return rolledBack
	}
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fateOfCode(server.Code)
	}
	if errors.Is(err, pgconn.ErrConnClosed) {
		return lost // the connection was open when the try began; what it said last is not known
	}
	if pgconn.SafeToRetry(err) {
		return unstarted
	}
	if isNetwork(err) {
		return lost
	}
	return failed
}

// fateOfCode reads an SQLSTATE (PostgreSQL documentation, appendix A).
func fateOfCode(code string) fate {
	switch code {
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return rolledBack
	case "57P01", "57P02", "40003": // admin_shutdown, crash_shutdown: perhaps after the commit; statement_completion_unknown
		return lost
	case "57P05", "25P03", "25P04": // idle_session_timeout, idle_in_transaction_session_timeout, transaction_timeout
		return rolledBack
	case "57P03", readOnly, "55P03": // cannot_connect_now, lock_not_available
		return unstarted
	case "57014": // query_canceled, by statement_timeout or a person
		return refused
	}
	switch code[:min(2, len(code))] {
	case "08": // connection exception, as a pooler reports it
		return lost
	case "53", "58": // insufficient resources such as a full disk, system error
		return refused
	}
	return failed
}

// isNetwork reports whether the connection broke or the time was up on the way.
func isNetwork(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok { // context.DeadlineExceeded is one
		return true
	}
	return errors.Is(err, context.Canceled) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
