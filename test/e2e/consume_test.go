package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"accesscodes/internal/campaign"
)

const (
	consumedWriters      = 4
	consumedBetweenKills = 150 // events
	consumedAhead        = 400 // events that are not consumed yet, at most
)

// TestCampaignAConsumerMissesNothingWhileNodesDie: a consumer with a cursor reads while others act. Servers are
// killed, and so is the consumer, or it is interrupted. It gets every event, in order, and none again that
// it had acknowledged.
func TestCampaignAConsumerMissesNothingWhileNodesDie(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		c := newConsuming(t, db)
		written := c.write()
		c.start(t)
		for round := range campaign.Length(t, 4, 60) {
			c.awaitConsumed(t, consumedBetweenKills)
			// When a process dies is the point here, so it is a time and no signal.
			<-time.After(time.Duration(c.random.Int64N(int64(60 * time.Millisecond))))
			switch round % 4 {
			case 1:
				c.end(t, syscall.SIGKILL)
				c.start(t)
			case 3:
				c.end(t, syscall.SIGINT)
				c.start(t)
			default:
				c.killNode(t)
			}
		}
		close(c.enough)
		<-written
		c.awaitEnd(t)
		c.end(t, syscall.SIGINT)
		c.check(t)
	})
}

// consuming is servers behind one address, those who act, and a consumer.
type consuming struct {
	*killing
	front  *balancer
	api    *client       // of the front
	enough chan struct{} // closed when nobody shall act any more
	users  atomic.Int64  // who were registered
	faults chan string

	first  int64            // the position behind which the consumer has begun
	ids    map[int64]string // of all events that it has had, by position
	newest atomic.Int64     // the newest of them
	again  int              // events that it has had twice
	tail   *tailing
}

// tailing is one run of the consumer.
type tailing struct {
	cmd    *exec.Cmd
	log    *output
	cursor int64 // where it was before
	ended  chan struct{}

	mu     sync.Mutex
	events []consumedEvent
}

// consumedEvent is what is looked at of an event.
type consumedEvent struct {
	ID       string
	Position int64
	Type     string
	Subject  struct{ ID string }
}

// wireCursor is a cursor as the API shows it.
type wireCursor struct{ Position, Behind int64 }

func newConsuming(t *testing.T, db database) *consuming {
	t.Helper()
	c := &consuming{
		killing: newKilling(t, db, 0), front: newBalancer(t), enough: make(chan struct{}),
		faults: make(chan string, consumedWriters), ids: map[int64]string{},
	}
	c.front.use(c.nodes)
	c.api = newClient(t, c.front.url, c.key)
	c.first = c.cursor(t, http.MethodPut).Position
	c.newest.Store(c.first)
	return c
}

// cursor asks for the consumer's cursor until it is answered.
func (c *consuming) cursor(t *testing.T, method string) (cursor wireCursor) {
	t.Helper()
	eventually(t, requestLimit, "the cursor is shown", func() bool {
		request, err := http.NewRequest(method, c.front.url+"/cursors/crm", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		a, err := c.api.send(request)
		return err == nil && a.status == http.StatusOK && json.Unmarshal([]byte(a.body), &cursor) == nil
	})
	return cursor
}

// write registers users until there are enough. The channel is closed when all are done.
func (c *consuming) write() <-chan struct{} {
	written := make(chan struct{})
	var writers sync.WaitGroup
	for range consumedWriters {
		writers.Go(func() {
			for c.goesOn() && c.register(fmt.Sprint("user-", c.users.Add(1))) {
			}
		})
	}
	go func() { writers.Wait(); close(written) }()
	return written
}

// goesOn reports whether to act once more, when the consumer is not too far behind.
func (c *consuming) goesOn() bool {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-c.enough:
			return false
		default:
		}
		if c.users.Load() < c.newest.Load()-c.first+consumedAhead {
			return true
		}
		<-tick.C
	}
}

// register registers a user. What is not known to be done is done again.
func (c *consuming) register(user string) (ok bool) {
	for {
		request, err := http.NewRequest(http.MethodPut, c.front.url+"/users/"+user, strings.NewReader(`{"status":"Normal"}`))
		if err != nil {
			c.faults <- err.Error()
			return false
		}
		request.Header.Set("Content-Type", "application/json")
		a, err := c.api.send(request)
		switch {
		case err != nil, a.status >= http.StatusInternalServerError:
		case a.status == http.StatusOK:
			return true
		default:
			c.faults <- fmt.Sprint(user, ": ", a.status, " ", a.body)
			return false
		}
	}
}

// killNode kills one of the servers and starts another.
func (c *consuming) killNode(t *testing.T) {
	t.Helper()
	victim := c.random.IntN(len(c.nodes))
	c.nodes[victim].kill(t)
	c.nodes[victim] = startServer(t, c.db)
	c.front.use(c.nodes)
}

// start starts the consumer, as a process of its own.
func (c *consuming) start(t *testing.T) {
	t.Helper()
	c.tail = &tailing{cursor: c.cursor(t, http.MethodGet).Position, log: newOutput(), ended: make(chan struct{})}
	tail := c.tail
	tail.cmd = exec.Command(program, "event", "tail", "--cursor", "crm", "--output", "json", "--server", c.front.url)
	tail.cmd.Env = environment("ACCESSCODES_API_KEY=" + c.key)
	tail.cmd.Stderr = tail.log
	out, err := tail.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := tail.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(tail.ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var e consumedEvent
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				return // a line that the kill cut off, which was not acknowledged
			}
			tail.mu.Lock()
			tail.events = append(tail.events, e)
			tail.mu.Unlock()
			c.newest.Store(max(c.newest.Load(), e.Position))
		}
	}()
	t.Cleanup(func() {
		_ = tail.cmd.Process.Kill() // it has ended, unless the test failed
	})
}

// end ends the consumer with a signal.
func (c *consuming) end(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := c.tail.cmd.Process.Signal(signal); err != nil {
		t.Fatalf("the consumer is gone: %v\n%s", err, c.tail.log)
	}
	err := c.collect(t)
	if signal != syscall.SIGINT {
		return
	}
	if err != nil || !strings.Contains(c.tail.log.String(), "To go on from here: --cursor crm") {
		t.Errorf("the consumer, interrupted: %v\n%s", err, c.tail.log)
	}
	if after := c.cursor(t, http.MethodGet).Position; after != c.newestHad() {
		t.Errorf("it was interrupted, had %d, and has acknowledged %d", c.newestHad(), after)
	}
}

// collect waits for the end of the consumer and looks at what it has had. It returns how it ended.
func (c *consuming) collect(t *testing.T) error {
	t.Helper()
	tail := c.tail
	<-tail.ended
	err := tail.cmd.Wait()
	had := c.newestHad()
	for i, e := range tail.events {
		switch {
		case i == 0 && (e.Position <= tail.cursor || e.Position > had+1):
			t.Fatalf("it was to go on behind %d, had %d, and began at %d", tail.cursor, had, e.Position)
		case i > 0 && e.Position != tail.events[i-1].Position+1:
			t.Fatalf("%d comes behind %d", e.Position, tail.events[i-1].Position)
		case c.ids[e.Position] != "" && c.ids[e.Position] != e.ID:
			t.Fatalf("%d was %s and is %s", e.Position, c.ids[e.Position], e.ID)
		case c.ids[e.Position] != "":
			c.again++
		}
		c.ids[e.Position] = e.ID
	}
	return err
}

// newestHad is the newest position that ended runs have had.
func (c *consuming) newestHad() int64 { return c.first + int64(len(c.ids)) }

func (c *consuming) awaitConsumed(t *testing.T, events int64) {
	t.Helper()
	until := c.newest.Load() + events
	eventually(t, workLimit, fmt.Sprint(events, " more events are consumed"), func() bool {
		if c.newest.Load() >= until {
			return true
		}
		select {
		case <-c.tail.ended:
			// The last acknowledgement of the one that was killed may have come after this one began.
			if !strings.Contains(c.tail.log.String(), "cursor_moved") {
				t.Fatalf("the consumer has ended by itself:\n%s", c.tail.log)
			}
			_ = c.collect(t)
			c.start(t)
		default:
		}
		return false
	})
}

// awaitEnd waits until the consumer has had and acknowledged everything.
func (c *consuming) awaitEnd(t *testing.T) {
	t.Helper()
	users := c.users.Load()
	eventually(t, workLimit, "everything is acknowledged", func() bool {
		now := c.cursor(t, http.MethodGet)
		return now.Behind == 0 && now.Position >= c.first+users && c.newest.Load() == now.Position
	})
}

// check holds what the consumer has had to the log.
func (c *consuming) check(t *testing.T) {
	t.Helper()
	close(c.faults)
	for fault := range c.faults {
		t.Error(fault)
	}
	registered, after := 0, c.first
	for {
		a := c.api.mustGet(t, fmt.Sprintf("/events?limit=1000&after=%d", after), http.StatusOK)
		var page struct {
			Data []consumedEvent
			Next int64
		}
		if err := json.Unmarshal([]byte(a.body), &page); err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Data {
			if c.ids[e.Position] != e.ID {
				t.Errorf("the consumer has not had %+v", e)
			}
			if e.Type == "user.registered" {
				registered++
			}
		}
		if after = page.Next; len(page.Data) == 0 {
			break
		}
	}
	if users := int(c.users.Load()); registered != users || int64(len(c.ids)) != after-c.first {
		t.Errorf("%d users, %d in the log; %d events consumed, want %d", users, registered, len(c.ids), after-c.first)
	}
	t.Logf("%d events consumed, %d of them twice because they were not acknowledged", len(c.ids), c.again)
}
