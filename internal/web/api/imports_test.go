package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
	return f.download(t, "/imports/"+id+"/rejected", exportMedia[formatCSV][0], edits...)
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
		log := f.call(t, "GET", "/events?types=import.*,code.*", "").mustBeOK(t).body
		if strings.Count(log, `"type":"import.completed"`) != 1 || strings.Contains(log, "code.created") ||
			!strings.Contains(log, `"subject":{"kind":"import","id":"`+id+`"}`) ||
			!strings.Contains(log, `"accepted":2,"lines":5,"name":null,"rejected":2,"skipped":1,"status":"succeeded"`) {
			t.Errorf("events %s", log)
		}
	})
}

// slowFile is the body of an upload of which the rest comes when the test says so.
type slowFile struct {
	parts chan string
	rest  string
}

// Read implements [io.Reader].
func (s *slowFile) Read(into []byte) (int, error) {
	if s.rest == "" {
		part, more := <-s.parts
		if !more {
			return 0, io.EOF
		}
		s.rest = part
	}
	n := copy(into, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// upload is an import that is under way.
type underway struct {
	parts chan string
	done  chan answer
	id    string
}

// begin sends the first part of a file, over a real connection, and waits until the import is known.
func (f *fixture) begin(t *testing.T, query, part string, edits ...edit) *underway {
	t.Helper()
	server := f.serve(t, false)
	before := len(f.importIDs(t))
	u := &underway{parts: make(chan string, 1), done: make(chan answer, 1)}
	r, err := http.NewRequest(http.MethodPost, server.URL+"/imports"+query, &slowFile{parts: u.parts})
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range append([]edit{with("X-Api-Key", f.secret), with("Content-Type", "text/csv")}, edits...) {
		change(r)
	}
	go func() {
		response, err := server.Client().Do(r)
		if err != nil {
			u.done <- answer{body: err.Error()}
			return
		}
		body, err := io.ReadAll(response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil {
			u.done <- answer{body: err.Error()}
			return
		}
		u.done <- answer{status: response.StatusCode, header: response.Header, body: string(body)}
	}()
	u.parts <- part
	f.until(t, "the import is known", func() bool { return len(f.importIDs(t)) > before })
	u.id = f.importIDs(t)[0]
	return u
}

// importIDs are the imports of acme, newest first.
func (f *fixture) importIDs(t *testing.T) []string {
	t.Helper()
	ids, _ := f.call(t, "GET", "/imports?limit=1000", "").mustBeOK(t).page(t, "id")
	return ids
}

// until waits until something is so that another goroutine brings about.
func (f *fixture) until(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !isSo(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
	}
}
