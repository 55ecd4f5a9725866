package api

import (
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

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

// end sends the rest of a file and returns the answer.
func (u *underway) end(t *testing.T, rest string) answer {
	t.Helper()
	u.parts <- rest
	close(u.parts)
	return u.answer(t)
}

func (u *underway) answer(t *testing.T) answer {
	t.Helper()
	select {
	case got := <-u.done:
		return got
	case <-time.After(time.Minute):
		t.Fatal("no answer came")
		return answer{}
	}
}

// lead is the beginning of a file that is so long that its lines are read before the rest comes.
func lead(lines string) string { return lines + strings.Repeat("\n", 70<<10) }
