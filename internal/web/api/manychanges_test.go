package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

// requireCounts requires an answer about a change, or a dry run of it, to say what is wanted.
func requireCounts(t *testing.T, got map[string]any, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if is := fmt.Sprint(got[name]); is != value {
			t.Errorf("%s is %s, want %s", name, is, value)
		}
	}
}

// changed asks for a change, after a dry run that must say the same, and returns what it came to.
func (f *fixture) changed(t *testing.T, body string, want map[string]string) (id string) {
	t.Helper()
	dry := f.post(t, "/changes", strings.TrimSuffix(body, "}")+`,"dryRun":true}`).mustBeOK(t)
	requireCounts(t, dry.object(t), want)
	id = f.createChange(t, body).text(t, "id")
	f.work(t)
	done := f.call(t, "GET", "/changes/"+id, "").mustBeOK(t).object(t)
	requireCounts(t, done, want)
	requireCounts(t, done, map[string]string{"status": "succeeded"})
	return id
}

// undone undoes a change.
func (f *fixture) undone(t *testing.T, id, want string) {
	t.Helper()
	if got := f.post(t, "/changes/"+id+"/undo", ""); got.status != http.StatusAccepted {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	f.work(t)
	requireCounts(t, f.call(t, "GET", "/changes/"+id, "").mustBeOK(t).object(t),
		map[string]string{"status": "undone", "undone": want})
}

// events is how often events of types are in the log.
func (f *fixture) events(t *testing.T, types string) int {
	t.Helper()
	f.sequence(t)
	return strings.Count(f.call(t, "GET", "/events?types="+types, "").mustBeOK(t).body, `"position":`)
}

// asListed are the codes, redemptions and users as they are listed.
func (f *fixture) asListed(t *testing.T) (all string) {
	t.Helper()
	for _, path := range []string{"/tenant-codes", "/redemptions", "/users"} {
		all += f.call(t, "GET", path, "").mustBeOK(t).body + "\n"
	}
	return all
}

func TestManyCodesAreDeletedAndThatIsUndone(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		for i := range 5 {
			f.add(t, fmt.Sprintf("OLD-%d", i), `"type":"Premium","note":"old","metadata":{"a":"b"}`)
		}
		f.redeem(t, "OLD-1", "ada")
		const again = `{"code":"OLD-9","type":"Normal","note":"old"}`
		f.post(t, "/tenant-codes/add", again, with("Idempotency-Key", "k")).mustBeOK(t)
		before := f.asListed(t)
		id := f.changed(t, `{"select":{"q":"old"},"do":{"delete":true}}`, map[string]string{
			"matched": "6", "changed": "5", "people": "1", "skipped": "map[code_in_use:1]", "rolledBack": "0",
		})
		f.call(t, "GET", "/tenant-codes/OLD-0", "").mustBe(t, 404, core.ReasonCodeNotFound)
		f.code(t, "OLD-1")
		retried := f.post(t, "/tenant-codes/add", again, with("Idempotency-Key", "k"))
		retried.mustBe(t, 409, core.ReasonCodeDeleted)
		f.undone(t, id, "map[changed:5 putBack:0 skipped:map[]]")
		if after := f.asListed(t); after != before {
			t.Errorf("before %s, after %s", before, after)
		}
		retried = f.post(t, "/tenant-codes/add", again, with("Idempotency-Key", "k")).mustBeOK(t)
		if retried.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("a retry after the undoing: %v %s", retried.header, retried.body)
		}
		if events := f.events(t, "code.deleted,change.*"); events != 2 {
			t.Errorf("%d events", events)
		}
	})
}

func TestManyRedemptionsAreRolledBackAndThatIsUndone(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		f.add(t, "LEAK-SHARED", `"type":"Normal"`)
		f.add(t, "LEAK-UP", `"type":"Upgrade"`)
		f.add(t, "SAFE", `"type":"Upgrade"`)
		for _, user := range []string{"ada", "bob", "cyd"} {
			f.redeem(t, "LEAK-SHARED", user)
		}
		f.redeem(t, "LEAK-UP", "ada")
		f.redeem(t, "SAFE", "bob")
		before := f.asListed(t)
		id := f.changed(t, `{"select":{"q":"leak"},"do":{"revoke":true},"rollBackRedemptions":true}`, map[string]string{
			"matched": "2", "changed": "2", "people": "3", "rolledBack": "3", "skipped": "map[rollback_out_of_order:1]",
		})
		f.call(t, "GET", "/users/ada", "").mustBe(t, 404, core.ReasonUserNotFound)
		f.call(t, "GET", "/users/bob", "").mustBeOK(t)
		if events := f.events(t, "redemption.rolled_back"); events != 3 {
			t.Errorf("%d events of rollbacks", events)
		}
		f.undone(t, id, "map[changed:2 putBack:3 skipped:map[]]")
		if after := f.asListed(t); after != before {
			t.Errorf("before %s, after %s", before, after)
		}
		if events := f.events(t, "redemption.restored"); events != 3 {
			t.Errorf("%d events of redemptions that stand again", events)
		}
	})
}

// TestNobodyElseDeletesOrRollsBack: a key of another role is refused, and one of another workspace finds
// nothing.
func TestNobodyElseDeletesOrRollsBack(t *testing.T) {
	f := newFixture(t)
	f.add(t, "UNUSED", `"type":"Normal"`)
	f.add(t, "USED", `"type":"Normal"`)
	f.redeem(t, "USED", "ada")
	before := f.asListed(t)
	stranger := with("X-Api-Key", f.keyOf(t, "other", tenancy.RoleFull))
	for _, does := range []string{`{"delete":true}`, `{"revoke":true},"rollBackRedemptions":true`} {
		body := `{"select":{"codes":["UNUSED","USED"]},"do":` + does + `}`
		for _, role := range []tenancy.Role{tenancy.RoleIssue, tenancy.RoleRedeem, tenancy.RoleRead} {
			got := f.post(t, "/changes", body, with("X-Api-Key", f.keyOf(t, "acme", role)))
			got.mustBe(t, 403, core.ReasonRoleNotAllowed)
		}
		id := f.createChange(t, body, stranger).text(t, "id")
		f.work(t)
		requireCounts(t, f.call(t, "GET", "/changes/"+id, "", stranger).mustBeOK(t).object(t), map[string]string{
			"status": "succeeded", "matched": "0", "people": "0", "rolledBack": "0", "skipped": "map[code_not_found:2]",
		})
		f.call(t, "POST", "/changes/"+id+"/undo", "").mustBe(t, 404, core.ReasonChangeNotFound)
	}
	if after := f.asListed(t); after != before {
		t.Errorf("before %s, after %s", before, after)
	}
}
