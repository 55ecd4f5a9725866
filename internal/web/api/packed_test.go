package api

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
)

var packedPaths = []string{
	"/docs", "/docs/start.js", "/docs/assets/swagger-ui.css", "/docs/assets/swagger-ui-bundle.js",
	"/docs/assets/favicon-32x32.png", "/openapi.json",
}

func TestPackedTextsAreTheSameInBothEncodings(t *testing.T) {
	f := newFixture(t)
	for _, path := range packedPaths {
		plain, packed := f.get(t, path), f.get(t, path, with("Accept-Encoding", "br, gzip"))
		if plain.header.Get("Content-Encoding") != "" || packed.header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s: encodings %v, %v", path, plain.header, packed.header)
		}
		r, err := gzip.NewReader(strings.NewReader(packed.body))
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(r); string(text) != plain.body || err != nil {
			t.Errorf("%s: %d bytes packed, %d plain, %v", path, len(text), len(plain.body), err)
		}
		for _, got := range []answer{plain, packed} {
			if got.header.Get("Vary") != "Accept-Encoding" || got.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: header %v", path, got.header)
			}
		}
	}
}

func TestWhoeverHasAPackedTextIsNotSentItAgain(t *testing.T) {
	f := newFixture(t)
	for _, path := range packedPaths {
		for _, encoding := range []string{"", "gzip"} {
			tag := f.get(t, path, with("Accept-Encoding", encoding)).header.Get("Etag")
			for _, sent := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
				got := f.get(t, path, with("Accept-Encoding", encoding), with("If-None-Match", sent))
				if got.status != http.StatusNotModified || got.body != "" || got.header.Get("Etag") != tag {
					t.Errorf("%s with %s: status %d, header %v, %d bytes", path, sent, got.status, got.header, len(got.body))
				}
			}
			got := f.get(t, path, with("Accept-Encoding", encoding), with("If-None-Match", `"other"`))
			if got.status != 200 {
				t.Errorf("%s with another tag: status %d", path, got.status)
			}
		}
		plain, packed := f.get(t, path), f.get(t, path, with("Accept-Encoding", "gzip"))
		if plain.header.Get("Etag") == packed.header.Get("Etag") {
			t.Errorf("%s has one tag for two encodings", path)
		}
	}
}

func TestNoAnswerIsSniffed(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{
		"/livez", "/readyz", "/metrics", "/openapi.json", "/docs", "/nowhere", addPath, "/tenant-codes", "/x//y",
	} {
		for _, method := range []string{"GET", "POST", "BREW"} {
			if got := f.send(t, method, path, ""); got.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s %s: status %d, header %v", method, path, got.status, got.header)
			}
		}
	}
}
