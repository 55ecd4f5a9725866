package api

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/web/kit"
)

// call sends a request with the fixture's key, and as JSON if there is a body.
func (f *fixture) call(t *testing.T, method, path, body string, edits ...edit) answer {
	t.Helper()
	all := []edit{with("X-Api-Key", f.secret)}
	if body != "" {
		all = append(all, with("Content-Type", "application/json"))
	}
	return f.send(t, method, path, body, append(all, edits...)...)
}

// add adds a code.
func (f *fixture) add(t *testing.T, code, fields string) {
	t.Helper()
	f.post(t, addPath, `{"code":"`+code+`",`+fields+`}`).mustBeOK(t)
}

// redeem redeems a code and returns the redemption's id.
func (f *fixture) redeem(t *testing.T, code, user string) string {
	t.Helper()
	return f.post(t, "/tenant-codes/redeem", `{"code":"`+code+`","userId":"`+user+`"}`).mustBeOK(t).text(t, "id")
}

// reserve holds a use of a code and returns the reservation's id.
func (f *fixture) reserve(t *testing.T, code, user string) string {
	t.Helper()
	return f.post(t, "/tenant-codes/reserve", `{"code":"`+code+`","userId":"`+user+`"}`).mustBeOK(t).text(t, "id")
}

// text is a field of the answer.
func (a answer) text(t *testing.T, field string) string {
	t.Helper()
	text, ok := a.object(t)[field].(string)
	if !ok {
		t.Fatalf("no text %s in %s", field, a.body)
	}
	return text
}

// mustReplay fails the test unless the answer is 200 and says whether an earlier request
// did it.
func (a answer) mustReplay(t *testing.T, replayed bool) answer {
	t.Helper()
	a.mustBeOK(t)
	if got := a.header.Get("Idempotent-Replayed"); got != map[bool]string{true: "true"}[replayed] {
		t.Errorf("Idempotent-Replayed = %q, replayed %v", got, replayed)
	}
	return a
}

func TestRedeemingACode(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		f.add(t, "WELCOME-2031", `"type":"Premium","maxRedemptions":2`)
		first := f.post(t, "/tenant-codes/redeem", `{"code":" welcome 2031 ","userId":"ada","metadata":{"from":"web"}}`).
			mustReplay(t, false)
		sameJSON(t, first.body, `{
			"id":"`+first.text(t, "id")+`","code":"WELCOME-2031","type":"Premium","userId":"ada",
			"grants":"Premium","metadata":{"from":"web"},
			"reservationId":null,"createdAt":"2031-02-03T04:05:06.789012Z","createdBy":"`+f.key.ID.String()+`",
			"rolledBackAt":null,"rolledBackBy":null,"rollbackReason":null}`)
		f.clock.advance(time.Hour)
		again := f.post(t, "/tenant-codes/redeem", `{"code":"WELCOME2031","userId":"ada"}`).mustReplay(t, true)
		if again.body != first.body {
			t.Errorf("the same code and user again: %s, want %s", again.body, first.body)
		}
		if got := f.call(t, "GET", "/tenant-codes/welcome2031", "").mustBeOK(t).object(t)["redemptions"]; fmt.Sprint(
			got,
		) != "1" {
			t.Errorf("redemptions = %v", got)
		}
		sameJSON(
			t,
			f.call(t, "GET", "/users/ada", "").mustBeOK(t).body,
			`{"userId":"ada","status":"Premium","createdAt":"2031-02-03T04:05:06.789012Z",`+
				`"updatedAt":"2031-02-03T04:05:06.789012Z"}`,
		)
		sameJSON(
			t,
			f.call(t, "GET", "/redemptions?code=welcome2031&userId=ada", "").mustBeOK(t).body,
			`{"data":[`+first.body+`],"nextCursor":null}`,
		)

		undone := f.call(t, "POST", "/redemptions/"+first.text(t, "id")+"/rollback", `{"reason":"sign-up failed"}`).
			mustReplay(t, false)
		if undone.text(t, "rolledBackAt") != "2031-02-03T05:05:06.789012Z" ||
			undone.text(t, "rollbackReason") != "sign-up failed" ||
			undone.text(t, "rolledBackBy") != f.key.ID.String() {
			t.Errorf("rolled back: %s", undone.body)
		}
		if again := f.call(t, "POST", "/redemptions/"+first.text(t, "id")+"/rollback", ""); again.mustReplay(
			t,
			true,
		).body != undone.body {
			t.Errorf("rolled back again: %s", again.body)
		}
		f.call(t, "GET", "/users/ada", "").mustBe(t, http.StatusNotFound, core.ReasonUserNotFound)
		if id := f.redeem(t, "WELCOME-2031", "ada"); id == first.text(t, "id") {
			t.Error("a redemption that was rolled back was given out again")
		}
	})
}

func TestReservingACode(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		f.add(t, "ONE", `"type":"Normal","maxRedemptions":1`)
		held := f.post(t, "/tenant-codes/reserve", `{"code":"one","userId":"ada","ttlSeconds":10}`).mustReplay(t, false)
		sameJSON(
			t,
			held.body,
			`{"id":"`+held.text(t, "id")+`","code":"ONE","userId":"ada","expiresAt":"2031-02-03T04:05:16.789012Z"}`,
		)
		again := f.post(t, "/tenant-codes/reserve", `{"code":"one","userId":"ada","ttlSeconds":3600}`).
			mustReplay(t, true)
		if again.body != held.body {
			t.Errorf("reserved again: %s", again.body)
		}
		p := f.post(t, "/tenant-codes/redeem", `{"code":"one","userId":"bob"}`).
			mustBe(t, http.StatusConflict, core.ReasonCodeExhausted)
		if !strings.Contains(p.Detail, "0 redeemed and 1 reserved") {
			t.Errorf("detail %q", p.Detail)
		}
		f.clock.advance(10*time.Second - time.Microsecond)
		if got := f.call(t, "GET", "/tenant-codes/one", "").object(t); fmt.Sprint(
			got["reservations"],
			" ",
			got["status"],
		) != "1 exhausted" {
			t.Errorf("a moment before: %v", got)
		}
		f.clock.advance(time.Microsecond)
		if got := f.call(t, "GET", "/tenant-codes/one", "").object(t); fmt.Sprint(
			got["reservations"],
			" ",
			got["status"],
		) != "0 active" {
			t.Errorf("at the instant: %v", got)
		}
		f.call(t, "POST", "/reservations/"+held.text(t, "id")+"/confirm", "").
			mustBe(t, http.StatusConflict, core.ReasonReservationLapsed)

		id := f.reserve(t, "ONE", "cleo")
		confirmed := f.call(t, "POST", "/reservations/"+id+"/confirm", "{}").mustReplay(t, false)
		if confirmed.text(t, "reservationId") != id || confirmed.text(t, "userId") != "cleo" {
			t.Errorf("confirmed: %s", confirmed.body)
		}
		if again := f.call(t, "POST", "/reservations/"+id+"/confirm", "").mustReplay(t, true); again.body != confirmed.body {
			t.Errorf("confirmed again: %s", again.body)
		}
		f.call(t, "POST", "/reservations/"+id+"/release", "").mustBe(t, http.StatusConflict, core.ReasonReservationConfirmed)
		f.call(t, "POST", "/redemptions/"+confirmed.text(t, "id")+"/rollback", "").mustBeOK(t)
		if again := f.call(t, "POST", "/reservations/"+id+"/confirm", "").mustReplay(t, true); again.text(
			t,
			"id",
		) != confirmed.text(
			t,
			"id",
		) ||
			again.object(t)["rolledBackAt"] == nil {
			t.Errorf("confirmed once more after the rollback: %s", again.body)
		}

		other := f.reserve(t, "ONE", "dan")
		f.call(t, "POST", "/reservations/"+other+"/release", "").mustReplay(t, false)
		f.call(t, "POST", "/reservations/"+other+"/release", "").mustReplay(t, true)
		f.call(t, "POST", "/reservations/"+other+"/confirm", "").
			mustBe(t, http.StatusConflict, core.ReasonReservationReleased)
	})
}

func TestValidatingACode(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		f.add(t, "SPRING-77", `"type":"Upgrade","maxRedemptions":1,"expiresAt":"2031-03-01T00:00:00Z"`)
		code := f.call(t, "GET", "/tenant-codes/SPRING-77", "").mustBeOK(t).body
		ask := func(body string) answer { return f.post(t, "/tenant-codes/validate", body).mustBeOK(t) }

		sameJSON(t, ask(`{"code":"spring77"}`).body, `{"valid":true,"code":`+code+`,"grants":"Premium"}`)
		sameJSON(
			t,
			ask(`{"code":"spring77","userId":"ada"}`).body,
			`{"valid":false,"reason":"user_not_registered",`+
				`"detail":"this user is not registered; an Upgrade code is for a registered user","code":`+code+`}`,
		)
		sameJSON(
			t,
			ask(`{"code":"spring77","at":"2031-03-01T01:00:00+01:00"}`).body,
			`{"valid":false,"reason":"code_expired","detail":"this code expired at 2031-03-01T00:00:00Z",`+
				`"code":`+strings.Replace(
				code,
				`"active"`,
				`"expired"`,
				1,
			)+`}`,
		)
		sameJSON(
			t,
			ask(`{"code":"SPRING-78"}`).body,
			`{"valid":false,"reason":"code_not_found","detail":"there is no such code in this workspace",`+
				`"suggestion":"SPRING-77"}`,
		)
		sameJSON(t, ask(`{"code":"\u0007?"}`).body,
			`{"valid":false,"reason":"code_not_found","detail":"there is no such code in this workspace"}`)
		for role, sees := range map[tenancy.Role]bool{tenancy.RoleRead: true, tenancy.RoleRedeem: false} {
			got := f.post(t, "/tenant-codes/validate", `{"code":"SPRING-78"}`, with("X-Api-Key", f.keyOf(t, "acme", role))).
				mustBeOK(t)
			if _, suggests := got.object(t)["suggestion"]; suggests != sees {
				t.Errorf("role %s: %s", role, got.body)
			}
		}
		p := f.post(t, "/tenant-codes/redeem", `{"code":"SPRING-78","userId":"ada"}`).
			mustBe(t, 404, core.ReasonCodeNotFound)
		if strings.Contains(p.Detail, "SPRING") {
			t.Errorf("redeem hints at a code: %s", p.Detail)
		}
		f.call(t, "PUT", "/users/ada", `{"status":"Normal"}`).mustBeOK(t)
		f.redeem(t, "SPRING-77", "ada")
		f.post(t, "/tenant-codes/spring77/revoke", "").mustBeOK(t)
		code = f.call(t, "GET", "/tenant-codes/SPRING-77", "").mustBeOK(t).body
		redemption := f.call(t, "GET", "/redemptions?code=spring77", "").mustBeOK(t).body
		redemption = strings.TrimSuffix(strings.TrimPrefix(redemption, `{"data":[`), `],"nextCursor":null}`)
		sameJSON(t, ask(`{"code":"spring77","userId":"ada"}`).body,
			`{"valid":false,"reason":"already_redeemed","detail":"this user redeemed this code at 2031-02-03T04:05:06Z",
			"code":`+code+`,"redemption":`+redemption+`}`)
		sameJSON(t, ask(`{"code":"spring77","userId":"bob"}`).body,
			`{"valid":false,"reason":"code_revoked","detail":"this code was revoked at 2031-02-03T04:05:06Z","code":`+code+`}`)
	})
}

// TestAKeyThatRedeemsSeesNoNotes: it is in the hands of whoever signs people up.
func TestAKeyThatRedeemsSeesNoNotes(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		const marker = "Zq7MarkerZq7"
		f.add(t, "CODE", `"type":"Normal","maxRedemptions":9,
			"note":"`+marker+`","recipient":"`+marker+`","metadata":{"`+marker+`":"1"}`)
		f.post(t, "/tenant-codes/redeem", `{"code":"CODE","userId":"ada","metadata":{"`+marker+`":"1"}}`).mustBeOK(t)
		document := newValidator(t, f)
		for _, role := range []tenancy.Role{tenancy.RoleFull, tenancy.RoleRead, tenancy.RoleRedeem} {
			key := with("X-Api-Key", f.keyOf(t, "acme", role))
			for _, body := range []string{`{"code":"CODE"}`, `{"code":"CODE","userId":"ada"}`} {
				got := converse(t, f, document, said{
					method: "POST", path: "/tenant-codes/validate", body: body, edits: []edit{key}, goodRequest: true,
				}).mustBeOK(t)
				if sees := strings.Contains(got.body, marker); sees != (role != tenancy.RoleRedeem) {
					t.Errorf("role %s: %s", role, got.body)
				}
				code := got.object(t)["code"].(map[string]any)
				for _, member := range []string{"type", "maxRedemptions", "redemptions", "reservations", "status", "createdAt"} {
					if code[member] == nil {
						t.Errorf("role %s: no %s in %s", role, member, got.body)
					}
				}
				shown, _ := got.object(t)["redemption"].(map[string]any)
				if used := strings.Contains(body, "ada"); used != (shown["userId"] == "ada" && shown["id"] != nil) {
					t.Errorf("role %s: %s", role, got.body)
				}
				for _, object := range []map[string]any{code, shown} {
					for _, member := range []string{"note", "recipient", "metadata"} {
						if _, there := object[member]; there && role == tenancy.RoleRedeem {
							t.Errorf("role %s: %s in %s", role, member, got.body)
						}
					}
				}
			}
		}
	})
}

func TestChangingACode(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		f.add(
			t,
			"VIP",
			`"type":"Normal","note":"n","recipient":"r","metadata":{"a":"1","b":"2"},"maxRedemptions":5,`+
				`"startsAt":"2031-01-01T00:00:00Z","expiresAt":"2032-01-01T00:00:00Z"`,
		)
		before := f.call(t, "GET", "/tenant-codes/vip", "").mustBeOK(t).object(t)
		same := func(changes map[string]any, got answer) {
			t.Helper()
			for field, value := range changes {
				before[field] = value
			}
			if diff := cmp.Diff(before, got.mustBeOK(t).object(t)); diff != "" {
				t.Errorf("changed (-want +got):\n%s", diff)
			}
		}
		same(nil, f.call(t, "PATCH", "/tenant-codes/vip", `{}`))
		same(
			map[string]any{"note": "m", "metadata": map[string]any{"b": "3", "c": "4"}},
			f.call(
				t,
				"PATCH",
				"/tenant-codes/vip",
				`{"note":"m","metadata":{"a":null,"b":"3","c":"4","d":null}}`,
				with("Content-Type", "application/merge-patch+json"),
			),
		)
		same(
			map[string]any{
				"note":           nil,
				"recipient":      nil,
				"metadata":       map[string]any{},
				"maxRedemptions": nil,
				"startsAt":       nil,
				"expiresAt":      nil,
			},
			f.call(
				t,
				"PATCH",
				"/tenant-codes/vip",
				`{"note":null,"recipient":null,"metadata":null,"maxRedemptions":null,"startsAt":null,"expiresAt":null}`,
			),
		)
		same(
			map[string]any{"status": "revoked", "revokedAt": "2031-02-03T04:05:06.789012Z"},
			f.call(t, "POST", "/tenant-codes/vip/revoke", ""),
		)
		f.clock.advance(time.Hour)
		same(nil, f.call(t, "POST", "/tenant-codes/vip/revoke", "{}"))
		same(map[string]any{"status": "active", "revokedAt": nil}, f.call(t, "POST", "/tenant-codes/vip/restore", ""))
		same(nil, f.call(t, "POST", "/tenant-codes/vip/restore", ""))
	})
}

func TestAWrongChangeIsRefusedWhole(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		f.add(t, "VIP", `"type":"Normal","maxRedemptions":3,"startsAt":"2031-06-01T00:00:00Z"`)
		f.add(t, "USED", `"type":"Normal","maxRedemptions":3`)
		f.redeem(t, "USED", "ada")
		f.reserve(t, "USED", "bob")
		for _, test := range []struct {
			name, code, body string
			status           int
			reason           core.Reason
			pointers         []string
		}{
			{"null", "VIP", `null`, 400, kit.ReasonWrongType, []string{""}},
			{"array", "VIP", `[]`, 400, kit.ReasonWrongType, []string{""}},
			{"unknown field", "VIP", `{"note":"x","typ":"Normal"}`, 400, kit.ReasonUnknownField, []string{"/typ"}},
			{"the type", "VIP", `{"type":"Premium"}`, 400, kit.ReasonUnknownField, []string{"/type"}},
			{"duplicate field", "VIP", `{"note":"x","note":"y"}`, 400, kit.ReasonDuplicateField, []string{"/note"}},
			{"number as note", "VIP", `{"note":1}`, 400, kit.ReasonWrongType, []string{"/note"}},
			{"number in metadata", "VIP", `{"metadata":{"a":1}}`, 400, kit.ReasonWrongType, []string{"/metadata/a"}},
			{
				"none too few", "VIP", `{"note":"x","maxRedemptions":0}`, 400, core.ReasonInvalidValue,
				[]string{"/maxRedemptions"},
			},
			{
				"past", "VIP", `{"expiresAt":"2031-01-01T00:00:00Z","startsAt":null}`, 400, core.ReasonInvalidValue,
				[]string{"/expiresAt"},
			},
			{
				"before its start", "VIP", `{"expiresAt":"2031-05-01T00:00:00Z"}`, 400, core.ReasonInvalidValue,
				[]string{"/expiresAt"},
			},
			{"long note", "VIP", `{"note":"` + strings.Repeat("n", 501) + `"}`, 400, core.ReasonInvalidValue, []string{"/note"}},
			{"empty metadata key", "VIP", `{"metadata":{"":"x"}}`, 400, core.ReasonInvalidValue, []string{"/metadata/"}},
			{"fewer than are taken", "USED", `{"note":"x","maxRedemptions":1}`, 409, core.ReasonCodeInUse, []string{}},
			{"no such code", "NONE", `{"note":"x"}`, 404, core.ReasonCodeNotFound, []string{}},
		} {
			t.Run(test.name, func(t *testing.T) {
				p := f.call(t, "PATCH", "/tenant-codes/"+test.code, test.body).mustBe(t, test.status, test.reason)
				if diff := cmp.Diff(test.pointers, p.pointers()); diff != "" {
					t.Errorf("pointers (-want +got):\n%s", diff)
				}
			})
		}
		for _, code := range []string{"VIP", "USED"} {
			if got := f.code(t, code); got.Note != "" || *got.MaxRedemptions != 3 || got.ExpiresAt != nil {
				t.Errorf("%s was changed: %+v", code, got)
			}
		}
		f.call(t, "PATCH", "/tenant-codes/USED", `{"maxRedemptions":2}`).mustBeOK(t)
	})
}

func TestDeletingACode(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		f.add(t, "UNUSED", `"type":"Normal"`)
		f.add(t, "ROLLED-BACK", `"type":"Normal"`)
		f.add(t, "RELEASED", `"type":"Normal"`)
		f.call(t, "POST", "/redemptions/"+f.redeem(t, "ROLLED-BACK", "ada")+"/rollback", "").mustBeOK(t)
		f.call(t, "POST", "/reservations/"+f.reserve(t, "RELEASED", "ada")+"/release", "").mustBeOK(t)
		for _, code := range []string{"ROLLED-BACK", "RELEASED"} {
			f.call(t, "DELETE", "/tenant-codes/"+code, "").mustBe(t, http.StatusConflict, core.ReasonCodeInUse)
		}
		if got := f.call(t, "DELETE", "/tenant-codes/unused", ""); got.status != http.StatusNoContent || got.body != "" {
			t.Errorf("status %d, body %q", got.status, got.body)
		}
		f.call(t, "DELETE", "/tenant-codes/unused", "").mustBe(t, http.StatusNotFound, core.ReasonCodeNotFound)
		f.add(t, "UNUSED", `"type":"Premium"`)
	})
}

func TestACodeThatIsNamedLikeARouteIsFoundByAnotherSpelling(t *testing.T) {
	f := newFixture(t)
	for _, value := range []string{"add", "redeem", "a/b", "a b", "50%", "ключ", "🎉"} {
		f.add(t, value, `"type":"Normal"`)
	}
	for path, value := range map[string]string{
		"ADD": "add", "add-": "add", "REDEEM": "redeem", "a%2Fb": "a/b", "a%20b": "a b", "50%25": "50%",
		"%d0%ba%d0%bb%d1%8e%d1%87": "ключ", "🎉": "🎉",
	} {
		if got := f.call(t, "GET", "/tenant-codes/"+path, "").mustBeOK(t).text(t, "code"); got != value {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestUsersAreKeptByTheirOwnIDs(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		for path, id := range map[string]string{
			"ada": "ada", "ADA": "ADA", "a%2Fb": "a/b", "%D1%8E": "ю", "a%20": "a ", "auth0%7C1": "auth0|1",
		} {
			if got := f.call(t, "PUT", "/users/"+path, `{"status":"Normal"}`).mustBeOK(t).text(t, "userId"); got != id {
				t.Errorf("%s: %s", path, got)
			}
		}
		var ids []string
		for _, user := range f.call(t, "GET", "/users?q=a", "").mustBeOK(t).object(t)["data"].([]any) {
			ids = append(ids, user.(map[string]any)["userId"].(string))
		}
		if diff := cmp.Diff([]string{"a ", "a/b", "ada", "auth0|1"}, ids); diff != "" {
			t.Errorf("users (-want +got):\n%s", diff)
		}
		f.call(t, "PUT", "/users/ada", `{"status":"normal"}`).mustBe(t, 400, core.ReasonInvalidValue)
		f.call(t, "PUT", "/users/ada", `{"status":null}`).mustBe(t, 400, core.ReasonMissingField)
		f.call(t, "PUT", "/users/"+strings.Repeat("x", 256), `{"status":"Normal"}`).mustBe(t, 400, core.ReasonInvalidValue)
		f.call(t, "PUT", "/users/a%00", `{"status":"Normal"}`).mustBe(t, 400, core.ReasonInvalidValue)
		f.call(t, "GET", "/users/%ff", "").mustBe(t, 404, core.ReasonUserNotFound)
	})
}

func TestErasingAPersonLeavesTheirRedemptions(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		f.add(t, "TWO", `"type":"Normal","maxRedemptions":2`)
		id := f.redeem(t, "TWO", "ada")
		if got := f.call(t, "DELETE", "/users/ada", ""); got.status != http.StatusNoContent {
			t.Fatalf("status %d: %s", got.status, got.body)
		}
		f.call(t, "DELETE", "/users/ada", "").mustBe(t, http.StatusNotFound, core.ReasonUserNotFound)
		if got := f.call(t, "GET", "/redemptions", "").mustBeOK(t); strings.Contains(got.body, `"ada"`) ||
			!strings.Contains(got.body, `"userId":null`) {
			t.Errorf("redemptions %s", got.body)
		}
		if again := f.redeem(t, "TWO", "ada"); again == id {
			t.Error("the redemption of an erased person was given to somebody else")
		}
		f.post(t, "/tenant-codes/redeem", `{"code":"TWO","userId":"bob"}`).
			mustBe(t, http.StatusConflict, core.ReasonCodeExhausted)
		f.call(t, "POST", "/redemptions/"+id+"/rollback", "").mustBeOK(t)
		f.redeem(t, "TWO", "bob")
		f.call(t, "GET", "/users/ada", "").mustBeOK(t)
	})
}

func TestOfManyUsersAsManyRedeemAsThereAreUses(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		f.add(t, "TEN", `"type":"Normal","maxRedemptions":10`)
		var mu sync.Mutex
		var all sync.WaitGroup
		seen := map[int]int{}
		for i := range 60 {
			all.Go(func() {
				got := f.post(t, "/tenant-codes/redeem", fmt.Sprintf(`{"code":"TEN","userId":"user-%d"}`, i))
				mu.Lock()
				defer mu.Unlock()
				seen[got.status]++
			})
		}
		all.Wait()
		if diff := cmp.Diff(map[int]int{200: 10, 409: 50}, seen); diff != "" {
			t.Errorf("statuses (-want +got):\n%s", diff)
		}
	})
}
