package repo

import (
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestShellCommandsInTheReadme and its sibling do not run what readers are told to run:
// servers would not end. They check that make has the targets and that the program takes
// the command lines.
func TestShellCommandsInTheReadme(t *testing.T) {
	if checked := checkShell(t, "README.md"); checked == 0 {
		t.Error("README.md has no make or accesscodes command in a block of code")
	}
}

func TestShellCommandsInOtherPages(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages in docs (%v)", err)
	}
	for _, page := range pages {
		checkShell(t, path.Join("docs", filepath.Base(page)))
	}
	checkShell(t, "CONTRIBUTING.md")
	checkShell(t, "examples/README.md")
}

// checkShell checks every make and accesscodes command in a page's blocks of code and
// returns how many there are.
func checkShell(t *testing.T, page string) (checked int) {
	t.Helper()
	for _, words := range shellCommands(shellCode(file(t, page))) {
		switch path.Base(words[0]) {
		case "make":
			checkMake(t, page, words[1:])
			checked++
		case "accesscodes":
			checkProgram(t, page, words[1:])
			checked++
		}
	}
	return checked
}

var (
	codeBlock = regexp.MustCompile("(?ms)^```(sh|text|console)\n(.*?)^```")
	prompted  = regexp.MustCompile(`(?m)^\$ ((?:.*\\\n)*.*\n)`) // with its continued lines
)

// shellCode returns the shell code in a page: blocks marked sh, and in transcripts what
// stands behind a prompt.
func shellCode(page string) string {
	var code strings.Builder
	for _, block := range codeBlock.FindAllStringSubmatch(page, -1) {
		if block[1] == "sh" {
			code.WriteString(block[2])
			continue
		}
		for _, line := range prompted.FindAllStringSubmatch(block[2], -1) {
			code.WriteString(line[1])
		}
	}
	return code.String()
}

func checkMake(t *testing.T, page string, args []string) {
	t.Helper()
	for _, target := range args {
		if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(target) + `:`).MatchString(file(t, "Makefile")) {
			t.Errorf("%s: make %s: the Makefile has no such target", page, target)
		}
	}
}

// checkProgram asks the program for help with the whole command line, which fails if it
// has a flag that the command does not have, and looks for what the help is about.
func checkProgram(t *testing.T, page string, args []string) {
	t.Helper()
	line := strings.Join(args, " ")
	code, stdout, stderr := run(t, append(slices.Clone(args), "--help"))
	if code != 0 {
		t.Errorf("%s: accesscodes %s: %s", page, line, stderr)
		return
	}
	_, usage, _ := strings.Cut(stdout, "Usage:\n  accesscodes")
	command := commandWords.FindString(strings.TrimPrefix(usage, " "))
	rest := strings.TrimPrefix(line, strings.TrimRight(command, " "))
	first, _, _ := strings.Cut(usage, "\n")
	if strings.HasSuffix(first, " [command]") && rest != "" { // it does nothing by itself
		t.Errorf("%s: accesscodes %s: there is no such command", page, line)
	}
}

// shellCommands splits shell code into its simple commands, and these into words, as far
// as documentation needs it: quotes, comments, continued lines, pipes, $(…), but nothing
// inside double quotes. Variables that are set for one command are left out, and sudo.
func shellCommands(code string) (commands [][]string) {
	code = strings.ReplaceAll(code, "\\\n", " ")
	var words []string
	endCommand := func() {
		for len(words) > 0 && (words[0] == "sudo" || regexp.MustCompile(`^\w+=`).MatchString(words[0])) {
			words = words[1:]
		}
		if len(words) > 0 {
			commands = append(commands, words)
		}
		words = nil
	}
	for _, token := range shellToken.FindAllString(code, -1) {
		switch {
		case strings.ContainsAny(token[:1], " \t#"):
		case strings.ContainsAny(token, "\n;&|()<>") && !strings.ContainsAny(token, `'"`):
			endCommand()
		default:
			words = append(words, strings.NewReplacer(`'`, "", `"`, "").Replace(token))
		}
	}
	endCommand()
	return commands
}

// shellToken is white space, a comment, what stands between commands, or a word.
var shellToken = regexp.MustCompile(`[ \t]+|#[^\n]*|\d*[<>]+|\w*=?\$\(|[\n;&|()]+|(?:'[^']*'|"[^"]*"|[^\s;&|()<>'"])+`)

func TestShellCommands(t *testing.T) {
	const page = "```sh\n" + `# make nothing
git clone https://host/x && cd x && make run
KEY=$(accesscodes key create --workspace acme \
  --name 'CRM of Acme') # make comment
ACCESSCODES_OUTPUT=csv sudo bin/accesscodes workspace list 2>errors.txt | grep "a | b"; make test lint
` + "```\nmake nothing\n```text\n" + `$ export KEY=$(bin/accesscodes \
  version)
make nothing
` + "```\n"
	want := [][]string{
		{"git", "clone", "https://host/x"},
		{"cd", "x"},
		{"make", "run"},
		{"accesscodes", "key", "create", "--workspace", "acme", "--name", "CRM of Acme"},
		{"bin/accesscodes", "workspace", "list"},
		{"errors.txt"},
		{"grep", "a | b"},
		{"make", "test", "lint"},
		{"export"},
		{"bin/accesscodes", "version"},
	}
	if got := shellCommands(shellCode(page)); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got %q", got)
	}
}
