package webhooks

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	verifyScript = "verify.sh"
	sendScript   = "send.sh"
)

func TestVerifyingInTheShell(t *testing.T) {
	t.Parallel()
	secret := newSecret(t)
	for _, m := range messages(t, secret) {
		want := 1
		if m.good {
			want = 0
		}
		if got := runScript(t, verifyScript, secret, m.body, m.id, m.timestamp, m.signatures); got != want {
			t.Errorf("%s: exit code %d, want %d", m.name, got, want)
		}
	}
	m := signedByNothing()
	for _, empty := range []string{"", "whsec_"} {
		if got := runScript(t, verifyScript, empty, m.body, m.id, m.timestamp, m.signatures); got != 2 {
			t.Errorf("with the secret %q: exit code %d, want 2", empty, got)
		}
	}
}

func TestSendingFromTheShell(t *testing.T) {
	t.Parallel()
	secret := newSecret(t)
	r := receivers[0].prepare(t, programs(t)[receivers[0].file])
	address := "http://" + r.start(t, secret)
	if got := runScript(t, sendScript, secret, event, address); got != 0 {
		t.Errorf("exit code %d, want 0", got)
	}
	const refused = 22 // curl's, of an HTTP status
	if got := runScript(t, sendScript, newSecret(t), event, address); got != refused {
		t.Errorf("with another secret: exit code %d, want %d", got, refused)
	}
}

// runScript runs a script of the page and returns its exit code.
func runScript(t *testing.T, name, secret, input string, args ...string) int {
	t.Helper()
	script := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(script, []byte(programs(t)[name]), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), programLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", append([]string{script}, args...)...)
	cmd.Env = append(os.Environ(), "WEBHOOK_SECRET="+secret)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v\n%s", err, out)
	}
	return cmd.ProcessState.ExitCode()
}
