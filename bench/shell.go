package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"accesscodes/internal/store/sqlite"
)

// shellScript inserts the rows that generating makes, all in one statement.
//
//go:embed shell.sql
var shellScript string

// shellRows is how many rows the script inserts.
const shellRows = million / 2

const shellName = "sqlite3, all rows in one"

// shell is SQLite's own shell, in C, which inserts the same rows into the same tables in one
// statement: what the engine can do when it is not asked row by row, and commits once.
func (b *bench) shell() subject { return b.inShell(shellScript, shellRows) }

// inShell runs a script that inserts so many rows.
func (b *bench) inShell(script string, rows int) subject {
	return subject{shellName, func(ctx context.Context, run int) (reading, error) {
		path := filepath.Join(b.folder, fmt.Sprintf("shell-%d.db", run))
		if _, err := sqlite.Migrate(ctx, path); err != nil {
			return reading{}, err
		}
		cmd := exec.CommandContext(ctx, "sqlite3", "-bail", path)
		cmd.Stdin = strings.NewReader(fmt.Sprintf(script, rows))
		began := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			return reading{}, fmt.Errorf("sqlite3: %w: %s", err, out)
		}
		took := time.Since(began)
		return reading{Rate: float64(rows) / took.Seconds(), Note: thousands(float64(rows)) + " rows"}, os.Remove(path)
	}}
}
