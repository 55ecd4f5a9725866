// Command bench measures the server side by side with what limits it: a bare net/http
// server with the same requests and answers, and pgbench inserting one code in each
// transaction. The subjects of a case run several times in turn (A B C A B C …), so that a
// machine that slows down slows all. It prints the median of each and their ratios, and
// writes every reading to bench/out/results.json.
//
// The load comes from wrk on the same machine. Everything keeps its defaults, which
// make every acknowledged write durable.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"accesscodes/internal/store/pgtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var p plan
	flag.StringVar(&p.server, "server", "bin/accesscodes", "the server's `binary`")
	flag.StringVar(&p.bare, "bare", "bin/bare", "the bare server's `binary`")
	flag.StringVar(&p.only, "case", "", "measure only cases whose names begin with `this`: "+strings.Join(caseNames(), "; "))
	flag.IntVar(&p.runs, "runs", 3, "measured runs of each subject of a case")
	flag.DurationVar(&p.duration, "duration", 10*time.Second, "length of a run")
	flag.IntVar(&p.connections, "connections", 64, "connections of wrk")
	flag.IntVar(&p.listed, "listed", 1_000_000, "codes in the database of the case list")
	flag.StringVar(&p.profileInto, "profile", "", "measure nothing, write a CPU profile of the server under the case's load to this `file`")
	flag.StringVar(&p.results, "results", "bench/out/results.json", "the `file` that every reading is written to")
	flag.Parse()
	if err := p.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// plan is what to measure and how.
type plan struct {
	server, bare string
	only         string
	runs         int
	duration     time.Duration
	connections  int
	listed       int
	profileInto  string
	results      string
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
	var results []result
	for _, c := range cases {
		if !strings.HasPrefix(c.name, p.only) {
			continue
		}
		r, err := p.measureCase(ctx, c, folder, cluster)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		results = append(results, r)
	}
	if len(results) == 0 {
		return fmt.Errorf("no case begins with %q; there are: %s", p.only, strings.Join(caseNames(), "; "))
	}
	report(results)
	return writeResults(p.results, results)
}
