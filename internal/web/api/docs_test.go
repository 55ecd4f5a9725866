package api

import (
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// links finds what a page loads or leads to.
var links = regexp.MustCompile(`(?i)\b(?:src|href|action|data|poster|srcset)\s*=\s*["']?([^"'\s>]+)`)

func TestTheDocumentationLoadsFromThisServerOnly(t *testing.T) {
	f := newFixture(t)
	page := f.get(t, "/docs")
	start := f.get(t, "/docs/start.js")
	if page.status != 200 || start.status != 200 || !strings.Contains(start.body, `"/openapi.json"`) {
		t.Fatalf("page %d, start.js %d: %s", page.status, start.status, start.body)
	}
	elsewhere := regexp.MustCompile(`(?i)https?:|["'(]//|wss?:|@import`)
	for name, body := range map[string]string{"/docs": page.body, "/docs/start.js": start.body} {
		if found := elsewhere.FindString(body); found != "" {
			t.Errorf("%s has %q:\n%s", name, found, body)
		}
	}
	found := links.FindAllStringSubmatch(page.body, -1)
	if len(found) < 5 {
		t.Fatalf("only %d links were found in\n%s", len(found), page.body)
	}
	for _, link := range found {
		for _, encoding := range []string{"", "gzip", "br, gzip, deflate"} {
			got := f.get(t, link[1], with("Accept-Encoding", encoding))
			if got.status != 200 || got.body == "" || !strings.HasPrefix(link[1], "/") {
				t.Errorf("%s with the encodings %q: status %d, %d bytes", link[1], encoding, got.status, len(got.body))
			}
			if !mediaTypes[path.Ext(link[1])].MatchString(got.header.Get("Content-Type")) {
				t.Errorf("%s is of type %q", link[1], got.header.Get("Content-Type"))
			}
			if encoded := got.header.Get("Content-Encoding"); encoded != "" && !strings.Contains(encoding, encoded) {
				t.Errorf("%s is encoded as %q for a client that takes %q", link[1], encoded, encoding)
			}
		}
	}
}

// mediaTypes by file extension: browsers insist on them with nosniff.
var mediaTypes = map[string]*regexp.Regexp{
	".css":  regexp.MustCompile(`^text/css\b`),
	".js":   regexp.MustCompile(`^(text|application)/javascript\b`),
	".json": regexp.MustCompile(`^application/vnd\.oai\.openapi\+json\b`),
	".png":  regexp.MustCompile(`^image/png$`),
}

func TestThePolicyOfTheDocumentationLetsNothingElseIn(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{
		"/docs", "/docs/start.js", "/docs/assets/swagger-ui-bundle.js", "/docs/assets/swagger-ui.css",
	} {
		header := f.get(t, path).header
		policy := map[string]string{}
		for directive := range strings.SplitSeq(header.Get("Content-Security-Policy"), ";") {
			name, sources, _ := strings.Cut(strings.TrimSpace(directive), " ")
			policy[name] = sources
			for source := range strings.FieldsSeq(sources) {
				allowed := []string{"'none'", "'self'"}
				if name == "style-src" {
					allowed = append(allowed, "'unsafe-inline'")
				}
				if name == "img-src" {
					allowed = append(allowed, "data:")
				}
				if !slices.Contains(allowed, source) {
					t.Errorf("%s: %s allows %s", path, name, source)
				}
			}
		}
		if policy["default-src"] != "'none'" || policy["script-src"] != "'self'" ||
			policy["frame-ancestors"] != "'none'" || policy["base-uri"] != "'none'" {
			t.Errorf("%s: policy %v", path, policy)
		}
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: header %v", path, header)
		}
	}
}

// The policy forbids scripts inside the page, so a script there would not run.
func TestThePageHasNoScriptInside(t *testing.T) {
	f := newFixture(t)
	page := f.get(t, "/docs").body
	inside := regexp.MustCompile(`(?is)<script[^>]*>[^<]+|<script>|\son\w+\s*=|javascript:`)
	if found := inside.FindString(page); found != "" {
		t.Errorf("the page has %q", found)
	}
}

func TestThePageAnswersHEADWithoutABody(t *testing.T) {
	f := newFixture(t)
	got := f.send(t, http.MethodHead, "/docs", "")
	if got.status != 200 || got.body != "" || got.header.Get("Content-Length") == "" {
		t.Errorf("status %d, header %v, body %q", got.status, got.header, got.body)
	}
}
