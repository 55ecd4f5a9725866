package app

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// watchInterval is how often the nodes of the database are looked at.
const watchInterval = 5 * time.Second

// nodeWatch looks which nodes of a distributed database are away, counts them in a metric, and logs
// when that changes. An engine of one node has none.
type nodeWatch struct {
	ping  func(context.Context) (away []string, err error)
	log   *slog.Logger
	gauge prometheus.Gauge
	away  []string
}

func newNodeWatch(
	ping func(context.Context) ([]string, error), registry *prometheus.Registry, log *slog.Logger,
) *nodeWatch {
	w := &nodeWatch{ping: ping, log: log, gauge: prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "accesscodes_database_nodes_away",
		Help: "Nodes of a distributed database that did not answer when they were last asked. " +
			"While nobody can ask them, because the coordinator is away, this stays as it was.",
	})}
	registry.MustRegister(w.gauge)
	return w
}

// look is one round. What keeps all nodes from being asked is not logged here: every request that
// needs the database says it.
func (w *nodeWatch) look(ctx context.Context) error {
	away, err := w.ping(ctx)
	if err != nil && away == nil || slices.Equal(away, w.away) {
		return nil
	}
	w.away = away
	w.gauge.Set(float64(len(away)))
	if len(away) > 0 {
		w.log.Warn("nodes of the database are away; what they hold cannot be used", "nodes", strings.Join(away, ", "))
	} else {
		w.log.Info("every node of the database is there again")
	}
	return nil
}
