package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/campaign"
)

const (
	followWriters     = 16               // of each node
	livesBetweenKills = 200              // codes
	eventsAtOnce      = 500              // that the reader asks for
	lifePrefix        = "LIFE-"          // of the codes
	leaseOver         = 12 * time.Second // longer than a node keeps the giving of positions without renewing it
)

// wholeLife is what happens to a code that is added, used by somebody new, and so used up. The
// fourth event is about that user.
var wholeLife = []string{"code.created", "redemption.created", "code.exhausted"}

// TestCampaignWhoFollowsMissesNothingWhileNodesDie: two nodes write while a reader asks for
// what comes after its position. Nodes are killed, the database ends their connections, and a
// node is frozen for so long that the other one must give positions.
func TestCampaignWhoFollowsMissesNothingWhileNodesDie(t *testing.T) {
	f := newFollowing(t)
	written := f.write()
	seen := make(chan []followedEvent, 1)
	go func() { seen <- f.follow(t, written) }()
	f.freeze(t)
	for kill := range campaign.Length(t, 2, 40) {
		f.awaitLives(t, livesBetweenKills)
		if kill%2 == 0 {
			f.kill(t, kill/2%len(f.nodes))
		} else {
			f.db.endSessions(t)
		}
	}
	f.awaitLives(t, livesBetweenKills)
	close(f.enough)
	<-written
	f.check(t, <-seen)
}

// following is two nodes, those who write through them, and one who reads.
type following struct {
	db      postgresDatabase
	key     string
	nodes   [2]*server
	clients [2]atomic.Pointer[client] // of the node that runs now
	enough  chan struct{}             // closed when no further codes shall be written
	begun   atomic.Int64              // codes whose life began
	lived   atomic.Int64              // codes that were used up
	read    atomic.Int64              // the reader's position
	faults  chan string
}

// followedEvent is what the reader looks at.
type followedEvent struct {
	ID       string
	Position int64
	Type     string
	Subject  struct{ Kind, ID string }
}

func newFollowing(t *testing.T) *following {
	t.Helper()
	f := &following{db: newPostgres(t), enough: make(chan struct{}), faults: make(chan string, 2*followWriters)}
	for i := range f.nodes {
		f.start(t, i)
	}
	administer(t, f.db, "workspace", "update", "default", "--events", "all")
	first, second := f.clients[0].Load(), f.clients[1].Load()
	changed := followed(t, first.waitForEvents(first.afterTheFirst(t))) // by the command
	requireHotEvents(t, first, second, changed.Next)
	requireHotEvents(t, second, first, f.newest(t))
	f.read.Store(f.newest(t))
	return f
}

// newest is how far positions are given.
func (f *following) newest(t *testing.T) int64 {
	t.Helper()
	return selectAll(t, f.db, "SELECT newest FROM event_positions", pgx.RowTo[int64])[0]
}

func (f *following) start(t *testing.T, node int) {
	t.Helper()
	f.nodes[node] = startServer(t, f.db)
	if f.key == "" {
		f.key = f.nodes[node].key
	}
	f.clients[node].Store(newClient(t, f.nodes[node].url, f.key))
}

func (f *following) kill(t *testing.T, node int) {
	t.Helper()
	f.nodes[node].kill(t)
	f.start(t, node)
}

// freeze kills one node, so that the other gives positions, and stops that one's process. The
// first, which is new then, must take over. When the stopped process goes on it must not give
// positions as if nothing had happened.
func (f *following) freeze(t *testing.T) {
	t.Helper()
	f.kill(t, 0)
	f.awaitRead(t, "the node that was not killed gives positions")
	f.nodes[1].signal(t, syscall.SIGSTOP)
	<-time.After(leaseOver) // by the database's clock, which nobody can move
	f.awaitRead(t, "the other node gives positions while one is frozen")
	f.nodes[1].signal(t, syscall.SIGCONT)
}

// awaitRead waits until the reader has read something that happens from now on.
func (f *following) awaitRead(t *testing.T, what string) {
	t.Helper()
	before := f.read.Load()
	eventually(t, 2*leaseOver, what, func() bool { return f.read.Load() > before+eventsAtOnce })
}

func (f *following) awaitLives(t *testing.T, lives int) {
	t.Helper()
	until := f.lived.Load() + int64(lives)
	eventually(t, requestLimit, fmt.Sprint(lives, " more codes are used up"), func() bool {
		return f.lived.Load() >= until
	})
}

// write lets codes live through both nodes until there are enough. The channel is closed when
// all are at their end.
func (f *following) write() <-chan struct{} {
	written := make(chan struct{})
	var writers sync.WaitGroup
	for node := range f.nodes {
		for range followWriters {
			writers.Go(func() {
				for f.goesOn() && f.live(node, fmt.Sprint(lifePrefix, f.begun.Add(1))) {
					f.lived.Add(1)
				}
			})
		}
	}
	go func() { writers.Wait(); close(written) }()
	return written
}

func (f *following) goesOn() bool {
	select {
	case <-f.enough:
		return false
	default:
		return true
	}
}

// live adds a code and uses it up. What is not known to be done is done again.
func (f *following) live(node int, code string) (ok bool) {
	return f.until(node, "add "+code, func(c *client) (answer, error) {
		once := map[string]any{"code": code, "type": "Normal", "maxRedemptions": 1}
		a, err := c.life(http.MethodPost, "/tenant-codes/add", once)
		if a.Reason == "code_already_exists" {
			a.status = http.StatusOK // by the request before, which got no answer
		}
		return a.answer, err
	}) && f.until(node, "redeem "+code, func(c *client) (answer, error) {
		a, err := c.redeem(code, "user of "+code)
		return a.answer, err
	})
}

// until repeats a request through one node until it is done.
func (f *following) until(node int, what string, request func(*client) (answer, error)) (ok bool) {
	_, ok = untilDone(&f.clients[node], f.faults, what, request)
	return ok
}

// untilDone repeats a request while the node is away or says that it cannot know the outcome.
func untilDone(
	node *atomic.Pointer[client], faults chan<- string, what string, request func(*client) (answer, error),
) (a answer, ok bool) {
	for {
		a, err := request(node.Load())
		switch {
		case err != nil, a.status >= http.StatusInternalServerError:
		case a.status == http.StatusOK:
			return a, true
		default:
			faults <- fmt.Sprint(what, ": ", a.status, " ", a.body)
			return a, false
		}
	}
}

// follow reads from one node or the other until everything is written and read, or nothing
// comes any more.
func (f *following) follow(t *testing.T, written <-chan struct{}) (seen []followedEvent) {
	node, last := 0, time.Now()
	for {
		c := f.clients[node].Load()
		a, err := c.get(fmt.Sprintf("/events?limit=%d&wait=1&after=%d", eventsAtOnce, f.read.Load()))
		if err != nil || a.status >= http.StatusInternalServerError {
			node = 1 - node
			continue
		}
		var page struct {
			Data []followedEvent
			Next int64
		}
		if err := json.Unmarshal([]byte(a.body), &page); err != nil || a.status != http.StatusOK {
			t.Errorf("events: %d %s, %v", a.status, a.body, err)
			return seen
		}
		seen = append(seen, page.Data...)
		f.read.Store(page.Next)
		if len(page.Data) > 0 {
			last = time.Now()
		}
		select {
		case <-written:
			if len(page.Data) == 0 && (f.isComplete(seen) || time.Since(last) > 2*leaseOver) {
				return seen
			}
		default:
		}
	}
}

// isComplete reports whether as many events were seen as there must be of codes with a whole
// life.
func (f *following) isComplete(seen []followedEvent) bool {
	ofLives := 0
	for _, e := range seen {
		if e.Subject.Kind == "user" || strings.HasPrefix(e.Subject.ID, lifePrefix) {
			ofLives++
		}
	}
	return ofLives >= int(f.lived.Load())*(len(wholeLife)+1)
}

// check holds what was seen against what was written.
func (f *following) check(t *testing.T, seen []followedEvent) {
	t.Helper()
	close(f.faults)
	for fault := range f.faults {
		t.Error(fault)
	}
	ids, lives, users := map[string]bool{}, map[string][]string{}, 0
	for i, e := range seen {
		if e.Position != seen[0].Position+int64(i) || ids[e.ID] {
			t.Fatalf("event %d of %d: %+v, known: %t", i, len(seen), e, ids[e.ID])
		}
		ids[e.ID] = true
		switch {
		case strings.HasPrefix(e.Subject.ID, lifePrefix):
			lives[e.Subject.ID] = append(lives[e.Subject.ID], e.Type)
		case e.Type == "user.registered":
			users++
		}
	}
	for code, life := range lives {
		if !slices.Equal(life, wholeLife) {
			t.Errorf("the events of %s: %v", code, life)
		}
	}
	if want := int(f.lived.Load()); len(lives) != want || users != want {
		t.Errorf("%d codes and %d users in the log, want %d", len(lives), users, want)
	}
	fence := selectAll(t, f.db, "SELECT fence FROM event_sequencer", pgx.RowTo[int64])[0]
	if fence < 3 {
		t.Errorf("the giving of positions changed hands only %d times", fence)
	}
	t.Logf("%d events followed; the lease was taken %d times", len(seen), fence)
}
