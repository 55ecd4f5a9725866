package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"accesscodes/internal/store/pgtest"
)

// program is the path of the binary under test.
var program string

// How long things may take on a busy machine before a test gives up. What the product
// promises (drain, busy timeout, key revocation) is checked by tighter limits.
const (
	startLimit   = 20 * time.Second
	requestLimit = 30 * time.Second
	commandLimit = 30 * time.Second
	workLimit    = 60 * time.Second
)

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

// buildAndRun builds the program without the race detector, as it is shipped.
func buildAndRun(m *testing.M) int {
	folder, err := os.MkdirTemp("", "accesscodes-e2e")
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(folder) }() // a left-over in the temporary folder is no failure
	program = filepath.Join(folder, "accesscodes")
	build := exec.Command("go", "build", "-race=false", "-trimpath", "-o", program, "accesscodes/cmd/accesscodes")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build does, whose work is then not done twice
	if out, err := build.CombinedOutput(); err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		return 1
	}
	return pgtest.Run(m)
}

// lookAtSources looks at every file that the program is built from, once. go test remembers
// which files a test has looked at: without this it would take an earlier result for that
// of a program that has changed since. It is called before the program is run.
var lookAtSources = sync.OnceValue(func() error {
	for _, folder := range []string{"../../cmd", "../../internal"} {
		err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if err == nil {
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
})

// eventually waits until a condition holds.
func eventually(t testing.TB, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(limit)
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("after %s still not: %s", limit, what)
		}
	}
}
