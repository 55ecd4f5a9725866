package client_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"accesscodes/client"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/web/kit"
)

func asError(err error, into **client.Error) bool { return errors.As(err, into) }

// constantsOf are the values of a type's constants in a file of the package, in the order of the
// alphabet.
func constantsOf(t *testing.T, file, typeName string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	ast.Inspect(parsed, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == typeName {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, text)
		}
		return true
	})
	slices.Sort(found)
	return found
}

// ofCommands are reasons that only the command line on the server gives.
var ofCommands = []core.Reason{
	core.ReasonWorkspaceNotFound, core.ReasonWorkspaceExists, core.ReasonKeyNotFound, core.ReasonKeyNotActive,
}

// ofConsole are reasons that only pages give.
var ofConsole = []core.Reason{
	core.ReasonSignInFailed, core.ReasonSessionNotFound, core.ReasonSessionMissing, core.ReasonTooManyRequests,
	core.ReasonLinkNotFound, core.ReasonMemberNotFound, core.ReasonMemberExists, core.ReasonLastOwner,
	core.ReasonOtherOrigin,
}

func TestEachReasonIsAConstant(t *testing.T) {
	var want []string
	for _, reason := range kit.Reasons() {
		if !slices.Contains(ofCommands, reason) && !slices.Contains(ofConsole, reason) {
			want = append(want, string(reason))
		}
	}
	if diff := cmp.Diff(want, constantsOf(t, "reasons.go", "Reason")); diff != "" {
		t.Errorf("reasons (-server +client):\n%s", diff)
	}
}

// notYet are the nouns whose events no server sends so far.
var notYet = []string{"security"}

func TestEachTypeOfEventsIsAConstant(t *testing.T) {
	var want []string
	for _, name := range event.Types() {
		if noun, _, _ := strings.Cut(string(name), "."); !slices.Contains(notYet, noun) {
			want = append(want, string(name))
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, constantsOf(t, "events.go", "EventType")); diff != "" {
		t.Errorf("types (-server +client):\n%s", diff)
	}
}

// TestEachKindOfSubjectIsTold where the client says what a subject is.
func TestEachKindOfSubjectIsTold(t *testing.T) {
	text, err := os.ReadFile("events.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range event.SubjectKinds() {
		if !strings.Contains(string(text), string(kind)+":") {
			t.Errorf("%s is not told", kind)
		}
	}
}
