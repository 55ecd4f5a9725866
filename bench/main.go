// Command bench measures the server side by side with a bare net/http endpoint. Each
// case runs several times in turn with the endpoint (A B A B …), so that a machine that
// slows down slows both. It prints the median of each and their ratio.
//
// The load comes from wrk on the same machine; the server keeps its defaults, which
// make every acknowledged code durable.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
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

func (p *plan) run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "accesscodes-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()

	if p.profileInto != "" {
		return p.profile(ctx, folder, p.profileInto)
	}
	bare, err := start(ctx, p.bare, nil, nil)
	if err != nil {
		return err
	}
	defer bare.stop()
	server, err := p.startServer(ctx, folder)
	if err != nil {
		return err
	}
	defer server.stop()

	cases := []subject{{"bare net/http", bare}, {"generate, durable (SQLite)", server}}
	all := make([][]reading, len(cases))
	for range p.runs {
		for i, c := range cases {
			r, err := p.measure(ctx, c)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			all[i] = append(all[i], r)
			fmt.Printf("%-28s %8.0f requests/s  p50 %6.2f ms  p99 %6.2f ms  CPU %5.1f s per million  peak memory %4.0f MiB\n",
				c.name, r.rate, ms(r.p50), ms(r.p99), r.cpuPerMillion, r.peakMiB)
		}
	}
	report(cases, all)
	return nil
}

// startServer runs the server on a new database in the folder.
func (p *plan) startServer(ctx context.Context, folder string, args ...string) (*process, error) {
	log, err := os.Create(filepath.Join(folder, "server.log"))
	if err != nil {
		return nil, err
	}
	database := "sqlite:" + filepath.Join(folder, "codes.db")
	args = append([]string{"serve", "--listen", "127.0.0.1:0", "--database", database}, args...)
	return start(ctx, p.server, args, log)
}

// subject is one process under load.
type subject struct {
	name    string
	process *process
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func report(cases []subject, all [][]reading) {
	fmt.Println("\nMedians:")
	base := median(all[0])
	for i, c := range cases {
		m := median(all[i])
		fmt.Printf("%-28s %8.0f requests/s  ratio %.2f  p50 %6.2f ms  p99 %6.2f ms  CPU %5.1f s per million  peak memory %4.0f MiB\n",
			c.name, m.rate, m.rate/base.rate, ms(m.p50), ms(m.p99), m.cpuPerMillion, m.peakMiB)
	}
}
