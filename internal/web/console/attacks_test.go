package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"accesscodes/internal/member"
)

// asks sends a request with headers and cookies of its own, as a browser that others steer would.
func (o *office) asks(t *testing.T, method, path string, form url.Values, header http.Header) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, o.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	o := newOffice(t)
	form := url.Values{"name": {"Theirs"}, "role": {"full"}, "days": {"0"}}
	for _, sign := range [][2]string{
		{"Origin", "https://evil.example"},
		{"Origin", "null"},
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
	} {
		header := http.Header{"Cookie": {sessionCookie + "=" + o.mara.session}, sign[0]: {sign[1]}}
		for _, path := range []string{
			"/console/w/acme/keys/new", "/console/account", "/console/sign-out", "/console/sign-in",
		} {
			if answer := o.asks(t, http.MethodPost, path, form, header); answer.StatusCode != http.StatusForbidden {
				t.Errorf("%s with %s: %d", path, sign, answer.StatusCode)
			}
		}
	}
	keys, err := o.tenancy.Keys(t.Context(), "acme")
	if err != nil || len(keys) != 0 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	o.mara.sees("/console/account", "Mara Lindt")
}

func TestASessionIsNewAtEverySignIn(t *testing.T) {
	o := newOffice(t)
	form := url.Values{"email": {"mara@acme.example"}, "password": {password}}
	for _, planted := range []string{"planted", o.mara.session} {
		header := http.Header{"Cookie": {sessionCookie + "=" + planted}}
		answer := o.asks(t, http.MethodPost, signInPath, form, header)
		if answer.StatusCode != http.StatusSeeOther {
			t.Fatalf("signing in: %d", answer.StatusCode)
		}
		got := ""
		for _, c := range answer.Cookies() {
			if c.Name == sessionCookie {
				got = c.Value
			}
		}
		if got == "" || got == planted {
			t.Errorf("the session is %q, of the cookie %q", got, planted)
		}
	}
	header := http.Header{"Cookie": {sessionCookie + "=planted"}}
	if answer := o.asks(t, http.MethodGet, "/console/account", nil, header); answer.StatusCode != http.StatusSeeOther {
		t.Errorf("a planted session: %d", answer.StatusCode)
	}
}

func TestSignInLeadsToNoOtherSite(t *testing.T) {
	o := newOffice(t)
	for _, next := range []string{
		"//evil.example", `\\evil.example`, `/\evil.example`, "https://evil.example", "https:evil.example",
		"javascript:alert(1)", "/console\\@evil.example", "/console\r\nX-Injected: yes", "/console/../../evil",
		"/tenant-codes",
	} {
		form := url.Values{"email": {"mara@acme.example"}, "password": {password}, "next": {next}}
		answer := o.asks(t, http.MethodPost, signInPath, form, http.Header{})
		to, err := url.Parse(answer.Header.Get("Location"))
		if err != nil || answer.StatusCode != http.StatusSeeOther || to.Host != "" || to.Scheme != "" ||
			!strings.HasPrefix(to.Path, "/console/") || answer.Header.Get("X-Injected") != "" {
			t.Errorf("next=%q: %d to %q", next, answer.StatusCode, answer.Header.Get("Location"))
		}
	}
}

func TestNoOtherSiteFramesAPage(t *testing.T) {
	o := newOffice(t)
	header := http.Header{"Cookie": {sessionCookie + "=" + o.mara.session}}
	for _, path := range []string{signInPath, "/console/account", "/console/w/acme/keys", "/console/w/acme/nothing"} {
		answer := o.asks(t, http.MethodGet, path, nil, header.Clone())
		if answer.StatusCode == http.StatusSeeOther {
			continue // signed in already
		}
		policy := answer.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") ||
			!strings.Contains(policy, "script-src 'nonce-") || answer.Header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: %d, %q", path, answer.StatusCode, policy)
		}
	}
}

func TestPasswordsAreGuessedSlowlyAndInVain(t *testing.T) {
	o := newOffice(t)
	o.join(t, "Priya", member.RoleViewer)
	slowed := 0
	for range 30 {
		form := url.Values{"email": {"priya@acme.example"}, "password": {"a guess of somebody"}}
		switch status := o.asks(t, http.MethodPost, signInPath, form, http.Header{}).StatusCode; status {
		case http.StatusTooManyRequests:
			slowed++
		case http.StatusUnauthorized:
		default:
			t.Fatalf("a guess: %d", status)
		}
	}
	if slowed == 0 {
		t.Error("thirty guesses were not slowed down")
	}
}

func TestGuessedLinksLookAllTheSame(t *testing.T) {
	o := newOffice(t)
	statuses := map[int]bool{}
	for _, token := range []string{"x", strings.Repeat("A", 43), "%00", strings.Repeat("long", 400)} {
		statuses[o.asks(t, http.MethodGet, "/console/link/"+token, nil, http.Header{}).StatusCode] = true
	}
	if len(statuses) != 1 || statuses[http.StatusOK] {
		t.Errorf("guesses are answered with %v", statuses)
	}
}
