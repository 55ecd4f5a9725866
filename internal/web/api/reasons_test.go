package api

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// Reasons that no documented route gives as an error.
var (
	ofNoRoute     = []core.Reason{kit.ReasonRouteNotFound, kit.ReasonMethodNotAllowed} // of paths and methods
	ofGoodAnswers = []core.Reason{core.ReasonAlreadyRedeemed}
	ofCommandLine = []core.Reason{
		core.ReasonWorkspaceNotFound, core.ReasonWorkspaceExists, core.ReasonKeyNotFound, core.ReasonKeyNotActive,
	}
	// ofConsole are reasons of pages that people see.
	ofConsole = []core.Reason{
		core.ReasonSignInFailed, core.ReasonSessionNotFound, core.ReasonSessionMissing, core.ReasonTooManyRequests,
		core.ReasonLinkNotFound, core.ReasonMemberNotFound, core.ReasonMemberExists, core.ReasonLastOwner,
		core.ReasonOtherOrigin,
	}
)

// statusesOf are reasons with their statuses, but for some.
func statusesOf(reasons []core.Reason, but ...core.Reason) map[core.Reason]int {
	all := map[core.Reason]int{}
	for _, reason := range reasons {
		if !slices.Contains(but, reason) {
			all[reason] = kit.StatusOf(reason)
		}
	}
	return all
}

// TestEveryReasonIsInTheOpenAPIDocument under its status, and no other is.
func TestEveryReasonIsInTheOpenAPIDocument(t *testing.T) {
	documented := map[core.Reason]int{}
	for path, operations := range readDocument(t, newFixture(t)).Paths {
		for method, op := range operations {
			for status, response := range op.Responses {
				_, reasons, _ := strings.Cut(response.Description, ": ")
				number, err := strconv.Atoi(status)
				if reasons == "" || err != nil {
					continue // a good answer, or the default
				}
				for reason := range strings.SplitSeq(reasons, ", ") {
					if before, twice := documented[core.Reason(reason)]; twice && before != number {
						t.Errorf("%s %s: %s is %d, elsewhere %d", method, path, reason, number, before)
					}
					documented[core.Reason(reason)] = number
				}
			}
		}
	}
	want := statusesOf(kit.Reasons(), slices.Concat(ofNoRoute, ofGoodAnswers, ofCommandLine, ofConsole)...)
	if diff := cmp.Diff(want, documented); diff != "" {
		t.Errorf("reasons (-in the program +in the document):\n%s", diff)
	}
}

// TestEveryReasonIsInTheTableOfErrors in docs/api.md under its status, and no other is.
func TestEveryReasonIsInTheTableOfErrors(t *testing.T) {
	text, err := os.ReadFile("../../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Errors\n")
	section, _, _ = strings.Cut(section, "\n## ")
	documented := map[core.Reason]int{}
	row := regexp.MustCompile(`(?m)^\| (\d{3}) \| ([^|]+) \|`)
	for _, match := range row.FindAllStringSubmatch(section, -1) {
		status, err := strconv.Atoi(match[1])
		if err != nil {
			t.Fatal(err)
		}
		for reason := range strings.SplitSeq(match[2], ", ") {
			name := core.Reason(strings.Trim(reason, "` "))
			if _, twice := documented[name]; twice {
				t.Errorf("%s is there twice", name)
			}
			documented[name] = status
		}
	}
	want := statusesOf(kit.Reasons(), slices.Concat(ofGoodAnswers, ofCommandLine, ofConsole)...)
	if diff := cmp.Diff(want, documented); diff != "" {
		t.Errorf("reasons (-in the program +in docs/api.md):\n%s", diff)
	}
}
