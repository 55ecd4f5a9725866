package app

import (
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/event"
)

// signIn sends the form of signing in.
func (s *site) signIn(t *testing.T, form url.Values, header ...string) answer {
	t.Helper()
	return s.ask(t, "", http.MethodPost, "/console/sign-in", form, header...)
}

func credentials(pairs ...string) url.Values {
	form := url.Values{"email": {"viewer@example.org"}, "password": {sitePassword}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

// sessionIn is the session that an answer sets; nil: none.
func sessionIn(got answer) *http.Cookie {
	for _, line := range got.header.Values("Set-Cookie") {
		cookie, err := http.ParseSetCookie(line)
		if err == nil && strings.HasSuffix(cookie.Name, "accesscodes-session") {
			return cookie
		}
	}
	return nil
}

func TestAnotherSiteCannotSendForms(t *testing.T) {
	s := newSite(t)
	form := url.Values{"value": {"EVIL"}, "type": {"Normal"}, "how": {"own"}}
	for name, header := range map[string][]string{
		"by its origin":      {"Origin", "https://evil.example"},
		"by the browser":     {"Sec-Fetch-Site", "cross-site"},
		"from a subdomain":   {"Sec-Fetch-Site", "same-site"},
		"of nobody's origin": {"Origin", "null"},
	} {
		got := s.ask(t, s.people["owner"], http.MethodPost, "/console/w/acme/new", form, header...)
		if got.status != http.StatusForbidden || !strings.Contains(got.body, "This form came from another address") {
			t.Errorf("%s: %d", name, got.status)
		}
		if got := s.signIn(t, credentials(), header...); got.status != http.StatusForbidden || sessionIn(got) != nil {
			t.Errorf("signing in, %s: %d", name, got.status)
		}
	}
	if _, err := s.codes.GetCode(t.Context(), &s.acme.actor, "EVIL"); err == nil {
		t.Error("a code was made")
	}
}

func TestSigningInMakesANewSession(t *testing.T) {
	s := newSite(t)
	fixed := strings.Repeat("F", 43)
	got := s.signIn(t, credentials(), "Cookie", "accesscodes-session="+fixed)
	cookie := sessionIn(got)
	if got.status != http.StatusSeeOther || cookie == nil || cookie.Value == fixed || len(cookie.Value) < 43 {
		t.Fatalf("%d, %v", got.status, cookie)
	}
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Secure || cookie.Path != "/" {
		t.Errorf("over plain HTTP: %+v", cookie)
	}
	if got := s.ask(t, fixed, http.MethodGet, "/console/account", nil); got.status != http.StatusSeeOther {
		t.Errorf("the session that was there before: %d", got.status)
	}
	if got := s.ask(t, cookie.Value, http.MethodPost, "/console/sign-out", nil); got.status != http.StatusSeeOther {
		t.Errorf("sign-out: %d", got.status)
	}
	if got := s.ask(t, cookie.Value, http.MethodGet, "/console/account", nil); got.status != http.StatusSeeOther {
		t.Errorf("the session after signing out: %d", got.status)
	}
}

func TestCookiesAreSecureBehindAProxyThatIsTrusted(t *testing.T) {
	s := newSite(t, netip.MustParsePrefix("127.0.0.0/8"))
	got := s.signIn(t, credentials(), "X-Forwarded-Proto", "https", "X-Forwarded-For", "192.0.2.7")
	if cookie := sessionIn(got); cookie == nil || !cookie.Secure || cookie.Name != "__Host-accesscodes-session" {
		t.Errorf("%d, %+v", got.status, cookie)
	}
}

func TestNobodySignsInOverAConnectionThatOthersRead(t *testing.T) {
	s := newSite(t)
	for host, want := range map[string]int{
		"codes.example.org": http.StatusForbidden, "192.0.2.1:8080": http.StatusForbidden,
		"localhost:8080": http.StatusSeeOther, "[::1]:8080": http.StatusSeeOther,
	} {
		// A word about TLS is worth nothing from whoever is no trusted proxy.
		got := s.signIn(t, credentials(), "Host", host, "X-Forwarded-Proto", "https")
		if got.status != want || want == http.StatusForbidden && sessionIn(got) != nil {
			t.Errorf("%s: %d", host, got.status)
		}
	}
}

func TestSigningInLeadsNowhereElse(t *testing.T) {
	s := newSite(t)
	for _, next := range []string{
		"https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "/console\\evil",
		"javascript:alert(1)",
		"/consolexx", "/console/w/acme\r\nSet-Cookie: a=b", "@evil.example", "/console//evil.example/../..",
	} {
		got := s.signIn(t, credentials("next", next))
		target, err := url.Parse(got.location)
		if err != nil || got.status != http.StatusSeeOther || target.Host != "" ||
			!strings.HasPrefix(target.Path, "/console/") && target.Path != "/console" {
			t.Errorf("%q leads to %q (%d, %v)", next, got.location, got.status, err)
		}
	}
	if got := s.signIn(t, credentials("next", "/console/w/acme/codes?q=x")); got.location != "/console/w/acme/codes?q=x" {
		t.Errorf("a page of ours: %q", got.location)
	}
}

var nonceOf = regexp.MustCompile(`script-src 'nonce-([^']+)'`)

// TestEveryPageForbidsWhatItDoesNotNeed: no page can be framed, and none runs a script that is not ours.
func TestEveryPageForbidsWhatItDoesNotNeed(t *testing.T) {
	s := newSite(t)
	nonces := map[string]bool{}
	for _, rt := range s.routes {
		if rt.Method != http.MethodGet || rt.Streams || strings.Contains(rt.Path, "{token}") {
			continue
		}
		path := fill(t, rt.Path, "acme", s.acme)
		session := s.people["owner"]
		if rt.Operates {
			session = s.people["operator"]
		}
		got := s.ask(t, session, rt.Method, path, nil)
		if !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
			continue
		}
		policy := got.header.Get("Content-Security-Policy")
		nonce := nonceOf.FindStringSubmatch(policy)
		if nonce == nil || nonces[nonce[1]] || strings.Contains(policy, "unsafe") ||
			!strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") ||
			!strings.Contains(policy, "require-trusted-types-for 'script'") {
			t.Errorf("%s: %s", path, policy)
			continue
		}
		nonces[nonce[1]] = true
		for name, want := range map[string]string{
			"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cache-Control": "no-store",
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s: %s: %q", path, name, got.header.Get(name))
			}
		}
		for _, inline := range []string{" style=", " onclick=", "javascript:", "<style"} {
			if strings.Contains(got.body, inline) {
				t.Errorf("%s has %s", path, inline)
			}
		}
	}
	if len(nonces) < 20 {
		t.Errorf("only %d pages were looked at", len(nonces))
	}
}

// TestNamesOfFilesCannotWriteHeaders: a batch may be called anything.
func TestNamesOfFilesCannotWriteHeaders(t *testing.T) {
	s := newSite(t)
	var batch bulk.NewBatch
	batch.Type, batch.Count = codes.TypeNormal, 1
	batch.Name = "\"; filename=evil.exe\r\nSet-Cookie: a=b\tø/../\\x"
	made, _, err := s.batches.Create(t.Context(), &s.acme.actor, batch)
	if err != nil {
		t.Fatal(err)
	}
	downloads := 0
	for _, rt := range s.routes {
		if !rt.Streams || rt.Method != http.MethodGet || !strings.Contains(rt.Path, "/batches/{id}") {
			continue
		}
		path := strings.Replace(fill(t, rt.Path, "acme", s.acme), s.acme.ids["batches/{id}"], made.ID.String(), 1)
		got := s.ask(t, s.people["owner"], http.MethodGet, path, nil)
		disposition := got.header.Get("Content-Disposition")
		kind, parameters, err := mime.ParseMediaType(disposition)
		if err != nil || kind != "attachment" || len(parameters) != 1 || strings.ContainsAny(disposition, "\\/") ||
			strings.HasSuffix(parameters["filename"], ".exe") || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %q", path, disposition)
		}
		if got.status == http.StatusOK {
			downloads++
		}
	}
	if downloads == 0 {
		t.Error("there was no file to download")
	}
}

// TestGuessingTellsNothing: who has an account, and which links there are.
func TestGuessingTellsNothing(t *testing.T) {
	s := newSite(t)
	withoutChance := func(a answer) string {
		text := regexp.MustCompile(`nonce="[^"]*"|<code>[^<]*</code>|value="[^"]*@[^"]*"`).ReplaceAllString(a.body, "")
		return strings.ReplaceAll(text, "nonce", "")
	}
	known := s.signIn(t, url.Values{"email": {"viewer@example.org"}, "password": {"wrong"}})
	unknown := s.signIn(t, url.Values{"email": {"nobody@example.org"}, "password": {"wrong"}})
	if known.status != http.StatusUnauthorized || known.status != unknown.status ||
		withoutChance(known) != withoutChance(unknown) {
		t.Errorf("%d and %d, or another page", known.status, unknown.status)
	}
	for range 100 {
		got := s.signIn(t, url.Values{"email": {"viewer@example.org"}, "password": {"wrong"}})
		if got.status == http.StatusTooManyRequests {
			if got.header.Get("Retry-After") == "" {
				t.Error("it is not said how long to wait")
			}
			break
		}
	}
	if got := s.signIn(t, credentials()); got.status != http.StatusTooManyRequests {
		t.Errorf("after many guesses: %d", got.status)
	}
	first := s.ask(t, "", http.MethodGet, "/console/link/x", nil)
	for _, token := range []string{strings.Repeat("x", 43), strings.Repeat("é", 20), "..%2f.."} {
		got := s.ask(t, "", http.MethodGet, "/console/link/"+token, nil)
		if got.status != http.StatusNotFound || withoutChance(got) != withoutChance(first) {
			t.Errorf("the link %s: %d, or another page", token, got.status)
		}
	}
}

// TestASessionThatEndsInAFormLosesNothing that was typed.
func TestASessionThatEndsInAFormLosesNothing(t *testing.T) {
	s := newSite(t)
	typed := url.Values{"note": {"three \"days\" <of> work"}, "type": {"Premium"}}
	got := s.ask(t, "", http.MethodPost, "/console/w/acme/new", typed)
	kept := regexp.MustCompile(`name="kept" value="([^"]*)"`).FindStringSubmatch(got.body)
	if got.status != http.StatusUnauthorized || kept == nil {
		t.Fatalf("%d: %s", got.status, got.body)
	}
	form := credentials("next", "/console/w/acme/new", "kept", typed.Encode())
	device := "accesscodes-device=" + deviceIn(t, s.signIn(t, credentials()))
	got = s.signIn(t, form, "Cookie", device)
	if got.status != http.StatusOK || !strings.Contains(got.body, "three &#34;days&#34; &lt;of&gt; work") ||
		!strings.Contains(got.body, `action="/console/w/acme/new"`) {
		t.Errorf("after signing in again: %d: %s", got.status, got.body)
	}
	const target = "/console/w/acme/new"
	for name, form := range map[string]url.Values{
		device:                       credentials("next", target, "kept", typed.Encode(), "email", "editor@example.org"),
		"accesscodes-device=another": form,
	} {
		got := s.signIn(t, form, "Cookie", name)
		if got.status != http.StatusSeeOther || strings.Contains(got.body, "three") || got.location != "/console/" {
			t.Errorf("%s: %d to %q: %s", name, got.status, got.location, got.body)
		}
	}
}

// deviceIn is what an answer has the browser keep to be known next time.
func deviceIn(t *testing.T, got answer) string {
	t.Helper()
	for _, line := range got.header.Values("Set-Cookie") {
		if cookie, err := http.ParseSetCookie(line); err == nil && cookie.Name == "accesscodes-device" {
			return cookie.Value
		}
	}
	t.Fatalf("%d sets no device", got.status)
	return ""
}

// onRead does something before a body is sent, which with Expect: 100-continue is when the server has
// looked at who asks and begins to read.
type onRead struct {
	io.Reader
	do func()
}

// Read implements [io.Reader].
func (r *onRead) Read(into []byte) (int, error) {
	if r.do != nil {
		r.do()
		r.do = nil
	}
	return r.Reader.Read(into)
}

// TestARightThatIsLostWhileAFormArrivesIsLost: forms may arrive slowly.
func TestARightThatIsLostWhileAFormArrivesIsLost(t *testing.T) {
	s := newSite(t)
	form := url.Values{"value": {"TOO-LATE"}, "type": {"Normal"}, "how": {"own"}}
	body := &onRead{Reader: strings.NewReader(form.Encode())}
	isRemoved := false
	body.do = func() {
		isRemoved = true
		check(t, s.parts.people.Members.RemoveAs(t.Context(), event.System(), "editor@example.org", s.acme.workspace.ID))
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/console/w/acme/new", body)
	check(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Expect", "100-continue")
	r.AddCookie(&http.Cookie{Name: "accesscodes-session", Value: s.people["editor"]})
	client := http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
	response, err := client.Do(r)
	check(t, err)
	check(t, response.Body.Close())
	client.CloseIdleConnections()
	if !isRemoved || response.StatusCode != http.StatusNotFound {
		t.Errorf("removed: %v, status %d", isRemoved, response.StatusCode)
	}
	if _, err := s.codes.GetCode(t.Context(), &s.acme.actor, "TOO-LATE"); err == nil {
		t.Error("the code was made")
	}
}

// TestAKeyDoesNotStayInAnAddress in which somebody pasted it.
func TestAKeyDoesNotStayInAnAddress(t *testing.T) {
	s := newSite(t)
	key := "ack_" + strings.Repeat("a", 36)
	for _, path := range []string{"/codes?q=", "/why?typed=", "/users?q=", "/activity?q="} {
		got := s.ask(t, s.people["owner"], http.MethodGet, "/console/w/acme"+path+key, nil)
		target, _, _ := strings.Cut(path, "?")
		if got.status != http.StatusSeeOther || got.location != "/console/w/acme"+target || strings.Contains(got.body, key) {
			t.Errorf("%s: %d to %q", path, got.status, got.location)
		}
	}
}

// TestNobodyFillsTheMemory with forms that are larger than any of theirs.
func TestNobodyFillsTheMemory(t *testing.T) {
	s := newSite(t)
	large := url.Values{"email": {strings.Repeat("x", 100_000)}}
	for _, path := range []string{"/console/sign-in", "/console/w/acme/new"} {
		if got := s.ask(t, "", http.MethodPost, path, large); got.status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}
