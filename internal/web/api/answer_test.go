package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
)

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// wireProblem is an error as a caller reads it, spelt out here once more so that a
// renamed field fails a test.
type wireProblem struct {
	Type      string      `json:"type"`
	Title     string      `json:"title"`
	Status    int         `json:"status"`
	Detail    string      `json:"detail"`
	Reason    core.Reason `json:"reason"`
	RequestID string      `json:"requestId"`
	Errors    []wireField `json:"errors"`
	Oldest    int64       `json:"oldest"`
	ImportID  string      `json:"importId"`
}

type wireField struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

// problem reads an error and holds it to what every error has.
func (a answer) problem(t *testing.T) wireProblem {
	t.Helper()
	var p wireProblem
	decoder := json.NewDecoder(strings.NewReader(a.body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		t.Fatalf("status %d, body %q is not a problem: %v", a.status, a.body, err)
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type = %q", got)
	}
	if p.Status != a.status {
		t.Errorf("status in the body = %d, of the answer = %d", p.Status, a.status)
	}
	if p.Type != "urn:accesscodes:problem:"+string(p.Reason) || p.Title == "" || p.Detail == "" {
		t.Errorf("type %q, title %q, detail %q of the reason %s", p.Type, p.Title, p.Detail, p.Reason)
	}
	if p.RequestID == "" || p.RequestID != a.header.Get("X-Request-Id") {
		t.Errorf("requestId %q, X-Request-Id %q", p.RequestID, a.header.Get("X-Request-Id"))
	}
	p.checkFields(t)
	return p
}

// checkFields: if there are errors of single fields, each has a pointer into the body
// (the empty one is the whole body) and a detail, and the first detail is the problem's.
func (p wireProblem) checkFields(t *testing.T) {
	t.Helper()
	for i, field := range p.Errors {
		if field.Detail == "" || field.Pointer != "" && field.Pointer[0] != '/' {
			t.Errorf("field error %d = %+v", i, field)
		}
	}
	if len(p.Errors) > 0 && p.Detail != p.Errors[0].Detail {
		t.Errorf("detail %q, first field's detail %q", p.Detail, p.Errors[0].Detail)
	}
}

// pointers lists the fields that a problem names.
func (p wireProblem) pointers() []string {
	all := []string{}
	for _, field := range p.Errors {
		all = append(all, field.Pointer)
	}
	return all
}

// mustBe fails the test unless the answer is a problem with this status and reason.
func (a answer) mustBe(t *testing.T, status int, reason core.Reason) wireProblem {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	p := a.problem(t)
	if p.Reason != reason {
		t.Fatalf("reason %s, want %s: %s", p.Reason, reason, a.body)
	}
	return p
}

// mustBeOK fails the test unless the answer is 200 with a JSON body.
func (a answer) mustBeOK(t *testing.T) answer {
	t.Helper()
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/json" ||
		a.header.Get("X-Request-Id") == "" {
		t.Fatalf("status %d, header %v, body %s", a.status, a.header, a.body)
	}
	return a
}

// object reads the body as a JSON object; numbers stay as they are written.
func (a answer) object(t *testing.T) map[string]any {
	t.Helper()
	return object(t, a.body)
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var fields map[string]any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil {
		t.Fatalf("%q is not a JSON object: %v", text, err)
	}
	return fields
}

// generated reads the value out of an answer to generate.
func (a answer) generated(t *testing.T) string {
	t.Helper()
	value, ok := a.mustBeOK(t).object(t)["code"].(string)
	if !ok {
		t.Fatalf("body %s has no code", a.body)
	}
	return value
}

// sameJSON fails the test unless both texts are the same object.
func sameJSON(t *testing.T, got, want string) {
	t.Helper()
	if diff := cmp.Diff(object(t, want), object(t, got)); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

// quoted writes text as a JSON string.
func quoted(text string) string {
	body, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always has a JSON form
	}
	return string(body)
}

// entries is the members of a JSON object, so many of them.
func entries(count int) string {
	all := make([]string, count)
	for i := range all {
		all[i] = quoted("key"+strconv.Itoa(i)) + `:"v"`
	}
	return strings.Join(all, ",")
}
