// Package logtest gathers what a test's server logs, and reads its events. It is not about what is to
// be logged, which each test says for itself.
package logtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
)

// Output is what a program has logged, as JSON. It is safe for concurrent use.
type Output struct {
	mu  sync.Mutex
	all bytes.Buffer
}

// Write implements [io.Writer].
func (o *Output) Write(event []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.Write(event)
}

// Take returns what was logged since the last call.
func (o *Output) Take() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.all.Reset()
	return o.all.String()
}

// Requests reads the events of requests out of a log.
func Requests(t *testing.T, logged string) []map[string]any {
	t.Helper()
	var events []map[string]any
	lines := bufio.NewScanner(strings.NewReader(logged))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var event map[string]any
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			t.Fatalf("log line %q: %v", lines.Text(), err)
		}
		if event["msg"] == "request" {
			events = append(events, event)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return events
}
