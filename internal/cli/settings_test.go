package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// valueFile returns the path of a new file with a text.
func valueFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "value")
	write(t, path, []byte(text))
	return path
}

// onFile is the environment of a program whose database is named in a file.
func onFile(t *testing.T, p *program) map[string]string {
	t.Helper()
	return map[string]string{"ACCESSCODES_DATABASE_FILE": valueFile(t, "sqlite:"+p.path+"\n")}
}

func TestTheDatabaseIsNamedInAFile(t *testing.T) {
	for _, end := range []string{"", "\n", "\r\n", "\n\n"} {
		p := newProgram(t)
		file := valueFile(t, "sqlite:"+p.path+end)
		for _, line := range []string{
			"migrate up", "migrate status", "workspace create acme --name Acme", "workspace list", "key list --workspace acme",
		} {
			if got := p.alone(t, line+" --database-file "+file); got.code != 0 {
				t.Errorf("%s with the end %q: exit %d: %s", line, end, got.code, got.stderr)
			}
		}
		if got := list[workspaceRow](t, p, "workspace list"); len(got) != 1 {
			t.Errorf("with the end %q: %v", end, got)
		}
	}
}

// The variable of --database-file and the twin of ACCESSCODES_DATABASE are one and the same.
func TestTheDatabaseIsNamedInAFileOfTheEnvironment(t *testing.T) {
	p := newProgram(t)
	p.env = onFile(t, p)
	p.alone(t, "workspace create acme --name Acme")
	if got := list[workspaceRow](t, p, "workspace list"); len(got) != 1 {
		t.Errorf("on the database that the file names: %v", got)
	}
}

func TestCopyBetweenDatabasesThatAreNamedInFiles(t *testing.T) {
	p := withAcme(t)
	to := "sqlite:" + filepath.Join(t.TempDir(), "new.db")
	fromFile, toFile := valueFile(t, "sqlite:"+p.path+"\n"), valueFile(t, to+"\n")
	if rows := p.copied(t, "copy --from-file "+fromFile+" --to-file "+toFile); len(rows) == 0 {
		t.Error("nothing was copied")
	}
	again := newProgram(t)
	again.env["ACCESSCODES_FROM_FILE"] = fromFile
	again.env["ACCESSCODES_TO_FILE"] = valueFile(t, "sqlite:"+again.path)
	if rows := again.copied(t, "copy"); len(rows) == 0 {
		t.Error("nothing was copied")
	}
}

// Each variable has a twin whose value is in a file, of whatever kind its flag is.
func TestEveryVariableHasATwin(t *testing.T) {
	p := newProgram(t)
	p.env = onFile(t, p)
	for variable, value := range map[string]string{
		"NAME": "Acme\n", "PREFIX": "ACME\n", "GROUPS": "3\n", "GROUP_LENGTH": "5\n", "OUTPUT": "csv\n",
	} {
		p.env["ACCESSCODES_"+variable+"_FILE"] = valueFile(t, value)
	}
	check(t, p.alone(t, "workspace create acme"), result{
		stdout: "slug,name,prefix,groups,groupLength,suspendedAt,createdAt,id,events\n" +
			"acme,Acme,ACME,3,5,,2030-01-02T03:04:05Z,00000000-0000-7000-8000-000000000000,some\n",
	})
}

func TestTheCommandLineBeatsTheEnvironment(t *testing.T) {
	for _, line := range []string{"workspace list --database DATABASE", "workspace list --database-file FILE"} {
		for _, variable := range []string{"ACCESSCODES_DATABASE", "ACCESSCODES_DATABASE_FILE"} {
			p := withAcme(t)
			p.env[variable] = "/nowhere/that/is/read"
			line := strings.NewReplacer("DATABASE", "sqlite:"+p.path, "FILE", valueFile(t, "sqlite:"+p.path)).Replace(line)
			if got := p.alone(t, line); got.code != 0 || !strings.Contains(got.stdout, "acme") {
				t.Errorf("%s with %s: %+v", line, variable, got)
			}
		}
	}
}

func TestValuesThatAreSetTwice(t *testing.T) {
	cases := []struct {
		name, line, env string // {db} is the database, {file} a file that names it
		want            string
	}{
		{
			"on the command line", "migrate up --database {db} --database-file {file}", "",
			"--database and --database-file",
		},
		{
			"in the environment", "migrate up", "ACCESSCODES_DATABASE={db} ACCESSCODES_DATABASE_FILE={file}",
			"ACCESSCODES_DATABASE and ACCESSCODES_DATABASE_FILE",
		},
		{
			"in the environment, one empty", "migrate up", "ACCESSCODES_DATABASE= ACCESSCODES_DATABASE_FILE={file}",
			"ACCESSCODES_DATABASE and ACCESSCODES_DATABASE_FILE",
		},
		{
			"no secret", "migrate up --database {db}", "ACCESSCODES_OUTPUT=csv ACCESSCODES_OUTPUT_FILE={file}",
			"ACCESSCODES_OUTPUT and ACCESSCODES_OUTPUT_FILE",
		},
		{
			"copy", "copy --from {db} --from-file {file} --to-file {file}", "",
			"--from and --from-file",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := newProgram(t)
			database := "sqlite:" + p.path
			fill := strings.NewReplacer("{db}", database, "{file}", valueFile(t, database)).Replace
			for _, variable := range strings.Fields(fill(c.env)) {
				name, value, _ := strings.Cut(variable, "=")
				p.env[name] = value
			}
			want := result{code: 2, stderr: "accesscodes: " + c.want + " are both set; set one of them\n"}
			check(t, p.alone(t, fill(c.line)), want)
			checkNoFile(t, p.path)
		})
	}
}

func TestAFileThatCannotBeRead(t *testing.T) {
	folder := t.TempDir()
	long := valueFile(t, "sqlite:"+strings.Repeat("x", 64<<10))
	cases := []struct{ path, want string }{
		{folder + "/nosuch", "the file cannot be read: no such file or directory"},
		{"", "the file cannot be read: no such file or directory"},
		{folder, "the file cannot be read: is a directory"},
		// It belongs in the other variable.
		{"postgres://user:hunter2@host/db", "the file cannot be read: no such file or directory"},
		{long, "the file has more than 65536 bytes"},
	}
	for _, c := range cases {
		for _, line := range []string{"serve", "workspace list", "key revoke -", "migrate status"} {
			p := newProgram(t)
			p.env["ACCESSCODES_DATABASE_FILE"] = c.path
			check(t, p.alone(t, line), result{code: 2, stderr: "accesscodes: ACCESSCODES_DATABASE_FILE: " + c.want + "\n"})
			p.env = nil
			check(t, p.exec(t, append(strings.Fields(line), "--database-file", c.path)...),
				result{code: 2, stderr: "accesscodes: --database-file: " + c.want + "\n"})
		}
	}
}

// Files hold secrets: errors name where a wrong value came from and do not repeat it.
func TestTheContentOfAFileIsNotRepeated(t *testing.T) {
	const (
		secret  = "hunter2-Zq7"
		address = "must be sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE"
		create  = "key create --workspace acme --name CRM"
	)
	cases := []struct{ variable, line, want string }{
		{"DATABASE", "serve", "the content of ACCESSCODES_DATABASE_FILE " + address},
		{"DATABASE", "workspace list", "the content of ACCESSCODES_DATABASE_FILE " + address},
		{"LISTEN", "serve", "the content of ACCESSCODES_LISTEN_FILE is not host:port"},
		{"DEBUG_LISTEN", "serve", "the content of ACCESSCODES_DEBUG_LISTEN_FILE is not host:port"},
		{"LOG_LEVEL", "serve", "the content of ACCESSCODES_LOG_LEVEL_FILE is not debug, info, warn or error"},
		{"LOG_FORMAT", "serve", "the content of ACCESSCODES_LOG_FORMAT_FILE is not json or text"},
		{"DRAIN_TIMEOUT", "serve", "ACCESSCODES_DRAIN_TIMEOUT_FILE: the file does not hold a value of the type duration"},
		{"NO_BOOTSTRAP", "serve", "ACCESSCODES_NO_BOOTSTRAP_FILE: the file does not hold a value of the type bool"},
		{
			"WORD_FILTER", "serve",
			"the content of ACCESSCODES_WORD_FILTER_FILE cannot be used: no such file or directory",
		},
		{"GROUPS", "workspace create b --name B", "ACCESSCODES_GROUPS_FILE: the file does not hold a value of the type int"},
		{"OUTPUT", "workspace list", "the content of ACCESSCODES_OUTPUT_FILE is not table, json or csv"},
		{"EXPIRES", create, "the content of ACCESSCODES_EXPIRES_FILE is not a positive time such as 90d or 12h"},
		{"OVERLAP", "key rotate -", "the content of ACCESSCODES_OVERLAP_FILE is not a time such as 24h or 7d"},
		{"ROLE", create, "role must be full, issue, redeem or read"},
		{"PREFIX", "workspace create other --name Other", "prefix must be 0 to 16 characters of A-Z and 0-9"},
	}
	for _, c := range cases {
		t.Run(c.variable+" "+c.line, func(t *testing.T) {
			t.Parallel()
			p := withAcme(t)
			if c.variable != "DATABASE" {
				p.env["ACCESSCODES_DATABASE"] = "sqlite:" + p.path
			}
			p.env["ACCESSCODES_"+c.variable+"_FILE"] = valueFile(t, secret+"\n")
			check(t, p.alone(t, c.line), result{code: 2, stderr: "accesscodes: " + c.want + "\n"})
		})
	}
	p := newProgram(t)
	check(t, p.alone(t, "migrate up --database-file "+valueFile(t, secret)), result{
		code: 2, stderr: "accesscodes: the content of --database-file " + address + "\n",
	})
}

// A file is only read for a command that has the flag, and only if nothing else counts.
func TestFilesOfOtherCommandsAreNotRead(t *testing.T) {
	p := newProgram(t)
	for _, name := range []string{"LISTEN", "GROUPS", "HELP", "DATABASE_FILE"} {
		p.env["ACCESSCODES_"+name+"_FILE"] = "/nowhere"
	}
	check(t, p.run(t, "migrate status -o csv"), result{stdout: pendingCSV(t), stderr: p.noDatabase()})
}

// A named pipe, which is what <(…) is in a shell, can be read once.
func TestAPipeIsReadOnce(t *testing.T) {
	p := newProgram(t)
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	written := make(chan error)
	go func() { written <- os.WriteFile(path, []byte("sqlite:"+p.path+"\n"), 0o600) }()
	if got := p.alone(t, "migrate up --database-file "+path); got.code != 0 {
		t.Error(got.stderr)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}

// What is put in the wrong place is quoted by the error, but not its secret.
func TestASecretInTheWrongPlaceIsNotRepeated(t *testing.T) {
	key := "ack_" + strings.Repeat("hunter2", 5) + "x"
	for _, line := range []string{
		"postgres://user:hunter2@host/db",
		"migrate postgres://user:hunter2@host/db",
		"migrate postgres://user:hun/ter2@hunter2@host/db",
		"migrate postgres://host/db?user=me&password=hunter2",
		"migrate -dpostgres://user:hunter2@host/db",
		"serve -dpostgres://user:hunter2@host/db",
		"serve --databas=postgres://user:hunter2@host/db",
		"serve --drain-timeout postgres://user:hunter2@host/db",
		"serve --listen postgres://user:hunter2@host/db",
		"key " + key,
		"key list --workspace " + key,
	} {
		p := newProgram(t)
		p.must(t, "migrate up")
		p.env["ACCESSCODES_DATABASE"] = "sqlite:" + p.path
		got := p.alone(t, line)
		if got.code == 0 || strings.Contains(got.stderr, "hunter2") {
			t.Errorf("%s: exit %d: %s", line, got.code, got.stderr)
		}
		checkOneLine(t, got)
	}
}
