package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/web/kit"
)

// TestEveryMistakeOfARequestIsNamedAtOnce: what cannot be read, what is missing and what breaks a
// rule. The reason is that of the first.
func TestEveryMistakeOfARequestIsNamedAtOnce(t *testing.T) {
	f := newFixture(t)
	f.add(t, "VIP", `"type":"Normal"`)
	for _, test := range []struct {
		method, path, body string
		reason             core.Reason
		pointers           []string
	}{
		{
			"POST", addPath, `{"code":"","type":"x","maxRedemptions":0,"expiresAt":"2020-01-01T00:00:00Z"}`,
			core.ReasonInvalidValue,
			[]string{"/code", "/type", "/maxRedemptions", "/expiresAt"},
		},
		{
			"POST", addPath, `{"code":"-","startsAt":"x","expiresAt":"y"}`,
			core.ReasonInvalidValue,
			[]string{"/startsAt", "/expiresAt", "/type", "/code"},
		},
		{
			"POST", generatePath, `{"type":7,"maxRedemptions":1.5,"note":"\u0000","metadata":{"a":1,"":"b"}}`,
			kit.ReasonWrongType,
			[]string{"/type", "/maxRedemptions", "/metadata/a", "/note"},
		},
		{
			"POST", generatePath, `{"type":"Normal","note":"\u0000","expiresAt":"2020-01-01T00:00:00Z"}`,
			core.ReasonInvalidValue,
			[]string{"/note", "/expiresAt"},
		},
		{
			"PATCH", "/tenant-codes/VIP", `{"maxRedemptions":0,"note":"\u0000","expiresAt":"2020-01-01T00:00:00Z"}`,
			core.ReasonInvalidValue,
			[]string{"/maxRedemptions", "/note", "/expiresAt"},
		},
		{
			"PATCH", "/tenant-codes/VIP", `{"maxRedemptions":"1","startsAt":"x","expiresAt":"y","metadata":7}`,
			kit.ReasonWrongType,
			[]string{"/maxRedemptions", "/startsAt", "/expiresAt", "/metadata"},
		},
		{
			"POST", "/tenant-codes/redeem", `{"code":"-","metadata":{"":"v"}}`,
			core.ReasonMissingField,
			[]string{"/userId", "/metadata/", "/code"},
		},
		{
			"POST", "/tenant-codes/redeem", `{"userId":"","code":1}`,
			kit.ReasonWrongType,
			[]string{"/code", "/userId"},
		},
		{
			"POST", "/tenant-codes/reserve", `{"code":"","userId":".","ttlSeconds":1}`,
			core.ReasonInvalidValue,
			[]string{"/userId", "/ttlSeconds", "/code"},
		},
		{
			"POST", "/tenant-codes/validate", `{"userId":"","at":"x"}`,
			core.ReasonInvalidValue,
			[]string{"/at", "/code", "/userId"},
		},
		{
			"PUT", "/users/ada", `{"status":[]}`,
			kit.ReasonWrongType,
			[]string{"/status"},
		},
	} {
		t.Run(test.method+" "+test.path+" "+test.body, func(t *testing.T) {
			p := f.call(t, test.method, test.path, test.body).mustBe(t, http.StatusBadRequest, test.reason)
			if diff := cmp.Diff(test.pointers, p.pointers()); diff != "" {
				t.Errorf("pointers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnUnknownFieldIsNamedWithWhatMayBeMeant(t *testing.T) {
	f := newFixture(t)
	f.add(t, "VIP", `"type":"Normal"`)
	for _, test := range []struct{ method, path, body, detail string }{
		{"POST", "/tenant-codes/redeem", `{"code":"VIP","user_id":"ada"}`, `no field "user_id"; did you mean "userId"?`},
		{"POST", addPath, `{"code":"A","Type":"Normal"}`, `no field "Type"; did you mean "type"?`},
		{"POST", addPath, `{"code":"A","type":"Normal","recipent":"ada"}`, `"recipent"; did you mean "recipient"?`},
		{"POST", addPath, `{"code":"A","type":"Normal","ntoe":"n"}`, `"ntoe"; did you mean "note"?`},
		{"POST", "/tenant-codes/redeem", `{"colour":1}`, `no field "colour"; it takes code, userId, metadata`},
		{"POST", "/tenant-codes/VIP/revoke", `{"why":1}`, `no field "why"; it takes none`},
		{"POST", addPath, `{"` + strings.Repeat("x", 100) + `":1}`, strings.Repeat("x", 60) + `…"; it takes code`},
		{"POST", generatePath, `{"code":"A","type":"Normal"}`, "to choose it, use POST /tenant-codes/add"},
		{"PATCH", "/tenant-codes/VIP", `{"type":"Premium"}`, "type cannot be changed"},
		{"PATCH", "/tenant-codes/VIP", `{"code":"NEW"}`, "code cannot be changed"},
		{"PATCH", "/tenant-codes/VIP", `{"status":"revoked"}`, "status cannot be changed by itself"},
		{"PATCH", "/tenant-codes/VIP", `{"revokedAt":null}`, "use /revoke and /restore"},
	} {
		p := f.call(t, test.method, test.path, test.body).mustBe(t, http.StatusBadRequest, kit.ReasonUnknownField)
		if !strings.Contains(p.Detail, test.detail) || len(p.Errors) != 1 || p.Errors[0].Detail != p.Detail {
			t.Errorf("%s %s %s: %q, want %q", test.method, test.path, test.body, p.Detail, test.detail)
		}
	}
}

func TestAnUnknownParameterIsNamedWithWhatMayBeMeant(t *testing.T) {
	f := newFixture(t)
	for path, detail := range map[string]string{
		"/tenant-codes?created_after=x": `no parameter "created_after"; did you mean "createdAfter"?`,
		"/users?colour=red":             `no parameter "colour"; it takes status, q, limit, cursor`,
		"/users/ada?limit=1":            `no parameter "limit"; it takes none`,
	} {
		p := f.call(t, "GET", path, "").mustBe(t, http.StatusBadRequest, core.ReasonInvalidParameter)
		if !strings.Contains(p.Detail, detail) {
			t.Errorf("%s: %q, want %q", path, p.Detail, detail)
		}
	}
	p := f.call(t, "GET", "/tenant-codes?status=gone", "").mustBe(t, http.StatusBadRequest, core.ReasonInvalidParameter)
	if want := "status must be revoked, expired, scheduled, exhausted or active"; p.Detail != want {
		t.Errorf("%q, want %q", p.Detail, want)
	}
}

func TestARefusalOfARoleNamesTheRolesThatMay(t *testing.T) {
	f := newFixture(t)
	issuer := with("X-Api-Key", f.keyOf(t, "acme", tenancy.RoleIssue))
	for path, roles := range map[string]string{
		"/tenant-codes/redeem": "full or redeem", "/tenant-codes/validate": "full, redeem or read",
		"/tenant-codes/X/revoke": "full",
	} {
		p := f.call(t, "POST", path, "{}", issuer).mustBe(t, http.StatusForbidden, core.ReasonRoleNotAllowed)
		if want := "a key with the role issue may not do this; it takes the role " + roles; p.Detail != want {
			t.Errorf("%s: %q, want %q", path, p.Detail, want)
		}
	}
}

func TestAMethodThatAPathDoesNotTakeSaysWhatToDo(t *testing.T) {
	f := newFixture(t)
	f.add(t, "add", `"type":"Normal"`)
	for _, test := range []struct{ method, path, detail string }{
		{"GET", addPath, "this path takes POST; a code of this name is found as /tenant-codes/ADD"},
		{"PUT", "/tenant-codes/VIP", "this path takes GET, HEAD, PATCH, DELETE"},
	} {
		p := f.call(t, test.method, test.path, "").mustBe(t, http.StatusMethodNotAllowed, kit.ReasonMethodNotAllowed)
		if p.Detail != test.detail {
			t.Errorf("%s %s: %q, want %q", test.method, test.path, p.Detail, test.detail)
		}
	}
	f.call(t, "GET", "/tenant-codes/ADD", "").mustBeOK(t)
}

func TestAMistakeInABodySaysWhatToSend(t *testing.T) {
	f := newFixture(t)
	for _, test := range []struct {
		body   string
		reason core.Reason
		detail string
	}{
		{"", kit.ReasonInvalidJSON, "the body is empty; send a JSON object"},
		{" \n", kit.ReasonInvalidJSON, "the body is empty; send a JSON object"},
		{`{"type":"Normal","maxRedemptions":1.0}`, core.ReasonInvalidValue, "1, not 1.0"},
		{`{"type":"Normal","maxRedemptions":1e2}`, core.ReasonInvalidValue, "1, not 1.0"},
	} {
		p := f.post(t, generatePath, test.body).mustBe(t, http.StatusBadRequest, test.reason)
		if !strings.Contains(p.Detail, test.detail) {
			t.Errorf("%q: %q, want %q", test.body, p.Detail, test.detail)
		}
	}
}
