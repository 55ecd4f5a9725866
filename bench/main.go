// Command bench measures the server side by side with what limits it: a bare net/http
// endpoint with the same request and answer, and pgbench inserting one code in each
// transaction. The cases run several times in turn (A B C A B C …), so that a machine
// that slows down slows all. It prints the median of each and their ratios.
//
// The load comes from wrk on the same machine. Everything keeps its defaults, which
// make every acknowledged code durable.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"accesscodes/internal/store/pgtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var p plan
	flag.StringVar(&p.server, "server", "bin/accesscodes", "the server's `binary`")
	flag.StringVar(&p.bare, "bare", "bin/bare", "the bare endpoint's `binary`")
	flag.IntVar(&p.runs, "runs", 3, "measured runs of each")
	flag.DurationVar(&p.duration, "duration", 10*time.Second, "length of a run")
	flag.IntVar(&p.connections, "connections", 64, "connections of wrk")
	flag.StringVar(&p.profileInto, "profile", "", "measure nothing, write a CPU profile of the server under load to this `file`")
	flag.Parse()
	if err := p.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// plan is what to measure and how.
type plan struct {
	server, bare string
	runs         int
	duration     time.Duration
	connections  int
	profileInto  string
}

// subject is what is measured.
type subject struct {
	name    string
	measure func(context.Context) (reading, error)
}

func (p *plan) run(ctx context.Context) (err error) {
	folder, err := os.MkdirTemp("", "accesscodes-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if p.profileInto != "" {
		return p.profile(ctx, folder, p.profileInto)
	}
	cluster, err := pgtest.New(ctx, "max_connections=200")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Remove()) }()
	subjects, stop, err := p.subjects(ctx, folder, cluster)
	defer stop()
	if err != nil {
		return err
	}
	readings, err := p.measureAll(ctx, subjects)
	if err != nil {
		return err
	}
	report(subjects, readings)
	return nil
}

// Names of the subjects that ratios are made of.
const (
	bareEndpoint = "bare net/http"
	onSQLite     = "generate, SQLite"
	onPostgres   = "generate, PostgreSQL"
	pgbenchName  = "pgbench, one row each"
)

// subjects starts everything that is measured. stop ends what was started, whatever the
// error.
func (p *plan) subjects(ctx context.Context, folder string, cluster *pgtest.Cluster) (all []subject, stop func(), err error) {
	var started []*process
	stop = func() {
		for _, s := range started {
			s.stop()
		}
	}
	add := func(name string, s *process, err error) error {
		if err != nil {
			return err
		}
		started = append(started, s)
		all = append(all, subject{name, func(ctx context.Context) (reading, error) { return p.measure(ctx, s) }})
		return nil
	}
	bare, err := start(ctx, p.bare, nil, nil)
	if err := add(bareEndpoint, bare, err); err != nil {
		return nil, stop, err
	}
	sqlite, err := p.startServer(ctx, folder, "sqlite:"+filepath.Join(folder, "codes.db"))
	if err := add(onSQLite, sqlite, err); err != nil {
		return nil, stop, err
	}
	postgres, err := p.startServer(ctx, folder, cluster.URL("postgres"))
	if err := add(onPostgres, postgres, err); err != nil {
		return nil, stop, err
	}
	all = append(all, subject{pgbenchName, func(ctx context.Context) (reading, error) { return p.pgbench(ctx, folder, cluster) }})
	return all, stop, nil
}

// startServer runs the server on a new database.
func (p *plan) startServer(ctx context.Context, folder, database string, args ...string) (*process, error) {
	log, err := os.CreateTemp(folder, "*.log")
	if err != nil {
		return nil, err
	}
	args = append([]string{"serve", "--listen", "127.0.0.1:0", "--database", database}, args...)
	return start(ctx, p.server, args, log)
}

// measureAll runs every subject in turn, as often as planned.
func (p *plan) measureAll(ctx context.Context, subjects []subject) (map[string][]reading, error) {
	readings := map[string][]reading{}
	for range p.runs {
		for _, s := range subjects {
			r, err := s.measure(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			readings[s.name] = append(readings[s.name], r)
			fmt.Printf("%-24s %s\n", s.name, r)
		}
	}
	return readings, nil
}

// report prints the medians and the ratios that the goals are about.
func report(subjects []subject, readings map[string][]reading) {
	fmt.Println("\nMedians:")
	rate := map[string]float64{}
	for _, s := range subjects {
		m := median(readings[s.name])
		rate[s.name] = m.rate
		fmt.Printf("%-24s %s\n", s.name, m)
	}
	fmt.Println("\nRatios:")
	for _, pair := range [][2]string{{onSQLite, bareEndpoint}, {onPostgres, bareEndpoint}, {onPostgres, pgbenchName}} {
		fmt.Printf("%-24s ÷ %-24s %.2f\n", pair[0], pair[1], rate[pair[0]]/rate[pair[1]])
	}
}
