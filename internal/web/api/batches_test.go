package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/web/export"
)

// createBatch asks for a batch.
func (f *fixture) createBatch(t *testing.T, key, body string, edits ...edit) answer {
	t.Helper()
	got := f.post(t, "/batches", body, append([]edit{with("X-Api-Key", key)}, edits...)...)
	if got.status != http.StatusAccepted {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	return got
}

// download is what a batch's codes are answered with.
func (f *fixture) download(t *testing.T, path, mediaType string, edits ...edit) string {
	t.Helper()
	got := f.call(t, "GET", path, "", edits...)
	if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Type"), mediaType) {
		t.Fatalf("status %d, %v: %.300s", got.status, got.header, got.body)
	}
	return got.body
}

func TestABatchIsMadeAndDownloaded(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		made := f.createBatch(t, f.secret, `{"count":1234,"type":"Premium","name":"fair","note":"n",`+
			`"format":{"prefix":"FAIR","groupLength":5}}`)
		id := made.text(t, "id")
		if got := made.header.Get("Location"); got != "/batches/"+id {
			t.Errorf("Location %q", got)
		}
		sameJSON(t, made.body, fmt.Sprintf(`{"id":%q,"name":"fair","count":1234,"type":"Premium","maxRedemptions":1,
			"startsAt":null,"expiresAt":null,"note":"n","recipient":null,"metadata":{},
			"format":{"prefix":"FAIR","groups":2,"groupLength":5},"status":"queued",
			"progress":{"done":0,"total":1234,"perSecond":0},"redeemed":0,"createdAt":"2031-02-03T04:05:06.789012Z",
			"startedAt":null,"finishedAt":null,"createdBy":%q}`, id, f.key.ID))
		f.work(t)
		shown := f.call(t, "GET", "/batches/"+id, "").mustBeOK(t).object(t)
		progress := shown["progress"].(map[string]any)
		if fmt.Sprintf("%v %v %v", shown["status"], progress["done"], shown["redeemed"]) != "succeeded 1234 0" {
			t.Errorf("the batch is %v", shown)
		}
		whole := f.download(t, "/batches/"+id+"/codes", export.NDJSON.MediaTypes()[0])
		lines := strings.Split(strings.TrimSuffix(whole, "\n"), "\n")
		if len(lines) != 1234 {
			t.Fatalf("%d lines", len(lines))
		}
		var last struct {
			Code, BatchID, Status, Note string
			BatchIndex                  int64
		}
		if err := json.Unmarshal([]byte(lines[1233]), &last, json.MatchCaseInsensitiveNames(true)); err != nil ||
			last.BatchIndex != 1233 || last.BatchID != id || last.Status != "active" || !strings.HasPrefix(last.Code, "FAIR-") {
			t.Errorf("the last line is %s: %v", lines[1233], err)
		}
		rest := f.download(t, "/batches/"+id+"/codes?from=1000", export.NDJSON.MediaTypes()[0])
		if rest != strings.Join(lines[1000:], "\n")+"\n" {
			t.Error("the rest from 1000 is another one")
		}
		want := "batchIndex,code,status\r\n1233," + last.Code + ",active\r\n"
		for _, query := range []string{"?from=1233&format=csv", "?from=1233"} {
			path := "/batches/" + id + "/codes" + query
			if got := f.download(t, path, export.CSV.MediaTypes()[0], with("Accept", "text/csv")); got != want {
				t.Errorf("%s: %q", query, got)
			}
		}
		f.redeem(t, last.Code, "ada")
		if shown := f.call(t, "GET", "/batches/"+id, "").mustBeOK(t).object(t); fmt.Sprint(shown["redeemed"]) != "1" {
			t.Errorf("redeemed %v", shown["redeemed"])
		}
		f.sequence(t)
		if log := f.call(t, "GET", "/events?types=code.*,batch.*", "").mustBeOK(t).body; strings.Count(log, `"batch.`) != 2 ||
			strings.Contains(log, "code.created") || strings.Contains(log, last.Code) {
			t.Errorf("events %s", log)
		}
	})
}

func TestABatchIsCanceled(t *testing.T) {
	f := newFixture(t)
	id := f.createBatch(t, f.secret, `{"count":10,"type":"Normal"}`).text(t, "id")
	for range 2 {
		got := f.call(t, "POST", "/batches/"+id+"/cancel", "").mustBeOK(t)
		if got.text(t, "status") != "canceled" {
			t.Errorf("body %s", got.body)
		}
	}
	f.work(t)
	if stored := f.stored(t); stored != 0 {
		t.Errorf("%d codes", stored)
	}
	f.sequence(t)
	log := f.call(t, "GET", "/events?types=batch.canceled", "").mustBeOK(t).body
	if strings.Count(log, `"batch.canceled"`) != 1 {
		t.Errorf("events %s", log)
	}
	finished := f.createBatch(t, f.secret, `{"count":10,"type":"Normal"}`).text(t, "id")
	f.work(t)
	f.call(t, "POST", "/batches/"+finished+"/cancel", "").mustBe(t, 409, core.ReasonBatchFinished)
}

func TestARetriedBatchIsTheFirst(t *testing.T) {
	f := newFixture(t)
	const body = `{"count":10,"type":"Normal","expiresAt":"2031-02-03T04:05:08Z"}`
	retried := with("Idempotency-Key", "k")
	first := f.createBatch(t, f.secret, body, retried).text(t, "id")
	f.clock.advance(1e10)                             // after which the codes would have expired
	change := tenancy.WorkspaceChange{Groups: new(3)} // which the request leaves to the workspace
	if _, err := f.tenancy.UpdateWorkspace(t.Context(), "acme", change); err != nil {
		t.Fatal(err)
	}
	again := f.createBatch(t, f.secret, body, retried)
	if again.text(t, "id") != first || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%v %s, want %s", again.header, again.body, first)
	}
	f.post(t, "/batches", strings.Replace(body, "10", "11", 1), retried).mustBe(t, 409, core.ReasonIdempotencyKeyReused)
	f.post(t, "/batches", strings.Replace(body, "Normal", "Upgrade", 1), retried).
		mustBe(t, 409, core.ReasonIdempotencyKeyReused)
}

func TestABatchThatCannotBeMadeIsRefused(t *testing.T) {
	f := newFixture(t)
	for body, want := range map[string]string{
		`{"count":1000001,"type":"Normal","format":{"groupLength":3}}`: "has 1073741824 values, about 1073741824 of " +
			"them free: 1073 for each of 1000001 codes", // which is enough: see below
		`{"count":2000000,"type":"Normal","format":{"groupLength":3}}`: "the format ACME-XXX-XXX has " +
			"1073741824 values, about 1073741824 of them free: 536 for each of 2000000 codes, and at least 1000 are needed",
		`{"count":0,"type":"Normal"}`:                                           "count must be from 1 to 10000000",
		`{"count":10000001,"type":"Normal"}`:                                    "count must be from 1 to 10000000",
		`{"count":1,"type":"Normal","format":{"groups":9}}`:                     "groups must be from 2 to 6",
		`{"count":1,"type":"Normal","format":{"prefix":"a-b"}}`:                 "prefix must be 0 to 16 characters",
		`{"count":1,"type":"Normal","expiresAt":"2031-01-01T00:00:00Z"}`:        "expiresAt must be in the future",
		`{"count":1,"type":"Normal","name":"` + strings.Repeat("n", 201) + `"}`: "name",
	} {
		got := f.post(t, "/batches", body)
		if strings.Contains(want, "1073 for") {
			if got.status != http.StatusAccepted {
				t.Errorf("%s: %s", body, got.body)
			}
			continue
		}
		if p := got.mustBe(t, 400, core.ReasonInvalidValue); !strings.Contains(p.Detail, want) {
			t.Errorf("%s: %s, want %s", body, p.Detail, want)
		}
	}
}

// TestAnIssuingKeyReachesItsOwnBatchesOnly: other keys of its workspace may be other customers'.
func TestAnIssuingKeyReachesItsOwnBatchesOnly(t *testing.T) {
	f := newFixture(t)
	issuing, reading := f.keyOf(t, "acme", tenancy.RoleIssue), f.keyOf(t, "acme", tenancy.RoleRead)
	own := f.createBatch(t, issuing, `{"count":2,"type":"Normal"}`).text(t, "id")
	others := f.createBatch(t, f.secret, `{"count":2,"type":"Normal"}`).text(t, "id")
	as := func(key, method, path string) answer {
		t.Helper()
		return f.call(t, method, path, "", with("X-Api-Key", key))
	}
	as(issuing, "GET", "/batches/"+own).mustBeOK(t)
	as(reading, "GET", "/batches/"+others).mustBeOK(t)
	f.download(t, "/batches/"+own+"/codes", export.NDJSON.MediaTypes()[0], with("X-Api-Key", issuing))
	f.download(t, "/batches/"+others+"/codes", export.NDJSON.MediaTypes()[0], with("X-Api-Key", reading))
	for _, path := range []string{"", "/codes"} {
		as(issuing, "GET", "/batches/"+others+path).mustBe(t, 404, core.ReasonBatchNotFound)
	}
	as(issuing, "POST", "/batches/"+others+"/cancel").mustBe(t, 404, core.ReasonBatchNotFound)
	as(issuing, "POST", "/batches/"+own+"/cancel").mustBeOK(t)
	for key, want := range map[string]int{issuing: 1, reading: 2, f.secret: 2} {
		if ids, _ := as(key, "GET", "/batches").mustBeOK(t).page(t, "id"); len(ids) != want {
			t.Errorf("%v are listed, want %d", ids, want)
		}
	}
	first, next := as(reading, "GET", "/batches?limit=1").mustBeOK(t).page(t, "id")
	second, end := as(reading, "GET", "/batches?limit=1&cursor="+next).mustBeOK(t).page(t, "id")
	if end != "" || first[0] != others || second[0] != own {
		t.Errorf("pages %v, %v, %q", first, second, end)
	}
}

// TestAKeyReachesTheJobsOfThoseThatItHasReplaced, but they do not reach its own.
func TestAKeyReachesTheJobsOfThoseThatItHasReplaced(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		beside := f.createBatch(t, f.keyOf(t, "acme", tenancy.RoleIssue), `{"count":2,"type":"Normal"}`).text(t, "id")
		key, secret := f.createKey(t, "acme", tenancy.NewKey{Name: "shop", Role: tenancy.RoleIssue})
		secrets, ids := []string{secret}, []string{}
		for range 2 {
			ids = append(ids, f.createBatch(t, secrets[len(secrets)-1], `{"count":2,"type":"Normal"}`).text(t, "id"))
			next, secret, err := f.tenancy.RotateKey(t.Context(), key.ID, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			key, secrets = next, append(secrets, secret)
		}
		for i, secret := range secrets {
			as := func(method, path string) answer { return f.call(t, method, path, "", with("X-Api-Key", secret)) }
			for n, id := range ids {
				if n > i {
					as("GET", "/batches/"+id).mustBe(t, 404, core.ReasonBatchNotFound)
					continue
				}
				as("GET", "/batches/"+id).mustBeOK(t)
				f.download(t, "/batches/"+id+"/codes", export.NDJSON.MediaTypes()[0], with("X-Api-Key", secret))
			}
			as("GET", "/batches/"+beside).mustBe(t, 404, core.ReasonBatchNotFound)
			if got, _ := as("GET", "/batches").mustBeOK(t).page(t, "id"); len(got) != min(i+1, len(ids)) {
				t.Errorf("key %d lists %v", i, got)
			}
		}
		f.call(t, "POST", "/batches/"+ids[0]+"/cancel", "", with("X-Api-Key", secrets[2])).mustBeOK(t)
		imported := f.importFile(t, "?format=csv", "code,type\nMOVED,Normal\n", with("X-Api-Key", secrets[1]))
		path := "/imports/" + imported.mustBeOK(t).text(t, "id")
		f.call(t, "GET", path, "", with("X-Api-Key", secrets[2])).mustBeOK(t)
		f.call(t, "GET", path, "", with("X-Api-Key", secrets[0])).mustBe(t, 404, core.ReasonImportNotFound)
		for i, want := range []int{0, 1, 1} {
			list := f.call(t, "GET", "/imports", "", with("X-Api-Key", secrets[i])).mustBeOK(t)
			if got, _ := list.page(t, "id"); len(got) != want {
				t.Errorf("key %d lists the imports %v", i, got)
			}
		}
	})
}
