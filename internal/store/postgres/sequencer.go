package postgres

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/event"
)

// Times of the sequencer's lease, by the database's clock.
const (
	leaseLife  = "10 seconds"    // after which another node takes a lease that was not renewed
	renewAfter = 3 * time.Second // how old a lease may become
	takeAfter  = time.Second     // between two tries to take one
)

// sequencedAtOnce is the largest number of events that get a position in one transaction.
const sequencedAtOnce = 1000

// sequencerPatience is how long a node that stops in the middle of giving positions blocks the
// others: then the database ends its session.
const sequencerPatience = "5s"

// sequencer is this node's part in giving positions to events. One node at a time does it: the
// holder of the lease. Each transaction that gives positions renews the lease. So the node knows
// that it still holds the lease, and no other node can take it until the transaction has ended. A
// node that slept past the end of its lease finds another fence, and gives nothing.
type sequencer struct {
	node  [16]byte
	added chan struct{}

	mu      *sync.Mutex
	fence   int64 // of the lease that this node holds; 0: none
	renewed time.Time
	tried   time.Time // to take it
}

func newSequencer() sequencer {
	s := sequencer{added: make(chan struct{}, 1), mu: new(sync.Mutex)}
	_, _ = rand.Read(s.node[:]) // this never fails
	return s
}

// errDeposed ends a transaction of a node that no longer holds the lease.
var errDeposed = errors.New("another node gives positions to events now")

// SequenceEvents implements [event.Store].
func (s *Store) SequenceEvents(ctx context.Context) (given int, err error) {
	q := &s.sequencer
	q.mu.Lock()
	defer q.mu.Unlock()
	if held, err := s.holdLease(ctx); err != nil || !held {
		return 0, err
	}
	some, err := s.someQueued(ctx)
	if err != nil || !some {
		return 0, err
	}
	err = s.transact(ctx, idempotent, func(ctx context.Context, tx pgx.Tx) error {
		given, err = s.sequence(ctx, tx)
		return err
	})
	if errors.Is(err, errDeposed) {
		q.fence = 0
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("give positions to events: %w", err)
	}
	q.renewed = time.Now()
	select {
	case q.added <- struct{}{}:
	default:
	}
	return given, nil
}

// PruneEvents implements [event.Store].
func (s *Store) PruneEvents(ctx context.Context, now time.Time, keep event.Retention) (int, error) {
	s.sequencer.mu.Lock()
	holds := s.sequencer.fence != 0
	s.sequencer.mu.Unlock()
	if !holds {
		return 0, nil
	}
	return s.Store.PruneEvents(ctx, now, keep)
}

// holdLease renews the lease, or takes it if it is free, and reports whether this node holds it.
func (s *Store) holdLease(ctx context.Context) (bool, error) {
	q := &s.sequencer
	now := time.Now()
	switch {
	case q.fence != 0 && now.Sub(q.renewed) < renewAfter:
		return true, nil
	case q.fence == 0 && now.Sub(q.tried) < takeAfter:
		return false, nil
	}
	q.tried = now
	// The holder renews it and keeps the fence.
	const sql = `
		UPDATE event_sequencer SET holder = $1, until = now() + interval '` + leaseLife + `',
			fence = CASE WHEN holder = $1 AND fence = $2 THEN fence ELSE fence + 1 END
		WHERE id = 1 AND (until < now() OR holder = $1 AND fence = $2) RETURNING fence`
	var fence int64
	err := s.attempt(ctx, idempotent, func(ctx context.Context, db querier) error {
		fence = 0
		err := db.QueryRow(ctx, sql, q.node, q.fence).Scan(&fence)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take the lease of the sequencer: %w", err)
	}
	q.fence, q.renewed = fence, now
	return fence != 0, nil
}

// releaseSequencer lets another node take the lease at once. If it fails, the lease ends by itself.
func (s *Store) releaseSequencer() error {
	s.sequencer.mu.Lock()
	defer s.sequencer.mu.Unlock()
	if s.sequencer.fence == 0 || s.pool == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
	defer cancel()
	_, err := s.pool.Exec(ctx, "UPDATE event_sequencer SET until = now() WHERE id = 1 AND holder = $1 AND fence = $2",
		s.sequencer.node, s.sequencer.fence)
	s.sequencer.fence = 0
	if fateOf(err, false) != failed {
		return nil // done, or the database is not available
	}
	return err
}

func (s *Store) someQueued(ctx context.Context) (some bool, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		return q.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM event_queue)").Scan(&some)
	})
	return some, err
}

// queueKey names an event that has no position yet.
type queueKey struct{ Workspace, ID [16]byte }

// sequence gives positions to the first events in the queue and returns to how many. For each
// subject it sees the oldest events: a transaction with a later change has waited until the earlier
// one was committed, and has the later stamp.
func (s *Store) sequence(ctx context.Context, tx pgx.Tx) (int, error) {
	keys, err := s.firstQueued(ctx, tx)
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	ids := map[[16]byte][][16]byte{} // the events of each workspace
	order := map[[16]byte]int{}
	for i, key := range keys {
		ids[key.Workspace], order[key.ID] = append(ids[key.Workspace], key.ID), i
	}
	taken, heads, err := s.takeQueued(ctx, tx, ids)
	if err != nil {
		return 0, err
	}
	slices.SortFunc(taken, func(a, b *event.Event) int {
		return cmp.Or(bytes.Compare(a.Workspace[:], b.Workspace[:]), cmp.Compare(order[a.ID], order[b.ID]))
	})
	if len(taken) != len(keys) {
		return 0, errAgain
	}
	for rest := taken; len(rest) > 0; {
		workspace := rest[0].Workspace
		count := len(ids[workspace])
		head := heads[workspace] // its position counts the events, its value is from before them
		head.Chain = event.Continue(head.Chain, head.Position, rest[:count])
		heads[workspace], rest = head, rest[count:]
	}
	return len(taken), s.insertEvents(ctx, tx, taken, heads)
}

// firstQueued checks that this node still holds the lease, keeps it until the transaction has ended,
// and returns the first events in the queue.
func (s *Store) firstQueued(ctx context.Context, tx pgx.Tx) (keys []queueKey, err error) {
	batch, held := new(pgx.Batch), false
	batch.Queue("SET LOCAL idle_in_transaction_session_timeout = '" + sequencerPatience + "'")
	const renew = "UPDATE event_sequencer SET until = now() + interval '" + leaseLife + "' WHERE id = 1"
	batch.Queue(renew+" AND holder = $1 AND fence = $2 RETURNING id",
		s.sequencer.node, s.sequencer.fence).
		Query(func(rows pgx.Rows) error {
			held = rows.Next()
			rows.Close()
			return rows.Err()
		})
	queue(batch, pgx.RowToStructByPos[queueKey], func(key queueKey) { keys = append(keys, key) },
		fmt.Sprintf("SELECT workspace_id, id FROM event_queue ORDER BY stamp, ordinal, id LIMIT %d", sequencedAtOnce))
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, err
	}
	if !held {
		return nil, errDeposed
	}
	return keys, nil
}

// takeQueued takes events of each workspace from the queue, as they are now, and takes as many
// positions in its log. It returns the newest of those positions, with the chain's value before them.
func (s *Store) takeQueued(
	ctx context.Context,
	tx pgx.Tx,
	ids map[[16]byte][][16]byte,
) ([]*event.Event, map[[16]byte]event.Mark, error) {
	batch, heads := new(pgx.Batch), map[[16]byte]event.Mark{}
	var taken []*event.Event
	for workspace, of := range ids {
		queue(batch, scanQueued, func(e *event.Event) { taken = append(taken, e) },
			"DELETE FROM event_queue WHERE workspace_id = $1 AND id = ANY ($2) RETURNING "+queueColumns, workspace, of)
		queue(batch, scanHead, func(head event.Mark) { heads[workspace] = head }, `
			INSERT INTO event_positions (workspace_id, newest) VALUES ($1, $2)
			ON CONFLICT (workspace_id) DO UPDATE SET newest = event_positions.newest + excluded.newest
			RETURNING newest, chain`, workspace, int64(len(of)))
	}
	return taken, heads, tx.SendBatch(ctx, batch).Close()
}

func scanHead(row pgx.CollectableRow) (head event.Mark, err error) {
	var chain []byte
	err = row.Scan(&head.Position, &chain)
	copy(head.Chain[:], chain)
	return head, err
}

func scanQueued(row pgx.CollectableRow) (*event.Event, error) {
	e := new(event.Event)
	var ordinal int32
	var actor *[16]byte
	var subjectID, subjectKey, user, request *string
	var digest []byte
	err := row.Scan((*[16]byte)(&e.Workspace), (*[16]byte)(&e.ID), &ordinal, (*string)(&e.Type), &e.At,
		(*string)(&e.Actor.Kind), &actor, &e.Actor.Name, (*string)(&e.Subject.Kind), &subjectID, &subjectKey,
		&user, &request, &e.Data, &e.Salt, &digest)
	e.Actor.ID, e.Subject.ID, e.Subject.Key = orZero(actor), orEmpty(subjectID), orEmpty(subjectKey)
	e.UserID, e.RequestID = orEmpty(user), orEmpty(request)
	copy(e.Digest[:], digest)
	return e, err
}

// insertEvents stores events with their positions, and the newest value of the chain of each log.
func (s *Store) insertEvents(
	ctx context.Context, tx pgx.Tx, events []*event.Event, heads map[[16]byte]event.Mark,
) error {
	columns := []string{
		"uuid", "bigint", "uuid", "text", "timestamptz", "text", "uuid", "text",
		"text", "text", "text", "text", "text", "text", "bytea", "bytea", "bytea",
	}
	rows := make([][]any, len(events))
	for i, e := range events {
		rows[i] = []any{
			[16]byte(e.Workspace), e.Position, [16]byte(e.ID), string(e.Type), e.At, string(e.Actor.Kind),
			idOrNull(e.Actor.ID), e.Actor.Name,
			string(e.Subject.Kind), orNull(e.Subject.ID), orNull(e.Subject.Key),
			orNull(e.UserID), orNull(e.RequestID), e.Data, e.Salt, e.Digest[:], e.Chain[:],
		}
	}
	batch := new(pgx.Batch)
	s.insert(batch, "events", `
		workspace_id, position, id, type, at, actor_kind, actor_id, actor_name,
		subject_kind, subject_id, subject_key, user_id, request_id, data, salt, digest, chain`, columns, rows)
	for workspace, head := range heads {
		batch.Queue("UPDATE event_positions SET chain = $2 WHERE workspace_id = $1", workspace, head.Chain[:])
	}
	return tx.SendBatch(ctx, batch).Close()
}
