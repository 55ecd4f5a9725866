package client_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/client"
	"accesscodes/internal/memtest"
)

// open returns a file that there has to be, until the test ends.
func open(d *client.Download, err error) func(*testing.T) *client.Download {
	return func(t *testing.T) *client.Download {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
		return d
	}
}

// linesOf reads a file of objects.
func linesOf[T any](t *testing.T, file io.Reader) (found []*T) {
	t.Helper()
	decoder := json.NewDecoder(file)
	for {
		one := new(T)
		err := decoder.Decode(one)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, one)
	}
}

func TestExportsHoldTheLists(t *testing.T) {
	t.Parallel()
	c := newServer(t).client(t)
	for _, value := range []string{"SPRING1", "SPRING2", "OTHER"} {
		must(c.AddCode(t.Context(), client.AddCodeRequest{Code: value, Type: client.TypeNormal, Note: "ä, \"b\""}))(t)
		must(c.RedeemCode(t.Context(), client.RedeemCodeRequest{Code: value, UserID: "of " + value}))(t)
	}
	codes := client.CodeFilter{Query: "spring"}
	if diff := cmp.Diff(collect(t, c.Codes(t.Context(), codes)),
		linesOf[client.Code](t, open(c.ExportCodes(t.Context(), codes, client.FormatNDJSON))(t))); diff != "" {
		t.Errorf("codes (-list +export):\n%s", diff)
	}
	redemptions := client.RedemptionFilter{UserID: "of OTHER"}
	if diff := cmp.Diff(collect(t, c.Redemptions(t.Context(), redemptions)), linesOf[client.Redemption](t,
		open(c.ExportRedemptions(t.Context(), redemptions, client.FormatNDJSON))(t))); diff != "" {
		t.Errorf("redemptions (-list +export):\n%s", diff)
	}
	users := client.UserFilter{Query: "of S"}
	if diff := cmp.Diff(collect(t, c.Users(t.Context(), users)),
		linesOf[client.User](t, open(c.ExportUsers(t.Context(), users, client.FormatNDJSON))(t))); diff != "" {
		t.Errorf("users (-list +export):\n%s", diff)
	}
	events := client.EventFilter{Types: []client.EventType{client.EventKeyCreated}}
	page := must(c.ListEvents(t.Context(), client.EventQuery{Filter: events}))(t)
	logged := client.LoggedFilter{EventFilter: events, From: page.Data[0].At, To: time.Now().Add(time.Hour)}
	type line struct {
		ID     string
		Digest string
	}
	if got := linesOf[line](t, open(c.ExportEvents(t.Context(), logged, ""))(t)); len(got) != len(page.Data) ||
		got[0].ID != page.Data[0].ID || len(got[0].Digest) != 64 {
		t.Errorf("events: %v, the list has %v", got, page.Data)
	}
	none := client.UserFilter{Query: "nobody"}
	if got := linesOf[client.User](t, open(c.ExportUsers(t.Context(), none, client.FormatNDJSON))(t)); got != nil {
		t.Errorf("of nobody: %v", got)
	}
}

func TestFilesOfEachFormat(t *testing.T) {
	t.Parallel()
	c := newServer(t).client(t)
	must(c.AddCode(t.Context(), client.AddCodeRequest{Code: "SPRING", Type: client.TypeNormal}))(t)
	for format, want := range map[client.ExportFormat]struct{ begin, contentType, name string }{
		"":                  {"code,type,", "text/csv; charset=utf-8; header=present", `^[\w-]*codes[\w-]*\.csv$`},
		client.FormatCSV:    {"code,type,", "text/csv; charset=utf-8; header=present", `^[\w-]*codes[\w-]*\.csv$`},
		client.FormatNDJSON: {`{"code":"SPRING",`, "application/x-ndjson", `^[\w-]*codes[\w-]*\.ndjson$`},
		client.FormatXLSX: {
			"PK", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", `^[\w-]*codes[\w-]*\.xlsx$`,
		},
	} {
		file := open(c.ExportCodes(t.Context(), client.CodeFilter{}, format))(t)
		text, err := io.ReadAll(file)
		if err != nil || !strings.HasPrefix(string(text), want.begin) || file.ContentType != want.contentType ||
			!regexp.MustCompile(want.name).MatchString(file.FileName) {
			t.Errorf("%q: %q of %s begins with %.20q, %v", format, file.FileName, file.ContentType, text, err)
		}
	}
	_, err := c.ExportUsers(t.Context(), client.UserFilter{}, client.FormatXLSX)
	if !errors.Is(err, client.ReasonInvalidParameter) {
		t.Errorf("a sheet of users: %v", err)
	}
}

// fill makes codes of about 8 KiB that compress badly.
func fill(t *testing.T, c *client.Client, count int) {
	t.Helper()
	var makers sync.WaitGroup
	for part := range 8 {
		makers.Go(func() {
			for i := part; i < count; i += 8 {
				metadata := map[string]string{}
				for n := range 16 {
					metadata[strconv.Itoa(n)] = rand.Text() + strings.Repeat(rand.Text(), 18)
				}
				if _, err := c.AddCode(t.Context(), client.AddCodeRequest{
					Code: "LARGE" + strconv.Itoa(i), Type: client.TypeNormal, Metadata: metadata,
				}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	makers.Wait()
}

// uncompressed asks for files as they are.
func uncompressed() client.Option {
	return client.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		r.Header.Set("Accept-Encoding", "identity")
		return http.DefaultTransport.RoundTrip(r)
	})})
}

// TestLargeFiles runs alone: it measures memory.
func TestLargeFiles(t *testing.T) {
	s := newServer(t)
	const count = 3000
	fill(t, s.client(t), count)
	for name, options := range map[string][]client.Option{"compressed": nil, "as it is": {uncompressed()}} {
		t.Run(name+" and whole", func(t *testing.T) { checkMemory(t, s.client(t, options...), count) })
		for _, format := range []client.ExportFormat{client.FormatCSV, client.FormatNDJSON, client.FormatXLSX} {
			t.Run(name+" and broken "+string(format), func(t *testing.T) {
				b := newBreaker(t, "127.0.0.1:0", s, cutFile)
				file := open(newClient(t, b.url, s.key, options...).ExportCodes(t.Context(), client.CodeFilter{}, format))(t)
				n, err := io.Copy(io.Discard, file)
				var none *client.NoAnswerError
				if n < 1<<10 || !errors.As(err, &none) || none.RequestID == "" || !errors.Is(err, io.ErrUnexpectedEOF) ||
					!client.Temporary(err) || client.OutcomeUnknown(err) {
					t.Errorf("%d bytes and %v", n, err)
				}
				if _, again := file.Read(make([]byte, 1)); again != err {
					t.Errorf("then %v", again)
				}
			})
		}
	}
}

// checkMemory reads all codes and looks at the memory of the client and the server now and then.
func checkMemory(t *testing.T, c *client.Client, count int) {
	t.Helper()
	file := open(c.ExportCodes(t.Context(), client.CodeFilter{}, client.FormatNDJSON))(t)
	lines, read := bufio.NewReaderSize(file, 64<<10), 0
	watch := memtest.WatchInUse(8 << 20)
	for n := 0; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			if n != count || read < 20<<20 {
				t.Errorf("%d codes, %d bytes", n, read)
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if read += len(line); n%500 == 0 {
			watch.Look(t)
		}
	}
	t.Logf("%d KiB, %d KiB in use at most", read>>10, watch.Most>>10)
}

func TestAFileIsAskedForAgainBeforeItsFirstByte(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	must(s.client(t).PutUser(t.Context(), "person", client.UserNormal))(t)
	headOnly := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	for name, url := range map[string]string{
		"connections": newBreaker(t, "127.0.0.1:0", s, cutAtOnce, cutAnswer).url,
		"answers":     front(t, s, says(503, client.ReasonOverloaded, "1"), page(502), headOnly),
	} {
		var p patient
		c := newClient(t, url, s.key, p.option())
		users := linesOf[client.User](t, open(c.ExportUsers(t.Context(), client.UserFilter{}, client.FormatNDJSON))(t))
		if len(users) != 1 || users[0].UserID != "person" || len(p.waits) < 2 {
			t.Errorf("%s: %v after %v", name, users, p.waits)
		}
	}
}

// TestAFileOfNobody is asked for again, and the error says that there is no connection.
func TestAFileOfNobody(t *testing.T) {
	var p patient
	c := newClient(t, "http://127.0.0.1:1", "ack_key", p.option())
	_, err := c.ExportCodes(t.Context(), client.CodeFilter{}, client.FormatCSV)
	if errors.Is(err, context.Canceled) || !client.Temporary(err) || client.OutcomeUnknown(err) || len(p.waits) == 0 {
		t.Errorf("%v after %v", err, p.waits)
	}
}

func TestClosingAFileEndsIt(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	c := newClient(t, front(t, newServer(t), func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/csv")
		_, _ = io.WriteString(w, "a,b\r\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(ended)
	}), "")
	file := open(c.ExportCodes(t.Context(), client.CodeFilter{}, ""))(t)
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	<-ended
	if n, err := file.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// TestAFileWithoutAnEnd: answers that end with their connection, as of HTTP/1.0.
func TestAFileWithoutAnEnd(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	packer := gzip.NewWriter(&packed)
	_, _ = io.WriteString(packer, "a,b\r\n")
	if err := packer.Close(); err != nil {
		t.Fatal(err)
	}
	const head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/csv\r\n"
	const packedHead = head + "Content-Encoding: gzip\r\n\r\n"
	for name, test := range map[string]struct{ answer, opens, reads string }{
		"as it is":               {head + "\r\na,b\r\n", "HTTP/1.1", ""},
		"compressed":             {packedHead + packed.String(), "", ""},
		"compressed and broken":  {packedHead + packed.String()[:packed.Len()-4], "", "breaks off"},
		"compressed and nothing": {packedHead, "unexpected EOF", ""},
		"of a proxy":             {strings.Replace(head, "csv", "html", 1) + "\r\n<p>Hello</p>", `"text/html"`, ""},
	} {
		c := newClient(t, front(t, newServer(t), func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			_, _ = io.WriteString(conn, test.answer)
			_ = conn.Close()
		}), "", client.WithRetries(0))
		file, err := c.ExportCodes(t.Context(), client.CodeFilter{}, "")
		checkEnd(t, name+": opening", err, test.opens)
		if err == nil {
			_, err := io.ReadAll(open(file, nil)(t))
			checkEnd(t, name+": reading", err, test.reads)
		}
	}
}

// checkEnd holds an error to a part of its text; empty: there is none.
func checkEnd(t *testing.T, what string, err error, part string) {
	t.Helper()
	if (err == nil) != (part == "") || err != nil && !strings.Contains(err.Error(), part) {
		t.Errorf("%s: %v, want %q", what, err, part)
	}
}

// TestHowLongAFileMayTake: as long as it moves.
func TestHowLongAFileMayTake(t *testing.T) {
	for name, test := range map[string]struct {
		pause time.Duration
		ends  bool
	}{"slowly": {time.Minute, true}, "not at all": {time.Hour, false}} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, "http://host", "", client.WithHTTPClient(&http.Client{
				Timeout: time.Minute, Transport: slowly(test.pause, 30),
			}))
			file := open(c.ExportCodes(t.Context(), client.CodeFilter{}, ""))(t)
			start := time.Now()
			text, err := io.ReadAll(file)
			took := time.Since(start)
			if test.ends && (err != nil || len(text) != 31 || took != 30*time.Minute) {
				t.Errorf("%s: %d bytes after %s, %v", name, len(text), took, err)
			}
			if !test.ends && (!errors.Is(err, context.DeadlineExceeded) || !client.Temporary(err) ||
				len(text) != 1 || took != client.DefaultTimeout) {
				t.Errorf("%s: %d bytes after %s, %v", name, len(text), took, err)
			}
		})
	}
}

// slowly answers with a file that has one byte at once and others after a pause each.
func slowly(pause time.Duration, bytes int) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		body, writer := io.Pipe()
		go func() {
			_, _ = writer.Write([]byte("a"))
			for range bytes {
				select {
				case <-time.After(pause):
					_, _ = writer.Write([]byte("b"))
				case <-r.Context().Done():
					_ = writer.CloseWithError(r.Context().Err())
					return
				}
			}
			_ = writer.Close()
		}()
		return &http.Response{StatusCode: 200, Body: body, Header: http.Header{"Content-Type": {"text/csv"}}}, nil
	})
}
