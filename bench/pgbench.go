package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"accesscodes/internal/store/pgtest"
)

// insertScript is pgbench's transaction: one prepared insert of one code, into the
// server's own table.
//
//go:embed insert.sql
var insertScript []byte

// pgbenchClients are the numbers of clients that are tried; the best one counts.
var pgbenchClients = []int{4, 16, 64}

var tpsLine = regexp.MustCompile(`tps = ([0-9.]+)`)

// pgbench measures PostgreSQL's own load generator.
func (p *plan) pgbench(ctx context.Context, folder string, cluster *pgtest.Cluster, database string) (best reading, err error) {
	script := filepath.Join(folder, "insert.sql")
	if err := os.WriteFile(script, insertScript, 0o600); err != nil {
		return reading{}, err
	}
	seconds := strconv.Itoa(max(1, int(p.duration/time.Second)))
	for _, clients := range pgbenchClients {
		out, err := exec.CommandContext(ctx, filepath.Join(cluster.Programs(), "pgbench"), "-n", "-M", "prepared", "-f", script,
			"-c", strconv.Itoa(clients), "-T", seconds, cluster.URL(database)).CombinedOutput()
		if err != nil {
			return reading{}, fmt.Errorf("pgbench: %w: %s", err, out)
		}
		match := tpsLine.FindSubmatch(out)
		if match == nil {
			return reading{}, fmt.Errorf("pgbench printed no rate: %s", out)
		}
		rate, err := strconv.ParseFloat(string(match[1]), 64)
		if err != nil {
			return reading{}, err
		}
		if rate > best.Rate {
			best = reading{Rate: rate, Note: fmt.Sprintf("%d clients", clients)}
		}
	}
	return best, nil
}
