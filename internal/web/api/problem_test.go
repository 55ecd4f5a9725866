package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/storetest"
	"accesscodes/internal/web/kit"
)

// TestAnErrorIsShortWhateverIsWrong: a body may have thousands of wrong fields, with names that
// fill it.
func TestAnErrorIsShortWhateverIsWrong(t *testing.T) {
	f := newFixture(t)
	f.add(t, "CODE", `"type":"Normal"`)
	metadata := func(entries int, key string) string {
		all := make([]string, entries)
		for i := range all {
			all[i] = fmt.Sprintf(`"%d%s":"\u0007"`, i, key)
		}
		return `"metadata":{` + strings.Join(all, ",") + `}`
	}
	long := strings.Repeat("é", 15_000)
	const redeem, change, invalid = "/tenant-codes/redeem", "/tenant-codes/CODE", core.ReasonInvalidValue
	for _, test := range []struct {
		name, method, path, body string
		reason                   core.Reason
		errors                   int
	}{
		{"many keys", "POST", generatePath, `{"type":"Normal",` + metadata(1100, "") + `}`, invalid, 20},
		{"many long keys", "POST", generatePath, `{"type":"Normal",` + metadata(300, long[:200]) + `}`, invalid, 20},
		{"many keys of a use", "POST", redeem, `{"code":"CODE","userId":"a",` + metadata(1100, "") + `}`, invalid, 20},
		{"many keys of a change", "PATCH", change, `{` + metadata(1100, "") + `}`, invalid, 20},
		{"exactly as many as are shown", "POST", generatePath, `{"type":"Normal",` + metadata(20, "") + `}`, invalid, 20},
		{"one less", "POST", generatePath, `{"type":"Normal",` + metadata(19, "") + `}`, invalid, 19},
		{"a long key", "POST", generatePath, `{"type":"Normal","metadata":{"` + long + `":""}}`, invalid, 2},
		{
			"escapes", "POST", generatePath, `{"type":"Normal","metadata":{"a` + strings.Repeat("~", 999) + `":""}}`,
			invalid, 1,
		},
		{"a long name", "POST", generatePath, `{"` + long + `":1}`, kit.ReasonUnknownField, 1},
		{
			"a long name twice", "POST", generatePath,
			`{"metadata":{"` + long + `":"","` + long + `":""}}`, kit.ReasonDuplicateField, 1,
		},
		{
			"a long name of a wrong value", "POST", generatePath,
			`{"type":"Normal","metadata":{"` + long + `":1}}`, kit.ReasonWrongType, 1,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := f.call(t, test.method, test.path, test.body)
			p := got.mustBe(t, 400, test.reason)
			if len(p.Errors) != test.errors || len(got.body) > 20<<10 {
				t.Errorf("%d errors, %d bytes", len(p.Errors), len(got.body))
			}
			for _, e := range p.Errors {
				text := strings.NewReplacer("~0", "", "~1", "").Replace(e.Pointer)
				length := utf8.RuneCountInString(e.Pointer)
				if length > 200 || !strings.HasPrefix(e.Pointer, "/") || strings.ContainsAny(text, "~\ufffd") {
					t.Errorf("pointer %q", e.Pointer)
				}
			}
		})
	}
	exact := strings.Repeat("k", 200-len("/metadata/"))
	got := f.post(t, generatePath, `{"type":"Normal","metadata":{"`+exact+`":""}}`).mustBe(t, 400, invalid)
	if got.Errors[0].Pointer != "/metadata/"+exact {
		t.Errorf("a pointer that is just short enough is %q", got.Errors[0].Pointer)
	}
}

func TestAnErrorRepeatsNeitherTheKeyNorWhatWasRefused(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		const marker = "Zq7MarkerZq7"
		for _, test := range []struct {
			name, path, body string
			edits            []edit
		}{
			{"code taken", addPath, `{"code":"` + marker + `","type":"Normal"}`, nil},
			{"code with a control character", addPath, `{"code":"` + marker + `\u0000","type":"Normal"}`, nil},
			{"code of the wrong type", addPath, `{"code":["` + marker + `"],"type":"Normal"}`, nil},
			{"type", generatePath, `{"type":"` + marker + `"}`, nil},
			{"time", generatePath, `{"type":"Normal","startsAt":"` + marker + `"}`, nil},
			{"number", generatePath, `{"type":"Normal","maxRedemptions":"` + marker + `"}`, nil},
			{"note", generatePath, `{"type":"Normal","note":"` + strings.Repeat(marker, 100) + `"}`, nil},
			{"recipient", generatePath, `{"type":"Normal","recipient":"` + marker + `\u0000"}`, nil},
			{"metadata value", generatePath, `{"type":"Normal","metadata":{"a":["` + marker + `"]}}`, nil},
			{"value of an unknown field", generatePath, `{"type":"Normal","apiKey":"` + marker + `"}`, nil},
			{"value of a duplicate field", generatePath, `{"type":"Normal","note":"n","note":"` + marker + `"}`, nil},
			{"broken text", generatePath, `{"type":"Normal"} ` + marker, nil},
			{"broken number", generatePath, `{"type":"Normal","maxRedemptions":` + marker + `}`, nil},
			{"too large", generatePath, strings.Repeat(marker, 10_000), nil},
			{"media type", generatePath, marker, []edit{with("Content-Type", "text/"+marker)}},
			{"Idempotency-Key", generatePath, `{"type":"Normal"}`, []edit{with("Idempotency-Key", marker+" "+marker)}},
			{
				"Idempotency-Key used for something else",
				generatePath,
				`{"type":"Normal"}`,
				[]edit{with("Idempotency-Key", marker)},
			},
			{"API key", generatePath, `{"type":"Normal"}`, []edit{with("X-Api-Key", marker)}},
			{"path", "/" + marker, ``, nil},
			{"query", "/livez?" + marker, ``, nil},
		} {
			t.Run(test.name, func(t *testing.T) {
				f.post(t, addPath, `{"code":"`+marker+`","type":"Normal"}`, with("Idempotency-Key", marker)) // the first time
				got := f.post(t, test.path, test.body, test.edits...)
				got.problem(t)
				for name, values := range got.header {
					if text := strings.Join(values, ","); strings.Contains(text, marker) || strings.Contains(text, f.secret) {
						t.Errorf("header %s: %s", name, text)
					}
				}
				if strings.Contains(got.body, marker) || strings.Contains(got.body, f.secret) {
					t.Errorf("body %s", got.body)
				}
			})
		}
	})
}

func TestWhatAStoreCannotDoBecomesAProblem(t *testing.T) {
	cause := &fs.PathError{Op: "write", Path: "/var/lib/internals.db", Err: errors.New("disk internals")}
	for _, test := range []struct {
		name       string
		insert     func() error
		status     int
		reason     core.Reason
		retryAfter string
	}{
		{"unavailable", func() error { return core.Unavailable(cause) }, 503, core.ReasonStoreUnavailable, "1"},
		{"overloaded", func() error { return core.Overloaded() }, 503, core.ReasonOverloaded, "1"},
		{"an unknown outcome", func() error { return core.OutcomeUnknown(cause) }, 500, core.ReasonOutcomeUnknown, ""},
		{"an unexpected error", func() error { return cause }, 500, core.ReasonInternal, ""},
		{"a panic", func() error { panic(cause) }, 500, core.ReasonInternal, ""},
		{"a nil dereference", func() error { return errors.New((*wireProblem)(nil).Detail) }, 500, core.ReasonInternal, ""},
	} {
		for _, path := range []string{addPath, generatePath} {
			t.Run(test.name+" "+path, func(t *testing.T) {
				f, faulty := newFaultyFixture(t)
				faulty.insert = func(context.Context, []*codes.NewCode) ([]codes.InsertResult, error) { return nil, test.insert() }
				body, _ := refusal{body: `{@"type":"Normal"}`}.on(path)
				got := f.post(t, path, body)
				got.mustBe(t, test.status, test.reason)
				if after := got.header.Get("Retry-After"); after != test.retryAfter {
					t.Errorf("Retry-After = %q, want %q", after, test.retryAfter)
				}
				if strings.Contains(got.body, "internals") || strings.Contains(got.body, "nil pointer") {
					t.Errorf("body %s", got.body)
				}
				faulty.insert = nil
				f.post(t, path, body).mustBeOK(t) // it recovers by itself
			})
		}
	}
}

func TestAKeyThatCannotBeLookedUpIsNoBadKey(t *testing.T) {
	f, faulty := newFaultyFixture(t)
	faulty.caller = func() error { return core.Unavailable(errors.New("internals")) }
	got := f.post(t, generatePath, `{"type":"Normal"}`)
	got.mustBe(t, http.StatusServiceUnavailable, core.ReasonStoreUnavailable)
	if got.header.Get("Retry-After") != "1" || got.header.Get("WWW-Authenticate") != "" {
		t.Errorf("header %v", got.header)
	}
	faulty.caller = nil
	f.post(t, generatePath, `{"type":"Normal"}`).mustBeOK(t)
}

func TestAFormatThatIsUsedUpIsAConflict(t *testing.T) {
	f := newFixture(t, func(below storetest.Store) storetest.Store { return fullStore{below} })
	p := f.post(t, generatePath, `{"type":"Normal"}`).mustBe(t, http.StatusConflict, core.ReasonCodeSpaceExhausted)
	if len(p.Errors) != 0 {
		t.Errorf("errors %v", p.Errors)
	}
}

// fullStore has every code already.
type fullStore struct{ storetest.Store }

func (fullStore) InsertCodes(_ context.Context, list []*codes.NewCode) ([]codes.InsertResult, error) {
	results := make([]codes.InsertResult, len(list))
	for i := range results {
		results[i].Outcome = codes.CodeTaken
	}
	return results, nil
}

func (fullStore) CodesTaken(_ context.Context, canonicals []string) ([]bool, error) {
	taken := make([]bool, len(canonicals))
	for i := range taken {
		taken[i] = true
	}
	return taken, nil
}
