package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestNodesThatGoAndComeAreCountedAndLogged: once each time.
func TestNodesThatGoAndComeAreCountedAndLogged(t *testing.T) {
	var log bytes.Buffer
	var away []string
	var err error
	ping := func(context.Context) ([]string, error) { return away, err }
	registry := prometheus.NewRegistry()
	w := newNodeWatch(ping, registry, slog.New(slog.NewTextHandler(&log, nil)))
	for _, step := range []struct {
		name  string
		away  []string
		err   error
		count float64
		said  string // empty: nothing new
	}{
		{"all are there", nil, nil, 0, ""},
		{"one goes", []string{"a:1"}, nil, 1, `nodes=a:1`},
		{"it is still away", []string{"a:1"}, nil, 1, ""},
		{"nobody can ask", nil, errors.New("the coordinator is away"), 1, ""},
		{"most go", []string{"a:1", "b:1"}, errors.New("most are away"), 2, `nodes="a:1, b:1"`},
		{"all come back", nil, nil, 0, "there again"},
	} {
		log.Reset()
		away, err = step.away, step.err
		if err := w.look(t.Context()); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
		metrics, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		if got := metrics[0].GetMetric()[0].GetGauge().GetValue(); got != step.count {
			t.Errorf("%s: the metric is %v", step.name, got)
		}
		if got := log.String(); (got == "") != (step.said == "") || !strings.Contains(got, step.said) {
			t.Errorf("%s: %q was logged", step.name, got)
		}
	}
}
