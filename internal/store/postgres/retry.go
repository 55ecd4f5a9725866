package postgres

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
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

// Waits between two tries of an operation, before jitter.
const (
	firstPause   = 2 * time.Millisecond
	longestPause = 250 * time.Millisecond
)

// kind says what to do if it is unknown whether an operation was done.
type kind int

// The kinds of operation.
const (
	query      kind = iota // it changes nothing and can be repeated
	idempotent             // a repetition changes nothing more and gives the same result
	once                   // a repetition would do more, or give another result
)

// read runs queries on one connection.
func (s *Store) read(ctx context.Context, do func(ctx context.Context, q querier) error) error {
	return s.readIn(ctx, hotLane, do)
}

// list is read for queries that may be long.
func (s *Store) list(ctx context.Context, do func(ctx context.Context, q querier) error) error {
	return s.readIn(ctx, listLane, do)
}

// readIn runs queries on a connection of a lane.
func (s *Store) readIn(ctx context.Context, lane lane, do func(ctx context.Context, q querier) error) error {
	return s.attemptIn(ctx, lane, query, func(ctx context.Context, q querier) error {
		if err := do(ctx, q); err != nil {
			return uncommitted{err} // there is nothing to commit
		}
		return nil
	})
}

// transact runs a function in one transaction.
func (s *Store) transact(ctx context.Context, k kind, do func(ctx context.Context, tx pgx.Tx) error) error {
	return s.attempt(ctx, k, func(ctx context.Context, q querier) error {
		tx, err := q.Begin(ctx)
		if err != nil {
			return uncommitted{err}
		}
		if err := do(ctx, tx); err != nil {
			_ = tx.Rollback(ctx) // a connection that is still in a transaction is not used again
			return uncommitted{err}
		}
		return tx.Commit(ctx)
	})
}

// uncommitted is the error of a transaction whose commit was not sent, or not carried out because of
// an error before it: nothing was done, also if the connection broke.
type uncommitted struct{ error }

func (e uncommitted) Unwrap() error { return e.error }

// attempt tries something on one connection until it is done, is certain to fail, or takes too long.
// If the database rolled it back because of another transaction (serialization failure, deadlock),
// it is always tried again. If the database cannot begin it, attempt gives up after a short while,
// so that callers learn of it. If it may have been done, attempt keeps trying for longer.
func (s *Store) attempt(ctx context.Context, k kind, try func(ctx context.Context, q querier) error) error {
	return s.attemptIn(ctx, hotLane, k, try)
}

// attemptIn is attempt on a connection of a lane.
func (s *Store) attemptIn(
	parent context.Context, lane lane, k kind, try func(ctx context.Context, q querier) error,
) error {
	timeout := s.timeout
	if k == query {
		timeout = s.readTimeout
	}
	ctx, cancel := context.WithTimeout(parent, timeout)
	defer cancel()
	patience := time.Now().Add(min(connectPatience, timeout))
	unknown := false // an earlier try may have succeeded
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		f, err := s.tryOnce(ctx, lane, try)
		unknown = unknown || f == lost
		switch {
		case f == done, f == failed && !unknown:
			return err
		case f == failed, unknown && k == once:
			return core.OutcomeUnknown(err)
		case f == nodeAway && !unknown:
			return core.PartlyUnavailable(err)
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

// jittered returns a random time around a pause, so that callers that began to wait together do not
// all come back at once.
func jittered(pause time.Duration) time.Duration { return pause/2 + rand.N(pause) }

// tryOnce takes a connection and tries something on it. Without a connection nothing was done.
func (s *Store) tryOnce(
	ctx context.Context, lane lane, try func(ctx context.Context, q querier) error,
) (fate, error) {
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
	known := s.engine()
	if known.distributed { // a silent node must not keep everybody waiting for longer
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.readTimeout)
		defer cancel()
	}
	err = try(ctx, conn)
	f := fateOf(err, conn.Conn().IsClosed())
	if f == unstarted && known.distributed && hasState(err, connectionException) {
		f = nodeAway
	}
	if f == failed && hasState(err, notSupported) && s.learnEngine(ctx, conn) != known {
		f = rolledBack // the next try speaks to the engine as it is
	}
	if hasState(err, readOnly) {
		_ = conn.Conn().Close(ctx) // the next one may lead to a server that takes writes
	}
	return f, err
}

// notSupported is the SQLSTATE feature_not_supported.
const notSupported = "0A000"

// readOnly is the SQLSTATE read_only_sql_transaction, which a standby answers with.
const readOnly = "25006"

// outcome returns the error of an operation that is given up.
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

// errAgain ends a try that found only a part of what another transaction has done. It rolls the
// transaction back, and a new try starts.
var errAgain = errors.New("another transaction is in the way")

// fate is the outcome of one try.
type fate int

const (
	done       fate = iota
	failed          // nothing was done, and a new try would fail the same way
	refused         // nothing was done, and the database will not do it soon
	unstarted       // nothing was done, because the database was not there or not ready
	nodeAway        // nothing was done, because a node of a distributed engine was not there
	rolledBack      // nothing was done, because of another transaction
	lost            // it is unknown whether it was done
)

// fateOf reads the try's error. A database that answers with an error has done nothing; one that
// does not answer may have done something, if it was told to commit. isClosed: the connection is.
func fateOf(err error, isClosed bool) fate {
	f := fateOfSent(err)
	if f == failed && isClosed {
		f = lost // the connection broke instead of an answer
	}
	if _, ok := errors.AsType[uncommitted](err); ok && f == lost {
		f = unstarted
	}
	return f
}

// fateOfSent reads the error of a statement that may have committed.
func fateOfSent(err error) fate {
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
		return lost // the connection was open when the try began; its last answer is unknown
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
	// admin_shutdown, crash_shutdown: perhaps after the commit; statement_completion_unknown
	case "57P01", "57P02", "40003":
		return lost
	case "57P05", "25P03", "25P04": // idle_session_timeout, idle_in_transaction_session_timeout, transaction_timeout
		return rolledBack
	case "57P03", readOnly, "55P03": // cannot_connect_now, lock_not_available
		return unstarted
	case "57014": // query_canceled, by statement_timeout or a person
		return refused
	}
	switch code[:min(2, len(code))] {
	case connectionException:
		return lost
	case "53", "58": // insufficient resources such as a full disk, system error
		return refused
	}
	return failed
}

// connectionException is a class of SQLSTATEs. A pooler answers so when its connection to the
// database has broken, and a distributed engine when that to one of its nodes has.
const connectionException = "08"

// hasState reports whether the database answered with an SQLSTATE, or with one of a class.
func hasState(err error, state string) bool {
	server, ok := errors.AsType[*pgconn.PgError](err)
	return ok && strings.HasPrefix(server.Code, state)
}

// isNetwork reports whether the connection broke or the time was up during the exchange.
func isNetwork(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok { // context.DeadlineExceeded is one
		return true
	}
	return errors.Is(err, context.Canceled) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed)
}
