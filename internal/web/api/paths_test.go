package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"accesscodes/internal/core"
)

// oddValues are values whose characters mean something in a path, or to those who read one.
var oddValues = []string{
	"/", "//", "///", "a/b", "a//b", "/a", "a/", "a/.", "./a", "/.", "./.", "../..",
	"a/../b", "..a", ".a", "a.", "...", ". .a",
	"?", "a?b", "a?b=c", "#", "a#b", "%", "%%", "a%b", "%2F", "%2e", "%zz", "%20",
	"+", "a+b", "a b", "&", "a&b=c", ";", "a;b", ":", "@",
	"\\", "..\\x", "*", "{code}", "{code...}", "{$}", "<>", "\"", "'", "`",
	"|", "^", "~", "$", "!", "(", ",", "=", "[x]", "_", "0",
	"REVOKE", "restore", "Add", "ADD", "é", "e\u0301x", "\u2212", "ÅÄÖ", "日本", "٣", "ß!", "🎉", "👩\u200d🎤", "❤\ufe0f",
	"🏴\U000e0067\U000e007fx", "a\u00a0b", "\ufffd", "\U0010fffd.", "\u2026", "․a", "／", "％２Ｆ", strings.Repeat("/", 128),
}

// TestEveryValueThatCanBeAddedCanBeNamedInAPath adds values over a real connection and then
// does everything with each by its escaped path.
func TestEveryValueThatCanBeAddedCanBeNamedInAPath(t *testing.T) {
	f := newFixture(t)
	server := httptest.NewServer(f.server)
	t.Cleanup(server.Close)
	seen := map[string]bool{}
	for _, value := range oddValues {
		if form := core.Canonical(value); seen[form] {
			continue // such as / and its full-width form
		} else {
			seen[form] = true
		}
		t.Run(value, func(t *testing.T) {
			body, err := json.Marshal(map[string]string{"code": value, "type": "Normal"})
			if err != nil {
				t.Fatal(err)
			}
			named := server.URL + "/tenant-codes/" + url.PathEscape(value)
			status, got := f.exchange(t, "POST", server.URL+addPath, string(body))
			checkCode(t, "add", status, got, value, "active")
			for _, step := range []struct{ method, path, body, status string }{
				{"GET", "", "", "active"},
				{"POST", "/revoke", "", "revoked"},
				{"GET", "", "", "revoked"},
				{"POST", "/restore", "", "active"},
				{"PATCH", "", `{"note":"odd"}`, "active"},
			} {
				status, got := f.exchange(t, step.method, named+step.path, step.body)
				checkCode(t, step.method+step.path, status, got, value, step.status)
			}
			if status, _ := f.exchange(t, "DELETE", named, ""); status != http.StatusNoContent {
				t.Errorf("DELETE: status %d", status)
			}
			if status, _ := f.exchange(t, "GET", named, ""); status != http.StatusNotFound {
				t.Errorf("GET of what was deleted: status %d", status)
			}
		})
	}
}

// TestWhatNoPathCanNameIsNotAdded: clients resolve these before they send anything.
func TestWhatNoPathCanNameIsNotAdded(t *testing.T) {
	f := newFixture(t)
	for _, value := range []string{".", "..", " . ", "-..-", "․", "‥", "．"} {
		f.post(t, addPath, `{"code":"`+value+`","type":"Normal"}`).mustBe(t, http.StatusBadRequest, core.ReasonInvalidValue)
	}
}

// exchange sends a request over a real connection.
func (f *fixture) exchange(t *testing.T, method, address, body string) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Api-Key", f.secret)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Error(err)
	}
	fields := map[string]any{}
	if len(content) > 0 {
		if err := json.Unmarshal(content, &fields); err != nil {
			t.Fatalf("%s: %v", content, err)
		}
	}
	return answer.StatusCode, fields
}

func checkCode(t *testing.T, what string, status int, got map[string]any, value, state string) {
	t.Helper()
	if status != http.StatusOK || got["code"] != value || got["status"] != state {
		t.Errorf("%s: status %d, %v; want %q, %s", what, status, got, value, state)
	}
}
