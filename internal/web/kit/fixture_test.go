package kit

import (
	"log/slog"
	"os"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"accesscodes/internal/logtest"
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
func newServer(t *testing.T, log *logtest.Output, config Config) *Server {
	t.Helper()
	config.Log, config.Registry = slog.New(slog.NewJSONHandler(log, nil)), newRegistry()
	server, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return server
}
