package console

import (
	"bufio"
	"html"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
	"accesscodes/internal/member"
	"accesscodes/internal/web/console/text"
	"accesscodes/internal/web/kit"
)

// batch asks for a batch in acme.
func (v *visitor) batch(name string, count int64) string {
	v.t.Helper()
	made, _, err := v.batches.Create(v.t.Context(), v.actor(), bulk.NewBatch{
		IssueRequest: codes.IssueRequest{Type: codes.TypePremium}, Name: name, Count: count,
	})
	if err != nil {
		v.t.Fatal(err)
	}
	return made.ID.String()
}

// fetch begins to get a file.
func (v *visitor) fetch(path string) *http.Response {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.url+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: sessionCookie, Value: v.session})
	answer, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// file gets a whole file, and returns its name as well.
func (v *visitor) file(path string) (name, text string) {
	v.t.Helper()
	answer := v.fetch(path)
	all, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		v.t.Fatalf("%s: %d, %v\n%s", path, answer.StatusCode, err, all)
	}
	_, parameters, err := mime.ParseMediaType(answer.Header.Get("Content-Disposition"))
	if err != nil {
		v.t.Fatal(err)
	}
	return parameters["filename"], string(all)
}

func TestTheMenuSaysHowFarBatchesAre(t *testing.T) {
	o := newOffice(t)
	o.rests = true
	id := o.mara.batch("Badges", 3)
	o.mara.batch("Others", 2)
	const at = "/console/w/acme/codes"
	vera := o.join(t, "Vera", member.RoleViewer)
	vera.sees(at, `<span id="making">0%</span>`)
	o.mara.sends("/console/w/acme/batches/"+id+"/cancel", "/console/w/acme/batches/"+id, url.Values{})
	o.mara.sees("/console/w/acme/batches", `<span id="making">0%</span>`, `hx-select-oob="#making"`)
	o.work(t)
	vera.sees(at, `<span id="making"></span>`)
}

func TestWhatWasDoneToABatchIsShownWithTheWayBack(t *testing.T) {
	o := newOffice(t)
	id := o.mara.batch("Loyalty cards", 4)
	o.mara.batch("Others", 2)
	at := "/console/w/acme/batches/" + id
	list, err := o.codes.ListCodes(t.Context(), o.mara.actor(), codes.CodeFilter{}, core.PageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range list.Items {
		if c := &list.Items[i]; c.BatchID.String() == id {
			o.mara.redeem(c.Value, "ann")
			break
		}
	}
	if body := o.mara.sees(at, "Delete…"); strings.Contains(body, "What was done to them") {
		t.Error("the page tells of what nobody has done")
	}
	all := url.Values{"do": {"revoke"}, "batch": {id}, "back": {at}, "retry": {"a"}}
	o.mara.does("/console/w/acme/changes", all)
	o.mara.sees(at, "What was done to them", "Revoked 4 codes.", "Mara Lindt", "<dt>Revoked</dt>", "4 (100%)")
	o.mara.sees("/console/w/acme/batches", "4 revoked", "All are revoked.")

	body := o.mara.sees(at)
	undo := undoInPage.FindStringSubmatch(body)
	if undo == nil {
		t.Fatalf("no Undo in\n%s", body)
	}
	o.mara.sends(html.UnescapeString(undo[1]), at, url.Values{"back": {at}})
	if body = o.mara.sees(at, "Undone"); strings.Contains(body, "<dt>Revoked</dt>") {
		t.Error("they are still revoked")
	}
	o.mara.answered("/console/w/acme/changes/preview", url.Values{"do": {"delete"}, "batch": {id}}, http.StatusOK,
		"<dt>3</dt><dd>codes are deleted", "<dt>1</dt><dd>code stays: it was used", "Delete 3 codes")
	vera := o.join(t, "Vera", member.RoleViewer)
	body = vera.sees(at, "What was done to them")
	if strings.Contains(body, "/undo") || strings.Contains(body, "Delete…") {
		t.Error("a viewer is offered what they may not do")
	}
}

func TestABatchIsShownAndTakenAlong(t *testing.T) {
	o := newOffice(t)
	id := o.mara.batch("Loyalty cards", 40)
	odd := o.mara.batch(`Größe "1"; Set-Cookie: x=y`, 1)
	at := "/console/w/acme/batches"
	o.mara.sees(at, "Loyalty cards", "Done", "40")
	o.mara.sees(at+"/"+id, "Loyalty cards", "40 Premium codes, one use each", "codes.csv", "codes.xlsx", "/print")
	for format, begin := range map[string]string{
		"csv": "batchIndex,code,status\r\n0,ACME-", "ndjson": `{"code":"ACME-`, "xlsx": "PK",
	} {
		file, text := o.mara.file(at + "/" + id + "/codes." + format)
		if !strings.HasPrefix(text, begin) || !strings.HasPrefix(file, "Loyalty cards-acme-") {
			t.Errorf("%s begins with %.40q", file, text)
		}
		if format != "xlsx" && strings.Count(text, "ACME-") != 40 {
			t.Errorf("%s has other codes than the batch:\n%s", file, text)
		}
	}
	file, _ := o.mara.file(at + "/" + odd + "/codes.csv")
	if !strings.HasPrefix(file, "Größe -1-; Set-Cookie- x=y-acme-") {
		t.Errorf("the file is called %q", file)
	}
	sam := o.join(t, "sam", member.RoleSupport)
	if body := sam.sees(at+"/"+id, "Loyalty cards"); strings.Contains(body, "codes.csv") {
		t.Error("support is offered what it may not have")
	}
	for _, path := range []string{"/codes.csv", "/print", "/sheet.pdf"} {
		sam.refused(http.MethodGet, at+"/"+id+path, http.StatusForbidden)
	}
	sam.refused(http.MethodPost, at+"/"+id+"/cancel", http.StatusForbidden)
	foreign := o.foreignBatch(t)
	for _, path := range []string{"", "/codes.csv", "/print", "/sheet.pdf"} {
		o.mara.refused(http.MethodGet, at+"/"+foreign+path, http.StatusNotFound)
	}
	o.mara.refused(http.MethodPost, at+"/"+foreign+"/cancel", http.StatusNotFound)
}

// foreignBatch is a batch of the other workspace.
func (o *office) foreignBatch(t *testing.T) string {
	actor := *o.mara.actor()
	actor.WorkspaceID, actor.Workspace, actor.Format = o.other.ID, o.other.Slug, o.other.Format
	made, _, err := o.batches.Create(t.Context(), &actor, bulk.NewBatch{
		IssueRequest: codes.IssueRequest{Type: codes.TypeNormal}, Count: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return made.ID.String()
}

func TestABatchIsStopped(t *testing.T) {
	o := newOffice(t)
	o.rests = true
	id := o.mara.batch("", 500)
	at := "/console/w/acme/batches/" + id
	o.mara.sees(at, "Without a name", "Waiting", `hx-trigger="every 1s"`)
	o.mara.sends(at+"/cancel", at, url.Values{})
	o.mara.sees(at, "Stopped", "Somebody stopped it")
	done := o.mara.batch("", 1)
	o.work(t)
	o.mara.sends("/console/w/acme/batches/"+done+"/cancel", "/console/w/acme/batches/"+done, url.Values{})
	o.mara.sees("/console/w/acme/batches/"+done, "Done")
}

func TestADownloadFollowsItsBatch(t *testing.T) {
	o := newOffice(t)
	o.rests = true
	answer := o.mara.fetch("/console/w/acme/batches/" + o.mara.batch("", 1200) + "/codes.csv")
	lines := bufio.NewReader(answer.Body)
	if head, err := lines.ReadString('\n'); err != nil || head != "batchIndex,code,status\r\n" {
		t.Fatalf("the file begins with %q, %v", head, err)
	}
	o.work(t)
	rest, err := io.ReadAll(lines)
	if got := strings.Count(string(rest), "\r\n"); err != nil || got != 1200 {
		t.Errorf("%d codes, %v", got, err)
	}
}

func TestADownloadEndsWithItsSession(t *testing.T) {
	o := newOffice(t)
	o.rests = true
	answer := o.mara.fetch("/console/w/acme/batches/" + o.mara.batch("", 1200) + "/codes.csv")
	lines := bufio.NewReader(answer.Body)
	if _, err := lines.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := o.people.Sessions.SignOut(t.Context(), &o.mara.who); err != nil {
		t.Fatal(err)
	}
	o.work(t)
	if rest, err := io.ReadAll(lines); err == nil {
		t.Errorf("the file went on to its end: %d bytes", len(rest))
	}
}

func TestCardsArePrinted(t *testing.T) {
	o := newOffice(t)
	at := "/console/w/acme/batches/" + o.mara.batch("Badges", 30)
	o.mara.sees(at+"/print", "One card", "Cards: 30. Sheets: 2.", "<svg")
	o.mara.sees(at+"/print?to=12&columns=2", "13 to 30 go into another file", "columns=2&amp;from=13")
	if body := o.mara.sees(at+"/print?from=13&to=30", "Cards: 18."); strings.Contains(body, "another file") {
		t.Error("more than the last card is offered")
	}
	file, text := o.mara.file(at + "/sheet.pdf?columns=2&rows=5&from=3&to=12&link=https://acme.example/%7Bcode%7D")
	if !strings.HasPrefix(text, "%PDF-") || !strings.HasPrefix(file, "Badges-acme-") {
		t.Errorf("%s begins with %.20q", file, text)
	}
	for query, want := range map[string]string{
		"link=nope":            "Write an address with {code}",
		"lines=%7Bcolour%7D":   "Braces are only for",
		"columns=0":            "Write a whole number from 1 to 50.",
		"columns=40":           "are too small",
		"to=31":                "Write a whole number from 1 to 30.",
		"from=9&to=8":          "This is before the first number.",
		"paper=A5":             "Choose A4 or Letter.",
		"lines=%F0%9F%92%9A":   ": The font does not have 💚 (U+1F49A)",
		"margin=1&cropMarks=y": "Crop marks need a margin",
	} {
		status, _, body := o.mara.do(http.MethodGet, at+"/sheet.pdf?title=Kept&"+query, nil)
		isSaid := strings.Contains(body, want) && strings.Contains(body, `value="Kept"`)
		if status != http.StatusUnprocessableEntity || !isSaid {
			t.Errorf("%s: %d does not say %q, or what was typed is lost", query, status, want)
		}
	}
}

func TestAPDFHasSoManyCardsAndNoMore(t *testing.T) {
	typed := url.Values{
		"paper": {"A4"}, "columns": {"3"}, "rows": {"8"}, "margin": {"10"}, "from": {"2"}, "to": {"5002"},
	}
	f := &form{wrong: map[string]string{}, page: &page{
		Call: &kit.Call{Request: &http.Request{Form: typed}}, Texts: text.For(text.Viewer{Now: time.Now()}),
	}}
	f.printJob(&bulk.Batch{Job: job.Job{Done: 60_000}})
	const want = "more than 5,000 cards, the most of one PDF. Take the numbers up to 5,001 first"
	if !strings.Contains(f.wrong["to"], want) {
		t.Errorf("what is wrong is %v", f.wrong)
	}
}
