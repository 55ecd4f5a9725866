package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"strings"
	"testing"

	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// padded is a good body of generate with so many bytes.
func padded(size int) string {
	const body = `{"type":"Normal"}`
	return body + strings.Repeat(" ", size-len(body))
}

func TestUTF8JSONIsTakenHoweverItsTypeIsSpelt(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		for i, contentType := range []string{
			"application/json",
			"application/json;charset=utf-8",
			"application/json; charset=utf-8",
			`Application/JSON; Charset="UTF-8"`,
		} {
			t.Run(contentType, func(t *testing.T) {
				f.post(t, addPath, fmt.Sprintf(`{"code":"TYPE-%d","type":"Normal"}`, i), with("Content-Type", contentType)).
					mustBeOK(t)
				f.post(t, generatePath, `{"type":"Normal"}`, with("Content-Type", contentType)).mustBeOK(t)
				if stored := f.stored(t); stored != 2*(i+1) {
					t.Errorf("%d codes are stored, want %d", stored, 2*(i+1))
				}
			})
		}
	})
}

func TestWhatIsNotUTF8JSONIsNotTaken(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		for _, contentType := range []string{
			"application/json; charset=",
			"application/json; charset=latin1",
			"application/json; charset=utf-16",
			"application/json; charset=utf-8; charset=latin1",
			"application/json; charset",
			"application/json, text/plain",
			"application/jsonp",
			"application/merge-patch+json",
			"application/x-www-form-urlencoded",
			"application/xml",
			"multipart/form-data; boundary=x",
			"text/json",
			"text/plain",
			"text/plain; charset=utf-8",
			"json",
			"*/*",
			"",
		} {
			t.Run(contentType, func(t *testing.T) {
				for _, path := range []string{addPath, generatePath} {
					body, _ := refusal{body: `{@"type":"Normal"}`}.on(path)
					got := f.post(t, path, body, with("Content-Type", contentType))
					got.mustBe(t, http.StatusUnsupportedMediaType, kit.ReasonUnsupportedMediaType)
					if accept := got.header.Get("Accept"); accept != "application/json" {
						t.Errorf("Accept = %q", accept)
					}
					if stored := f.stored(t); stored != 0 {
						t.Errorf("%d codes are stored", stored)
					}
				}
			})
		}
	})
}

func TestABodyWithoutAContentTypeIsRefused(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		f.post(t, generatePath, `{"type":"Normal"}`, without("Content-Type")).mustBe(t, 415, kit.ReasonUnsupportedMediaType)
		if stored := f.stored(t); stored != 0 {
			t.Errorf("%d codes are stored", stored)
		}
	})
}

func TestAnEncodedBodyIsRefused(t *testing.T) {
	f := newFixture(t)
	got := f.post(t, generatePath, `{"type":"Normal"}`, with("Content-Encoding", "gzip"))
	got.mustBe(t, 415, kit.ReasonUnsupportedMediaType)
	if accept := got.header.Get("Accept-Encoding"); accept != "identity" || f.stored(t) != 0 {
		t.Errorf("Accept-Encoding = %q, %d codes are stored", accept, f.stored(t))
	}
	f.post(t, generatePath, `{"type":"Normal"}`, with("Content-Encoding", "identity")).mustBeOK(t)
}

// unreadable is a body that must not be read.
type unreadable struct{ *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.Error("the body is read")
	return 0, io.EOF
}

func TestABodyThatIsAnnouncedAsHugeIsRefusedUnread(t *testing.T) {
	f := newFixture(t)
	f.post(t, generatePath, "", func(r *http.Request) {
		r.ContentLength, r.Body = 5<<20, io.NopCloser(unreadable{t})
	}).mustBe(t, http.StatusRequestEntityTooLarge, kit.ReasonBodyTooLarge)
}

// TestABodyThatMayBeLeftOutIsAnObject, and null is none.
func TestABodyThatMayBeLeftOutIsAnObject(t *testing.T) {
	f := newFixture(t)
	f.add(t, "VIP", `"type":"Normal"`)
	for _, action := range []string{"/tenant-codes/VIP/revoke", "/tenant-codes/VIP/restore"} {
		for _, body := range []string{"null", " null", "[]", `"x"`} {
			f.post(t, action, body).mustBe(t, 400, kit.ReasonWrongType)
		}
		f.post(t, action, "{}").mustBeOK(t)
	}
}

func TestABodyMayHave64KiBAndNotAByteMore(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		f.post(t, generatePath, padded(64<<10)).mustBeOK(t)
		for _, size := range []int{64<<10 + 1, 1 << 20} {
			f.post(t, generatePath, padded(size)).mustBe(t, http.StatusRequestEntityTooLarge, kit.ReasonBodyTooLarge)
		}
		code := `{"code":"BIG","type":"Normal"}`
		f.post(t, addPath, code+strings.Repeat("\n", 64<<10+1-len(code))).
			mustBe(t, http.StatusRequestEntityTooLarge, kit.ReasonBodyTooLarge)
		f.post(t, addPath, code+strings.Repeat("\n", 64<<10-len(code))).mustBeOK(t)
		if stored := f.stored(t); stored != 2 {
			t.Errorf("%d codes are stored", stored)
		}
	})
}

func TestATooLargeBodyIsAnsweredAndItsConnectionStaysUsable(t *testing.T) {
	f := newFixture(t)
	server := httptest.NewServer(f.server)
	t.Cleanup(server.Close)
	for _, test := range []struct {
		name   string
		body   func() io.Reader
		status int
		reused bool
	}{
		{"a good one opens the connection", func() io.Reader { return strings.NewReader(padded(100)) }, 200, false},
		{"1 MiB of announced length", func() io.Reader { return strings.NewReader(padded(1 << 20)) }, 413, true},
		{"after it", func() io.Reader { return strings.NewReader(padded(100)) }, 200, true},
		{"1 MiB in chunks", func() io.Reader { return io.MultiReader(strings.NewReader(padded(1 << 20))) }, 413, true},
		{"after that", func() io.Reader { return strings.NewReader(padded(100)) }, 200, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			reused := false
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
				GotConn: func(info httptrace.GotConnInfo) { reused = info.Reused },
			})
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+generatePath, test.body())
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Api-Key", f.secret)
			r.Header.Set("Content-Type", "application/json")
			got := roundTrip(t, server.Client(), r)
			if got.status != test.status || reused != test.reused {
				t.Errorf("status %d, connection reused %v; body %s", got.status, reused, got.body)
			}
			if test.status != 200 {
				got.mustBe(t, test.status, kit.ReasonBodyTooLarge)
			}
		})
	}
	if stored := f.stored(t); stored != 3 {
		t.Errorf("%d codes are stored", stored)
	}
}

// roundTrip sends a request over a connection and reads the whole answer.
func roundTrip(t *testing.T, client *http.Client, r *http.Request) answer {
	t.Helper()
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{status: response.StatusCode, header: response.Header, body: string(body)}
}

// brokenBody gives some bytes and then fails.
type brokenBody struct {
	io.Reader
	err error
}

func (b brokenBody) Read(into []byte) (int, error) {
	n, err := b.Reader.Read(into)
	if errors.Is(err, io.EOF) {
		err = b.err
	}
	return n, err
}

func TestABodyThatDoesNotArriveWholeIsRefused(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		for _, test := range []struct {
			name   string
			err    error
			status int
			reason core.Reason
		}{
			{"too slow", os.ErrDeadlineExceeded, http.StatusRequestTimeout, kit.ReasonRequestTimeout},
			{"broken off", io.ErrUnexpectedEOF, http.StatusBadRequest, kit.ReasonInvalidJSON},
		} {
			t.Run(test.name, func(t *testing.T) {
				f := newFixture(t)
				for _, path := range []string{addPath, generatePath} {
					body, _ := refusal{body: `{@"type":"Normal"}`}.on(path)
					broken := brokenBody{bytes.NewBufferString(body), test.err}
					f.post(t, path, "", func(r *http.Request) { r.Body = io.NopCloser(broken) }).mustBe(t, test.status, test.reason)
				}
				if stored := f.stored(t); stored != 0 {
					t.Errorf("%d codes are stored", stored)
				}
			})
		}
	})
}

// One request's body must not shine through in the next one's: buffers are used again.
func TestAShorterBodyAfterALongOneIsReadAlone(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		f.post(t, addPath, `{"code":"LONG","type":"Premium","note":"`+
			strings.Repeat("n", 400)+`","metadata":{"old":"value"}}`).
			mustBeOK(t)
		f.post(t, addPath, `{"code":"BROKEN","type":"Normal","note":`).mustBe(t, 400, kit.ReasonInvalidJSON)
		got := f.post(t, addPath, `{"code":"SHORT","type":"Normal"}`).mustBeOK(t).object(t)
		if got["note"] != nil || len(got["metadata"].(map[string]any)) != 0 || got["type"] != "Normal" {
			t.Errorf("code %v", got)
		}
	})
}
