package kit

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics counts and times requests. Labels are route patterns, never paths: a path
// may hold a code, and there are too many of them.
type metrics struct {
	duration *prometheus.HistogramVec
	refusals *prometheus.CounterVec
}

func newMetrics(registry *prometheus.Registry) *metrics {
	duration := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "accesscodes_http_request_duration_seconds",
		Help:    "Time from when a request's head is read to its answer, by route pattern.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"method", "route", "status"})
	refusals := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "accesscodes_refusals_total",
		Help: "Codes that were not there or could not be used, by route pattern and reason. Guesses are code_not_found.",
	}, []string{"route", "reason"})
	return &metrics{registered(registry, duration), registered(registry, refusals)}
}

// registered registers a collector, or returns the one that another server of the program has registered.
func registered[C prometheus.Collector](registry *prometheus.Registry, collector C) C {
	err := registry.Register(collector)
	if earlier, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		return earlier.ExistingCollector.(C)
	}
	if err != nil {
		panic(err) // the names are ours and do not depend on what callers do
	}
	return collector
}

// answered is where a route's answers with 200 are counted. It is looked up once, when
// the route is registered, because nearly every request ends there. Routes that only
// fail, which have no method, have none.
func (m *metrics) answered(rt Route) prometheus.Observer {
	if rt.Method == "" {
		return nil
	}
	return m.duration.WithLabelValues(methodLabel(rt.Method), rt.Path, "200")
}

func (m *metrics) observe(c *Call, took time.Duration) {
	if c.isRefusal() {
		m.refusals.WithLabelValues(c.route.Path, string(c.reason)).Inc()
	}
	if c.status == http.StatusOK && c.Request.Method == c.route.Method {
		c.answered.Observe(took.Seconds())
		return
	}
	m.duration.WithLabelValues(methodLabel(c.Request.Method), c.route.Path, strconv.Itoa(c.status)).Observe(took.Seconds())
}

// isRefusal reports whether the answer is that a code is not there or cannot be used.
func (c *Call) isRefusal() bool {
	if !c.route.Guessable || c.reason == "" {
		return false
	}
	return c.status == http.StatusOK || c.status == http.StatusNotFound || c.status == http.StatusConflict
}

// methodLabel bounds what a caller can put into a label.
func methodLabel(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return method
	default:
		return "other"
	}
}

// MetricsRoute shows the metrics of a registry at a path.
func MetricsRoute(path string, registry *prometheus.Registry) Route {
	return Route{Method: "GET", Path: path, Endpoint: Handled(MetricsHandler(registry)), Undocumented: true}
}

// MetricsHandler shows the metrics of a registry to Prometheus.
func MetricsHandler(registry *prometheus.Registry) http.Handler {
	shown := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Content-Type-Options"] = noSniff
		shown.ServeHTTP(w, r)
	})
}
