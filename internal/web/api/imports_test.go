package api

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/bulk"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/web/export"
	"accesscodes/internal/web/kit"
)

// importFile sends a file of CSV.
func (f *fixture) importFile(t *testing.T, query, file string, edits ...edit) answer {
	t.Helper()
	return f.post(t, "/imports"+query, file, append([]edit{with("Content-Type", "text/csv")}, edits...)...)
}

// counts are the numbers of a report.
func (a answer) counts(t *testing.T) string {
	t.Helper()
	o := a.object(t)
	return fmt.Sprintf("%v: %v lines, %v accepted, %v skipped, %v rejected",
		o["status"], o["lines"], o["accepted"], o["skipped"], o["rejected"])
}

// mustCount requires a report with these numbers, and returns its id.
func (a answer) mustCount(t *testing.T, want string) string {
	t.Helper()
	if a.status != http.StatusOK {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	if got := a.counts(t); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	return a.text(t, "id")
}

// rejected is the file of the lines that an import has rejected.
func (f *fixture) rejected(t *testing.T, id string, edits ...edit) string {
	t.Helper()
	return f.download(t, "/imports/"+id+"/rejected", export.CSV.MediaTypes()[0], edits...)
}

func TestAFileIsImported(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		got := f.importFile(t, "", "code,type,maxRedemptions,expiresAt,revokedAt,note,metadata.a\n"+
			"ONE,Normal,,,,,\n"+
			"TWO,Premium,3,2001-02-03T04:05:06Z,2002-01-01T00:00:00Z,\"a\nb\",x\n"+
			"three,normal,,,,,\n"+
			"one,Normal,,,,,\n"+
			"ONE,Normal,,,,other,\n")
		id := got.mustCount(t, "succeeded: 5 lines, 2 accepted, 1 skipped, 2 rejected")
		if location := got.header.Get("Location"); location != "/imports/"+id {
			t.Errorf("Location %q", location)
		}
		sameJSON(t, f.call(t, "GET", "/imports/"+id, "").mustBeOK(t).body, got.body)
		two := f.code(t, "TWO")
		if *two.MaxRedemptions != 3 || two.ExpiresAt.Year() != 2001 || two.RevokedAt.Year() != 2002 || two.Note != "a\nb" ||
			two.Metadata["a"] != "x" || two.CreatedBy != f.key.ID || !two.BatchID.IsZero() {
			t.Errorf("code %+v", two)
		}
		want := "code,type,maxRedemptions,expiresAt,revokedAt,note,metadata.a,_line,_reason,_detail\n" +
			`three,normal,,,,,,5,invalid_value,"type must be ""Normal"", ""Premium"" or ""Upgrade"", spelt exactly so"` +
			"\n" +
			"ONE,Normal,,,,other,,7,code_already_exists,\"a code with this value exists already, with another note\"\n"
		if diff := cmp.Diff(want, f.rejected(t, id)); diff != "" {
			t.Errorf("rejected lines (-want +got):\n%s", diff)
		}
		f.sequence(t)
		read := f.call(t, "GET", "/events?types=export.*&subject=import:"+id, "").mustBeOK(t).body
		if strings.Count(read, `"type":"export.completed"`) != 1 ||
			!strings.Contains(read, `"data":{"format":"csv","rows":2,"what":"rejected"}`) {
			t.Errorf("of the download: %s", read)
		}
		log := f.call(t, "GET", "/events?types=import.*,code.*", "").mustBeOK(t).body
		if strings.Count(log, `"type":"import.completed"`) != 1 || strings.Contains(log, "code.created") ||
			!strings.Contains(log, `"subject":{"kind":"import","id":"`+id+`"}`) ||
			!strings.Contains(log, `"accepted":2,"lines":5,"name":null,"rejected":2,"skipped":1,"status":"succeeded"`) {
			t.Errorf("events %s", log)
		}
	})
}

func TestAnImportIsSeenWhileItsFileArrives(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		u := f.begin(t, "", lead("code,type\nFIRST,Normal\nBAD,\n"))
		look := func() answer { return f.call(t, "GET", "/imports/"+u.id, "").mustBeOK(t) }
		f.until(t, "two lines are read", func() bool { return fmt.Sprint(look().object(t)["lines"]) == "2" })
		look().mustCount(t, "running: 2 lines, 1 accepted, 0 skipped, 1 rejected")
		if f.code(t, "FIRST").Value != "FIRST" || strings.Count(f.rejected(t, u.id), "\n") != 2 {
			t.Error("the lines are not there yet")
		}
		u.end(t, "SECOND,Normal\n").mustCount(t, "succeeded: 3 lines, 2 accepted, 0 skipped, 1 rejected")
	})
}

func TestACanceledImportAnswersItsSender(t *testing.T) {
	f := newFixture(t)
	u := f.begin(t, "", lead("code,type\nFIRST,Normal\n"))
	f.until(t, "the line is stored", func() bool { return f.stored(t) == 1 })
	for range 2 {
		got := f.call(t, "POST", "/imports/"+u.id+"/cancel", "").mustBeOK(t)
		got.mustCount(t, "canceled: 1 lines, 1 accepted, 0 skipped, 0 rejected")
	}
	u.answer(t).mustCount(t, "canceled: 1 lines, 1 accepted, 0 skipped, 0 rejected") // though nothing more was sent
	ended := f.importFile(t, "", "code,type\nSECOND,Normal\n").text(t, "id")
	f.call(t, "POST", "/imports/"+ended+"/cancel", "").mustBe(t, 409, core.ReasonImportFinished)
	close(u.parts)
}

// TestAnUploadThatIsCutOffFailsAndCanBeSentAgain: what was reported as accepted is there.
func TestAnUploadThatIsCutOffFailsAndCanBeSentAgain(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		server := f.serve(t, false)
		var file strings.Builder
		file.WriteString("code,type\n")
		for n := range 20_000 {
			fmt.Fprintf(&file, "CUT-%06d,Normal\n", n)
		}
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST /imports HTTP/1.1\r\nHost: x\r\nX-Api-Key: %s\r\nContent-Type: text/csv\r\n"+
			"Idempotency-Key: k\r\nContent-Length: %d\r\n\r\n%s", f.secret, file.Len(), file.String()[:file.Len()/2])
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		f.until(t, "the import has failed", func() bool {
			ids := f.importIDs(t)
			return len(ids) == 1 && f.call(t, "GET", "/imports/"+ids[0], "").text(t, "status") == "failed"
		})
		id := f.importIDs(t)[0]
		got := f.call(t, "GET", "/imports/"+id, "").object(t)
		want := fmt.Sprintf("the upload broke off after %v lines; %v lines were accepted before, and their codes stay; "+
			"send the same file again", got["lines"], got["accepted"])
		there := f.stored(t)
		// Nobody else goes on with it.
		issuing := with("X-Api-Key", f.keyOf(t, "acme", tenancy.RoleIssue))
		f.importFile(t, "", "code,type\nMINE,Normal\n", issuing, with("Idempotency-Key", "k")).
			mustBe(t, 409, core.ReasonIdempotencyKeyReused)
		if got["failure"] != want || fmt.Sprint(got["accepted"]) != fmt.Sprint(there) || there < 9_000 {
			t.Errorf("%d codes are stored; the import is %v", there, got)
		}
		again := f.importFile(t, "", file.String(), with("Idempotency-Key", "k"))
		again.mustCount(t, fmt.Sprintf("succeeded: 20000 lines, %d accepted, %d skipped, 0 rejected", 20_000-there, there))
		if again.text(t, "id") != id || f.stored(t) != 20_000 {
			t.Errorf("%d codes are stored; the import is %s", f.stored(t), again.body)
		}
		replayed := f.importFile(t, "", "this is not read", with("Idempotency-Key", "k"))
		sameJSON(t, replayed.body, again.body)
		if replayed.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("header %v", replayed.header)
		}
	})
}

// TestARefusedFileIsAnsweredAtOnce, also to a caller who waits to be told to send it.
func TestARefusedFileIsAnsweredAtOnce(t *testing.T) {
	f := newFixture(t)
	server := f.serve(t, false)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST /imports HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: text/csv\r\n"+
		"Content-Length: 1000\r\n\r\n")
	if err := conn.SetReadDeadline(time.Now().Add(4 * time.Second)); err != nil { // less than a body is waited for
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, " 401 ") {
		t.Errorf("%q, %v", line, err)
	}
}

// TestAnIssuingKeyReachesItsOwnImportsOnly, with those of the keys that it has replaced, and may not change
// codes that there are.
func TestAnIssuingKeyReachesItsOwnImportsOnly(t *testing.T) {
	f := newFixture(t)
	key, issuing := f.createKey(t, "acme", tenancy.NewKey{Name: "shop", Role: tenancy.RoleIssue})
	reading := f.keyOf(t, "acme", tenancy.RoleRead)
	as := func(key string) edit { return with("X-Api-Key", key) }
	const file = "code,type\nA,Normal\n"
	own := f.importFile(t, "?batch=own", file, as(issuing)).text(t, "id")
	others := f.importFile(t, "?batch=others", file).text(t, "id")
	f.importFile(t, "?onExisting=update", file, as(issuing)).mustBe(t, 403, core.ReasonRoleNotAllowed)
	f.importFile(t, "", file, as(reading)).mustBe(t, 403, core.ReasonRoleNotAllowed)
	for _, path := range []string{"/imports/" + own, "/batches/" + own} {
		f.call(t, "GET", path, "", as(issuing)).mustBeOK(t)
	}
	f.rejected(t, own, as(issuing))
	f.rejected(t, others, as(reading))
	for _, path := range []string{"", "/rejected"} {
		f.call(t, "GET", "/imports/"+others+path, "", as(issuing)).mustBe(t, 404, core.ReasonImportNotFound)
	}
	f.call(t, "POST", "/imports/"+others+"/cancel", "", as(issuing)).mustBe(t, 404, core.ReasonImportNotFound)
	for key, want := range map[string]int{issuing: 1, reading: 2} {
		for _, list := range []string{"/imports", "/batches"} {
			if ids, _ := f.call(t, "GET", list, "", as(key)).mustBeOK(t).page(t, "id"); len(ids) != want {
				t.Errorf("%v are listed at %s, want %d", ids, list, want)
			}
		}
	}
	first, next := f.call(t, "GET", "/imports?limit=1", "").mustBeOK(t).page(t, "id")
	second, end := f.call(t, "GET", "/imports?limit=1&cursor="+next, "").mustBeOK(t).page(t, "id")
	if end != "" || first[0] != others || second[0] != own {
		t.Errorf("pages %v, %v, %q", first, second, end)
	}
	// What a code is, is told to those who may read codes.
	for key, want := range map[string]string{issuing: "exists already", f.secret: "with another type"} {
		id := f.importFile(t, "", "code,type\nA,Premium\n", as(key)).
			mustCount(t, "succeeded: 1 lines, 0 accepted, 0 skipped, 1 rejected")
		text := f.rejected(t, id, as(key))
		if !strings.Contains(text, want) || key == issuing && strings.Contains(text, "another") {
			t.Errorf("rejected: %s", text)
		}
	}
	_, rotated, err := f.tenancy.RotateKey(t.Context(), key.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	f.rejected(t, own, as(rotated))
	f.call(t, "GET", "/imports/"+others, "", as(rotated)).mustBe(t, 404, core.ReasonImportNotFound)
	if ids, _ := f.call(t, "GET", "/imports", "", as(rotated)).mustBeOK(t).page(t, "id"); len(ids) != 2 {
		t.Errorf("the key that replaces it lists %v", ids)
	}
}

// TestTheCodesOfAnImportedBatchAreDownloaded in the order of the file, and canceling it cancels the import.
func TestTheCodesOfAnImportedBatchAreDownloaded(t *testing.T) {
	f := newFixture(t)
	id := f.importFile(t, "?batch=spring%20fair", "code,type\nZ,Normal\nA,Premium\nBAD,\nM,Normal\n").text(t, "id")
	got := f.call(t, "GET", "/imports/"+id, "").mustBeOK(t)
	if got.text(t, "batchId") != id || got.text(t, "name") != "spring fair" {
		t.Errorf("import %s", got.body)
	}
	text := f.download(t, "/batches/"+id+"/codes?format=csv", export.CSV.MediaTypes()[0])
	if strings.Index(text, "Z") > strings.Index(text, "A,") || strings.Count(text, "\n") != 4 {
		t.Errorf("codes %s", text)
	}
	u := f.begin(t, "?batch=autumn", lead("code,type\nFIRST,Normal\n"))
	f.until(t, "the line is stored", func() bool { return f.stored(t) == 4 })
	if got := f.call(t, "POST", "/batches/"+u.id+"/cancel", "").mustBeOK(t); got.text(t, "status") != "canceled" {
		t.Errorf("batch %s", got.body)
	}
	u.answer(t).mustCount(t, "canceled: 1 lines, 1 accepted, 0 skipped, 0 rejected")
	close(u.parts)
}

// TestAnImportWhoseNodeDiedIsEndedByAnother, and its rejected lines are kept for 30 days.
func TestAnImportWhoseNodeDiedIsEndedByAnother(t *testing.T) {
	f := newFixture(t)
	spec := `{"Format":"csv","OnExisting":"fail"}`
	id, err := core.ParseID("01a21984-0043-7bc5-9b11-4aeae8b30513")
	if err != nil {
		t.Fatal(err)
	}
	never := func(*job.Job) bool { return false }
	_, _, err = f.store.StartJob(t.Context(), job.Job{
		ID: id, WorkspaceID: f.key.WorkspaceID, Kind: bulk.KindImport, Spec: spec, CreatedAt: f.clock.read(),
		Actor: event.Actor{Kind: core.ActorKey, ID: f.key.ID},
	}, -time.Second, never)
	if err != nil {
		t.Fatal(err)
	}
	f.work(t)
	got := f.call(t, "GET", "/imports/"+id.String(), "").mustBeOK(t)
	if got.text(t, "status") != "failed" || !strings.Contains(got.text(t, "failure"), "the server that read the file") {
		t.Errorf("import %s", got.body)
	}
	f.rejected(t, id.String())
	f.clock.advance(bulk.RejectedLife)
	f.call(t, "GET", "/imports/"+id.String()+"/rejected", "").mustBe(t, 410, core.ReasonRejectedLinesExpired)
}

func TestAKeyThatIsRevokedMeanwhileEndsItsImport(t *testing.T) {
	f := newFixture(t)
	key, secret := f.createKey(t, "acme", tenancy.NewKey{Name: "leaked", Role: tenancy.RoleFull})
	u := f.begin(t, "", lead("code,type\nFIRST,Normal\n"), with("X-Api-Key", secret))
	if _, err := f.tenancy.RevokeKey(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
	if got := u.answer(t); got.status != 401 { // within some seconds, though nothing more was sent
		t.Errorf("status %d: %s", got.status, got.body)
	}
	got := f.call(t, "GET", "/imports/"+u.id, "").mustBeOK(t)
	if !strings.HasPrefix(got.text(t, "failure"), "whoever sent it lost the right to do this after 1 lines") {
		t.Errorf("import %s", got.body)
	}
	close(u.parts)
}

// TestAnUploadThatStallsIsCutOff, and its sender is told so.
func TestAnUploadThatStallsIsCutOff(t *testing.T) {
	f := newFixture(t)
	f.stall = 200 * time.Millisecond
	f.server = newServer(t, f)
	u := f.begin(t, "", lead("code,type\nFIRST,Normal\n"))
	u.answer(t).mustBe(t, http.StatusRequestTimeout, kit.ReasonRequestTimeout)
	got := f.call(t, "GET", "/imports/"+u.id, "").mustBeOK(t)
	if want := "the upload broke off after 1 lines; 1 line was accepted before, and its code stays; send the same " +
		"file again"; got.text(t, "failure") != want {
		t.Errorf("import %s", got.body)
	}
	close(u.parts)
}
