package app

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var (
	sendingForm = regexp.MustCompile(`(?s)<form[^>]*method="post"[^>]*>(.*?)</form>`)
	namedField  = regexp.MustCompile(`<(?:input|select|textarea)[^>]*\bname="([^"]*)"[^>]*>`)
)

// fieldsOf are the fields of a page in forms that change something, and how many show a text.
func fieldsOf(page, text string) (names []string, filled int) {
	for _, form := range sendingForm.FindAllStringSubmatch(page, -1) {
		if strings.Contains(form[0], `role="search"`) { // which is on every page, and only asks
			continue
		}
		for _, field := range namedField.FindAllStringSubmatch(form[1], -1) {
			names = append(names, field[1])
		}
		filled += strings.Count(form[1], text)
	}
	return names, filled
}

// TestALinkFillsInNothing that somebody would then send: links come from everywhere.
func TestALinkFillsInNothing(t *testing.T) {
	s := newSite(t)
	const evil = "EVIL"
	seen := 0
	for _, rt := range s.routes {
		if rt.Method != http.MethodGet || rt.Streams || rt.Open {
			continue
		}
		path := fill(t, rt.Path, "acme", s.acme)
		session := s.people["owner"]
		if rt.Operates {
			session = s.people["operator"]
		}
		names, _ := fieldsOf(s.ask(t, session, http.MethodGet, path, nil).body, evil)
		if len(names) == 0 || strings.HasSuffix(rt.Path, "/why") { // which asks with the same fields, by GET too
			continue
		}
		query := url.Values{}
		for _, name := range names {
			query.Set(name, evil)
		}
		for _, origin := range []string{"", "none", "cross-site", "same-site"} {
			got := s.ask(t, session, http.MethodGet, path+"?"+query.Encode(), nil, "Sec-Fetch-Site", origin)
			if _, filled := fieldsOf(got.body, evil); filled > 0 {
				t.Errorf("%s, asked for from %q: %d fields have what the address says", path, origin, filled)
			}
		}
		seen++
	}
	if seen < 15 {
		t.Errorf("only %d pages with forms were looked at", seen)
	}
	ours := s.ask(t, s.people["owner"], http.MethodGet, "/console/w/acme/new?note=EVIL", nil,
		"Sec-Fetch-Site", "same-origin")
	if _, filled := fieldsOf(ours.body, evil); filled == 0 {
		t.Error("the console's own links fill in nothing either")
	}
}
