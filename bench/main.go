// Command bench measures the server side by side with what limits it and with what its users
// would pick instead. The subjects of a case run several times in turn (A B C A B C …), so
// that a machine that slows down slows all. It prints the median of each and their ratios,
// writes every reading to a file and draws the charts of the documentation.
//
// The load comes from wrk on the same machine. The server and its databases keep their
// defaults, which make every acknowledged write durable.
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
	chosen := flag.String("mode", "standard", "how much to measure: "+strings.Join(modeNames(), ", "))
	flag.StringVar(&p.server, "server", "bin/accesscodes", "the server's `binary`")
	flag.StringVar(
		&p.only,
		"case",
		"",
		"measure only cases whose names begin with `this`: "+strings.Join(caseNames(), "; "),
	)
	flag.IntVar(&p.runs, "runs", 0, "measured runs of each subject of a case; 0: by the mode")
	flag.DurationVar(&p.duration, "duration", 0, "length of a run; 0: by the mode")
	flag.IntVar(&p.connections, "connections", 64, "connections of the load")
	flag.StringVar(
		&p.profileInto,
		"profile",
		"",
		"measure nothing, write profiles of the server under the case's load to this `folder`",
	)
	flag.Parse()
	err := p.choose(*chosen)
	if err == nil {
		err = p.run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// plan is what to measure and how.
type plan struct {
	mode
	server      string
	only        string
	connections int
	profileInto string
}

// mode is how much is measured.
type mode struct {
	name string
	times
	rows        int    // codes that bulk work is about
	listed      int    // codes in the list, of which the first page and one in the middle are read
	sizes       []int  // codes in the databases that are compared by their size
	sized       times  // there
	results     string // the file that the readings are written to
	drawsCharts bool
}

// times is how often and for how long each subject is measured.
type times struct {
	runs     int
	duration time.Duration // of a run
}

const million = 1_000_000

// modes: quick takes some four minutes and is for a look, standard half an hour, full
// hours and 60 GB.
var modes = []mode{
	{
		name: "quick", times: times{2, time.Second}, rows: 100_000, listed: 20_000,
		sizes: []int{10_000, 100_000}, sized: times{1, time.Second}, results: "bench/out/quick.json",
	},
	{
		name: "standard", times: times{3, 10 * time.Second}, rows: million, listed: million,
		sizes: []int{
			10_000,
			million,
			10 * million,
		}, sized: times{3, 5 * time.Second}, results: resultsFile, drawsCharts: true,
	},
	{
		name: "full", times: times{3, 10 * time.Second}, rows: million, listed: million,
		sizes: []int{
			10_000,
			million,
			10 * million,
			50 * million,
		}, sized: times{3, 10 * time.Second}, results: resultsFile, drawsCharts: true,
	},
}

// resultsFile holds the readings that the documentation shows.
const resultsFile = "docs/benchmarks.json"

func modeNames() (names []string) {
	for _, m := range modes {
		names = append(names, m.name)
	}
	return names
}

// choose fills in what the mode says and the command line does not. What differs from the
// mode is not for the documentation.
func (p *plan) choose(name string) error {
	for _, m := range modes {
		if m.name != name {
			continue
		}
		if p.runs != 0 || p.duration != 0 || p.server != "bin/accesscodes" || p.connections != 64 {
			m.results, m.drawsCharts = "bench/out/results.json", false
		}
		if p.runs != 0 {
			m.runs, m.sized.runs = p.runs, p.runs
		}
		if p.duration != 0 {
			m.duration, m.sized.duration = p.duration, p.duration
		}
		p.mode = m
		return nil
	}
	return fmt.Errorf("there is no mode %q; there are: %s", name, strings.Join(modeNames(), ", "))
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
	cluster, err := pgtest.New(ctx, "max_connections=300")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Remove()) }()
	var results []result
	for _, c := range cases {
		if !strings.HasPrefix(c.title(), p.only) {
			continue
		}
		fmt.Printf("\n%s\n", c.title())
		b := &bench{plan: p, folder: folder, cluster: cluster, name: c.title()}
		measured, err := c.measure(ctx, b)
		b.end()
		if err != nil {
			return fmt.Errorf("%s: %w", c.title(), err)
		}
		results = append(results, measured...)
		if err := p.keep(measured); err != nil {
			return err
		}
	}
	if len(results) == 0 {
		return fmt.Errorf("no case begins with %q; there are: %s", p.only, strings.Join(caseNames(), "; "))
	}
	report(results)
	return nil
}

// keep stores what was measured, as soon as a case ends: all of them take long.
func (p *plan) keep(measured []result) error {
	all, err := writeResults(p.results, measured)
	if err != nil || !p.drawsCharts {
		return err
	}
	return drawCharts(all)
}
