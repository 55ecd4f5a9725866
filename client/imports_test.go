package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/client"
	"accesscodes/internal/memtest"
)

// importServer stands for a server that takes imports: each handler answers one request, the next one the
// next.
func importServer(t *testing.T, answers ...http.HandlerFunc) string {
	t.Helper()
	var mu sync.Mutex
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if len(answers) == 0 {
			t.Errorf("one request too many: %s %s", r.Method, r.URL)
			http.NotFound(w, r)
			mu.Unlock()
			return
		}
		answer := answers[0]
		answers = answers[1:]
		mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() {
		if len(answers) > 0 {
			t.Errorf("%d requests were not made", len(answers))
		}
	})
	return s.URL
}

// takes reads a file and answers with a report.
func takes(got *string, report string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		*got = string(text)
		if err != nil {
			*got = err.Error()
		}
		answers(report)(w, r)
	}
}

func answers(report string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, report)
	}
}

// breaks reads a part of a file and breaks the connection.
func breaks(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.ReadFull(r.Body, make([]byte, 5))
	panic(http.ErrAbortHandler)
}

const (
	running = `{"id":"7","status":"running"}`
	done    = `{"id":"7","status":"succeeded","lines":2}`
)

// isRunning refuses a file whose import is under way.
func isRunning(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(http.StatusConflict)
	_, _ = io.WriteString(w, `{"reason":"import_running","importId":"7"}`)
}

func TestAFileIsSentAgainFromWhereItBegan(t *testing.T) {
	var got string
	var p patient
	url := importServer(t, breaks, isRunning, answers(running), answers(`{"id":"7","status":"failed"}`),
		takes(&got, done))
	file := strings.NewReader("no part of it\ncode,type\nA,Normal\n")
	if _, err := file.Seek(int64(len("no part of it\n")), io.SeekStart); err != nil {
		t.Fatal(err)
	}
	report, err := newClient(t, url, "ack_key", p.option()).CreateImport(t.Context(), file, client.CreateImportRequest{})
	if err != nil || report.Lines != 2 || got != "code,type\nA,Normal\n" || len(p.waits) != 2 {
		t.Errorf("%+v, %v; sent %q, waits %v", report, err, got, p.waits)
	}
}

func TestTheReportOfAnEarlierTryCounts(t *testing.T) {
	var p patient
	c := newClient(t, importServer(t, breaks, isRunning, answers(running), answers(done)), "ack_key", p.option())
	report, err := c.CreateImport(t.Context(), strings.NewReader("code,type\n"), client.CreateImportRequest{})
	if err != nil || report.ID != "7" || report.Lines != 2 || !report.Replayed {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestAStreamThatBreaksOffIsNotSentAgain(t *testing.T) {
	c := newClient(t, importServer(t, breaks), "ack_key")
	_, err := c.CreateImport(t.Context(), io.MultiReader(strings.NewReader("code,type\n")), client.CreateImportRequest{})
	if !client.OutcomeUnknown(err) || !strings.Contains(err.Error(), "send it from its start") {
		t.Error(err)
	}
}

// TestAStreamIsSentOnceTheServerIsBack: as long as nothing of it was taken, it can be.
func TestAStreamIsSentOnceTheServerIsBack(t *testing.T) {
	var got string
	var p patient
	c := newClient(t, importServer(t, says(503, client.ReasonOverloaded, "1"), takes(&got, done)), "ack_key", p.option())
	report, err := c.CreateImport(t.Context(), io.MultiReader(strings.NewReader("code\n")), client.CreateImportRequest{})
	if err != nil || report.ID != "7" || got != "code\n" {
		t.Errorf("%+v, %v; sent %q", report, err, got)
	}
}

func TestAFileThatCannotBeReadIsNotSentAgain(t *testing.T) {
	broken := errors.New("the disk is broken")
	var got string
	c := newClient(t, importServer(t, takes(&got, done)), "ack_key")
	file := struct {
		io.Reader
		io.Seeker
	}{io.MultiReader(strings.NewReader("code\n"), iotest.ErrReader(broken)), bytes.NewReader(nil)}
	_, err := c.CreateImport(t.Context(), file, client.CreateImportRequest{})
	if !errors.Is(err, broken) || client.OutcomeUnknown(err) || !strings.Contains(err.Error(), "the file cannot be read") {
		t.Error(err)
	}
}

// TestWhatIsRefusedAnywayIsNotSent: a file of a gibibyte takes a while.
func TestWhatIsRefusedAnywayIsNotSent(t *testing.T) {
	file := bytes.NewReader([]byte("code,type\n"))
	c := newClient(t, importServer(t, isRunning), "ack_key")
	_, err := c.CreateImport(t.Context(), file, client.CreateImportRequest{IdempotencyKey: "k"})
	var e *client.Error
	if !errors.As(err, &e) || e.Reason != client.ReasonImportRunning || e.ImportID != "7" || file.Len() != 10 {
		t.Errorf("%v, %d bytes are left", err, file.Len())
	}
}

// TestHowLongAnUploadMayTake: the file may take its time, the server may not.
func TestHowLongAnUploadMayTake(t *testing.T) {
	for name, test := range map[string]struct{ file, server time.Duration }{
		"a slow file": {file: time.Hour}, "a slow server": {server: time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, "http://host", "", client.WithRetries(0), client.WithHTTPClient(&http.Client{
				Timeout: time.Minute, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					_, err := io.Copy(io.Discard, r.Body)
					_ = r.Body.Close() // never fails
					select {
					case <-time.After(test.server):
						return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(done))}, err
					case <-r.Context().Done():
						return nil, r.Context().Err()
					}
				}),
			}))
			file, writer := io.Pipe()
			go func() {
				for range 3 {
					<-time.After(test.file)
					_, _ = writer.Write([]byte("a"))
				}
				_ = writer.Close() // never fails
			}()
			start := time.Now()
			_, err := c.CreateImport(t.Context(), file, client.CreateImportRequest{})
			took := time.Since(start)
			if test.server == 0 && (err != nil || took != 3*time.Hour) {
				t.Errorf("%s: %v after %s", name, err, took)
			}
			if test.server > 0 && (!errors.Is(err, context.DeadlineExceeded) || took != client.DefaultTimeout) {
				t.Errorf("%s: %v after %s", name, err, took)
			}
		})
	}
}

// endless is a file of so many bytes, looked at after 8 MiB each.
type endless struct {
	left, seen int
	look       func()
}

// Read implements [io.Reader].
func (e *endless) Read(into []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := min(len(into), e.left)
	copy(into, bytes.Repeat([]byte("a"), n))
	e.left -= n
	if e.seen += n; e.seen > 8<<20 {
		e.seen = 0
		e.look()
	}
	return n, nil
}

func TestAnUploadNeedsLittleMemory(t *testing.T) {
	var received int64
	c := newClient(t, importServer(t, func(w http.ResponseWriter, r *http.Request) {
		received, _ = io.Copy(io.Discard, r.Body) // the number tells
		answers(done)(w, r)
	}), "ack_key")
	watch := memtest.WatchInUse(8 << 20)
	looks := 0
	file := &endless{left: 256 << 20, look: func() { looks++; watch.Look(t) }}
	if _, err := c.CreateImport(t.Context(), file, client.CreateImportRequest{}); err != nil || received != 256<<20 {
		t.Errorf("%d bytes arrived, %v", received, err)
	}
	if looks < 30 {
		t.Errorf("memory was looked at only %d times", looks)
	}
}

func TestOptionsOfImports(t *testing.T) {
	var sent []string
	answer := func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.URL.RawQuery, r.Header.Get("Content-Type"))
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Idempotent-Replayed", "true")
		answers(done)(w, r)
	}
	c := newClient(t, importServer(t, answer, answer), "ack_key")
	for _, r := range []client.CreateImportRequest{{}, {
		Format: client.FormatNDJSON, OnExisting: client.UpdateExisting, DryRun: true, Atomic: true, Batch: "spring fair",
	}} {
		if report, err := c.CreateImport(t.Context(), strings.NewReader(""), r); err != nil || !report.Replayed {
			t.Errorf("%+v, %v", report, err)
		}
	}
	want := []string{
		"format=csv", "text/csv",
		"atomic=true&batch=spring+fair&dryRun=true&format=ndjson&onExisting=update", "application/x-ndjson",
	}
	if !slices.Equal(sent, want) {
		t.Errorf("sent %q", sent)
	}
}

// TestImportsOnARealServer: what is rejected comes back, mended it is taken.
func TestImportsOnARealServer(t *testing.T) {
	t.Parallel()
	c := newServer(t).client(t)
	const file = "code,type,note\nONE,Normal,a\nTWO,Wrong,b\nTHREE,Premium,c\n"
	dry := must(c.CreateImport(t.Context(), strings.NewReader(file), client.CreateImportRequest{DryRun: true}))(t)
	if dry.Accepted != 2 || dry.Rejected != 1 || !dry.DryRun {
		t.Errorf("%+v", dry)
	}
	request := client.CreateImportRequest{Batch: "moved", IdempotencyKey: "k"}
	report := must(c.CreateImport(t.Context(), strings.NewReader(file), request))(t)
	if report.Status != client.ImportSucceeded || report.Lines != 3 || report.Accepted != 2 || report.Rejected != 1 ||
		report.Bytes != int64(len(file)) || report.Name != "moved" || report.BatchID == "" || report.Replayed {
		t.Errorf("%+v", report)
	}
	again := must(c.CreateImport(t.Context(), strings.NewReader(file), request))(t)
	if again.ID != report.ID || !again.Replayed {
		t.Errorf("%+v", again)
	}
	rejected, err := io.ReadAll(open(c.DownloadRejected(t.Context(), report.ID))(t))
	if err != nil || !strings.HasPrefix(string(rejected), "code,type,note,_line,_reason,_detail\nTWO,Wrong,b,3,") {
		t.Errorf("%q, %v", rejected, err)
	}
	mended := strings.Replace(string(rejected), "Wrong", "Normal", 1)
	rest := must(c.CreateImport(t.Context(), strings.NewReader(mended), client.CreateImportRequest{}))(t)
	if rest.Accepted != 1 {
		t.Errorf("%+v", rest)
	}
	looked := must(c.GetImport(t.Context(), report.ID))(t)
	if all := collect(t, c.Imports(t.Context())); len(all) != 3 || !cmp.Equal(all[1], looked) || looked.Accepted != 2 {
		t.Errorf("%d imports, %+v", len(all), looked)
	}
	if _, err := c.CancelImport(t.Context(), report.ID); !errors.Is(err, client.ReasonImportFinished) {
		t.Error(err)
	}
	_, err = c.CreateImport(t.Context(), strings.NewReader("\xff\xfec\x00"), client.CreateImportRequest{})
	var e *client.Error
	if !errors.As(err, &e) || e.Reason != client.ReasonInvalidFile || e.ImportID == "" {
		t.Error(err)
	}
}

// TestAnUploadThatIsCutOffIsSentAgain: what the server has taken is passed over.
func TestAnUploadThatIsCutOffIsSentAgain(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var text strings.Builder
	text.WriteString("code,type\n")
	const lines = 20_000
	for i := range lines {
		_, _ = fmt.Fprintf(&text, "CODE%d,Normal\n", i) // never fails
	}
	cut := func(w http.ResponseWriter, r *http.Request) {
		half := io.MultiReader(io.LimitReader(r.Body, int64(text.Len()/2)), iotest.ErrReader(io.ErrUnexpectedEOF))
		request, err := http.NewRequestWithContext(r.Context(), r.Method, s.url+r.URL.String(), half)
		if err != nil {
			panic(err)
		}
		request.Header = r.Header.Clone()
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close() // it was not looked at
		}
		w.WriteHeader(http.StatusBadGateway)
	}
	c := newClient(t, front(t, s, cut), s.key)
	report, err := c.CreateImport(t.Context(), strings.NewReader(text.String()), client.CreateImportRequest{})
	if err != nil || report.Status != client.ImportSucceeded || report.Accepted+report.Skipped != lines ||
		report.Skipped == 0 {
		t.Errorf("%+v, %v", report, err)
	}
	if n := len(collect(t, c.Codes(t.Context(), client.CodeFilter{}))); n != lines {
		t.Errorf("%d codes", n)
	}
}
