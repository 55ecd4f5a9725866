package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// refusal is a bad body for both ways to get a new code, with what is answered. An @ in
// the body stands for a good code where one is asked for, and for nothing else.
type refusal struct {
	name, body string
	reason     core.Reason
	pointers   []string // generate has no /code
}

// on fills in what the two paths differ in.
func (r refusal) on(path string) (body string, pointers []string) {
	code := ""
	if path == addPath {
		code = `"code":"WELCOME2025",`
	}
	pointers = []string{}
	for _, pointer := range r.pointers {
		if path == addPath || pointer != "/code" {
			pointers = append(pointers, pointer)
		}
	}
	return strings.Replace(r.body, "@", code, 1), pointers
}

// refuse sends each body to the paths and wants it refused with nothing stored, over
// each engine.
func refuse(t *testing.T, refusals []refusal, paths ...string) {
	t.Helper()
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		for _, path := range paths {
			f.refuse(t, refusals, path)
		}
	})
}

func (f *fixture) refuse(t *testing.T, refusals []refusal, path string) {
	t.Helper()
	for _, test := range refusals {
		t.Run(strings.TrimPrefix(path, "/tenant-codes/")+" "+test.name, func(t *testing.T) {
			body, pointers := test.on(path)
			before := f.stored(t)
			got := f.post(t, path, body)
			if stored := f.stored(t); stored != before {
				t.Errorf("%d codes are stored", stored-before)
			}
			p := got.mustBe(t, http.StatusBadRequest, test.reason)
			if diff := cmp.Diff(pointers, p.pointers()); diff != "" {
				t.Errorf("pointers (-want +got):\n%s", diff)
			}
		})
	}
	// What the bodies are made of is good: only what each one is about was refused.
	before := f.stored(t)
	body, _ := refusal{body: `{@"type":"Normal"}`}.on(path)
	f.post(t, path, body).mustBeOK(t)
	if stored := f.stored(t); stored != before+1 {
		t.Errorf("%d codes are stored of a good body, want 1", stored-before)
	}
}

// malformed are bodies that are not one JSON object of known, distinct names.
var malformed = []refusal{
	{"empty body", ``, kit.ReasonInvalidJSON, nil},
	{"only spaces", " \n\t ", kit.ReasonInvalidJSON, nil},
	{"array", `[]`, kit.ReasonWrongType, []string{""}},
	{"array of a good object", `[{@"type":"Normal"}]`, kit.ReasonWrongType, []string{""}},
	{"string", `"Normal"`, kit.ReasonWrongType, []string{""}},
	{"number", `7`, kit.ReasonWrongType, []string{""}},
	{"true", `true`, kit.ReasonWrongType, []string{""}},
	{"null", `null`, kit.ReasonWrongType, []string{""}},
	{"null among spaces", " null\n", kit.ReasonWrongType, []string{""}},
	{"empty object", `{}`, core.ReasonMissingField, []string{"/code", "/type"}},

	{"breaks off", `{@"type":"Normal"`, kit.ReasonInvalidJSON, nil},
	{"breaks off in a string", `{@"type":"Norm`, kit.ReasonInvalidJSON, nil},
	{"trailing garbage", `{@"type":"Normal"} x`, kit.ReasonInvalidJSON, nil},
	{"trailing brace", `{@"type":"Normal"}}`, kit.ReasonInvalidJSON, nil},
	{"two values", `{@"type":"Normal"}{"type":"Normal"}`, kit.ReasonInvalidJSON, nil},
	{"two values on two lines", "{@\"type\":\"Normal\"}\n{\"type\":\"Normal\"}", kit.ReasonInvalidJSON, nil},
	{"trailing null byte", "{@\"type\":\"Normal\"}\x00", kit.ReasonInvalidJSON, nil},
	{"trailing comma", `{@"type":"Normal",}`, kit.ReasonInvalidJSON, nil},
	{"comment", `{@"type":"Normal"/* hello */}`, kit.ReasonInvalidJSON, nil},
	{"single quotes", `{@'type':'Normal'}`, kit.ReasonInvalidJSON, nil},
	{"name without quotes", `{@type:"Normal"}`, kit.ReasonInvalidJSON, nil},
	{"form", `code=WELCOME2025&type=Normal`, kit.ReasonInvalidJSON, nil},
	{"NaN", `{@"type":"Normal","maxRedemptions":NaN}`, kit.ReasonInvalidJSON, nil},
	{"leading zero", `{@"type":"Normal","maxRedemptions":01}`, kit.ReasonInvalidJSON, nil},
	{"leading plus", `{@"type":"Normal","maxRedemptions":+1}`, kit.ReasonInvalidJSON, nil},
	{"line break in a string", "{@\"type\":\"Normal\",\"note\":\"a\nb\"}", kit.ReasonInvalidJSON, nil},
	{"null byte in a string", "{@\"type\":\"Normal\",\"note\":\"a\x00b\"}", kit.ReasonInvalidJSON, nil},
	{"wrong escape", `{@"type":"Normal","note":"\x41"}`, kit.ReasonInvalidJSON, nil},

	{"byte order mark", "\ufeff{@\"type\":\"Normal\"}", kit.ReasonInvalidJSON, nil},
	{"UTF-16", "\xff\xfe{\x00}\x00", kit.ReasonInvalidJSON, nil},
	{"invalid UTF-8 in a value", "{@\"type\":\"Normal\",\"note\":\"a\xffb\"}", kit.ReasonInvalidJSON, nil},
	{"overlong UTF-8 in a value", "{@\"type\":\"Normal\",\"note\":\"a\xc0\x80b\"}", kit.ReasonInvalidJSON, nil},
	{"surrogate in UTF-8", "{@\"type\":\"Normal\",\"note\":\"a\xed\xa0\x80b\"}", kit.ReasonInvalidJSON, nil},
	{"invalid UTF-8 in a name", "{@\"type\":\"Normal\",\"n\xff\":\"a\"}", kit.ReasonInvalidJSON, nil},
	{
		"invalid UTF-8 in a metadata key",
		"{@\"type\":\"Normal\",\"metadata\":{\"n\xff\":\"a\"}}",
		kit.ReasonInvalidJSON,
		nil,
	},
	{"lone high surrogate escape", `{@"type":"Normal","note":"\ud800"}`, kit.ReasonInvalidJSON, nil},
	{"lone low surrogate escape", `{@"type":"Normal","note":"\udc00x"}`, kit.ReasonInvalidJSON, nil},
	{"surrogate escapes the wrong way round", `{@"type":"Normal","note":"\udc00\ud800"}`, kit.ReasonInvalidJSON, nil},
	{
		"lone surrogate escape in a metadata key",
		`{@"type":"Normal","metadata":{"\ud800":"a"}}`,
		kit.ReasonInvalidJSON,
		nil,
	},

	{"10,000 arrays", strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), kit.ReasonWrongType, []string{""}},
	{"arrays that never end", strings.Repeat("[", kit.MaxBodyBytes), kit.ReasonWrongType, []string{""}},
	{
		"9,999 arrays as the note",
		`{@"type":"Normal","note":` + strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999) + `}`,
		kit.ReasonWrongType,
		[]string{"/note"},
	},
	{
		"deeper than JSON is read",
		`{@"type":"Normal","note":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`,
		kit.ReasonInvalidJSON,
		nil,
	},
	{
		"10,000 objects as the metadata",
		`{@"type":"Normal","metadata":` + strings.Repeat(`{"a":`, 9_990) + `1` + strings.Repeat("}", 9_990) + `}`,
		kit.ReasonWrongType,
		[]string{"/metadata/a"},
	},
	{
		"10,000 objects in an unknown field",
		`{@"type":"Normal","deep":` + strings.Repeat(`{"a":`, 10_000) + `1` + strings.Repeat("}", 10_000) + `}`,
		kit.ReasonUnknownField,
		[]string{"/deep"},
	},

	{"unknown field", `{@"type":"Normal","colour":"red"}`, kit.ReasonUnknownField, []string{"/colour"}},
	{"unknown field with null", `{@"type":"Normal","colour":null}`, kit.ReasonUnknownField, []string{"/colour"}},
	{
		"misspelt expiresAt",
		`{@"type":"Normal","expiresat":"2031-12-31T00:00:00Z"}`,
		kit.ReasonUnknownField,
		[]string{"/expiresat"},
	},
	{
		"expires_at",
		`{@"type":"Normal","expires_at":"2031-12-31T00:00:00Z"}`,
		kit.ReasonUnknownField,
		[]string{"/expires_at"},
	},
	{"name in another case", `{@"Type":"Normal"}`, kit.ReasonUnknownField, []string{"/Type"}},
	{"name with a space", `{@"type":"Normal","note ":"n"}`, kit.ReasonUnknownField, []string{"/note "}},
	{"empty name", `{@"type":"Normal","":"n"}`, kit.ReasonUnknownField, []string{"/"}},
	{"name to escape in a pointer", `{@"type":"Normal","a/b~c":"n"}`, kit.ReasonUnknownField, []string{"/a~1b~0c"}},
	{
		"a field that only answers have",
		`{@"type":"Normal","status":"active"}`,
		kit.ReasonUnknownField,
		[]string{"/status"},
	},
	{"a Go name", `{@"type":"Normal","OptionFields":{}}`, kit.ReasonUnknownField, []string{"/OptionFields"}},

	{"duplicate field", `{@"type":"Normal","type":"Normal"}`, kit.ReasonDuplicateField, []string{"/type"}},
	{
		"duplicate field with null",
		`{@"type":"Normal","note":"n","note":null}`,
		kit.ReasonDuplicateField,
		[]string{"/note"},
	},
	{
		"duplicate field through an escape",
		`{@"type":"Normal","\u0074ype":"Premium"}`,
		kit.ReasonDuplicateField,
		[]string{"/type"},
	},
	{
		"duplicate key in metadata",
		`{@"type":"Normal","metadata":{"a":"1","b":"2","a":"3"}}`,
		kit.ReasonDuplicateField,
		[]string{"/metadata/a"},
	},
	{
		"duplicate key in metadata through an escape",
		`{@"type":"Normal","metadata":{"a":"1","\u0061":"1"}}`,
		kit.ReasonDuplicateField,
		[]string{"/metadata/a"},
	},
}

func TestABodyThatIsNotOneObjectOfKnownNamesIsRefused(t *testing.T) {
	refuse(t, malformed, addPath, generatePath)
}

func TestTheFieldCodeBelongsToAddAlone(t *testing.T) {
	refuse(t, []refusal{
		{"in another case", `{"Code":"WELCOME2025","type":"Normal"}`, kit.ReasonUnknownField, []string{"/Code"}},
		{"twice", `{@"type":"Normal","code":"OTHER"}`, kit.ReasonDuplicateField, []string{"/code"}},
	}, addPath)
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		p := f.post(t, generatePath, `{"code":"WELCOME2025","type":"Normal"}`).
			mustBe(t, http.StatusBadRequest, kit.ReasonUnknownField)
		if diff := cmp.Diff([]string{"/code"}, p.pointers()); diff != "" || f.stored(t) != 0 {
			t.Errorf("%d codes are stored; pointers (-want +got):\n%s", f.stored(t), diff)
		}
	})
}
