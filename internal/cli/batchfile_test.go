package cli_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"accesscodes/client"
	"accesscodes/internal/qr/qrtest"
)

// breakable stands in front of the server of a program: as long as bytes is positive, it hands on so many of
// the codes of a batch and breaks the connection. It counts the requests for them. So many looks at a batch
// are answered as if the server were away.
type breakable struct{ bytes, requests, away atomic.Int64 }

func (b *breakable) install(t *testing.T, p *program) {
	t.Helper()
	address, err := url.Parse(p.env["ACCESSCODES_SERVER"])
	if err != nil {
		t.Fatal(err)
	}
	behind := httputil.NewSingleHostReverseProxy(address)
	behind.Transport = &http.Transport{DisableKeepAlives: true}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && path.Dir(r.URL.Path) == "/batches" && b.away.Add(-1) >= 0 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/codes") {
			b.requests.Add(1)
			r.Header.Del("Accept-Encoding") // compressed, it would be shorter
			if most := b.bytes.Load(); most > 0 {
				w = &breakingWriter{w, most}
			}
		}
		behind.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	p.env["ACCESSCODES_SERVER"] = front.URL
}

type breakingWriter struct {
	http.ResponseWriter
	left int64
}

// Write implements [io.Writer].
func (w *breakingWriter) Write(text []byte) (int, error) {
	if int64(len(text)) > w.left {
		_, _ = w.ResponseWriter.Write(text[:w.left])
		_ = http.NewResponseController(w.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	w.left -= int64(len(text))
	return w.ResponseWriter.Write(text)
}

// Unwrap lets what is written be flushed.
func (w *breakingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestABatchIsDownloadedInSpiteOfBreaks(t *testing.T) {
	p := withServer(t)
	var b breakable
	b.install(t, p)
	batch := ids.FindString(p.do(t, "batch create --count 5000 --type Normal --note n --wait").stderr)
	for _, format := range []string{"csv", "ndjson"} {
		download := "batch download " + batch + " --format " + format + " --out "
		whole := p.do(t, download+"-").stdout
		out := filepath.Join(t.TempDir(), "codes")
		b.bytes.Store(int64(len(whole) / 3))
		b.requests.Store(0)
		got := p.do(t, download+out)
		text, err := os.ReadFile(out)
		if files, _ := os.ReadDir(filepath.Dir(out)); err != nil || string(text) != whole || len(files) != 1 {
			t.Errorf("%s: %d of %d bytes, %v, %d files", format, len(text), len(whole), err, len(files))
		}
		if n := b.requests.Load(); n < 3 || got.stdout+got.stderr != "" {
			t.Errorf("%s: %d requests; %+v", format, n, got)
		}
		if got := p.do(t, download+"-"); got.stdout != whole {
			t.Errorf("%s to stdout: %d of %d bytes", format, len(got.stdout), len(whole))
		}
		b.bytes.Store(0)
	}
}

// TestWaitingOutlivesTheServer: it is asked again for longer than one call of the client lasts.
func TestWaitingOutlivesTheServer(t *testing.T) {
	p := withServer(t)
	var b breakable
	b.install(t, p)
	b.away.Store(client.DefaultRetries + 2)
	got := p.exec(t, "batch", "create", "--count", "2", "--type", "Normal", "--wait", "--output", "csv")
	lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
	const away = "accesscodes: the answer is not of an accesscodes server: Bad Gateway"
	if got.code != 0 || len(lines) != 2 || !strings.HasPrefix(lines[1], away) ||
		!strings.Contains(got.stdout, ",succeeded,2,") {
		t.Errorf("exit %d: %s%s", got.code, got.stdout, got.stderr)
	}
}

// TestAPartIsKeptToGoOnWith: what a download that failed had, the same command does not ask for again.
func TestAPartIsKeptToGoOnWith(t *testing.T) {
	p := withServer(t)
	var b breakable
	b.install(t, p)
	batch := ids.FindString(p.do(t, "batch create --count 3000 --type Normal --wait").stderr)
	whole := p.do(t, "batch download "+batch+" --out -").stdout
	lines := strings.SplitAfter(whole, "\n")
	out := filepath.Join(t.TempDir(), "codes.csv")
	part, again := out+"."+batch+".part", "accesscodes batch download "+batch+" --out "+out

	for text, want := range map[string]string{
		strings.Join(lines[:1001], "") + "1000,CO":  "Going on behind the code 1,000 of 3,000.\n",
		lines[0] + lines[1]:                         "Going on behind the code 1 of 3,000.\n",
		"something else\n":                          "",
		lines[0]:                                    "",
		`{"code":"A","batchIndex":7}` + "\n":        "", // of the other format
		strings.Join(lines[:11], "") + "\x00\x00\n": "",
	} {
		if err := os.WriteFile(part, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got := p.exec(t, "batch", "download", batch, "--out", out)
		text, err := os.ReadFile(out)
		if got.code != 0 || got.stderr != want || string(text) != whole || exists(part) {
			t.Errorf("exit %d: %s; %d of %d bytes, %v", got.code, got.stderr, len(text), len(whole), err)
		}
	}

	if err := os.WriteFile(out, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.bytes.Store(1) // less than a line: no try gets on
	if err := os.WriteFile(part, []byte(lines[0]+lines[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	got := p.exec(t, "batch", "download", batch, "--out", out)
	last := strings.TrimPrefix(got.stderr, "Going on behind the code 1 of 3,000.\n")
	checkOneLine(t, result{code: got.code, stdout: got.stdout, stderr: last})
	if got.code != 1 || !strings.Contains(last, "the file breaks off") ||
		!strings.HasSuffix(last, "; what came is kept; to go on: "+again+"\n") {
		t.Errorf("exit %d: %s", got.code, got.stderr)
	}
	text, err := os.ReadFile(out)
	if kept, _ := os.ReadFile(part); err != nil || string(text) != "old" || string(kept) != lines[0]+lines[1] {
		t.Errorf("the file holds %q, the part %q, %v", text, kept, err)
	}
	if err := os.Remove(part); err != nil {
		t.Fatal(err)
	}
	b.bytes.Store(int64(len(lines[0])) + 1) // the header and a part of the first line
	got = p.exec(t, "batch", "download", batch, "--out", out)
	if got.code != 1 || exists(part) || strings.Contains(got.stderr, "to go on") {
		t.Errorf("a part without a code is kept: exit %d: %s", got.code, got.stderr)
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func TestCodesOfABatchArePrinted(t *testing.T) {
	p := withServer(t)
	const create = "batch create --count 3 --type Premium --recipient Ann --expires-at 2131-12-31T23:59:59Z --wait"
	batch := ids.FindString(p.do(t, create).stderr)
	pdf := filepath.Join(t.TempDir(), "sheet.pdf")
	got := p.exec(t, "batch", "print", batch, "--out", pdf, "--title", "{batchIndex} for {recipient}")
	if got.code != 0 || got.stderr != "3 cards on 1 page\n" || got.stdout != "" {
		t.Fatalf("exit %d: %s", got.code, got.stderr)
	}
	text := words(t, pdf)
	for _, want := range []string{
		"0 for Ann CODE-", "1 for Ann CODE-", "2 for Ann CODE-", "Premium Valid until 2131-12-31",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the sheet lacks %q: %s", want, text)
		}
	}
	if got := qrtest.Read(t, qrtest.Pages(t, pdf)...); len(got) != 3 {
		t.Errorf("the decoder read %q", got)
	}
	for line, want := range map[string]result{
		"batch print 7 --out " + pdf:                            {code: 1, stderr: "batch_not_found"},
		"batch print " + batch + " --codes x.csv --out " + pdf:  {code: 2, stderr: "either BATCH or --codes is required"},
		"batch print " + batch + " " + batch + " --out " + pdf:  {code: 2, stderr: "accesscodes batch print takes BATCH"},
		"batch print " + batch + " --out " + pdf + " --line {x": {code: 2, stderr: "--line"},
	} {
		got := p.exec(t, strings.Fields(line)...)
		if checkOneLine(t, got); got.code != want.code || !strings.Contains(got.stderr, want.stderr) {
			t.Errorf("%s: exit %d: %s", line, got.code, got.stderr)
		}
	}
}
