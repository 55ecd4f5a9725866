package e2e

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"testing"
)

// result is what a command that ended by itself left.
type result struct {
	stdout, stderr string
	code           int
}

// run runs a command to its end, with more environment variables.
func run(t testing.TB, more []string, command ...string) result {
	t.Helper()
	if err := lookAtSources(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), commandLimit)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = environment(more...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("%q did not end within %s\n%s%s", command, commandLimit, &stdout, &stderr)
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%q: %v", command, err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// mustRun runs a command that must succeed and returns what it printed on stdout.
func mustRun(t testing.TB, more []string, command ...string) string {
	t.Helper()
	r := run(t, more, command...)
	if r.code != 0 {
		t.Fatalf("%q ended with %d\n%s%s", command, r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// administer runs one of the program's own commands on a database.
func administer(t testing.TB, db database, args ...string) string {
	t.Helper()
	return mustRun(t, []string{"ACCESSCODES_DATABASE=" + db.address()}, append([]string{program}, args...)...)
}
