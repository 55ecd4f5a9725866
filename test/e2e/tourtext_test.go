package e2e

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tourStep is a command of README.md's tour and what it shows. A block without a command shows
// what the command line that the server printed does.
type tourStep struct {
	line            int // in README.md
	command, output string
	twice           bool // the reader is told to run it twice; the output is that of the second
}

func readTour(t *testing.T) []tourStep {
	t.Helper()
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	steps := parseTour(string(page))
	if len(steps) == 0 || steps[0].command != serveLine {
		t.Fatalf("README.md has no tour that begins with %s: %+v", serveLine, steps)
	}
	return steps
}

var (
	sendTwice = regexp.MustCompile(`Send\s+this\s+twice`)
	tourTitle = "## A five-minute tour"
)

// parseTour reads the blocks of text in the section of the tour.
func parseTour(page string) (steps []tourStep) {
	inTour, inBlock := false, false
	var prose strings.Builder // since the block before
	for i, line := range strings.Split(page, "\n") {
		switch {
		case inBlock && line == "```":
			inBlock = false
			prose.Reset()
		case inBlock:
			steps = addLine(steps, i+1, line, sendTwice.MatchString(prose.String()))
		case strings.HasPrefix(line, "## "):
			inTour = line == tourTitle
		case inTour && line == "```text":
			inBlock = true
			steps = append(steps, tourStep{line: i + 2})
		case inTour:
			prose.WriteString(line + "\n")
		}
	}
	return steps
}

// addLine adds a line of a block: a command, more of it, or what it shows.
func addLine(steps []tourStep, number int, line string, twice bool) []tourStep {
	last := &steps[len(steps)-1]
	command, prompted := strings.CutPrefix(line, "$ ")
	switch {
	case prompted && last.line == number: // the block's first line
		last.command, last.twice = command, twice
	case prompted:
		steps = append(steps, tourStep{line: number, command: command, twice: twice})
	case last.output == "" && strings.HasSuffix(last.command, `\`):
		last.command += "\n" + line
	default:
		last.output += line + "\n"
	}
	return steps
}

// tourURL is where the server of the tour listens.
const tourURL = "http://127.0.0.1:8080"

// tourText knows what stands for what: the README's ids, keys and codes are not those that are
// seen, but each stands for one of them throughout.
type tourText struct {
	commands string // all of them: what the reader gives is the same everywhere
	seen     map[string]string
}

func newTourText(steps []tourStep) *tourText {
	text := &tourText{seen: map[string]string{}}
	for _, step := range steps {
		text.commands += step.command + "\n"
	}
	return text
}

// learn notes what is seen where the README says something else.
func (t *tourText) learn(said, seen string) { t.seen[said] = seen }

// translate puts what was seen into a command of the README.
func (t *tourText) translate(command string) string {
	for said, seen := range t.seen {
		command = strings.ReplaceAll(command, said, seen)
	}
	return command
}

// difference compares an output of the README with the one that was seen, except for what
// differs each time, and learns what stands for what. It is empty if there is none.
func (t *tourText) difference(said, seen string) string {
	said = sortHeaders(said)
	seen = strings.ReplaceAll(sortHeaders(seen), t.seen[tourURL], tourURL)
	said, seen = strings.TrimRight(said, "\n"), strings.TrimRight(seen, "\n") // answers do not end a line
	if diff := cmp.Diff(t.withoutChance(said), t.withoutChance(seen)); diff != "" {
		return fmt.Sprintf("what it says (-) is not what is seen (+):\n%s\nseen:\n%s", diff, seen)
	}
	saidTokens, seenTokens := chance.FindAllString(said, -1), chance.FindAllString(seen, -1)
	for i, token := range saidTokens {
		if !lasting.MatchString(token) {
			continue
		}
		if before, known := t.seen[token]; known && before != seenTokens[i] {
			return fmt.Sprintf("%s stands for %s and for %s", token, before, seenTokens[i])
		}
		t.learn(token, seenTokens[i])
	}
	return ""
}

const (
	idPattern   = `[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`
	linkPattern = `/console/link/[\w-]{43}`
	keyPattern  = `ack_[0-9A-Za-z]{36}`
	codePattern = `\b[A-Z0-9]+-[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}\b` // with a workspace's prefix
	timePattern = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z`
)

var (
	// chance is what differs each time, and lasting what of it stands for one thing throughout.
	chance = regexp.MustCompile(strings.Join([]string{
		idPattern, keyPattern, linkPattern, codePattern, timePattern,
		`"requestId":"[^"]*"`, `X-Request-Id: .*`, `Date: .* GMT`,
	}, "|"))
	lasting = regexp.MustCompile(strings.Join([]string{`^` + idPattern, `^` + keyPattern, `^` + codePattern}, "|"))

	isCode = regexp.MustCompile(`^` + codePattern)
	isID   = regexp.MustCompile(`^` + idPattern)
	isTime = regexp.MustCompile(`^` + timePattern)
)

// withoutChance puts the kind of a thing where the thing is what it is by chance. A time that
// the reader gave is not.
func (t *tourText) withoutChance(text string) string {
	return chance.ReplaceAllStringFunc(text, func(token string) string {
		switch {
		case isID.MatchString(token):
			return "ID"
		case strings.HasPrefix(token, "ack_"):
			return "KEY"
		case strings.HasPrefix(token, "/console/link/"):
			return "/console/link/TOKEN"
		case isCode.MatchString(token):
			prefix, _, _ := strings.Cut(token, "-")
			return prefix + "-RANDOM"
		case !isTime.MatchString(token):
			name, _, _ := strings.Cut(token, ":")
			return name + ": …"
		case strings.Contains(t.commands, token):
			return token
		default:
			return "TIME"
		}
	})
}

// sortHeaders brings the header of an answer into the order of the alphabet: which comes first
// says nothing.
func sortHeaders(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	head, body, found := strings.Cut(text, "\n\n")
	if !found || !strings.HasPrefix(text, "HTTP/") {
		return text
	}
	lines := strings.Split(head, "\n")
	slices.Sort(lines[1:])
	return strings.Join(lines, "\n") + "\n\n" + body
}
