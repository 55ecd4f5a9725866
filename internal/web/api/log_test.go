package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/logtest"
	"accesscodes/internal/web/kit"
)

func TestEachRequestIsLoggedOnce(t *testing.T) {
	const known, validatePath = "known-id", "/tenant-codes/validate"
	withKey := func(f *fixture) map[string]any {
		return map[string]any{"workspace": "acme", "key": f.key.Display}
	}
	for _, test := range []struct {
		name, method, path, body string
		want                     map[string]any
		caller                   bool // the event says who called
	}{
		{
			"add", "POST", addPath, `{"code":"A","type":"Normal"}`,
			map[string]any{"level": "INFO", "route": addPath, "status": 200.0},
			true,
		},
		{
			"generate", "POST", generatePath, `{"type":"Normal"}`,
			map[string]any{"level": "INFO", "route": generatePath, "status": 200.0},
			true,
		},
		{
			"refused", "POST", addPath, `{`,
			map[string]any{"level": "INFO", "route": addPath, "status": 400.0, "reason": "invalid_json"},
			true,
		},
		{"live", "GET", "/livez", "", map[string]any{"level": "INFO", "route": "/livez", "status": 200.0}, false},
		{"metrics", "GET", "/metrics", "", map[string]any{"level": "INFO", "route": "/metrics", "status": 200.0}, false},
		{
			"docs asset", "GET", "/docs/assets/swagger-ui.css", "",
			map[string]any{"level": "INFO", "route": "/docs/assets/swagger-ui.css", "status": 200.0},
			false,
		},
		{
			"a code in the path",
			"GET",
			"/tenant-codes/SECRET",
			"",
			map[string]any{
				"level":  "INFO",
				"route":  "/tenant-codes/{code}",
				"status": 404.0,
				"reason": "code_not_found",
			},
			true,
		},
		{
			"valid", "POST", validatePath, `{"code":"THERE"}`,
			map[string]any{"level": "INFO", "route": validatePath, "status": 200.0},
			true,
		},
		{
			"a miss", "POST", validatePath, `{"code":"SECRET"}`,
			map[string]any{"level": "INFO", "route": validatePath, "status": 200.0, "reason": "code_not_found"},
			true,
		},
		{
			"not usable", "POST", validatePath, `{"code":"THERE","userId":"used"}`,
			map[string]any{"level": "INFO", "route": validatePath, "status": 200.0, "reason": "already_redeemed"},
			true,
		},
		{
			"unknown path", "GET", "/tenant-codes/SECRET/SECRET", "",
			map[string]any{"level": "INFO", "route": "(none)", "status": 404.0, "reason": "route_not_found"},
			false,
		},
		{
			"wrong method", "PUT", addPath, "",
			map[string]any{"level": "INFO", "route": addPath, "status": 405.0, "reason": "method_not_allowed"},
			false,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t)
			f.add(t, "THERE", `"type":"Normal"`)
			f.redeem(t, "THERE", "used")
			f.log.Take()
			f.send(
				t,
				test.method,
				test.path,
				test.body,
				with("X-Api-Key", f.secret),
				with("Content-Type", "application/json"),
				with("X-Request-Id", known),
			)
			events := logtest.Requests(t, f.log.Take())
			if len(events) != 1 {
				t.Fatalf("%d events: %v", len(events), events)
			}
			got := events[0]
			if took, ok := got["duration_us"].(float64); !ok || took < 0 {
				t.Errorf("duration_us = %v", got["duration_us"])
			}
			delete(got, "duration_us")
			delete(got, "time")
			test.want["msg"], test.want["request_id"], test.want["method"] = "request", known, test.method
			test.want["client"] = "192.0.2.1" // as httptest has it
			if test.caller {
				for name, value := range withKey(f) {
					test.want[name] = value
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheLogNamesNoCodeNoPersonAndNoSecret(t *testing.T) {
	f := newFixture(t)
	const marker = "Zq7MarkerZq7"
	body := `{"code":"` + marker + `","type":"Normal","note":"` + marker + `","recipient":"` +
		marker + `","metadata":{"` + marker + `":"` + marker + `"}}`
	headers := []edit{
		with("Idempotency-Key", marker),
		with("Referer", marker),
		with("User-Agent", marker),
		with("Cookie", marker),
	}
	f.post(t, addPath, body, headers...).mustBeOK(t)
	f.post(t, addPath, body, headers...).
		mustBeOK(t)
		// replayed
	f.post(t, addPath, body).
		mustBe(t, 400, core.ReasonCodeAlreadyExists)
		// taken
	f.post(t, addPath, strings.Replace(body, `"Normal"`, `"`+marker+`"`, 1)).
		mustBe(t, 400, core.ReasonInvalidValue)
		// a wrong value
	f.post(t, addPath, strings.Replace(body, `"note"`, `"`+marker+`"`, 1)).
		mustBe(t, 400, kit.ReasonUnknownField)
		// a wrong name
	f.post(t, addPath, body+marker).
		mustBe(t, 400, kit.ReasonInvalidJSON)
		// not JSON
	f.post(t, addPath, body, with("X-Api-Key", marker)).
		mustBe(t, 401, core.ReasonInvalidAPIKey)
		// no key
	f.post(t, addPath, body, with("Content-Type", marker)).
		mustBe(t, 415, kit.ReasonUnsupportedMediaType)
		// no JSON
	f.get(t, "/codes/"+marker+"?q="+marker).
		mustBe(t, 404, kit.ReasonRouteNotFound)
		// in the path
	f.get(t, addPath+"?code="+marker).
		mustBe(t, 405, kit.ReasonMethodNotAllowed)
		// in the query
	f.send(t, marker, addPath, "").
		mustBe(t, 405, kit.ReasonMethodNotAllowed)
		// in place of the method
	f.get(t, "/livez", with("X-Request-Id", f.secret)).
		mustBeOK(t)
		// in place of the request's id
	value := f.post(t, generatePath, `{"type":"Normal","note":"`+marker+`","recipient":"`+marker+`"}`,
		with("X-Request-Id", "after")).
		generated(t)

	user := `{"code":"` + marker + `","userId":"` + marker + `"}`
	key := with("X-Api-Key", f.secret)
	f.post(t, "/tenant-codes/validate", user).mustBeOK(t)
	f.post(t, "/tenant-codes/redeem", user).mustBeOK(t)
	f.post(t, "/tenant-codes/redeem", user).
		mustBeOK(t)
		// replayed
	f.post(t, "/tenant-codes/redeem", strings.Replace(user, `"code":"`, `"code":"x`, 1)).
		mustBe(t, 404, core.ReasonCodeNotFound)
		// another code
	f.post(t, "/tenant-codes/reserve", user).mustBe(t, 409, core.ReasonUserAlreadyRegistered)
	f.get(t, "/tenant-codes/"+marker, key).mustBeOK(t)
	f.get(t, "/tenant-codes?q="+marker, key).mustBeOK(t)
	f.get(t, "/tenant-codes?cursor="+marker, key).mustBe(t, 400, core.ReasonInvalidCursor)
	f.get(t, "/redemptions?code="+marker+"&userId="+marker, key).mustBeOK(t)
	f.send(t, "DELETE", "/tenant-codes/"+marker, "", key).mustBe(t, 409, core.ReasonCodeInUse)
	f.get(t, "/users/"+marker, key).mustBeOK(t)
	if got := f.send(t, "DELETE", "/users/"+marker, "", key); got.status != 204 {
		t.Errorf("status %d", got.status)
	}

	logged := f.log.Take()
	if events := logtest.Requests(t, logged); len(events) != 25 || events[12]["request_id"] != "after" {
		t.Fatalf("%d events", len(events))
	}
	for _, secret := range []string{marker, value, f.secret, f.secret[8:20]} {
		if strings.Contains(strings.ToLower(logged), strings.ToLower(secret)) {
			t.Errorf("the log contains %s:\n%s", secret, logged)
		}
	}
}

func TestTheLevelOfAnEventTellsWhoseFaultItIs(t *testing.T) {
	for _, test := range []struct {
		name, level string
		status      float64
		insert      func() error
	}{
		{"a busy store", "WARN", 503, func() error { return core.Unavailable(errors.New("cause-1")) }},
		{"a fault of ours", "ERROR", 500, func() error { return errors.New("cause-1") }},
		{"an unknown outcome", "ERROR", 500, func() error { return core.OutcomeUnknown(errors.New("cause-1")) }},
		{"a panic", "ERROR", 500, func() error { panic("cause-1") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, faulty := newFaultyFixture(t)
			faulty.insert = func(context.Context, []*codes.NewCode) ([]codes.InsertResult, error) { return nil, test.insert() }
			f.post(t, addPath, `{"code":"A","type":"Normal"}`)
			events := logtest.Requests(t, f.log.Take())
			if len(events) != 1 {
				t.Fatalf("%d events", len(events))
			}
			cause, _ := events[0]["error"].(string)
			if events[0]["level"] != test.level || events[0]["status"] != test.status || !strings.Contains(cause, "cause-1") {
				t.Errorf("event %v", events[0])
			}
		})
	}
}

func TestACallerWhoHasGoneIsNoFault(t *testing.T) {
	f, faulty := newFaultyFixture(t)
	ctx, leave := context.WithCancel(t.Context())
	faulty.insert = func(ctx context.Context, _ []*codes.NewCode) ([]codes.InsertResult, error) {
		leave()
		return nil, ctx.Err()
	}
	f.post(t, addPath, `{"code":"A","type":"Normal"}`, func(r *http.Request) { *r = *r.WithContext(ctx) })
	events := logtest.Requests(t, f.log.Take())
	if len(events) != 1 || events[0]["level"] != slog.LevelInfo.String() || events[0]["status"] != 499.0 {
		t.Errorf("events %v", events)
	}
}

func TestTheDisplayFormOfAKeyIsTooLittleToUseIt(t *testing.T) {
	f := newFixture(t)
	f.post(t, generatePath, `{"type":"Normal"}`).mustBeOK(t)
	shown := logtest.Requests(t, f.log.Take())[0]["key"].(string)
	if !regexp.MustCompile(`^ack_[0-9A-Za-z]{4}…[0-9A-Za-z]{4}$`).MatchString(shown) {
		t.Errorf("key = %s", shown)
	}
	f.post(t, generatePath, `{"type":"Normal"}`, with("X-Api-Key", shown)).mustBe(t, 401, core.ReasonInvalidAPIKey)
}
