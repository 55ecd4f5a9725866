package postgres_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/store/grouped"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
)

// followedEvents is how many events two nodes write while a reader follows.
var followedEvents = flag.Int("followed-events", 4000, "how many events are written while a reader follows")

// eventsOfOne is how many events the life of one code has here: it is created, redeemed,
// registers its user, and is used up.
const eventsOfOne = 4

// writersOfNode is how many requests a node has under way.
const writersOfNode = 16

// TestAReaderWhoFollowsMissesNothingWhileTwoNodesWrite: and nothing comes twice, or in another
// order.
func TestAReaderWhoFollowsMissesNothingWhileTwoNodesWrite(t *testing.T) {
	c := newCampaign(t)
	begin := time.Now()
	c.run(t, func(int) {})
	t.Logf(
		"%d events by two nodes, written, given positions and followed in %s",
		*followedEvents,
		time.Since(begin).Round(time.Millisecond),
	)
}

// TestAReaderWhoFollowsMissesNothingWhileNodesAndConnectionsAreKilled: ten times in all, the
// connections of both nodes in turn. Each second time whoever gives positions dies, too, in the
// middle of it, and leaves the lease behind.
func TestAReaderWhoFollowsMissesNothingWhileNodesAndConnectionsAreKilled(t *testing.T) {
	c := newCampaign(t)
	conn := connect(t, c.address)
	every := max(1, *followedEvents/eventsOfOne/10)
	kills := 0
	c.run(t, func(done int) {
		if done%every != 0 {
			return
		}
		kills++
		var killed int
		err := conn.QueryRow(context.Background(),
			"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1",
			c.nodes[kills%2].name).
			Scan(&killed)
		if err != nil || killed == 0 {
			t.Errorf("%d connections were killed, %v", killed, err)
		}
		if kills%2 == 0 {
			c.restartSequencers(t, conn)
		}
	})
	var fence int64
	if err := conn.QueryRow(t.Context(), "SELECT fence FROM event_sequencer").Scan(&fence); err != nil || fence < 4 ||
		kills < 9 {
		t.Errorf("%d kills, and the lease was taken %d times, %v", kills, fence, err)
	}
}

// trafficRun is two nodes that write events, and a reader.
type trafficRun struct {
	address string
	caller  *core.Actor
	nodes   [2]*node
	reader  *event.Service

	ctx        context.Context // of what runs
	sequencing sync.WaitGroup

	mu    sync.Mutex // of what was answered
	codes map[string]bool
	users map[string]bool
}

// node is a server without HTTP.
type node struct {
	name    string
	service *codes.Services
	store   *postgres.Store // gives positions
	stop    context.CancelFunc
}

func newCampaign(t *testing.T) *trafficRun {
	t.Helper()
	c := &trafficRun{address: pgtest.Database(t), codes: map[string]bool{}, users: map[string]bool{}}
	for i := range c.nodes {
		name := fmt.Sprint("node-", i)
		below, err := postgres.Open(t.Context(), c.address+"&application_name="+name, postgres.Options{})
		if err != nil {
			t.Fatal(err)
		}
		store := grouped.New(below, grouped.Options{})
		t.Cleanup(func() {
			store.Close()
			_ = below.Close() // whose connections were killed
		})
		service := codes.NewServices(codes.Deps{
			Store: store, Now: time.Now, Entropy: core.SystemEntropy(), NewID: newV7,
		})
		c.nodes[i] = &node{name: name, service: service, store: below}
	}
	id, err := newV7()
	if err != nil {
		t.Fatal(err)
	}
	c.caller = &core.Actor{
		Kind: core.ActorKey, ID: core.ID{1}, Name: "backend", WorkspaceID: id,
		Format: core.Format{Prefix: "A", Groups: 4, GroupLength: 4}, Listens: event.AllHot,
	}
	c.reader = event.NewService(open(t, c.address, postgres.Options{}), time.Now, 0)
	return c
}

// run lets the nodes write and give positions while the reader follows. progress is told how
// many codes have had their life, one call after the other.
func (c *trafficRun) run(t *testing.T, progress func(done int)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.ctx = ctx
	var writing sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(*followedEvents / eventsOfOne))
	lives := make(chan struct{})
	for _, n := range c.nodes {
		n.start(ctx, &c.sequencing)
		for range writersOfNode {
			writing.Go(func() {
				for left.Add(-1) >= 0 {
					c.live(ctx, t, n)
					lives <- struct{}{}
				}
			})
		}
	}
	go func() { writing.Wait(); close(lives) }()
	written := make(chan struct{})
	go func() {
		defer close(written)
		done := 0
		for range lives {
			done++
			progress(done)
		}
	}()
	seen := c.follow(ctx, t, written)
	cancel()
	c.sequencing.Wait()
	c.check(t, seen)
}

// restartSequencers ends both nodes' giving of positions in the middle, and some time later, as
// far as the database knows, new ones begin.
func (c *trafficRun) restartSequencers(t *testing.T, conn *pgx.Conn) {
	for _, n := range c.nodes {
		n.stop()
	}
	_, err := conn.Exec(context.Background(), "UPDATE event_sequencer SET until = now() - interval '1 second'")
	if err != nil {
		t.Error(err)
	}
	for _, n := range c.nodes {
		store, err := postgres.Open(context.Background(), c.address+"&application_name="+n.name, postgres.Options{})
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { _ = store.Close() })
		n.store = store
		n.start(c.ctx, &c.sequencing)
	}
}

// start begins to give positions, as a server does in the background.
func (n *node) start(ctx context.Context, running *sync.WaitGroup) {
	ctx, n.stop = context.WithCancel(ctx)
	service := event.NewService(n.store, time.Now, 0)
	running.Go(func() { sequenceFor(ctx, service) })
}

func sequenceFor(ctx context.Context, service *event.Service) {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_ = service.Sequence(ctx) // whose connection may have been killed: the next round goes on
		}
	}
}

// live makes a code and uses it up. Whatever is not known to be done is done again, as callers
// do, a new code in place of one of which nobody knows.
func (c *trafficRun) live(ctx context.Context, t *testing.T, n *node) {
	once := int64(1)
	for ctx.Err() == nil {
		issued, err := n.service.GenerateCode(ctx, c.caller, codes.IssueRequest{
			Type: codes.TypeNormal, Options: codes.Options{MaxRedemptions: codes.Limit{Given: true, Max: &once}},
		})
		if err != nil {
			c.tolerate(t, err)
			continue
		}
		id, err := newV7()
		if err != nil {
			t.Error(err)
			return
		}
		for ctx.Err() == nil {
			_, err := n.service.Redeem(
				ctx,
				c.caller,
				codes.RedeemRequest{Code: issued.Code.Value, UserID: id.String()},
			)
			if err == nil {
				c.mu.Lock()
				c.codes[core.Canonical(issued.Code.Value)], c.users[id.String()] = true, true
				c.mu.Unlock()
				return
			}
			c.tolerate(t, err)
		}
	}
}

// tolerate accepts the errors of a database whose connections are killed.
func (c *trafficRun) tolerate(t *testing.T, err error) {
	if !core.IsKind(err, core.KindUnavailable) && !core.HasReason(err, core.ReasonOutcomeUnknown) &&
		!errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// follow reads until everything is written and read.
func (c *trafficRun) follow(ctx context.Context, t *testing.T, written <-chan struct{}) (seen []event.Event) {
	t.Helper()
	after, ended := int64(0), false
	for {
		page, err := c.reader.List(
			ctx,
			event.Query{Workspace: c.caller.WorkspaceID, After: after, Limit: 500},
			200*time.Millisecond,
		)
		if err != nil {
			t.Fatalf("after %d events: %v", len(seen), err)
		}
		seen, after = append(seen, page.Events...), page.Next
		if ended && len(page.Events) == 0 && c.queued(t) == 0 {
			return seen
		}
		select {
		case <-written:
			ended = true
		default:
		}
	}
}

func (c *trafficRun) queued(t *testing.T) int64 { return c.count(t, "event_queue") }

func (c *trafficRun) count(t *testing.T, from string) (rows int64) {
	t.Helper()
	conn := connect(t, c.address)
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM "+from).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return rows
}

// check holds what was seen against what was answered and what is stored.
func (c *trafficRun) check(t *testing.T, seen []event.Event) {
	t.Helper()
	ids, types := map[core.ID]bool{}, map[event.Type]int64{}
	ofCode := map[string][]event.Type{}
	users := map[string]bool{}
	for i, e := range seen {
		if e.Position != int64(i+1) {
			t.Fatalf("event %d has the position %d", i, e.Position)
		}
		if ids[e.ID] {
			t.Fatalf("the event %s came twice", e.ID)
		}
		ids[e.ID] = true
		types[e.Type]++
		if e.Subject.Kind == event.SubjectCode {
			ofCode[e.Subject.Key] = append(ofCode[e.Subject.Key], e.Type)
		}
		if e.Type == event.UserRegistered {
			users[e.UserID] = true
		}
	}
	whole := []event.Type{event.CodeCreated, event.RedemptionCreated, event.CodeExhausted}
	for code := range c.codes {
		if !slices.Equal(ofCode[code], whole) {
			t.Errorf("the events of a code: %v", ofCode[code])
		}
	}
	for user := range c.users {
		if !users[user] {
			t.Errorf("no event about a user who was registered")
		}
	}
	// As many as there are rows, those of which nobody was told among them.
	for kind, rows := range map[event.Type]int64{
		event.CodeCreated: c.count(t, "codes"), event.RedemptionCreated: c.count(t, "redemptions"),
		event.UserRegistered: c.count(t, "users"),
	} {
		if types[kind] != rows {
			t.Errorf("%d events %s, and %d rows", types[kind], kind, rows)
		}
	}
	if len(c.codes) < *followedEvents/eventsOfOne {
		t.Errorf("only %d codes had their life", len(c.codes))
	}
}

// TestANodeWhoseLeaseWasTakenGivesNoPositions: it does not know of that yet.
func TestANodeWhoseLeaseWasTakenGivesNoPositions(t *testing.T) {
	address := pgtest.Database(t)
	conn := connect(t, address)
	first, second := open(t, address, postgres.Options{}), open(t, address, postgres.Options{})
	put := func() {
		t.Helper()
		source := event.NewRecorder(core.SystemEntropy()).Source(core.ID{7}, event.System(), 0)
		id, err := newV7()
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		user := codes.User{
			WorkspaceID: core.ID{7},
			ID:          id.String(),
			Status:      codes.UserNormal,
			CreatedAt:   now,
			UpdatedAt:   now,
		}
		if _, err := first.PutUser(t.Context(), user, source); err != nil {
			t.Fatal(err)
		}
	}
	give := func(s *postgres.Store, want int) {
		t.Helper()
		if given, err := s.SequenceEvents(t.Context()); given != want || err != nil {
			t.Errorf("%d positions, %v, want %d", given, err, want)
		}
	}
	put()
	give(first, 1)
	put()
	give(second, 0) // while the first has the lease
	endLease(t, conn)
	postgres.TryAgainAtOnce(second)
	give(second, 1)
	put()
	give(first, 0) // which believes that it has it still
	give(first, 0) // and knows that it has not
	give(second, 1)
	if err := second.Close(); err != nil { // which gives it back
		t.Fatal(err)
	}
	put()
	postgres.TryAgainAtOnce(first)
	give(first, 1)
}

func endLease(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), "UPDATE event_sequencer SET until = now() - interval '1 second'"); err != nil {
		t.Fatal(err)
	}
}

func newV7() (core.ID, error) {
	id, err := uuid.NewV7()
	return core.ID(id), err
}
