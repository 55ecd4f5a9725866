package api

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"accesscodes/internal/core"
	"accesscodes/internal/memtest"
)

// sendFile sends a file over a real connection.
func (f *fixture) sendFile(t *testing.T, server *httptest.Server, query string, file io.Reader, edits ...edit) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/imports"+query, file)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range append([]edit{with("X-Api-Key", f.secret), with("Content-Type", "text/csv")}, edits...) {
		change(r)
	}
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

// manyTimes is a text so many times.
func manyTimes(text string, times int) io.Reader {
	some := strings.Repeat(text, 1+times/100)
	readers := []io.Reader{strings.NewReader(strings.Repeat(text, times%(1+times/100)))}
	for range times / (1 + times/100) {
		readers = append(readers, strings.NewReader(some))
	}
	return io.MultiReader(readers...)
}

// zipped packs a file.
func zipped(t *testing.T, file io.Reader) io.Reader {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.Copy(w, file); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &out
}

func asUTF16(text string) io.Reader {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return bytes.NewReader(out)
}

const head, good = "code,type,note\n", "GOOD-1,Normal,n\n"

// hostile are files, each with what becomes of it: a report, or the reason and a part of the sentence.
func hostile(t *testing.T) map[string]struct {
	file   io.Reader
	report string
	reason core.Reason
	say    string
	edits  []edit
} {
	t.Helper()
	type hostileFile = struct {
		file   io.Reader
		report string
		reason core.Reason
		say    string
		edits  []edit
	}
	text := func(lines ...string) io.Reader { return strings.NewReader(head + strings.Join(lines, "")) }
	packed := []edit{with("Content-Encoding", "gzip")}
	return map[string]hostileFile{
		"broken quotes": {
			file:   text(good, "\"BAD,Normal,n\n", "BAD,Normal,a \" b\n", "GOOD-2,Normal,\"a \"\" b\"\n"),
			report: "succeeded: 4 lines, 2 accepted, 0 skipped, 2 rejected", say: "invalid_csv",
		},
		"a line of 10 MB": {
			file:   io.MultiReader(text(good), manyTimes("x", 10<<20), strings.NewReader("\nGOOD-2,Normal,n\n")),
			report: "succeeded: 3 lines, 2 accepted, 0 skipped, 1 rejected", say: "line_too_long",
		},
		"NUL bytes": {
			file:   text(good, "BAD\x00,Normal,n\n"),
			report: "succeeded: 2 lines, 1 accepted, 0 skipped, 1 rejected", say: "invalid_text",
		},
		"Latin-1": {file: text("ONE,Normal,M\xfcller\n"), reason: core.ReasonInvalidFile, say: "Latin-1"},
		"Latin-1 far behind": {
			file:   text(good, "BAD,Normal,é\n", strings.Repeat("\n", 70<<10), "BAD-2,Normal,M\xfcller\n"),
			report: "succeeded: 3 lines, 2 accepted, 0 skipped, 1 rejected", say: "save the file as UTF-8",
		},
		"UTF-16": {file: asUTF16(head + good), reason: core.ReasonInvalidFile, say: "this file is UTF-16; save it as UTF-8"},
		"identical codes": {
			file:   io.MultiReader(strings.NewReader(head), manyTimes(good, 100_000)),
			report: "succeeded: 100000 lines, 1 accepted, 99999 skipped, 0 rejected",
		},
		"formulas": {
			file: text("'=1+1,Normal,\"'=HYPERLINK(\"\"http://example.com\"\")\"\n", "=2+2,Normal,@SUM(A1)\n",
				"BAD,#REF!,n\n", "1E+05,Normal,n\n"),
			report: "succeeded: 4 lines, 2 accepted, 0 skipped, 2 rejected", say: "spreadsheet_value",
		},
		"a bomb": {
			file:   zipped(t, io.MultiReader(strings.NewReader(head+good), manyTimes(strings.Repeat("x", 1<<20)+"\n", 64))),
			edits:  packed,
			reason: core.ReasonInvalidFile, say: "the file unpacks to more than 300 times its size",
		},
		"packed in half": {
			file: io.LimitReader(zipped(t, text(good)), 40), edits: packed,
			reason: core.ReasonInvalidFile, say: "the packed file breaks off",
		},
		"packed": {file: zipped(t, text(good)), report: "succeeded: 1 lines, 1 accepted, 0 skipped, 0 rejected"},
		"packed in another way": {
			file: text(good), edits: []edit{with("Content-Encoding", "br")}, reason: "unsupported_media_type", say: "gzip",
		},
		"no CSV": {file: strings.NewReader("%PDF-1.7\n"), reason: core.ReasonInvalidFile, say: "this file is a PDF"},
		"a column twice": {
			file: strings.NewReader("code,type,type\n"), reason: core.ReasonInvalidFile, say: "“type” twice",
		},
		"nothing":        {file: strings.NewReader(""), reason: core.ReasonInvalidFile, say: "empty"},
		"a header alone": {file: text(), report: "succeeded: 0 lines, 0 accepted, 0 skipped, 0 rejected"},
	}
}

// TestHostileFilesEndInAClearReport, with little memory, and what is reported as accepted is there.
func TestHostileFilesEndInAClearReport(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		const allowed = 32 << 20
		f := newFixture(t)
		server := f.serve(t, false)
		for name, test := range hostile(t) {
			t.Run(name, func(t *testing.T) {
				before, base := f.stored(t), memtest.Used()
				highest := watchMemory()
				got := f.sendFile(t, server, "?onExisting=fail", test.file, test.edits...)
				if grown := highest() - base; grown > allowed {
					t.Errorf("it took %d KiB of memory", grown>>10)
				}
				if test.reason != "" {
					p := got.mustBe(t, statusOf[test.reason], test.reason)
					if !strings.Contains(p.Detail, test.say) {
						t.Errorf("detail %q", p.Detail)
					}
					if test.reason == core.ReasonInvalidFile {
						failed := f.call(t, "GET", "/imports/"+p.ImportID, "").mustBeOK(t)
						if failed.text(t, "status") != "failed" || failed.text(t, "failure") != p.Detail {
							t.Errorf("import %s", failed.body)
						}
					}
					f.deleteAll(t)
					return
				}
				id := got.mustCount(t, test.report)
				if accepted := toInt(t, got.object(t)["accepted"]); f.stored(t)-before != accepted {
					t.Errorf("%d codes more, the report says %d", f.stored(t)-before, accepted)
				}
				if text := f.rejected(t, id); !strings.Contains(text, test.say) {
					t.Errorf("rejected: %.500s", text)
				}
				f.deleteAll(t)
			})
		}
	})
}

// statusOf are the statuses of the reasons for which hostile files are refused.
var statusOf = map[core.Reason]int{core.ReasonInvalidFile: 400, "unsupported_media_type": 415}

// watchMemory looks at the memory in use now and then, until it is asked for the highest.
func watchMemory() (highest func() int64) {
	quit, most := make(chan struct{}), make(chan int64)
	go func() {
		every := time.NewTicker(20 * time.Millisecond)
		defer every.Stop()
		for seen := memtest.Used(); ; seen = max(seen, memtest.Used()) {
			select {
			case <-every.C:
			case <-quit:
				most <- max(seen, memtest.Used())
				return
			}
		}
	}()
	return func() int64 {
		close(quit)
		return <-most
	}
}

func toInt(t *testing.T, number any) (n int) {
	t.Helper()
	if _, err := fmt.Sscan(fmt.Sprint(number), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// deleteAll deletes every code of acme.
func (f *fixture) deleteAll(t *testing.T) {
	t.Helper()
	values, _ := f.call(t, "GET", "/tenant-codes?limit=1000", "").mustBeOK(t).page(t, "code")
	for _, value := range values {
		f.call(t, "DELETE", "/tenant-codes/"+url.PathEscape(value), "")
	}
}

// TestMemoryStaysFlatWhileAFileIsImported: what is in use meanwhile is bounded, whatever the file has.
func TestMemoryStaysFlatWhileAFileIsImported(t *testing.T) {
	f := newFixture(t)
	server := f.serve(t, false)
	long := "CODE-%d,Normal," + strings.Repeat("spring ", 70) + "\n"
	line, watch := 0, memtest.WatchInUse(32<<20)
	parts := &generated{next: func() string {
		line++
		if line > 40_000 {
			return ""
		}
		if line%5000 == 0 {
			watch.Look(t)
		}
		return fmt.Sprintf(long, line)
	}}
	got := f.sendFile(t, server, "", io.MultiReader(strings.NewReader(head), parts))
	got.mustCount(t, "succeeded: 40000 lines, 40000 accepted, 0 skipped, 0 rejected")
}

// generated is a file that is made while it is read.
type generated struct {
	next func() string // empty: the end
	rest string
}

// Read implements [io.Reader].
func (g *generated) Read(into []byte) (int, error) {
	if g.rest == "" {
		if g.rest = g.next(); g.rest == "" {
			return 0, io.EOF
		}
	}
	n := copy(into, g.rest)
	g.rest = g.rest[n:]
	return n, nil
}
