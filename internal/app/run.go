// Package app puts the program together: it is the one place that knows every other
// package.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"accesscodes/internal/codes"
	"accesscodes/internal/config"
	"accesscodes/internal/core"
	"accesscodes/internal/store/grouped"
	"accesscodes/internal/tenancy"
)

// How often background work is done: storing when keys were last used, marking
// reservations that have lapsed, giving positions to events, deleting old events.
const (
	keyUsageInterval = 30 * time.Second
	failureInterval  = time.Second
	tidyInterval     = 20 * time.Second
	sequenceInterval = 100 * time.Millisecond
	countInterval    = 2 * time.Second
	pruneInterval    = time.Minute
)

// Streams is where a server writes to and what program it says it is.
type Streams struct {
	Out     io.Writer // what a person should see: addresses, the first key
	Log     io.Writer
	Version string
}

// Run serves until ctx ends, then answers the requests under way and returns nil.
func Run(ctx context.Context, cfg config.Serve, streams Streams) (err error) {
	if err := cfg.Validate(); err != nil {
		return err
	}
	var closers closers
	defer func() { err = errors.Join(err, closers.close()) }()
	tuneRuntime()
	logs := startLogWriter(streams.Log)
	closers.add(logs.stop)
	log := newLog(cfg, logs)

	registry := newRegistry()
	bare, err := openStore(ctx, cfg.Database, openOptions{gatherLog: cfg.GatheredLog, server: true})
	if err != nil {
		return err
	}
	closers.add(bare.Close)
	warnOfExposure(log, cfg.Database)
	gathered := grouped.New(bare, grouped.Options{Observe: newCommitMetrics(registry)})
	closers.add(func() error { gathered.Close(); return nil })
	parts, err := newParts(ctx, cfg, bare, gathered, registry, log)
	if err != nil {
		return err
	}
	publicURL, err := publicURLOf(ctx, bare, cfg)
	if err != nil {
		return err
	}
	proxies, _ := cfg.Proxies() // Validate has seen them
	around := surroundings{log, registry, proxies, streams.Version}
	web, err := parts.api(cfg, around)
	if err != nil {
		return err
	}
	var (
		handler handler = web
		servers []*server
	)
	certificate, err := certificateOf(cfg, log)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, "listen", cfg.Listen)
	if err != nil {
		return err
	}
	closers.add(func() error { return ignoreClosed(listener.Close()) })
	var aside net.Listener // of the console, if it has an address of its own
	if cfg.Console && cfg.ConsoleListen != "" {
		if aside, err = listen(ctx, "console-listen", cfg.ConsoleListen); err != nil {
			return err
		}
		closers.add(func() error { return ignoreClosed(aside.Close()) })
	}
	if cfg.MetricsListen != "" {
		metrics, err := startMetrics(ctx, cfg.MetricsListen, registry, log)
		if err != nil {
			return err
		}
		closers.add(metrics.Close)
	}
	if cfg.DebugListen != "" {
		profiles, err := startDebug(ctx, cfg.DebugListen, log)
		if err != nil {
			return err
		}
		closers.add(profiles.Close)
	}
	url := baseURL(scheme(certificate != nil), listener.Addr())
	welcome := welcome{tenancy: parts.tenancy, links: parts.people.Links, cfg: cfg, url: url, out: streams.Out}
	if cfg.Console {
		pages, err := parts.console(ctx, cfg.Database, publicURL, around)
		if err != nil {
			return err
		}
		welcome.console = url
		if aside == nil {
			handler = beside{console: pages, api: web}
		} else {
			servers = append(servers, newServer(pages, aside, cfg.MaxConnections, certificate, log))
			welcome.console = baseURL(scheme(certificate != nil), aside.Addr())
		}
	}
	servers = append(servers, newServer(handler, listener, cfg.MaxConnections, certificate, log))
	background := parts.work(around)
	closers.add(background.stop)
	closers.add(parts.runner.Stop)
	closers.add(parts.sender.Stop)
	if err := welcome.greet(ctx); err != nil {
		return err
	}
	debug.FreeOSMemory() // what starting took: the first requests would let the heap grow to five times that
	log.Info("listening", "url", url, "public_url", publicURL,
		"database_engine", engineName(cfg.Database), "version", streams.Version)
	if err := serveUntil(ctx, servers, cfg.DrainTimeout, log); err != nil {
		return err
	}
	var sending sync.WaitGroup // they stop at the same time; none fails
	sending.Go(func() { _ = parts.sender.Stop() })
	_ = errors.Join(parts.runner.Stop(), background.stop())
	sending.Wait()
	log.Info("stopped")
	return nil
}

// listen listens on the address of a flag.
func listen(ctx context.Context, flag, address string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		why := err
		if system, ok := errors.AsType[syscall.Errno](err); ok { // without the address, which stands in front
			why = system
		}
		return nil, fmt.Errorf("cannot listen on %s: %w; give another address with --%s", address, why, flag)
	}
	return listener, nil
}

// readOldForms reads which codes have old forms. While a node of the database is away that waits.
func readOldForms(ctx context.Context, services *codes.Services, log *slog.Logger) error {
	left, err := services.ReadOldForms(ctx)
	if err != nil && !core.IsPartial(err) {
		return err
	}
	if left > 0 {
		log.Warn("codes mean the same as older ones; accesscodes migrate status lists them", "codes", left)
	}
	return nil
}

func newLog(cfg config.Serve, to io.Writer) *slog.Logger {
	level, _ := cfg.Level() // Validate has seen it
	options := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(to, options))
	}
	return slog.New(slog.NewJSONHandler(to, options))
}

func newRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// newCommitMetrics measures group commit.
func newCommitMetrics(registry *prometheus.Registry) func(size int, took time.Duration) {
	sizes := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "accesscodes_commit_codes", Help: "New codes, or commands on codes, in one commit.",
		Buckets: prometheus.ExponentialBuckets(1, 2, 10),
	})
	durations := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "accesscodes_commit_duration_seconds",
		Help:    "Time that a commit of codes or of commands on them took, failed ones too.",
		Buckets: prometheus.ExponentialBuckets(.0001, 2.5, 12),
	})
	registry.MustRegister(sizes, durations)
	return func(size int, took time.Duration) {
		sizes.Observe(float64(size))
		durations.Observe(took.Seconds())
	}
}

// certificateOf reads the server's certificate; without TLS it is nil.
func certificateOf(cfg config.Serve, log *slog.Logger) (*certificate, error) {
	if cfg.TLSCert == "" {
		return nil, nil
	}
	return loadCertificate(cfg.TLSCert, cfg.TLSKey, time.Now, log)
}

// publicURLOf stores the address that callers use if one is given, and returns the stored one.
func publicURLOf(ctx context.Context, store tenancy.InstallationStore, cfg config.Serve) (string, error) {
	stored, err := store.PublicURL(ctx)
	given := strings.TrimRight(cfg.PublicURL, "/")
	if err != nil || !cfg.PublicURLGiven || given == stored {
		return stored, err
	}
	return given, store.SetPublicURL(ctx, given)
}

func engineName(database string) string {
	e, _ := engineOf(database) // openStore has seen it
	return string(e.name)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// closers end what was begun, in reverse order.
type closers struct{ all []func() error }

func (c *closers) add(closer func() error) { c.all = append(c.all, closer) }

func (c *closers) close() error {
	var errs []error
	for _, closer := range slices.Backward(c.all) {
		errs = append(errs, closer())
	}
	return errors.Join(errs...)
}
