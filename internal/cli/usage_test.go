package cli_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"accesscodes/internal/cli"
)

func TestUsageErrors(t *testing.T) {
	cases := []struct{ line, stderr string }{
		// Commands.
		{"nosuch", `accesscodes has no command "nosuch"; see accesscodes --help`},
		{"workspace nosuch", `accesscodes workspace has no command "nosuch"; see accesscodes workspace --help`},
		{"key nosuch", `accesscodes key has no command "nosuch"; see accesscodes key --help`},
		{"migrate down", `accesscodes migrate has no command "down"; see accesscodes migrate --help`},
		{"completion tcsh", `accesscodes completion has no command "tcsh"; see accesscodes completion --help`},
		{"workspace", "accesscodes workspace needs a command; see accesscodes workspace --help"},
		{"key", "accesscodes key needs a command; see accesscodes key --help"},
		{"code nosuch", `accesscodes code has no command "nosuch"; see accesscodes code --help`},
		{"code", "accesscodes code needs a command; see accesscodes code --help"},
		{"event", "accesscodes event needs a command; see accesscodes event --help"},
		{"cursor", "accesscodes cursor needs a command; see accesscodes cursor --help"},
		{"migrate", "accesscodes migrate needs a command; see accesscodes migrate --help"},
		{"completion", "accesscodes completion needs a command; see accesscodes completion --help"},
		// Arguments.
		{"workspace create --name Acme", "accesscodes workspace create takes SLUG; see accesscodes workspace create --help"},
		{
			"workspace create acme Acme --name Acme",
			"accesscodes workspace create takes SLUG; see accesscodes workspace create --help",
		},
		{"workspace list acme", "accesscodes workspace list takes no arguments; see accesscodes workspace list --help"},
		{"workspace show", "accesscodes workspace show takes SLUG; see accesscodes workspace show --help"},
		{"workspace update --name New", "accesscodes workspace update takes SLUG; see accesscodes workspace update --help"},
		{"workspace suspend", "accesscodes workspace suspend takes SLUG; see accesscodes workspace suspend --help"},
		{"workspace resume", "accesscodes workspace resume takes SLUG; see accesscodes workspace resume --help"},
		{"key create acme", "accesscodes key create takes no arguments; see accesscodes key create --help"},
		{"key list acme", "accesscodes key list takes no arguments; see accesscodes key list --help"},
		{"key revoke", "accesscodes key revoke takes KEY; see accesscodes key revoke --help"},
		{"key rotate", "accesscodes key rotate takes KEY; see accesscodes key rotate --help"},
		{"code add", "accesscodes code add takes CODE; see accesscodes code add --help"},
		{"code generate X", "accesscodes code generate takes no arguments; see accesscodes code generate --help"},
		{"event tail 7", "accesscodes event tail takes no arguments; see accesscodes event tail --help"},
		{"migrate up now", "accesscodes migrate up takes no arguments; see accesscodes migrate up --help"},
		{"serve here", "accesscodes serve takes no arguments; see accesscodes serve --help"},
		{"version 2", "accesscodes version takes no arguments; see accesscodes version --help"},
		{"completion bash zsh", "accesscodes completion bash takes no arguments; see accesscodes completion bash --help"},
		// Flags.
		{"workspace list --nosuch", "unknown flag: --nosuch"},
		{"workspace list -x", "unknown shorthand flag: 'x' in -x"},
		{"version --database sqlite:x.db", "unknown flag: --database"},
		{"workspace create acme --name", "flag needs an argument: --name"},
		{
			"workspace create acme --name Acme --groups two",
			`--groups "two" is not a whole number`,
		},
		{"workspace create acme", "--name is required"},
		{"key create --name CRM", "--workspace is required"},
		{"key create --workspace acme", "--name is required"},
		{"key list", "--workspace is required"},
		{"serve --drain-timeout 25", `--drain-timeout "25" is not a time such as 25s or 1m`},
		{"serve --events-keep 90", `--events-keep "90" is not a time such as 90d or 12h`},
		{"serve --events-keep-types session.*", `--events-keep-types "session.*" is not types and times such as ` +
			`session.*=30d,code.*=2y`},
		{"serve --events-keep-types nosuch.*=1d", `--events-keep-types: there are no events "nosuch.*"; types are such ` +
			`as code.revoked or session.*`},
		{"serve --docs=no", `--docs "no" is not true or false`},
		{"workspace update acme", "there is nothing to change; see accesscodes workspace update --help"},
		{"serve --listen here", `--listen "here" is not host:port`},
		{"serve --listen 127.0.0.1:99999", `--listen "127.0.0.1:99999" has no port from 0 to 65535`},
		{"serve --metrics-listen :x --debug-listen :-1", `--debug-listen ":-1" has no port from 0 to 65535; ` +
			`--metrics-listen ":x" has no port from 0 to 65535`},
		{
			"serve --tls-cert /nope --tls-key /nope",
			`--tls-cert "/nope" and --tls-key "/nope" cannot be used: open /nope: no such file or directory`,
		},
		{
			"serve --listen here --debug-listen there --log-level loud --log-format xml --drain-timeout -1s",
			`--listen "here" is not host:port; --debug-listen "there" is not host:port; ` +
				`--log-level "loud" is not debug, info, warn or error; --log-format "xml" is not json or text; ` +
				`--drain-timeout must not be negative`,
		},
	}
	for _, c := range cases {
		t.Run(c.line, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t)
			p.env["ACCESSCODES_DATABASE"] = "sqlite:" + p.path
			check(t, p.exec(t, strings.Fields(c.line)...), result{code: 2, stderr: "accesscodes: " + c.stderr + "\n"})
			checkNoFile(t, p.path)
		})
	}
}

func TestVariablesOfTheWrongKind(t *testing.T) {
	for variable, says := range map[string]string{
		"DOCS=no": `"no" is not true or false`, "MAX_CONNECTIONS=many": `"many" is not a whole number`,
		"DRAIN_TIMEOUT=25": `"25" is not a time such as 25s or 1m`, "EVENTS_KEEP=90": `"90" is not a time such as 90d or 12h`,
	} {
		p := newProgram(t)
		name, value, _ := strings.Cut("ACCESSCODES_"+variable, "=")
		p.env[name] = value
		check(t, p.run(t, "serve"), result{code: 2, stderr: "accesscodes: " + name + ": " + says + "\n"})
	}
}

// What a library tried twice is told once: the second time without TLS.
func TestADatabaseThatDoesNotAnswerIsToldOnce(t *testing.T) {
	p := newProgram(t)
	p.env["ACCESSCODES_DATABASE"] = "postgres://app:hunter2@127.0.0.1:1/codes?connect_timeout=1"
	got := p.exec(t, "migrate", "up")
	checkOneLine(t, got)
	if strings.Count(got.stderr, "refused") != 1 || strings.ContainsAny(got.stderr, "\t") ||
		strings.Contains(got.stderr, ":;") || got.code != 1 {
		t.Errorf("exit %d: %q", got.code, got.stderr)
	}
}

func TestBadDatabases(t *testing.T) {
	for _, line := range []string{"serve", "workspace list", "key list --workspace acme", "migrate up", "migrate status"} {
		for _, database := range []string{
			"", "data/x.db", "sqlite:", "mysql://user:hunter2@host/db", "host=db user=app password=hunter2",
		} {
			p := newProgram(t)
			got := p.exec(t, append(strings.Fields(line), "--database", database)...)
			if got.code != 2 {
				t.Errorf("%s on %q: exit %d", line, database, got.code)
			}
			checkOneLine(t, got)
			if !strings.Contains(got.stderr, "--database") || !strings.Contains(got.stderr, "sqlite:PATH") {
				t.Errorf("%s on %q: not clear: %s", line, database, got.stderr)
			}
			if strings.Contains(got.stderr, "hunter2") {
				t.Errorf("%s on %q repeats the password: %s", line, database, got.stderr)
			}
		}
	}
}

func TestHelp(t *testing.T) {
	commands := []string{
		"", "serve", "workspace", "workspace create", "workspace list", "workspace show", "workspace update",
		"workspace suspend", "workspace resume",
		"key", "key create", "key list", "key revoke", "key rotate", "migrate", "migrate up", "migrate status",
		"code", "code add", "code generate", "code get", "code list", "code validate", "code redeem", "code revoke",
		"code restore", "code update", "code delete", "code qr", "batch", "batch print", "event", "event tail",
		"version", "completion", "completion bash",
	}
	for _, command := range commands {
		for _, help := range []string{"--help", "-h"} {
			p := newProgram(t)
			got := p.exec(t, append(strings.Fields(command), help)...)
			if got.code != 0 || got.stderr != "" || !strings.Contains(got.stdout, "Usage:\n  accesscodes "+command) {
				t.Errorf("%s %s: %+v", command, help, got)
			}
			checkNoFile(t, p.path)
		}
	}
}

func TestWithoutACommandItHelps(t *testing.T) {
	p := newProgram(t)
	if bare, help := p.exec(t), p.exec(t, "--help"); bare != help || bare.code != 0 {
		t.Errorf("got %+v, want what --help says", bare)
	}
}

func TestVersion(t *testing.T) {
	check(t, newProgram(t).exec(t, "version"), result{stdout: "accesscodes v1.2.3-test\n"})
}

func TestCompletion(t *testing.T) {
	marks := map[string]string{
		"bash": "complete -o default -F __start_accesscodes accesscodes", "zsh": "#compdef accesscodes",
		"fish": "complete -c accesscodes", "powershell": "Register-ArgumentCompleter -CommandName 'accesscodes'",
	}
	for shell, mark := range marks {
		if got := newProgram(t).exec(t, "completion", shell); got.code != 0 || got.stderr != "" ||
			!strings.Contains(got.stdout, mark) {
			t.Errorf("%s: exit %d, %q on stderr, %d bytes on stdout that should hold %q", shell, got.code, got.stderr,
				len(got.stdout), mark)
		}
	}
}

func TestEnvironment(t *testing.T) {
	cases := []struct {
		name string
		env  map[string]string
		line string
		want result
	}{
		{
			"a flag's value",
			map[string]string{"ACCESSCODES_OUTPUT": "csv"},
			"migrate status",
			result{stdout: pendingCSV(t)},
		},
		{
			"the flag beats the environment",
			map[string]string{"ACCESSCODES_OUTPUT": "json"},
			"migrate status --output csv",
			result{stdout: pendingCSV(t)},
		},
		{
			"the flag beats even a bad environment",
			map[string]string{"ACCESSCODES_OUTPUT": "xml"},
			"migrate status -o csv",
			result{stdout: pendingCSV(t)},
		},
		{
			"required flags",
			map[string]string{"ACCESSCODES_NAME": "Acme"},
			"workspace create acme -o csv",
			result{stdout: "slug,name,prefix,groups,groupLength,suspendedAt,createdAt,id,events\n" +
				"acme,Acme,,2,4,,2030-01-02T03:04:05Z,00000000-0000-7000-8000-000000000000,some\n"},
		},
		{
			"dashes are underscores",
			map[string]string{"ACCESSCODES_GROUP_LENGTH": "5"},
			"workspace create acme --name Acme -o csv",
			result{stdout: "slug,name,prefix,groups,groupLength,suspendedAt,createdAt,id,events\n" +
				"acme,Acme,,2,5,,2030-01-02T03:04:05Z,00000000-0000-7000-8000-000000000000,some\n"},
		},
		{
			"flags of other commands do not matter",
			map[string]string{"ACCESSCODES_LISTEN": "nonsense", "ACCESSCODES_GROUPS": "x"},
			"migrate status -o csv",
			result{stdout: pendingCSV(t)},
		},
		{
			"help is only a flag",
			map[string]string{"ACCESSCODES_HELP": "true"},
			"migrate status -o csv",
			result{stdout: pendingCSV(t)},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := newProgram(t)
			p.env = c.env
			if strings.HasPrefix(c.line, "migrate status") {
				c.want.stderr = p.noDatabase()
			}
			check(t, p.run(t, c.line), c.want)
		})
	}
}

func TestTheDatabaseFromTheEnvironment(t *testing.T) {
	p, other := newProgram(t), newProgram(t)
	p.env["ACCESSCODES_DATABASE"] = "sqlite:" + p.path
	if got := p.exec(t, "workspace", "create", "acme", "--name", "Acme"); got.code != 0 {
		t.Fatal(got.stderr)
	}
	if got := list[workspaceRow](t, p, "workspace list"); len(got) != 1 {
		t.Errorf("on the database that the environment names: %v", got)
	}
	other.must(t, "migrate up")
	if got := p.exec(t, "workspace", "list", "-o", "json", "--database", "sqlite:"+other.path); got.stdout != "[]\n" {
		t.Errorf("on the database of the flag: %+v", got)
	}
}

// Whoever set a variable and not a flag looks for the variable.
func TestABadValueInTheEnvironmentNamesTheVariable(t *testing.T) {
	cases := []struct{ variable, value, line string }{
		{"ACCESSCODES_GROUPS", "two", "workspace create acme --name Acme"},
		{"ACCESSCODES_NO_BOOTSTRAP", "perhaps", "serve"},
		{"ACCESSCODES_DRAIN_TIMEOUT", "25", "serve"},
		{"ACCESSCODES_DRAIN_TIMEOUT", "-1s", "serve"},
		{"ACCESSCODES_LISTEN", "here", "serve"},
		{"ACCESSCODES_DEBUG_LISTEN", "there", "serve"},
		{"ACCESSCODES_LOG_LEVEL", "loud", "serve"},
		{"ACCESSCODES_LOG_FORMAT", "xml", "serve"},
		{"ACCESSCODES_DATABASE", "data/x.db", "serve"},
		{"ACCESSCODES_DATABASE", "data/x.db", "workspace list"},
		{"ACCESSCODES_DATABASE", "data/x.db", "migrate status"},
		{"ACCESSCODES_OUTPUT", "xml", "workspace list"},
		{"ACCESSCODES_OUTPUT", "xml", "migrate status"},
		{"ACCESSCODES_EXPIRES", "soon", "key create --workspace acme --name CRM"},
		{"ACCESSCODES_OVERLAP", "soon", "key rotate 01a205ec-052c-708d-b352-e6b408b3bbdc"},
	}
	for _, c := range cases {
		t.Run(c.variable+"="+c.value+" "+c.line, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t)
			p.env["ACCESSCODES_DATABASE"] = "sqlite:" + p.path
			p.env[c.variable] = c.value
			got := p.exec(t, strings.Fields(c.line)...)
			if got.code != 2 || !strings.Contains(got.stderr, c.variable) {
				t.Errorf("exit %d: %s", got.code, got.stderr)
			}
			checkOneLine(t, got)
			checkNoFile(t, p.path)
		})
	}
}

// brokenWriter is a stdout that nobody reads any more.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestOutputThatCannotBeWrittenIsAFailure(t *testing.T) {
	p := withAcme(t)
	for _, line := range []string{
		"version", "workspace list -o table", "workspace list -o json", "workspace list -o csv",
		"key create --workspace acme --name CRM", "migrate status",
	} {
		var stderr bytes.Buffer
		args := strings.Fields(line)
		if line != "version" {
			args = append(args, "--database", "sqlite:"+p.path)
		}
		err := cli.Run(t.Context(), args, cli.Env{
			Stdin: strings.NewReader(""), Stdout: brokenWriter{}, Stderr: &stderr,
			LookupEnv: func(string) (string, bool) { return "", false },
		})
		if cli.ExitCode(err) != 1 || !strings.HasSuffix(stderr.String(), "accesscodes: broken pipe\n") {
			t.Errorf("%s: exit %d: %s", line, cli.ExitCode(err), stderr.String())
		}
	}
}
