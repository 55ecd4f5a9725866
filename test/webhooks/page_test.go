package webhooks

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/webhook"
)

const page = "../../docs/webhooks.md"

var (
	codeBlock = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")
	fileName  = regexp.MustCompile(`\w+\.(?:mjs|py|php|cs|go|sh)\b`)
)

// notPrograms are the languages of blocks that are no programs. What sh blocks ask of the server is
// tested with its routes.
var notPrograms = []string{"sh", "http"}

// programs returns the programs of the page by the names that their first lines give them.
func programs(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, block := range codeBlock.FindAllStringSubmatch(readPage(t), -1) {
		language, code := block[1], block[2]
		if slices.Contains(notPrograms, language) {
			continue
		}
		head := strings.Join(strings.SplitN(code, "\n", 3)[:2], "\n")
		name := fileName.FindString(head)
		if name == "" || all[name] != "" {
			t.Fatalf("a program needs a name of its own in its first two lines:\n%s", head)
		}
		all[name] = code
	}
	return all
}

func readPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEveryProgramOfThePageIsRun(t *testing.T) {
	run := []string{verifyScript, sendScript}
	for _, r := range receivers {
		run = append(run, r.file)
	}
	slices.Sort(run)
	if found := slices.Sorted(maps.Keys(programs(t))); !slices.Equal(found, run) {
		t.Errorf("the page has %q, the tests run %q", found, run)
	}
}

var (
	shownRequest = regexp.MustCompile("(?s)```http\nPOST [^\n]*\n(.*?)\n\n(.*?)```")
	shownHeader  = regexp.MustCompile(`(?m)^([\w-]+): (.*)$`)
	shownSecret  = regexp.MustCompile("The signature above is by\n`(whsec_[^`]+)`")
)

func TestTheRequestOnThePageIsSigned(t *testing.T) {
	text := readPage(t)
	request, secret := shownRequest.FindStringSubmatch(text), shownSecret.FindStringSubmatch(text)
	if request == nil || secret == nil {
		t.Fatal("the page shows no request, or no secret")
	}
	header := http.Header{}
	for _, line := range shownHeader.FindAllStringSubmatch(request[1], -1) {
		header.Set(line[1], line[2])
	}
	seconds, err := strconv.ParseInt(header.Get("webhook-timestamp"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	if err := json.Compact(&body, []byte(request[2])); err != nil {
		t.Fatal(err)
	}
	want, err := webhook.Signatures(secret[1:], header.Get("webhook-id"), time.Unix(seconds, 0), body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if got := header.Get("webhook-signature"); got != want {
		t.Errorf("the page shows %q, want %q", got, want)
	}
}
