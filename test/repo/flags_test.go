package repo

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/cli"
)

// setting is a flag as an operator needs to know it.
type setting struct {
	Variable string
	Default  string // empty: none
}

// settings are the flags of commands: command → flag → setting. Flags that a command
// shares with others below the same one are that one's.
type settings map[string]map[string]setting

// TestEveryFlagIsDocumented holds docs/configuration.md against what the commands say in
// --help: each command with a heading of its own, each flag in a row with its variable
// and its default, and nothing else.
func TestEveryFlagIsDocumented(t *testing.T) {
	inProgram := settings{}
	readHelp(t, inProgram, nil)
	if diff := cmp.Diff(inProgram, documented(t)); diff != "" {
		t.Errorf("docs/configuration.md differs from the program (-program +document):\n%s", diff)
	}
}

var (
	commandLine = regexp.MustCompile(`^  ([a-z]+) `)
	flagLine    = regexp.MustCompile(`^ +(?:-\w, )?--([a-z-]+)`)
	defaultText = regexp.MustCompile(`\(default (.+)\)$`)
)

// readHelp reads the flags of a command, and of those below it, from their --help.
func readHelp(t *testing.T, all settings, command []string) {
	t.Helper()
	flags := map[string]setting{}
	all[strings.Join(command, " ")] = flags
	section := ""
	for line := range strings.Lines(help(t, command)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case !strings.HasPrefix(line, " "):
			section = line
		case section == "Available Commands:":
			if name := commandLine.FindStringSubmatch(line)[1]; name != "help" {
				readHelp(t, all, append(slices.Clone(command), name))
			}
		case section == "Flags:":
			if name := flagLine.FindStringSubmatch(line)[1]; name != "help" {
				flags[name] = setting{
					Variable: "ACCESSCODES_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_")),
					Default:  defaultIn(line),
				}
			}
		}
	}
}

func help(t *testing.T, command []string) string {
	t.Helper()
	code, stdout, stderr := run(t, append(slices.Clone(command), "--help"))
	if code != 0 {
		t.Fatalf("accesscodes %s --help: exit %d: %s", strings.Join(command, " "), code, stderr)
	}
	return stdout
}

// run runs the program in this process, without an environment.
func run(t *testing.T, args []string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errors bytes.Buffer
	err := cli.Run(t.Context(), args, cli.Env{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errors,
		LookupEnv: func(string) (string, bool) { return "", false },
	})
	return cli.ExitCode(err), out.String(), errors.String()
}

// defaultIn returns the default at the end of a flag's line of help.
func defaultIn(line string) string {
	m := defaultText.FindStringSubmatch(line)
	if m == nil {
		return ""
	}
	if text, err := strconv.Unquote(m[1]); err == nil {
		return text
	}
	return m[1]
}

var (
	commandHeading = regexp.MustCompile("^#+ `accesscodes ?([^`]*)`$")
	flagRow        = regexp.MustCompile("^\\| `--([a-z-]+)`[^|]*\\| `(\\w+)` \\| (?:`([^`]*)`|none) \\| .+ \\|$")
	commandWords   = regexp.MustCompile(`^[a-z ]*`) // up to the arguments
)

// documented reads docs/configuration.md. A heading may stand for several commands, as
// in "completion bash|zsh".
func documented(t *testing.T) settings {
	t.Helper()
	all := settings{}
	var current []string
	for line := range strings.Lines(file(t, "docs/configuration.md")) {
		line = strings.TrimRight(line, "\n")
		if m := commandHeading.FindStringSubmatch(line); m != nil {
			current = alternatives(m[1])
			for _, command := range current {
				all[command] = map[string]setting{}
			}
		} else if strings.HasPrefix(line, "#") {
			current = nil
		} else if m := flagRow.FindStringSubmatch(line); m != nil {
			for _, command := range current {
				all[command][m[1]] = setting{Variable: m[2], Default: m[3]}
			}
		} else if strings.HasPrefix(line, "| `--") {
			t.Errorf("docs/configuration.md has a row that is not flag, variable, default, meaning: %s", line)
		}
	}
	return all
}

// alternatives returns the commands that a heading stands for.
func alternatives(heading string) (commands []string) {
	group, _, _ := strings.Cut(heading, " ")
	for i, name := range strings.Split(heading, "|") {
		if i > 0 {
			name = group + " " + name
		}
		commands = append(commands, strings.TrimRight(commandWords.FindString(name), " "))
	}
	return commands
}
