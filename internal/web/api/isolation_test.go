package api

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

// filledBodies are requests that every route takes as far as its body is concerned.
var filledBodies = map[string]string{
	"addCode":            `{"code":"NEW","type":"Normal"}`,
	"generateCode":       `{"type":"Normal"}`,
	"changeCode":         `{"note":"changed by somebody else"}`,
	"validateCode":       `{"code":"MINE","userId":"ada"}`,
	"redeemCode":         `{"code":"MINE","userId":"bob"}`,
	"reserveCode":        `{"code":"MINE","userId":"bob"}`,
	"rollBackRedemption": `{"reason":"by somebody else"}`,
	"putUser":            `{"status":"Premium"}`,
}

// inhabited is a fixture in which the workspace acme has one of everything, and what a path
// of the document is filled in with to name that.
func inhabited(t *testing.T, newFixture fixtureMaker) (f *fixture, fill *strings.Replacer) {
	t.Helper()
	f = newFixture(t)
	f.add(t, "MINE", `"type":"Normal"`)
	for _, act := range []string{"revoke", "restore"} {
		f.call(t, "POST", "/tenant-codes/MINE/"+act, "").mustBeOK(t)
	}
	redemption, reservation := f.redeem(t, "MINE", "ada"), f.reserve(t, "MINE", "eve")
	return f, strings.NewReplacer("{code}", "MINE", "{userId}", "ada",
		"/redemptions/{id}", "/redemptions/"+redemption, "/reservations/{id}", "/reservations/"+reservation)
}

// state is everything that the workspace acme has.
func (f *fixture) state(t *testing.T) string {
	t.Helper()
	all := ""
	f.sequence(t)
	for _, path := range []string{"/tenant-codes", "/redemptions", "/users", "/events?types=code.*,user.*,redemption.*"} {
		all += f.call(t, "GET", path, "").mustBeOK(t).body + "\n"
	}
	return all
}

// TestNobodySeesOrChangesWhatAnotherWorkspaceHas walks every route of the document with
// another workspace's key and ids.
func TestNobodySeesOrChangesWhatAnotherWorkspaceHas(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f, fill := inhabited(t, newFixture)
		before := f.state(t)
		stranger := with("X-Api-Key", f.keyOf(t, "other", tenancy.RoleFull))
		walked := 0
		for path, operations := range readDocument(t, f).Paths {
			for method, op := range operations {
				if op.Security == nil {
					continue
				}
				walked++
				t.Run(op.OperationID, func(t *testing.T) {
					got := f.call(t, strings.ToUpper(method), fill.Replace(path), filledBodies[op.OperationID], stranger)
					switch op.OperationID {
					case "addCode", "generateCode": // which make something of their own
						got.mustBeOK(t)
					case "putUser": // a user of the same id in the other workspace
						if got.mustBeOK(t).text(t, "status") != "Premium" {
							t.Errorf("body %s", got.body)
						}
						f.call(t, "DELETE", fill.Replace(path), "", stranger)
					case "validateCode":
						sameJSON(t, got.mustBeOK(t).body, `{"valid":false,"reason":"code_not_found","detail":"there is no such code in this workspace"}`)
					case "listCodes", "listRedemptions", "listUsers":
						got = f.call(t, "GET", path+map[string]string{"listCodes": "?q=mine", "listRedemptions": "?code=MINE", "listUsers": "?q=a"}[op.OperationID], "", stranger)
						sameJSON(t, got.mustBeOK(t).body, `{"data":[],"nextCursor":null}`)
					case "listEvents": // their own ones
						if got.mustBeOK(t); !strings.Contains(got.body, "OTHER") || strings.Contains(got.body, "ACME") || strings.Contains(got.body, "revoked") {
							t.Errorf("body %s", got.body)
						}
						got = f.call(t, "GET", path+"?subject=code:MINE", "", stranger)
						if got.mustBeOK(t); !strings.Contains(got.body, `{"data":[],`) {
							t.Errorf("body %s", got.body)
						}
					default:
						if p := got.problem(t); got.status != 404 || !strings.HasSuffix(string(p.Reason), "_not_found") || p.Reason == reasonRouteNotFound {
							t.Errorf("status %d: %s", got.status, got.body)
						}
					}
				})
			}
		}
		if walked < 18 {
			t.Errorf("only %d routes were walked", walked)
		}
		if diff := cmp.Diff(before, f.state(t)); diff != "" {
			t.Errorf("what acme has (-before +after):\n%s", diff)
		}
	})
}

// allowedRoles is who may do what, as the API's documents promise it; a role that is not
// named may not.
var allowedRoles = map[string][]tenancy.Role{
	"addCode": {"full", "issue"}, "generateCode": {"full", "issue"},
	"listCodes": {"full", "read"}, "getCode": {"full", "read"}, "listRedemptions": {"full", "read"}, "listEvents": {"full", "read"}, "listUsers": {"full", "read"}, "getUser": {"full", "read"},
	"validateCode": {"full", "redeem", "read"},
	"redeemCode":   {"full", "redeem"}, "reserveCode": {"full", "redeem"}, "confirmReservation": {"full", "redeem"}, "releaseReservation": {"full", "redeem"},
	"changeCode": {"full"}, "deleteCode": {"full"}, "revokeCode": {"full"}, "restoreCode": {"full"},
	"rollBackRedemption": {"full"}, "putUser": {"full"}, "eraseUser": {"full"},
}

// TestTheRoleDecidesWhoMayDoWhat walks every route of the document with each role.
func TestTheRoleDecidesWhoMayDoWhat(t *testing.T) {
	f, fill := inhabited(t, func(t *testing.T) *fixture { return newFixture(t) })
	keys := map[tenancy.Role]edit{}
	for _, role := range tenancy.Roles() {
		keys[role] = with("X-Api-Key", f.keyOf(t, "acme", role))
	}
	walked := map[string]bool{}
	for path, operations := range readDocument(t, f).Paths {
		for method, op := range operations {
			if op.Security == nil {
				continue
			}
			walked[op.OperationID] = true
			for _, role := range tenancy.Roles() {
				if role == tenancy.RoleFull {
					continue // which would change what the next one meets
				}
				t.Run(op.OperationID+" "+string(role), func(t *testing.T) {
					before := f.state(t)
					got := f.call(t, strings.ToUpper(method), fill.Replace(path), filledBodies[op.OperationID], keys[role])
					if slices.Contains(allowedRoles[op.OperationID], role) {
						if got.status == 403 {
							t.Errorf("status 403: %s", got.body)
						}
						return
					}
					got.mustBe(t, 403, core.ReasonRoleNotAllowed)
					if diff := cmp.Diff(before, f.state(t)); diff != "" {
						t.Errorf("what acme has (-before +after):\n%s", diff)
					}
				})
			}
			_, roles, _ := strings.Cut(op.Description, "Roles: ")
			want, _ := json.Marshal(allowedRoles[op.OperationID])
			said, _ := json.Marshal(strings.Split(strings.TrimSuffix(roles, "."), ", "))
			if string(want) != string(said) {
				t.Errorf("%s: the document says %s, want %s", op.OperationID, said, want)
			}
		}
	}
	for id := range allowedRoles {
		if !walked[id] {
			t.Errorf("%s is not in the document", id)
		}
	}
}
