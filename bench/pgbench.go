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
)

// insertScript is pgbench's transaction: one prepared insert of one code, into the
// server's own table.
//
//go:embed insert.sql
var insertScript []byte

// pgbenchClients are the numbers of clients that are tried; the best one counts.
var pgbenchClients = []int{4, 16, 64}

const pgbenchName = "pgbench, one row each"

var tpsLine = regexp.MustCompile(`tps = ([0-9.]+)`)

// pgbench is PostgreSQL's own load generator, on the database at an address.
func (b *bench) pgbench(address string) subject {
	return subject{pgbenchName, func(ctx context.Context, _ int) (best reading, err error) {
		script := filepath.Join(b.folder, "insert.sql")
		if err := os.WriteFile(script, insertScript, 0o600); err != nil {
			return reading{}, err
		}
		for _, clients := range pgbenchClients {
			rate, err := b.pgbenchOnce(ctx, script, address, clients)
			if err != nil {
				return reading{}, err
			}
			if rate > best.Rate {
				best = reading{Rate: rate, Note: fmt.Sprintf("%d clients", clients)}
			}
		}
		return best, nil
	}}
}

func (b *bench) pgbenchOnce(ctx context.Context, script, address string, clients int) (float64, error) {
	seconds := strconv.Itoa(max(1, int(b.duration/time.Second)))
	out, err := exec.CommandContext(ctx, filepath.Join(b.cluster.Programs(), "pgbench"), "-n", "-M", "prepared",
		"-f", script,
		"-c", strconv.Itoa(clients), "-T", seconds, address).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w: %s", err, out)
	}
	match := tpsLine.FindSubmatch(out)
	if match == nil {
		return 0, fmt.Errorf("pgbench printed no rate: %s", out)
	}
	return strconv.ParseFloat(string(match[1]), 64)
}
