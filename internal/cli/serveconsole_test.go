package cli_test

import (
	"net/http"
	"regexp"
	"testing"

	"accesscodes/internal/member"
)

var setupLink = regexp.MustCompile(`(?m)^  (http://\S+)/console/link/\S+$`)

// answerOf is the status of a page and where it leads.
func answerOf(t *testing.T, url string) (status int, location string) {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	return response.StatusCode, response.Header.Get("Location")
}

func TestTheConsoleIsWhereItIsAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		flags []string
		aside bool // on an address of its own
		off   bool
	}{
		"beside the API":           {},
		"on an address of its own": {flags: []string{"--console-listen", "127.0.0.1:0"}, aside: true},
		"nowhere":                  {flags: []string{"--console=false"}, off: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProgram(t)
			s := p.serve(t, c.flags...)
			link := setupLink.FindStringSubmatch(s.greeting)
			if (link == nil) != c.off {
				t.Fatalf("the greeting is\n%s", s.greeting)
			}
			want := map[string]int{s.url + "/": 303, s.url + "/console/": 303, s.url + "/livez": 200}
			if c.aside || c.off {
				want[s.url+"/"], want[s.url+"/console/"] = 404, 404
			}
			if c.aside {
				if link[1] == s.url {
					t.Errorf("the link leads to the API: %s", link[0])
				}
				want[link[1]+"/"], want[link[1]+"/console/sign-in"], want[link[1]+"/livez"] = 303, 200, 404
			}
			for url, status := range want {
				got, location := answerOf(t, url)
				if got != status || got == 303 && url[len(url)-9:] != "/console/" && location != "/console/" {
					t.Errorf("%s: %d to %q, want %d", url, got, location, status)
				}
			}
			if code, stderr := s.stop(); code != 0 {
				t.Errorf("exit %d: %s", code, stderr)
			}
		})
	}
}

// TestTheLinkIsPrintedUntilSomebodyIsThere, at every start.
func TestTheLinkIsPrintedUntilSomebodyIsThere(t *testing.T) {
	p := newProgram(t)
	for _, flag := range []string{"--no-bootstrap", "--docs"} {
		s := p.serve(t, flag)
		if !setupLink.MatchString(s.greeting) {
			t.Errorf("there is no link:\n%s", s.greeting)
		}
		s.stop()
	}
	link := p.must(t, "member invite mara@example.org --operator")
	accept(t, p, link, member.NewPerson{Name: "Mara", Password: "correct horse battery"})
	s := p.serve(t)
	if setupLink.MatchString(s.greeting) {
		t.Errorf("there is a link though there is somebody:\n%s", s.greeting)
	}
	s.stop()
}
