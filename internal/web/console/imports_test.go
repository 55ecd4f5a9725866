package console

import (
	"bytes"
	"html"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/bulk"
	"accesscodes/internal/bulk/upload"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/member"
	"accesscodes/internal/web/console/text"
)

const importsPath = "/console/w/acme/imports"

// imports sends a file with the fields of its form, which are pairs.
func (v *visitor) imports(name, file string, pairs ...string) (status int, location, body string) {
	v.t.Helper()
	var sent bytes.Buffer
	parts := multipart.NewWriter(&sent)
	fields := append([]string{"onExisting", "fail", "format", ""}, pairs...)
	for i := 0; i+1 < len(fields); i += 2 {
		if err := parts.WriteField(fields[i], fields[i+1]); err != nil {
			v.t.Fatal(err)
		}
	}
	part, err := parts.CreateFormFile(fileField, name)
	if err == nil {
		_, err = part.Write([]byte(file))
	}
	if err != nil || parts.Close() != nil {
		v.t.Fatal(err)
	}
	return v.posts(importsPath, parts.FormDataContentType(), &sent)
}

// imported is imports of a file that is read to its end; it returns the address of the import.
func (v *visitor) imported(name, file string, pairs ...string) string {
	v.t.Helper()
	status, location, body := v.imports(name, file, pairs...)
	if status != http.StatusSeeOther || !strings.HasPrefix(location, importsPath+"/") {
		v.t.Fatalf("%d to %q\n%s", status, location, body)
	}
	return location
}

const threeLines = "code,type\nPARTY-1,Normal\nPARTY-2,Gold\nPARTY-3,Premium\n"

func TestAFileIsCheckedThenImported(t *testing.T) {
	o := newOffice(t)
	o.mara.sees(importsPath+"/new", "Check it first", `name="file"`)
	checked := o.mara.imported("party.csv", threeLines)
	o.mara.sees(checked, "Nothing was stored.", "<dt>2</dt><dd>codes would be added</dd>",
		"<dt>1</dt><dd>line would be rejected</dd>", "PARTY-2,Gold", "Column “type”: Choose Normal, Premium or Upgrade.",
		"Import 2 codes now", "Choose the file once more")
	if _, err := o.codes.GetCode(t.Context(), o.mara.actor(), "PARTY-1"); !core.IsKind(err, core.KindNotFound) {
		t.Errorf("a file that was only checked left a code: %v", err)
	}
	stored := o.mara.imported("party.csv", threeLines, "do", "import")
	o.mara.sees(stored, "<dt>2</dt><dd>codes were added</dd>", "party", "Show its batch", "Delete the new codes")
	if _, err := o.codes.GetCode(t.Context(), o.mara.actor(), "PARTY-1"); err != nil {
		t.Error(err)
	}
	o.mara.sees(strings.Replace(stored, "/imports/", "/batches/", 1), "2 codes that came in with a file")
	o.mara.sees(importsPath, "party", "only checked")
	if name, text := o.mara.file(stored + "/rejected.csv"); name != "rejected-party.csv" ||
		!strings.HasPrefix(text, "code,type,_line,_reason,_detail\nPARTY-2,Gold,3,") {
		t.Errorf("%s:\n%s", name, text)
	}
	atomic := o.mara.imported("party.ndjson", `{"code":"X"}`+"\n{}\n", "do", "import", "atomic", "yes")
	o.mara.sees(atomic, "Failed", "nothing is stored", "Send it again")
	o.mara.sends(stored+"/cancel", stored, nil)
}

func TestAFormThatIsSentTwiceImportsOnce(t *testing.T) {
	o := newOffice(t)
	first := o.mara.imported("a.csv", threeLines, "do", "import", "retry", "TWICE")
	if again := o.mara.imported("a.csv", threeLines, "do", "import", "retry", "TWICE"); again != first {
		t.Errorf("%s was imported again as %s", first, again)
	}
	mended := strings.Replace(threeLines, "Gold", "Normal", 1)
	if other := o.mara.imported("a.csv", mended, "do", "import", "retry", "TWICE"); other == first {
		t.Error("another file counted as the same")
	}
}

func TestWhatIsWrongWithAnUploadIsSaid(t *testing.T) {
	o := newOffice(t)
	for name, c := range map[string]struct {
		pairs []string
		want  string
	}{
		"":            {nil, "Choose a file."},
		"a.xlsx":      {nil, "Save it as CSV"},
		"a.csv":       {[]string{"onExisting", "explode"}, "Choose one of these."},
		"b.csv":       {[]string{"format", "pdf"}, "Choose one of these."},
		"long.ndjson": {[]string{"batch", strings.Repeat("x", bulk.MaxBatchNameLength+1)}, "200"},
	} {
		status, _, body := o.mara.imports(name, "code\nA\n", append([]string{"batch", "Kept", "do", "import"}, c.pairs...)...)
		if status != http.StatusUnprocessableEntity || !strings.Contains(body, c.want) {
			t.Errorf("%q: %d does not say %q\n%s", name, status, c.want, body)
		}
		if name != "long.ndjson" && !strings.Contains(body, `value="Kept"`) {
			t.Errorf("%q: what was typed is lost", name)
		}
	}
	location := o.mara.imported("broken.csv", "nonsense\n1\n")
	o.mara.sees(location, "Failed", "Send it again")
	for _, c := range []struct{ kind, body string }{
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"do\"\r\n\r\nimp"},
		{"multipart/form-data", ""},
		{"text/csv", "code\nA\n"},
	} {
		if status, _, _ := o.mara.posts(importsPath, c.kind, strings.NewReader(c.body)); status/100 != 4 {
			t.Errorf("%s: %d", c.kind, status)
		}
	}
}

func TestWhoMayImport(t *testing.T) {
	o := newOffice(t)
	done := o.mara.imported("party.csv", threeLines, "do", "import")
	vera := o.join(t, "vera", member.RoleViewer)
	vera.sees(done, "<dt>2</dt><dd>codes were added</dd>")
	vera.refused(http.MethodGet, importsPath+"/new", http.StatusForbidden)
	vera.refused(http.MethodGet, done+"/rejected.csv", http.StatusForbidden)
	vera.refused(http.MethodPost, done+"/cancel", http.StatusForbidden)
	if status, _, _ := vera.imports("party.csv", threeLines); status != http.StatusForbidden {
		t.Errorf("a viewer imports: %d", status)
	}
	foreign := importsPath + "/" + o.foreignBatch(t)
	for _, path := range []string{"", "/rejected.csv"} {
		o.mara.refused(http.MethodGet, foreign+path, http.StatusNotFound)
	}
	o.mara.refused(http.MethodPost, foreign+"/cancel", http.StatusNotFound)
}

func TestASelectionIsExported(t *testing.T) {
	o := newOffice(t)
	end := func(year int) *time.Time { return new(time.Date(year, 6, 1, 12, 0, 0, 0, time.UTC)) }
	o.mara.add("FAIR-1", codes.Options{ExpiresAt: end(2035)})
	o.mara.add("FAIR-2", codes.Options{ExpiresAt: end(2036)})
	o.mara.add("FAIR-3", codes.Options{})
	const preview, at = "/console/w/acme/changes/preview", "/console/w/acme/exports/selection"
	picked := url.Values{"do": {"export"}, "code": {"FAIR-1", "FAIR-3"}}
	o.mara.answered(preview, picked, http.StatusOK, "Export 2 codes?", `value="FAIR-3"`, `value="xlsx"`)
	all := url.Values{"do": {"export"}, "code": {"FAIR-1"}, "all": {"yes"}, "endsFrom": {"2035-06-02"}}
	o.mara.answered(preview, all, http.StatusOK, "Export all codes that match the filter?", `name="endsFrom"`)
	o.mara.answered(preview, url.Values{"do": {"export"}}, http.StatusOK, "Nothing is selected")

	csv := o.mara.answered(at, url.Values{"format": {"csv"}, "code": {"FAIR-3", "fair1", "FAIR-1", "GONE"}}, http.StatusOK)
	if got := strings.Count(csv, "\nFAIR-"); got != 2 || strings.Contains(csv, "FAIR-2") {
		t.Errorf("of two codes came\n%s", csv)
	}
	_, ending := o.mara.file("/console/w/acme/exports/codes?endsFrom=2035-06-02")
	if got := strings.Count(ending, "\nFAIR-"); got != 1 || !strings.Contains(ending, "FAIR-2") {
		t.Errorf("of what ends after came\n%s", ending)
	}
	o.mara.refused(http.MethodPost, at, http.StatusBadRequest)
	sam := o.join(t, "sam", member.RoleSupport)
	for _, path := range []string{preview, at} {
		if status, _, _ := sam.do(http.MethodPost, path, picked); status != http.StatusForbidden {
			t.Errorf("support at %s: %d", path, status)
		}
	}
}

func TestListsAreExported(t *testing.T) {
	o := newOffice(t)
	id := o.mara.batch("Badges", 3)
	o.mara.batch("Others", 2)
	const at = "/console/w/acme/exports"
	o.mara.sees(at, "Redemptions", "Users", "Redeemed from")
	o.mara.sees(at+"?q=ACME&status=revoked&batch="+id, `value="ACME"`, `value="revoked" selected`, `value="`+id)
	const days = "endsFrom=2030-01-01&amp;from=2026-11-01&amp;status=active&amp;to=2026-11-30"
	o.mara.sees("/console/w/acme/codes?"+html.UnescapeString(days), "/console/w/acme/exports?"+days, "from 1 January 2030")
	o.mara.sees(at+"?"+html.UnescapeString(days), `name="from" value="2026-11-01"`, `name="to" value="2026-11-30"`,
		`name="endsFrom" value="2030-01-01"`)
	for path, begin := range map[string]string{
		"/codes?format=csv":          "code,type,status",
		"/codes?format=ndjson":       `{"code":"`,
		"/codes?format=xlsx":         "PK",
		"/redemptions":               "id,code,type,userId",
		"/redemptions?format=ndjson": "",
		"/users?format=xlsx":         "PK",
	} {
		if name, text := o.mara.file(at + path); !strings.HasPrefix(text, begin) || !strings.Contains(name, "-acme-") {
			t.Errorf("%s is %s and begins with %.60q", path, name, text)
		}
	}
	if _, text := o.mara.file(at + "/codes?format=ndjson&batch=" + id); strings.Count(text, "\n") != 3 {
		t.Errorf("of the batch came\n%s", text)
	}
	if _, text := o.mara.file(at + "/codes?from=2101-01-01"); strings.Count(text, "\n") != 1 {
		t.Errorf("of the future came\n%s", text)
	}
	for path, want := range map[string]int{
		"/codes?from=soon": 422, "/codes?format=pdf": 422, "/codes?batch=1": 404, "/codes?type=Gold": 400,
		"/redemptions?createdAfter=soon": 422,
	} {
		o.mara.refused(http.MethodGet, at+path, want)
	}
	sam := o.join(t, "sam", member.RoleSupport)
	for _, path := range []string{"", "/codes", "/redemptions", "/users"} {
		sam.refused(http.MethodGet, at+path, http.StatusForbidden)
	}
}

// TestATableInGerman: what it has is read, what it was read as is said, and what is wrong is said in German.
func TestATableInGerman(t *testing.T) {
	o := newOffice(t)
	o.mara.speaksGerman()
	const table = "Code;Typ;Anzahl;Gültig bis;Empfänger;_intern\n" +
		"FEST-1;premium;3;31.12.2031;Ada;x\nFEST-2;Normal;1.000;2031-12-31;;\nFEST-3;Normal;;31.11.2031;;\n" +
		"FEST-4;Normal;;31.12.31;;\n"
	checked := o.mara.imported("fest.csv", table)
	o.mara.sees(checked, "Es wurde nichts gespeichert.", "<dt>1</dt><dd>Code würde angelegt</dd>",
		"<dt>Gültig bis</dt><dd>Ende (expiresAt)</dd>", "<dt>_intern</dt><dd>Übergangen</dd>",
		"Datumsangaben wie 31.12.2031 wurden als Tag, Monat und Jahr gelesen.", "sind ganze Tage in der Zeitzone UTC",
		"Spalte „Anzahl“: Schreiben Sie eine ganze Zahl nur mit Ziffern",
		"Spalte „Gültig bis“: Den Tag 31.11.2031 gibt es nicht.", "Spalte „Gültig bis“: In 31.12.31 braucht das Jahr vier",
		"Jetzt 1 Code importieren")
	if _, text := o.mara.file(checked + "/rejected.csv"); !strings.Contains(text, "FEST-2;Normal;1.000;2031-12-31;;;3;") ||
		!strings.Contains(text, "Spalte „Anzahl“: Schreiben Sie eine ganze Zahl") {
		t.Errorf("the file of rejected lines is\n%s", text)
	}
	stored := o.mara.imported("fest.csv", table, "do", "import")
	o.mara.sees(stored, "<dt>1</dt><dd>Code ist angelegt</dd>")
	code, err := o.codes.GetCode(t.Context(), o.mara.actor(), "FEST-1")
	if err != nil || code.Type != codes.TypePremium || code.ExpiresAt.Format(time.RFC3339) != "2031-12-31T23:59:59Z" {
		t.Errorf("the code is %+v, %v", code, err)
	}
	passed := o.mara.imported("fest.csv", "Code;Art;Filiale;Region\nA;Normal;b;c\n")
	o.mara.sees(passed, "Diese Spalten wurden übergangen: Filiale, Region.", "<dt>1</dt><dd>Code würde angelegt</dd>")
	excel := o.mara.imported("fest.csv", "Code;Art;Empf\xe4nger\r\nA;Normal;M\xfcller\r\n")
	o.mara.sees(excel, "Gelesen als Windows-1252", "<dt>Empfänger</dt>", "<dt>1</dt><dd>Code würde angelegt</dd>")
	unknown := o.mara.imported("fest.csv", "Code;noet\nA;b\n")
	body := o.mara.sees(unknown, "Eine Spalte &#34;noet&#34; gibt es nicht. Meinten Sie „note“?")
	if strings.Contains(body, "Das würde aus den Zeilen") {
		t.Errorf("a file of which no line was read says what becomes of them\n%s", body)
	}
}

// TestFilesOfTheConsoleComeBack: with semicolons and a mark as spreadsheets save them, or with commas.
func TestFilesOfTheConsoleComeBack(t *testing.T) {
	o := newOffice(t)
	_, batch := o.mara.file("/console/w/acme/batches/" + o.mara.batch("Badges", 3) + "/codes.csv")
	checked := o.mara.imported("badges.csv", batch, "onExisting", "update")
	o.mara.sees(checked, "<dt>3</dt><dd>lines would be skipped: there is nothing to do</dd>")
	rejecting := o.mara.imported("a.csv", "\ufeffCode;Type;Ends\r\nA;Gold;\r\nB;Normal;31.12.31\r\n")
	_, rejected := o.mara.file(rejecting + "/rejected.csv")
	if !strings.HasPrefix(rejected, "\ufeffCode;Type;Ends;_line;") {
		t.Errorf("rejected lines begin with %.60q", rejected)
	}
	mended := strings.NewReplacer("Gold", "Normal", "31.12.31;", "31.12.2031;").Replace(rejected)
	o.mara.sees(o.mara.imported("b.csv", mended), "<dt>2</dt><dd>codes would be added</dd>")
}

// TestLabelsOfTheConsoleAreHeadings: what a page calls something is what people call it in their tables.
func TestLabelsOfTheConsoleAreHeadings(t *testing.T) {
	labels := map[string][]string{
		"code":           {"import.column.code", "codes.column.code"},
		"type":           {"import.column.type", "batch.type", "codes.filter.type"},
		"maxRedemptions": {"import.column.maxRedemptions", "new.uses"},
		"startsAt":       {"import.column.startsAt", "new.starts"},
		"expiresAt":      {"import.column.expiresAt", "new.ends", "batch.ends"},
		"recipient":      {"import.column.recipient", "new.recipient", "batch.recipient"},
		"note":           {"import.column.note", "new.note", "batch.note"},
		"metadata":       {"import.column.metadata", "batch.metadata", "code.metadata"},
		"revokedAt":      {"import.column.revokedAt"},
		"status":         {"import.column.status", "codes.filter.status"},
	}
	for _, language := range text.Languages() {
		texts := text.For(text.Viewer{Language: language.Tag})
		for column, names := range labels {
			for _, name := range names {
				header := "_;" + texts.Say(name)
				if column != "code" {
					header = "code;" + texts.Say(name)
				}
				file, err := upload.OpenTable(strings.NewReader(header+"\n"), upload.CSV, time.UTC)
				if err != nil || file.Layout().As[1] != column {
					t.Errorf("%q is not read as %s: %v", header, column, err)
				}
			}
		}
	}
}
