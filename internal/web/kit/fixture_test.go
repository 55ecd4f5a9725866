package kit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestMain(m *testing.M) {
	if os.Getenv(streamServer) != "" {
		serveStreams()
		return
	}
	os.Exit(m.Run())
}

func newRegistry() *prometheus.Registry { return prometheus.NewRegistry() }

// newServer makes a server of the routes that a test is about.
func newServer(t *testing.T, log *logOutput, config Config) *Server {
	t.Helper()
	config.Log, config.Registry = slog.New(slog.NewJSONHandler(log, nil)), newRegistry()
	server, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// logOutput is what a server has logged. It is safe for concurrent use.
type logOutput struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (o *logOutput) Write(event []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.Write(event)
}

// take returns what was logged since the last take.
func (o *logOutput) take() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.all.Reset()
	return o.all.String()
}

// requests reads the events of requests out of a log.
func requests(t *testing.T, logged string) []map[string]any {
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
