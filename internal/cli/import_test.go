package cli_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// importRow is an import as JSON shows it.
type importRow struct {
	ID, Status, Format, OnExisting     string
	Name, BatchID, Failure             *string
	Lines, Accepted, Skipped, Rejected int
	DryRun, Atomic                     bool
}

// imported runs a command that prints one import.
func (p *program) imported(t *testing.T, args ...string) (row importRow, r result) {
	t.Helper()
	r = p.exec(t, append([]string{"import", "-o", "json"}, args...)...)
	var rows []importRow
	if err := json.Unmarshal([]byte(r.stdout), &rows); err != nil || len(rows) != 1 {
		t.Fatalf("%q: exit %d: %s%s, %v", args, r.code, r.stdout, r.stderr, err)
	}
	return rows[0], r
}

const someCodes = "code,type,note\nONE,Normal,\nTWO,Wrong,\nTHREE,Premium,c\n"

func TestImport(t *testing.T) {
	p := withServer(t)
	name := file(t, someCodes)
	dry, r := p.imported(t, name, "--dry-run")
	if dry.Accepted != 2 || !dry.DryRun || r.code != 1 || !strings.Contains(r.stderr, "1 of 3 lines were rejected") ||
		!strings.Contains(r.stderr, "; to see why: accesscodes import rejected "+dry.ID+" --out rejected.csv\n") {
		t.Errorf("%+v; exit %d: %s", dry, r.code, r.stderr)
	}
	rejected := filepath.Join(t.TempDir(), "rejected.csv")
	real, r := p.imported(t, name, "--batch", "From the shop", "--rejected", rejected)
	if real.Accepted != 2 || real.Rejected != 1 || *real.Name != "From the shop" || real.BatchID == nil || r.code != 1 ||
		r.stderr != "accesscodes: 1 of 3 lines were rejected; they are in "+rejected+": mend them there and import that\n" {
		t.Errorf("%+v; exit %d: %s", real, r.code, r.stderr)
	}
	text, err := os.ReadFile(rejected)
	if err != nil || !strings.HasPrefix(string(text), "code,type,note,_line,_reason,_detail\nTWO,Wrong,,3,") {
		t.Fatalf("%q, %v", text, err)
	}
	p.stdin = strings.Replace(string(text), "Wrong", "Normal", 1)
	if mended, r := p.imported(t, "-"); mended.Accepted != 1 || r.code != 0 || r.stderr != "" {
		t.Errorf("%+v; exit %d: %s", mended, r.code, r.stderr)
	}
	if got := p.do(t, "import rejected "+real.ID+" --out -").stdout; got != string(text) {
		t.Errorf("rejected: %q", got)
	}
	got, _ := p.imported(t, "get", real.ID)
	if got.Status != "succeeded" || got.Accepted != 2 {
		t.Errorf("%+v", got)
	}
	if got := strings.Count(p.do(t, "import list -o csv").stdout, "\n"); got != 4 {
		t.Errorf("%d lines list three imports", got)
	}
	p.stdin = ""
	update := file(t, "code,note\nTHREE,\n")
	if got, r := p.imported(t, update, "--on-existing", "update"); got.Accepted != 1 || r.code != 0 {
		t.Errorf("%+v; exit %d: %s", got, r.code, r.stderr)
	}
	got, r = p.imported(t, name, "--atomic", "--idempotency-key", "k")
	if got.Status != "failed" || got.Accepted != 0 || r.code != 1 {
		t.Errorf("%+v; exit %d: %s", got, r.code, r.stderr)
	}
}

// TestImportReadsWhatItsNameSays: NDJSON, and what is packed.
func TestImportReadsWhatItsNameSays(t *testing.T) {
	p := withServer(t)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(`{"code":"PACKED","type":"Normal"}` + "\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, text := range map[string]string{
		"a.ndjson": `{"code":"A","type":"Normal"}` + "\n", "b.JSONL.gz": packed.String(), "c": "code,type\nC,Normal\n",
	} {
		name = filepath.Join(folder, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, r := p.imported(t, name); got.Accepted != 1 || r.code != 0 {
			t.Errorf("%s: %+v; exit %d: %s", name, got, r.code, r.stderr)
		}
	}
}

func TestImportsThatFail(t *testing.T) {
	p := withServer(t)
	wrong := file(t, "\xff\xfec\x00o\x00")
	done, _ := p.imported(t, file(t, "code,type\nONE,Normal\n"), "--idempotency-key", "k")
	for line, want := range map[string]struct {
		code   int
		stderr string
	}{
		"import":                                             {2, "accesscodes import takes FILE, or - for stdin"},
		"import no.csv":                                      {1, "open no.csv: no such file"},
		"import " + wrong:                                    {1, "UTF-16"},
		"import " + wrong + " --format csv":                  {1, "what became of its lines: accesscodes import get "},
		"import " + wrong + " --format xlsx":                 {2, "format must be"},
		"import " + wrong + " --on-existing x":               {2, "onExisting must be"},
		"import get 7":                                       {1, "import_not_found"},
		"import cancel " + done.ID:                           {1, "import_finished"},
		"import rejected " + done.ID:                         {2, "--out is required"},
		"import " + wrong + " --dry-run --idempotency-key k": {1, "idempotency_key_reused"},
	} {
		got := p.exec(t, strings.Fields(line)...)
		if checkOneLine(t, got); got.code != want.code || !strings.Contains(got.stderr, want.stderr) {
			t.Errorf("%s: exit %d: %s", line, got.code, got.stderr)
		}
	}
}

// TestAnImportThatBreaksOffSaysHowToGoOn: from stdin, nothing can be sent twice.
func TestAnImportThatBreaksOffSaysHowToGoOn(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = r.Body.Read(make([]byte, 1))
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(server.Close)
	p := newProgram(t)
	p.env["ACCESSCODES_SERVER"], p.env["ACCESSCODES_API_KEY"] = server.URL, "ack_any"
	p.stdin = someCodes
	got := p.exec(t, "import", "-")
	checkOneLine(t, got)
	if got.code != 1 || !strings.HasSuffix(got.stderr,
		"; send the same again from its start: the lines that are done count as skipped\n") {
		t.Errorf("exit %d: %s", got.code, got.stderr)
	}
}
