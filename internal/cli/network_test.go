package cli_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"accesscodes/internal/app"
)

// freeAddress is an address on which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // it was never used
	return listener.Addr().String()
}

// fetch returns the status and the body of a page.
func fetch(t *testing.T, url string) (status int, body string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestMetricsOnAnAddressOfTheirOwn(t *testing.T) {
	p := newProgram(t)
	address := freeAddress(t)
	s := p.serve(t, "--metrics-listen", address)
	if status, _ := fetch(t, s.url+"/metrics"); status != 404 {
		t.Errorf("with everything else: status %d", status)
	}
	if status, body := fetch(t, "http://"+address+"/metrics"); status != 200 ||
		!strings.Contains(body, "accesscodes_http_request_duration_seconds") {
		t.Errorf("at their own address: status %d", status)
	}
	if status, _ := fetch(t, "http://"+address+"/livez"); status != 404 {
		t.Errorf("something else there: status %d", status)
	}
	if code, stderr := s.stop(); code != 0 {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestTheDocumentationCanBeTurnedOff(t *testing.T) {
	p := newProgram(t)
	p.env["ACCESSCODES_DOCS"] = "false"
	s := p.serve(t)
	for path, want := range map[string]int{
		"/docs": 404, "/docs/start.js": 404, "/docs/assets/swagger-ui.css": 404, "/openapi.json": 200, "/metrics": 200,
	} {
		if status, _ := fetch(t, s.url+path); status != want {
			t.Errorf("%s: status %d, want %d", path, status, want)
		}
	}
	if strings.Contains(s.greeting, "/docs") {
		t.Errorf("the greeting names what is not there:\n%s", s.greeting)
	}
	s.stop()
}

func TestThePublicURLIsKeptInTheDatabase(t *testing.T) {
	p := newProgram(t)
	for _, test := range []struct {
		flags []string
		want  string
	}{
		{nil, ""},
		{[]string{"--public-url", "https://codes.example.org/api/"}, "https://codes.example.org/api"},
		{nil, "https://codes.example.org/api"},
		{[]string{"--public-url", "https://codes.example.com"}, "https://codes.example.com"},
		{[]string{"--public-url="}, ""},
		{nil, ""},
	} {
		if code, stderr := p.serve(t, test.flags...).stop(); code != 0 ||
			!strings.Contains(stderr, `"public_url":"`+test.want+`"`) {
			t.Errorf("%v: exit %d: %s", test.flags, code, stderr)
		}
		service, closeService, err := app.OpenTenancy(t.Context(), "sqlite:"+p.path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := service.PublicURL(t.Context()); got != test.want || err != nil {
			t.Errorf("%v: %q, %v; want %q", test.flags, got, err, test.want)
		}
		if err := closeService(); err != nil {
			t.Error(err)
		}
	}
}

func TestOnlyTrustedProxiesSayWhoTheClientIs(t *testing.T) {
	for flag, want := range map[string]string{"127.0.0.0/8": "198.51.100.7", "10.0.0.0/8": "127.0.0.1"} {
		p := newProgram(t)
		s := p.serve(t, "--trusted-proxies", flag)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/livez", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Forwarded-For", "198.51.100.7")
		response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close() // it was not looked at
		if _, log := s.stop(); !strings.Contains(log, `"client":"`+want+`"`) {
			t.Errorf("with %s trusted, the log lacks the client %s:\n%s", flag, want, log)
		}
	}
}

func TestServeWithACertificateThatIsNotThere(t *testing.T) {
	p := newProgram(t)
	got := p.run(t, "serve --tls-cert no.pem --tls-key no.key")
	if got.code != 2 || !strings.Contains(got.stderr, "no.pem") {
		t.Errorf("exit %d: %s", got.code, got.stderr)
	}
	checkOneLine(t, got)
	checkNoFile(t, p.path)
}
