package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// TestEventsOfEveryProcessReachWhoWaitsAndAShutdownEndsTheWait, and streams: what the command line, which is
// another process, changes, and what another server does.
func TestEventsOfEveryProcessReachWhoWaitsAndAShutdownEndsTheWait(t *testing.T) {
	forEachEngineAndItsNodes(t, func(t *testing.T, db database, nodes []*server) {
		clients := clientsOf(t, nodes, nodes[0].key)
		reader := clients[len(clients)-1]
		after := reader.afterTheFirst(t)
		waiting := make(chan waited, 1)
		go func() { waiting <- reader.waitForEvents(after) }()
		administer(t, db, "workspace", "update", "default", "--events", "all")
		changed := followed(t, <-waiting)
		if len(changed.Data) != 1 || changed.Data[0].Type != "workspace.updated" ||
			changed.Data[0].Actor.Kind != "cli" ||
			changed.Data[0].Actor.Name == "" {
			t.Errorf("after a command: %+v", changed)
		}
		requireHotEvents(t, clients[0], reader, changed.Next)
	})
	forEachEngine(t, func(t *testing.T, db database) {
		s := startServer(t, db)
		c := newClient(t, s.url, s.key)
		after := c.afterTheFirst(t)
		waiting := make(chan waited, 1)
		go func() { waiting <- c.waitForEvents(after) }()
		go func() { waiting <- c.waitForEvents(after) }()
		streamed := c.stream(t, after-1)
		s.signal(t, syscall.SIGTERM)
		for range 2 { // answered, or too late to be taken
			if last := <-waiting; last.err == nil &&
				(last.status != http.StatusOK || last.body != fmt.Sprintf(`{"data":[],"next":%d}`, after)) {
				t.Errorf("%d %s", last.status, last.body)
			}
		}
		if text := <-streamed; text.err != nil || !strings.Contains(text.body, fmt.Sprintf("\nid: %d\n", after)) {
			t.Errorf("the stream: %q, %v", text.body, text.err)
		}
		s.awaitExit(t, 0)
	})
}

// stream asks for events as they happen. It returns when the stream has begun; all of it comes when it has ended.
func (c *client) stream(t *testing.T, after int64) <-chan waited {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, fmt.Sprintf("%s/events?after=%d", c.url, after), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Api-Key", c.key)
	request.Header.Set("Accept", "text/event-stream")
	response, err := c.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan waited, 1)
	go func() {
		body, err := io.ReadAll(response.Body)
		ended <- waited{answer{status: response.StatusCode, body: string(body)}, errors.Join(err, response.Body.Close())}
	}()
	return ended
}

// requireHotEvents generates codes until the server knows that the workspace listens.
func requireHotEvents(t *testing.T, writer, reader *client, after int64) {
	t.Helper()
	waiting := make(chan waited, 1)
	go func() { waiting <- reader.waitForEvents(after) }()
	for {
		writer.mustGenerate(t, "Normal", http.StatusOK, "")
		select {
		case w := <-waiting:
			if created := followed(t, w); len(created.Data) == 0 || created.Data[0].Type != "code.created" ||
				created.Data[0].Actor.Kind != "key" {
				t.Errorf("after codes were generated: %+v", created)
			}
			return
		default:
		}
	}
}

// afterTheFirst reads the events about the first workspace and its key.
func (c *client) afterTheFirst(t *testing.T) (after int64) {
	t.Helper()
	for range 2 {
		after = followed(t, c.waitForEvents(after)).Next
	}
	return after
}

// waited is what a wait for events ended with.
type waited struct {
	answer
	err error
}

func (c *client) waitForEvents(after int64) waited {
	a, err := c.get(fmt.Sprintf("/events?wait=20&limit=1&after=%d", after))
	return waited{a, err}
}

// events are a part of the log.
type events struct {
	Data []struct {
		Type  string
		Actor struct{ Kind, Name string }
	}
	Next int64
}

func followed(t *testing.T, w waited) (all events) {
	t.Helper()
	if w.err != nil || w.status != http.StatusOK {
		t.Fatalf("events: %d %s, %v", w.status, w.body, w.err)
	}
	if err := json.Unmarshal([]byte(w.body), &all); err != nil {
		t.Fatal(err)
	}
	return all
}
