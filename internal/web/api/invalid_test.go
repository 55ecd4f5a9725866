package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// wrongTypes are JSON objects whose fields are not there or have the wrong JSON type.
var wrongTypes = []refusal{
	{"no type", `{@"note":"n"}`, core.ReasonMissingField, []string{"/type"}},
	{"type is null", `{@"type":null}`, core.ReasonMissingField, []string{"/type"}},
	{"type is a number", `{@"type":1}`, kit.ReasonWrongType, []string{"/type"}},
	{"type is a list", `{@"type":["Normal"]}`, kit.ReasonWrongType, []string{"/type"}},

	{
		"maxRedemptions is a string",
		`{@"type":"Normal","maxRedemptions":"5"}`,
		kit.ReasonWrongType,
		[]string{"/maxRedemptions"},
	},
	{
		"maxRedemptions is a bool",
		`{@"type":"Normal","maxRedemptions":true}`,
		kit.ReasonWrongType,
		[]string{"/maxRedemptions"},
	},
	{
		"maxRedemptions is an object",
		`{@"type":"Normal","maxRedemptions":{"value":5}}`,
		kit.ReasonWrongType,
		[]string{"/maxRedemptions"},
	},
	{"startsAt is a number", `{@"type":"Normal","startsAt":1927252800}`, kit.ReasonWrongType, []string{"/startsAt"}},
	{"startsAt is a bool", `{@"type":"Normal","startsAt":false}`, kit.ReasonWrongType, []string{"/startsAt"}},
	{"expiresAt is a list", `{@"type":"Normal","expiresAt":[]}`, kit.ReasonWrongType, []string{"/expiresAt"}},
	{"expiresAt is zero", `{@"type":"Normal","expiresAt":0}`, kit.ReasonWrongType, []string{"/expiresAt"}},
	{"note is a bool", `{@"type":"Normal","note":true}`, kit.ReasonWrongType, []string{"/note"}},
	{"note is a number", `{@"type":"Normal","note":7}`, kit.ReasonWrongType, []string{"/note"}},
	{
		"recipient is an object",
		`{@"type":"Normal","recipient":{"email":"a@example.com"}}`,
		kit.ReasonWrongType,
		[]string{"/recipient"},
	},
	{"metadata is a string", `{@"type":"Normal","metadata":"{}"}`, kit.ReasonWrongType, []string{"/metadata"}},
	{"metadata is a list", `{@"type":"Normal","metadata":[]}`, kit.ReasonWrongType, []string{"/metadata"}},
	{
		"a metadata value is a number",
		`{@"type":"Normal","metadata":{"a":"1","b/c":2}}`,
		kit.ReasonWrongType,
		[]string{"/metadata/b~1c"},
	},
	{"a metadata value is null", `{@"type":"Normal","metadata":{"a":null}}`, kit.ReasonWrongType, []string{"/metadata/a"}},
	{
		"a metadata value is a bool",
		`{@"type":"Normal","metadata":{"a":true}}`,
		kit.ReasonWrongType,
		[]string{"/metadata/a"},
	},
	{
		"a metadata value is an object",
		`{@"type":"Normal","metadata":{"a":{"b":"c"}}}`,
		kit.ReasonWrongType,
		[]string{"/metadata/a"},
	},
	{
		"a metadata value is a list",
		`{@"type":"Normal","metadata":{"a":["b"]}}`,
		kit.ReasonWrongType,
		[]string{"/metadata/a"},
	},
}

// invalid are values of the right JSON type that break a rule. The clock of the tests
// stands at 2031-02-03T04:05:06.789012Z.
var invalid = []refusal{
	{"type in lower case", `{@"type":"normal"}`, core.ReasonInvalidValue, []string{"/type"}},
	{"type in upper case", `{@"type":"PREMIUM"}`, core.ReasonInvalidValue, []string{"/type"}},
	{"type with a space", `{@"type":"Upgrade "}`, core.ReasonInvalidValue, []string{"/type"}},
	{"type is empty", `{@"type":""}`, core.ReasonInvalidValue, []string{"/type"}},
	{"type is unheard of", `{@"type":"Gold"}`, core.ReasonInvalidValue, []string{"/type"}},

	{
		"maxRedemptions is zero",
		`{@"type":"Normal","maxRedemptions":0}`,
		core.ReasonInvalidValue,
		[]string{"/maxRedemptions"},
	},
	{
		"maxRedemptions is minus zero",
		`{@"type":"Normal","maxRedemptions":-0}`,
		core.ReasonInvalidValue,
		[]string{"/maxRedemptions"},
	},
	{
		"maxRedemptions is negative",
		`{@"type":"Normal","maxRedemptions":-1}`,
		core.ReasonInvalidValue,
		[]string{"/maxRedemptions"},
	},
	{
		"maxRedemptions is a fraction",
		`{@"type":"Normal","maxRedemptions":1.5}`,
		core.ReasonInvalidValue,
		[]string{"/maxRedemptions"},
	},
	{
		"maxRedemptions is above 2^53-1",
		`{@"type":"Normal","maxRedemptions":9007199254740992}`,
		core.ReasonInvalidValue,
		[]string{"/maxRedemptions"},
	},
	{
		"maxRedemptions is above 2^63-1",
		`{@"type":"Normal","maxRedemptions":9223372036854775808}`,
		core.ReasonInvalidValue,
		[]string{"/maxRedemptions"},
	},
	{
		"maxRedemptions is 1e400",
		`{@"type":"Normal","maxRedemptions":1e400}`,
		core.ReasonInvalidValue,
		[]string{"/maxRedemptions"},
	},
	{
		"maxRedemptions wraps to 1",
		`{@"type":"Normal","maxRedemptions":18446744073709551617}`,
		core.ReasonInvalidValue,
		[]string{"/maxRedemptions"},
	},

	{"startsAt is a word", `{@"type":"Normal","startsAt":"tomorrow"}`, core.ReasonInvalidValue, []string{"/startsAt"}},
	{"startsAt is empty", `{@"type":"Normal","startsAt":""}`, core.ReasonInvalidValue, []string{"/startsAt"}},
	{"startsAt is a date", `{@"type":"Normal","startsAt":"2031-12-31"}`, core.ReasonInvalidValue, []string{"/startsAt"}},
	{
		"startsAt has no zone",
		`{@"type":"Normal","startsAt":"2031-12-31T00:00:00"}`,
		core.ReasonInvalidValue,
		[]string{"/startsAt"},
	},
	{
		"startsAt has a space for the T",
		`{@"type":"Normal","startsAt":"2031-12-31 00:00:00Z"}`,
		core.ReasonInvalidValue,
		[]string{"/startsAt"},
	},
	{
		"startsAt is seconds in a string",
		`{@"type":"Normal","startsAt":"1927252800"}`,
		core.ReasonInvalidValue,
		[]string{"/startsAt"},
	},
	{
		"startsAt has a comma",
		`{@"type":"Normal","startsAt":"2031-12-31T00:00:00,5Z"}`,
		core.ReasonInvalidValue,
		[]string{"/startsAt"},
	},
	{
		"startsAt is no day",
		`{@"type":"Normal","startsAt":"2031-02-30T00:00:00Z"}`,
		core.ReasonInvalidValue,
		[]string{"/startsAt"},
	},
	{
		"expiresAt is a date",
		`{@"type":"Normal","expiresAt":"2031-12-31"}`,
		core.ReasonInvalidValue,
		[]string{"/expiresAt"},
	},
	{
		"expiresAt is past",
		`{@"type":"Normal","expiresAt":"2031-02-03T04:05:06.789011Z"}`,
		core.ReasonInvalidValue,
		[]string{"/expiresAt"},
	},
	{
		"expiresAt is now",
		`{@"type":"Normal","expiresAt":"2031-02-03T04:05:06.789012Z"}`,
		core.ReasonInvalidValue,
		[]string{"/expiresAt"},
	},
	{
		"expiresAt is now but for what is not kept",
		`{@"type":"Normal","expiresAt":"2031-02-03T04:05:06.7890129Z"}`,
		core.ReasonInvalidValue,
		[]string{"/expiresAt"},
	},
	{
		"expiresAt is past in another zone",
		`{@"type":"Normal","expiresAt":"2031-02-03T06:00:00+02:00"}`,
		core.ReasonInvalidValue,
		[]string{"/expiresAt"},
	},
	{
		"expiresAt is before startsAt",
		`{@"type":"Normal","startsAt":"2031-12-31T00:00:00Z","expiresAt":"2031-12-30T00:00:00Z"}`,
		core.ReasonInvalidValue,
		[]string{"/expiresAt"},
	},
	{
		"expiresAt is startsAt",
		`{@"type":"Normal","startsAt":"2031-12-31T00:00:00Z","expiresAt":"2031-12-31T01:00:00+01:00"}`,
		core.ReasonInvalidValue,
		[]string{"/expiresAt"},
	},
	{
		"expiresAt is startsAt but for what is not kept",
		`{@"type":"Normal","startsAt":"2031-12-31T00:00:00.0000001Z","expiresAt":"2031-12-31T00:00:00.0000009Z"}`,
		core.ReasonInvalidValue,
		[]string{"/expiresAt"},
	},

	{
		"note is too long",
		`{@"type":"Normal","note":"` + strings.Repeat("x", 501) + `"}`,
		core.ReasonInvalidValue,
		[]string{"/note"},
	},
	{"note has a null character", `{@"type":"Normal","note":"a\u0000b"}`, core.ReasonInvalidValue, []string{"/note"}},
	{"note has an escape character", `{@"type":"Normal","note":"\u001b[31m"}`, core.ReasonInvalidValue, []string{"/note"}},
	{
		"note has a C1 control character",
		`{@"type":"Normal","note":"a\u0085b"}`,
		core.ReasonInvalidValue,
		[]string{"/note"},
	},
	{
		"recipient is too long",
		`{@"type":"Normal","recipient":"` + strings.Repeat("x", 321) + `"}`,
		core.ReasonInvalidValue,
		[]string{"/recipient"},
	},
	{
		"recipient has a delete character",
		`{@"type":"Normal","recipient":"a\u007fb"}`,
		core.ReasonInvalidValue,
		[]string{"/recipient"},
	},
	{
		"too many entries of metadata",
		`{@"type":"Normal","metadata":{` + entries(51) + `}}`,
		core.ReasonInvalidValue,
		[]string{"/metadata"},
	},
	{
		"a metadata key is too long",
		`{@"type":"Normal","metadata":{"` + strings.Repeat("k", 41) + `":"v"}}`,
		core.ReasonInvalidValue,
		[]string{"/metadata/" + strings.Repeat("k", 41)},
	},
	{"a metadata key is empty", `{@"type":"Normal","metadata":{"":"v"}}`, core.ReasonInvalidValue, []string{"/metadata/"}},
	{
		"a metadata key has a null character",
		`{@"type":"Normal","metadata":{"k\u0000":"v"}}`,
		core.ReasonInvalidValue,
		[]string{"/metadata/k\x00"},
	},
	{
		"a metadata value is too long",
		`{@"type":"Normal","metadata":{"a/b":"` + strings.Repeat("v", 501) + `"}}`,
		core.ReasonInvalidValue,
		[]string{"/metadata/a~1b"},
	},
	{
		"a metadata value has a null character",
		`{@"type":"Normal","metadata":{"k":"\u0000"}}`,
		core.ReasonInvalidValue,
		[]string{"/metadata/k"},
	},

	{
		"everything at once", `{@"type":"x","maxRedemptions":0,"startsAt":"2031-01-02T00:00:00Z",` +
			`"expiresAt":"2031-01-01T00:00:00Z","note":"\u0000","recipient":"\u0000","metadata":{"b":"\u0000",` +
			`"a":"\u0000"}}`,
		core.ReasonInvalidValue,
		[]string{"/type", "/maxRedemptions", "/expiresAt", "/note", "/recipient", "/metadata/a", "/metadata/b"},
	},
}

// invalidCodes are bodies of add whose code is wrong.
var invalidCodes = []refusal{
	{"no code", `{"type":"Normal"}`, core.ReasonMissingField, []string{"/code"}},
	{"code is null", `{"code":null,"type":"Normal"}`, core.ReasonMissingField, []string{"/code"}},
	{"code and type are null", `{"code":null,"type":null}`, core.ReasonMissingField, []string{"/code", "/type"}},
	{"code is a number", `{"code":2025,"type":"Normal"}`, kit.ReasonWrongType, []string{"/code"}},
	{"code is a bool", `{"code":true,"type":"Normal"}`, kit.ReasonWrongType, []string{"/code"}},
	{"code is a list", `{"code":["WELCOME2025"],"type":"Normal"}`, kit.ReasonWrongType, []string{"/code"}},
	{"code is an object", `{"code":{},"type":"Normal"}`, kit.ReasonWrongType, []string{"/code"}},
	{"code is empty", `{"code":"","type":"Normal"}`, core.ReasonInvalidValue, []string{"/code"}},
	{"code is a space", `{"code":" ","type":"Normal"}`, core.ReasonInvalidValue, []string{"/code"}},
	{
		"code is other spaces",
		`{"code":"\u00a0\u2003\u3000\u2028","type":"Normal"}`,
		core.ReasonInvalidValue,
		[]string{"/code"},
	},
	{"code is dashes", `{"code":"---","type":"Normal"}`, core.ReasonInvalidValue, []string{"/code"}},
	{
		"code is other dashes and spaces",
		`{"code":"\u2010\u2013 \u2014\uff0d","type":"Normal"}`,
		core.ReasonInvalidValue,
		[]string{"/code"},
	},
	{
		"code has 129 characters",
		`{"code":"` + strings.Repeat("x", 129) + `","type":"Normal"}`,
		core.ReasonInvalidValue,
		[]string{"/code"},
	},
	{
		"code has 129 characters beyond ASCII",
		`{"code":"` + strings.Repeat("é", 129) + `","type":"Normal"}`,
		core.ReasonInvalidValue,
		[]string{"/code"},
	},
	{"code has a null character", `{"code":"A\u0000B","type":"Normal"}`, core.ReasonInvalidValue, []string{"/code"}},
	{"code has a tab", `{"code":"A\tB","type":"Normal"}`, core.ReasonInvalidValue, []string{"/code"}},
	{"code has a line break", `{"code":"A\nB","type":"Normal"}`, core.ReasonInvalidValue, []string{"/code"}},
	{"code has a delete character", `{"code":"A\u007fB","type":"Normal"}`, core.ReasonInvalidValue, []string{"/code"}},
	{"code has a C1 control character", `{"code":"A\u0085B","type":"Normal"}`, core.ReasonInvalidValue, []string{"/code"}},
	{"code has a zero-width space", `{"code":"A\u200bB","type":"Normal"}`, core.ReasonInvalidValue, []string{"/code"}},
	{"code is two dots", `{"code":"..","type":"Normal"}`, core.ReasonInvalidValue, []string{"/code"}},
	{
		"code has a letter that looks blank",
		`{"code":"A\u3164B","type":"Normal"}`,
		core.ReasonInvalidValue,
		[]string{"/code"},
	},
	{
		"note turns the direction of writing",
		`{@"type":"Normal","note":"A\u202eB"}`,
		core.ReasonInvalidValue,
		[]string{"/note"},
	},
	{"code has a byte order mark", `{"code":"A\ufeffB","type":"Normal"}`, core.ReasonInvalidValue, []string{"/code"}},
	{"code has a soft hyphen", `{"code":"A\u00adB","type":"Normal"}`, core.ReasonInvalidValue, []string{"/code"}},
	{
		"code has a right-to-left override",
		`{"code":"A\u202eB","type":"Normal"}`,
		core.ReasonInvalidValue,
		[]string{"/code"},
	},
	{
		"code has an invisible language tag",
		`{"code":"A\udb40\udc01B","type":"Normal"}`,
		core.ReasonInvalidValue,
		[]string{"/code"},
	},
	{"code and type are wrong", `{"code":"","type":"normal"}`, core.ReasonInvalidValue, []string{"/code", "/type"}},
}

func TestAFieldOfTheWrongTypeIsRefused(t *testing.T) { refuse(t, wrongTypes, addPath, generatePath) }

func TestAValueThatBreaksARuleIsRefused(t *testing.T) { refuse(t, invalid, addPath, generatePath) }

// RFC 3339 has years of four digits only: such a time could not be shown in UTC.
func TestATimeThatHasNoYearOfFourDigitsInUTCIsRefused(t *testing.T) {
	refuse(t, []refusal{
		{
			"before the year 0",
			`{@"type":"Normal","startsAt":"0000-01-01T00:00:00+01:00"}`,
			core.ReasonInvalidValue,
			[]string{"/startsAt"},
		},
		{
			"after the year 9999",
			`{@"type":"Normal","expiresAt":"9999-12-31T23:59:59-01:00"}`,
			core.ReasonInvalidValue,
			[]string{"/expiresAt"},
		},
	}, addPath, generatePath)
}

func TestAWrongCodeIsRefused(t *testing.T) { refuse(t, invalidCodes, addPath) }

// accepted are bodies at the very edge of what is allowed.
var accepted = []struct{ name, body string }{
	{"spaces around everything", " \r\n{ @ \"type\" :\t\"Normal\" } \n"},
	{"names and values through escapes", `{@"\u0074ype":"\u004eormal"}`},
	{"a surrogate pair through escapes", `{@"type":"Normal","note":"\ud83c\udf89"}`},
	{"the lowest limit of uses", `{@"type":"Normal","maxRedemptions":1}`},
	{"the highest limit of uses", `{@"type":"Normal","maxRedemptions":9007199254740991}`},
	{"starts long ago", `{@"type":"Normal","startsAt":"0001-01-01T00:00:00Z"}`},
	{"ends in the next microsecond", `{@"type":"Normal","expiresAt":"2031-02-03T04:05:06.789013Z"}`},
	{"ends at the end of times", `{@"type":"Normal","expiresAt":"9999-12-31T23:59:59.999999999Z"}`},
	{
		"lasts one microsecond",
		`{@"type":"Normal","startsAt":"2031-12-31T00:00:00Z","expiresAt":"2031-12-31T00:00:00.000001Z"}`,
	},
	{"the longest note", `{@"type":"Normal","note":"` + strings.Repeat("🎉", 500) + `"}`},
	{"a note of spaces, tabs and line breaks", `{@"type":"Normal","note":" \t\r\n "}`},
	{"the longest recipient", `{@"type":"Normal","recipient":"` + strings.Repeat("é", 320) + `"}`},
	{"as much metadata as there may be", `{@"type":"Normal","metadata":{` + entries(50) + `}}`},
	{
		"the longest metadata",
		`{@"type":"Normal","metadata":{"` + strings.Repeat("é", 40) + `":"` + strings.Repeat("é", 500) + `"}}`,
	},
}

func TestWhatIsAtTheEdgeOfARuleIsAccepted(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		for i, test := range accepted {
			t.Run(test.name, func(t *testing.T) {
				body := strings.Replace(test.body, "@", fmt.Sprintf(`"code":"EDGE-%d",`, i), 1)
				got := f.post(t, addPath, body).mustBeOK(t)
				f.mustHave(t, fmt.Sprintf("EDGE-%d", i), got.body)
				value := f.post(t, generatePath, strings.Replace(test.body, "@", "", 1)).generated(t)
				f.mustHaveTheSame(t, value, fmt.Sprintf("EDGE-%d", i))
				if stored := f.stored(t); stored != 2*(i+1) {
					t.Errorf("%d codes are stored, want %d", stored, 2*(i+1))
				}
			})
		}
	})
}

// mustHave requires that a code is stored as it was answered.
func (f *fixture) mustHave(t *testing.T, value, answered string) {
	t.Helper()
	code := f.code(t, value)
	stored, err := json.Marshal(&shownCode{code: &code, status: f.service.StatusNow(&code)})
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, string(stored), answered)
}

// mustHaveTheSame requires that the options of a generated code are those of an added one,
// but for the limit, which is 1 if none was asked for.
func (f *fixture) mustHaveTheSame(t *testing.T, generated, added string) {
	t.Helper()
	got, want := f.code(t, generated), f.code(t, added)
	want.Value = got.Value
	if once := int64(1); want.MaxRedemptions == nil {
		want.MaxRedemptions = &once
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stored of generate (-want +got):\n%s", diff)
	}
}

func TestCodesOfEveryScriptAreAcceptedAsTheyAre(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		for i, value := range []string{
			"x", "0", "a–b", "🎉", "👨", "❤️", "ÄÖÜß", "ПРИВЕТ", "你好", "مرحبا", "e\u0301", "%00", "../..",
			"'; DROP TABLE codes; --", "<script>", `"\`,
			strings.Repeat("y", 128), strings.Repeat("🎉", 128), "-.!-", "👩\u200d🎤",
		} {
			got := f.post(t, addPath, `{"code":`+quoted(value)+`,"type":"Normal"}`).mustBeOK(t).object(t)
			if diff := cmp.Diff(value, got["code"]); diff != "" {
				t.Errorf("code (-want +got):\n%s", diff)
			}
			if code := f.code(t, value); code.Value != value {
				t.Errorf("stored %q, want %q", code.Value, value)
			}
			if stored := f.stored(t); stored != i+1 {
				t.Errorf("%s: %d codes are stored, want %d", value, stored, i+1)
			}
		}
	})
}

func TestTheLengthOfACodeIsCountedAfterTrimming(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		value := strings.Repeat("z", core.MaxCodeLength)
		got := f.post(t, addPath, `{"code":"  `+value+`  ","type":"Normal"}`)
		if got.mustBeOK(t).object(t)["code"] != value || got.status != http.StatusOK {
			t.Errorf("body %s", got.body)
		}
	})
}
