package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/web/kit"
)

// createChange asks for a change.
func (f *fixture) createChange(t *testing.T, body string, edits ...edit) answer {
	t.Helper()
	got := f.post(t, "/changes", body, edits...)
	if got.status != http.StatusAccepted {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	return got
}

func TestManyCodesAreRevokedAndThatIsUndone(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		for i := range 30 {
			f.add(t, fmt.Sprintf("LEAK-%02d", i), `"type":"Normal","note":"leaked"`)
		}
		f.add(t, "SAFE", `"type":"Normal"`)
		f.redeem(t, "LEAK-03", "ada")
		f.call(t, "POST", "/tenant-codes/LEAK-05/revoke", "").mustBeOK(t)
		const leaked = `{"select":{"q":"leak"},"do":{"revoke":true}`
		dry := f.post(t, "/changes", leaked+`,"dryRun":true}`).mustBeOK(t).object(t)
		for name, want := range map[string]string{
			"complete": "true", "matched": "30", "changed": "29", "people": "1", "skipped": "map[unchanged:1]",
		} {
			if got := fmt.Sprint(dry[name]); got != want {
				t.Errorf("the dry run says %s of %s, want %s", got, name, want)
			}
		}
		made := f.createChange(t, leaked+"}")
		id := made.text(t, "id")
		sameJSON(t, made.body, fmt.Sprintf(`{"id":%q,"status":"queued","do":"revoke","matched":0,"changed":0,"skipped":{},
			"people":0,"sample":[],"rolledBack":0,
			"undoableUntil":null,"createdAt":"2031-02-03T04:05:06.789012Z","startedAt":null,
			"finishedAt":null,"createdBy":%q}`, id, f.key.ID))
		if got := made.header.Get("Location"); got != "/changes/"+id {
			t.Errorf("Location %q", got)
		}
		before := f.code(t, "LEAK-05")
		f.work(t)
		shown := f.call(t, "GET", "/changes/"+id, "").mustBeOK(t)
		if got := shown.object(t); got["status"] != "succeeded" ||
			fmt.Sprintf("%v %v", got["changed"], got["skipped"]) != "29 map[unchanged:1]" ||
			got["undoableUntil"] != "2031-03-05T04:05:06.789012Z" || len(got["sample"].([]any)) != 20 {
			t.Errorf("the change is %s", shown.body)
		}
		for code, revoked := range map[string]bool{"LEAK-00": true, "LEAK-29": true, "SAFE": false} {
			if got := f.code(t, code); got.RevokedAt != nil != revoked {
				t.Errorf("%s: revoked at %v", code, got.RevokedAt)
			}
		}
		f.post(t, "/changes/"+id+"/undo", "")
		f.work(t)
		undone := f.call(t, "GET", "/changes/"+id, "").mustBeOK(t).object(t)
		if undone["status"] != "undone" || fmt.Sprint(undone["undone"]) != "map[changed:29 putBack:0 skipped:map[]]" {
			t.Errorf("the undone change is %v", undone)
		}
		if f.code(t, "LEAK-00").RevokedAt != nil || *f.code(t, "LEAK-05").RevokedAt != *before.RevokedAt {
			t.Error("the codes are not as they were")
		}
		f.sequence(t)
		log := f.call(t, "GET", "/events?types=change.*,code.revoked,code.restored", "").mustBeOK(t).body
		if strings.Count(log, `"change.completed"`) != 1 || strings.Count(log, `"change.undone"`) != 1 ||
			strings.Count(log, `"code.`) != 1 {
			t.Errorf("events %s", log)
		}
	})
}

func TestARetriedChangeIsTheFirst(t *testing.T) {
	f := newFixture(t)
	const body = `{"select":{"codes":["A","B"]},"do":{"set":{"expiresAt":"2031-02-03T04:05:08Z"}}}`
	retried := with("Idempotency-Key", "k")
	first := f.createChange(t, body, retried).text(t, "id")
	f.clock.advance(1e10) // after which the time is past
	again := f.createChange(t, strings.Replace(body, `"A","B"`, `"b","a"`, 1), retried)
	if again.text(t, "id") != first || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%v %s, want %s", again.header, again.body, first)
	}
	f.post(t, "/changes", strings.Replace(body, `"B"`, `"C"`, 1), retried).mustBe(t, 409, core.ReasonIdempotencyKeyReused)
	f.post(t, "/changes", body).mustBe(t, 400, core.ReasonInvalidValue)

	const revoking = `{"select":{"codes":["A"]},"do":{"revoke":true}`
	other := with("Idempotency-Key", "other")
	f.createChange(t, revoking+`,"rollBackRedemptions":true}`, other)
	f.post(t, "/changes", revoking+"}", other).mustBe(t, 409, core.ReasonIdempotencyKeyReused)
}

func TestAChangeThatMakesNoSenseIsRefused(t *testing.T) {
	f := newFixture(t)
	const normal = `{"type":"Normal"}`
	many := `"` + strings.Repeat(`A","`, 10_000) + `B"`
	for _, test := range []struct {
		reason       core.Reason
		pointer      string
		chosen, does string
	}{
		{core.ReasonMissingField, "/select", `{}`, `{"revoke":true}`},
		{core.ReasonInvalidValue, "/select/codes", `{"codes":[]}`, `{"revoke":true}`},
		{core.ReasonInvalidValue, "/select/codes/1", `{"codes":["A","- "]}`, `{"revoke":true}`},
		{core.ReasonInvalidValue, "/select/codes", `{"codes":["A"],"type":"Normal"}`, `{"revoke":true}`},
		{core.ReasonInvalidValue, "/select/codes", `{"codes":[` + many + `]}`, `{"revoke":true}`},
		{core.ReasonInvalidValue, "/select/type", `{"type":"normal"}`, `{"revoke":true}`},
		{core.ReasonInvalidValue, "/select/batchId", `{"batchId":"x"}`, `{"revoke":true}`},
		{core.ReasonInvalidValue, "/do", normal, `{"revoke":false}`},
		{core.ReasonInvalidValue, "/do", normal, `{"revoke":true,"restore":true}`},
		{core.ReasonMissingField, "/do/set", normal, `{"set":{}}`},
		{core.ReasonInvalidValue, "/do/set/expiresAt", normal, `{"set":{"expiresAt":"2031-01-01T00:00:00Z"}}`},
		{kit.ReasonUnknownField, "/do/set/type", normal, `{"set":{"type":"Premium"}}`},
		{core.ReasonInvalidValue, "/do", normal, `{"revoke":true,"delete":true}`},
		{core.ReasonInvalidValue, "/do", normal, `{"delete":false}`},
		{kit.ReasonWrongType, "/do/delete", normal, `{"delete":"yes"}`},
		{kit.ReasonWrongType, "/do/revoke", normal, `{"revoke":1}`},
		{kit.ReasonWrongType, "/rollBackRedemptions", normal, `{"revoke":true},"rollBackRedemptions":1`},
		{core.ReasonInvalidValue, "/rollBackRedemptions", normal, `{"restore":true},"rollBackRedemptions":true`},
		{core.ReasonInvalidValue, "/rollBackRedemptions", normal, `{"delete":true},"rollBackRedemptions":true`},
		{core.ReasonInvalidValue, "/rollBackRedemptions", normal, `{"set":{"note":"n"}},"rollBackRedemptions":true`},
	} {
		for _, dry := range []string{"}", `,"dryRun":true}`} {
			body := `{"select":` + test.chosen + `,"do":` + test.does + dry
			got := f.post(t, "/changes", body).mustBe(t, 400, test.reason)
			if pointers := got.pointers(); len(pointers) != 1 || pointers[0] != test.pointer {
				t.Errorf("%.100s: pointers %v, want %s", body, pointers, test.pointer)
			}
		}
	}
	large := `{"select":{"codes":["` + strings.Repeat("A", 3<<20) + `"]},"do":{"revoke":true}}`
	f.post(t, "/changes", large).mustBe(t, 413, kit.ReasonBodyTooLarge)
}

func TestManyCodesCanBeListed(t *testing.T) {
	f := newFixture(t)
	f.add(t, "FIRST", `"type":"Normal"`)
	values := []string{"first"}
	for i := range 9_999 {
		values = append(values, fmt.Sprintf("%0120d", i)) // over a megabyte
	}
	id := f.createChange(t, `{"select":{"codes":["`+strings.Join(values, `","`)+`"]},"do":{"revoke":true}}`).text(t, "id")
	f.work(t)
	reading := with("X-Api-Key", f.keyOf(t, "acme", tenancy.RoleRead))
	got := f.call(t, "GET", "/changes/"+id, "", reading).mustBeOK(t).object(t)
	if fmt.Sprintf("%v %v", got["matched"], got["skipped"]) != "1 map[code_not_found:9999]" {
		t.Errorf("the change is %v", got)
	}
}
