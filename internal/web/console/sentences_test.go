package console

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/web/console/text"
	"accesscodes/internal/web/kit"
)

// sentence is one that the program says about mistakes: its name, and the English words as far as they are
// written out.
type sentence struct{ name, english string }

// sentences finds every call of core.NewSentence in the program.
func sentences(t *testing.T) (all []sentence) {
	t.Helper()
	err := filepath.WalkDir("../..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok || nameOf(call.Fun) != "NewSentence" {
				return true
			}
			name := literals(call.Args[0])
			if name == "" {
				t.Errorf("%s: the name of a sentence is not written out", path)
			}
			all = append(all, sentence{name, literals(call.Args[1])})
			return true
		})
		return nil
	})
	if err != nil || len(all) < 100 {
		t.Fatalf("%d sentences, %v", len(all), err)
	}
	return all
}

func nameOf(fun ast.Expr) string {
	switch f := fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// literals puts the literals of an expression together.
func literals(expression ast.Expr) (text string) {
	ast.Inspect(expression, func(node ast.Node) bool {
		if literal, ok := node.(*ast.BasicLit); ok {
			part, _ := strconv.Unquote(literal.Value)
			text += part
		}
		return true
	})
	return text
}

var place = regexp.MustCompile(`\{([a-z]+)\}`)

// TestEverySentenceIsSaidInEveryLanguage, with no other values than it has.
func TestEverySentenceIsSaidInEveryLanguage(t *testing.T) {
	given := map[string][]string{ // of sentences that get values without a place in the English words
		"upload_broke_off": {"count"}, "server_stopped": {"count"}, "could_not_go_on": {"count"},
		"database_away": {"count"}, "right_lost": {"count"}, "formula_error": {"value"},
	}
	var names []string
	for _, s := range sentences(t) {
		if slices.Contains(names, s.name) {
			t.Errorf("two sentences are called %s", s.name)
		}
		names = append(names, s.name)
		args := []any{"count", 2}
		for _, found := range place.FindAllStringSubmatch(s.english, -1) {
			args = append(args, found[1], "-")
		}
		for _, name := range given[s.name] {
			args = append(args, name, 2)
		}
		for _, language := range text.Languages() {
			texts := text.For(text.Viewer{Language: language.Tag, Now: time.Now()})
			if said := texts.Say("said."+s.name, args...); strings.ContainsAny(said, "{}") || !texts.Has("said."+s.name) {
				t.Errorf("%s: %s is said as %q", language.Tag, s.name, said)
			}
		}
	}
	for _, name := range text.Names() {
		base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(name, "said."), ".one"), ".other")
		if strings.HasPrefix(name, "said.") && !slices.Contains(names, base) {
			t.Errorf("there is no sentence for %s", name)
		}
	}
}

func (v *visitor) speaksGerman() {
	v.t.Helper()
	form := strings.NewReader("name=Mara&language=de")
	status, _, body := v.posts("/console/account", "application/x-www-form-urlencoded", form)
	if status != http.StatusSeeOther {
		v.t.Fatalf("%d\n%s", status, body)
	}
}

// TestMistakesAreSaidInGerman beside their fields, and for what is refused as a whole.
func TestMistakesAreSaidInGerman(t *testing.T) {
	o := newOffice(t)
	o.mara.speaksGerman()
	o.mara.answered("/console/w/acme/settings", url.Values{
		"name": {""}, "prefix": {"Ä"}, "groups": {"9"}, "groupLength": {"4"},
	}, http.StatusUnprocessableEntity, "Das darf nicht leer sein.", "Höchstens 16 Buchstaben A bis Z oder Ziffern",
		"Wählen Sie 2 bis 6 Gruppen.")
	o.mara.answered("/console/w/acme/new", url.Values{
		"how": {"own"}, "code": {"--"}, "type": {"Normal"}, "maxRedemptions": {"0"}, "expiresAt": {"2020-01-01"},
		"note": {strings.Repeat("x", 501)},
	}, http.StatusUnprocessableEntity, "Ein Code braucht mindestens einen Buchstaben oder eine Ziffer.",
		"Eine ganze Zahl von 1 bis", "Höchstens 500 Zeichen.", "Das Ende muss in der Zukunft liegen.")
	o.mara.answered("/console/w/acme/keys/new", url.Values{"name": {""}, "role": {"read"}, "days": {"90"}},
		http.StatusUnprocessableEntity, "Das darf nicht leer sein.")
}

// TestEveryReasonIsSaidInEveryLanguage, but for those that only programs can get.
func TestEveryReasonIsSaidInEveryLanguage(t *testing.T) {
	ofPrograms := []core.Reason{
		core.ReasonInvalidJSON, core.ReasonDuplicateField, core.ReasonUnknownField, core.ReasonWrongType,
		core.ReasonMissingField, core.ReasonInvalidIdempotencyKey, core.ReasonInvalidAPIKey,
		core.ReasonReservationNotFound, core.ReasonReservationLapsed, core.ReasonReservationReleased,
		core.ReasonReservationConfirmed, core.ReasonCursorNotFound, core.ReasonCursorMoved, core.ReasonTooManyCursors,
		core.ReasonRoleNotAllowed, // a page says which role it takes
		core.ReasonInvalidFile,    // the page of its import says why
	}
	for _, reason := range kit.Reasons() {
		for _, language := range text.Languages() {
			texts := text.For(text.Viewer{Language: language.Tag, Now: time.Now()})
			if has := texts.Has("error." + string(reason)); has == slices.Contains(ofPrograms, reason) {
				t.Errorf("%s: %s has a text: %t", language.Tag, reason, has)
			}
		}
	}
}
