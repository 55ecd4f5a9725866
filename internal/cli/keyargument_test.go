package cli_test

import (
	"strings"
	"testing"
)

const keyHint = "Hint: a key on the command line can be seen in ps and stays in the shell's history. " +
	"Give - as KEY and the key on stdin.\n"

func TestAKeyIsReadFromStdin(t *testing.T) {
	inputs := map[string]func(secret, id string) string{
		"the key":                    func(secret, _ string) string { return secret },
		"a line":                     func(secret, _ string) string { return secret + "\n" },
		"a line of Windows":          func(secret, _ string) string { return "  " + secret + "\r\n" },
		"a line before others":       func(secret, _ string) string { return secret + "\nmore\n" },
		"the id":                     func(_, id string) string { return id + "\n" },
		"the key before a long rest": func(secret, _ string) string { return secret + "\n" + strings.Repeat("x", 1<<20) },
	}
	for name, input := range inputs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := withAcme(t)
			secret := createKey(t, p, "--name CRM")
			p.stdin = input(secret, list[keyRow](t, p, "key list --workspace acme")[0].ID)
			rotated := p.run(t, "key rotate -")
			if rotated.code != 0 || strings.Contains(rotated.stderr, "Hint") {
				t.Errorf("rotate: %+v", rotated)
			}
			revoked := p.run(t, "key revoke - -o csv")
			if revoked.code != 0 || revoked.stderr != "" || !strings.Contains(revoked.stdout, ",revoked,") {
				t.Errorf("revoke: %+v", revoked)
			}
			if works(t, p, secret) || !works(t, p, strings.TrimSpace(rotated.stdout)) {
				t.Error("the wrong key works")
			}
		})
	}
}

func TestNoKeyOnStdin(t *testing.T) {
	for _, stdin := range []string{"", "\n", " \t\r\n", strings.Repeat(" ", 5000) + "key"} {
		for _, command := range []string{"revoke", "rotate"} {
			p := newProgram(t)
			p.stdin = stdin
			want := result{code: 2, stderr: "accesscodes: KEY is -, but there is no key on stdin\n"}
			check(t, p.run(t, "key "+command+" -"), want)
		}
	}
}

func TestAWrongKeyOnStdinIsNotRepeated(t *testing.T) {
	other, p := withAcme(t), withAcme(t)
	p.stdin = createKey(t, other, "--name k")
	for _, command := range []string{"revoke", "rotate"} {
		got := p.run(t, "key "+command+" -")
		if got.code != 1 || strings.Contains(got.stderr, p.stdin[4:20]) {
			t.Errorf("%s: exit %d: %s", command, got.code, got.stderr)
		}
		checkOneLine(t, got)
	}
}

// A key on the command line works as it always did; only the id is no secret.
func TestAKeyOnTheCommandLineGetsAHint(t *testing.T) {
	p := withAcme(t)
	secret := createKey(t, p, "--name CRM")
	id := list[keyRow](t, p, "key list --workspace acme")[0].ID
	if got := p.run(t, "key revoke "+secret); got.code != 0 || got.stderr != keyHint {
		t.Errorf("by key: exit %d: %q", got.code, got.stderr)
	}
	if got := p.run(t, "key revoke "+id); got.code != 0 || got.stderr != "" {
		t.Errorf("by id: exit %d: %q", got.code, got.stderr)
	}
}
