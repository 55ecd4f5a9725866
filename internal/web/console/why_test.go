package console

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/member"
	"accesscodes/internal/tenancy"
)

func TestWhySaysEachReason(t *testing.T) {
	o := newOffice(t)
	once := codes.Limit{Given: true, Max: new(int64(1))}
	now := time.Now()
	o.mara.add("FINE", codes.Options{})
	o.mara.add("LATER-ON", codes.Options{StartsAt: new(now.Add(48 * time.Hour))})
	o.mara.add("REVOKED", codes.Options{})
	o.mara.add("USED-UP", codes.Options{MaxRedemptions: once})
	o.mara.add("GONE-NOW", codes.Options{})
	if _, err := o.codes.RevokeCode(t.Context(), o.mara.actor(), "REVOKED"); err != nil {
		t.Fatal(err)
	}
	if err := o.codes.DeleteCode(t.Context(), o.mara.actor(), "GONE-NOW"); err != nil {
		t.Fatal(err)
	}
	if err := o.events.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	upgrade := codes.IssueRequest{Type: codes.TypeUpgrade}
	if _, err := o.codes.AddCode(t.Context(), o.mara.actor(), "UPGRADE", upgrade); err != nil {
		t.Fatal(err)
	}
	o.mara.redeem("USED-UP", "ann")
	for asked, want := range map[string]string{
		"typed=FINE":                     "It works",
		"typed=FINE&user=bob":            "bob can redeem it now",
		"typed=FINE&user=ann":            "ann is registered already",
		"typed=UPGRADE&user=bob":         "bob is not registered",
		"typed=USED-UP&user=bob":         "all of its uses are taken|its one use is taken",
		"typed=USED-UP&user=ann":         "ann has redeemed this code before",
		"typed=LATER-ON&user=bob":        "only from",
		"typed=revoked":                  "it was revoked on",
		"typed=gone now":                 "There was such a code",
		"typed=XYZZY-PLUGH":              "None of your codes is like this one",
		"typed=REVOKE0":                  "One of yours differs in one character",
		"typed=REVOKD":                   "has one more character",
		"typed=REEVOKED":                 "without one character",
		"typed=RVEOKED":                  "the order of two characters",
		"typed=F1NE&at=2020-01-01T00:00": "One of yours differs",
		"typed=FINE&at=2020-01-01T00:00": "it was made only on",
		"typed=FINE&at=2090-01-01T00:00": "it can be redeemed at that time",
	} {
		query, err := url.ParseQuery(asked)
		if err != nil {
			t.Fatal(err)
		}
		body := o.mara.sees("/console/w/acme/why?" + query.Encode())
		_, verdict, _ := strings.Cut(body, `class="verdict`)
		verdict, _, _ = strings.Cut(verdict, "</section>")
		said := false
		for one := range strings.SplitSeq(want, "|") {
			said = said || strings.Contains(verdict, one)
		}
		if !said {
			t.Errorf("%s: want %q:\n%s", asked, want, verdict)
		}
		if strings.Contains(verdict, " UTC") && !strings.Contains(verdict, ` UTC">`) {
			t.Errorf("%s: a time is not in the viewer's zone:\n%s", asked, verdict)
		}
	}
}

func TestWhoUsedACodeUpIsSaid(t *testing.T) {
	o := newOffice(t)
	limit := codes.Limit{Given: true, Max: new(int64(5))}
	o.mara.add("FAIR", codes.Options{MaxRedemptions: limit})
	for i := range 5 {
		if i == 4 {
			o.mara.sees("/console/w/acme/codes/FAIR", "1 free")
		}
		o.mara.redeem("FAIR", fmt.Sprint("user-", i))
	}
	for _, path := range []string{"/console/w/acme/codes/FAIR", "/console/w/acme/why?typed=fair"} {
		body := o.mara.sees(path, "Used by", ", and 2 more.")
		_, users, _ := strings.Cut(body, "Used by")
		users, _, _ = strings.Cut(users, "</p>")
		for i := range 5 {
			link := fmt.Sprintf(`<a href="/console/w/acme/users/user-%d">`, i)
			if strings.Contains(users, link) != (i >= 2) {
				t.Errorf("%s: the newest three should be named:\n%s", path, users)
			}
		}
	}
}

// TestHintsAreForWhoMayFollowThem looks for hints that support may not follow.
func TestHintsAreForWhoMayFollowThem(t *testing.T) {
	o := newOffice(t)
	sam := o.join(t, "Sam", member.RoleSupport)
	o.mara.add("FAIR", codes.Options{})
	o.mara.sees("/console/w/acme/codes/FAIR", "If you revoke it")
	if strings.Contains(sam.sees("/console/w/acme/codes/FAIR"), "If you revoke it") {
		t.Error("support is told what revoking would do")
	}
	_, secret, err := o.tenancy.CreateKey(t.Context(), "other", tenancy.NewKey{Name: "k", Role: tenancy.RoleFull})
	if err != nil {
		t.Fatal(err)
	}
	o.mara.answered("/console/w/acme/search", url.Values{"q": {secret}}, 200, "revoke it if")
	said := sam.answered("/console/w/acme/search", url.Values{"q": {secret}}, 200, "tell an owner")
	if strings.Contains(said, "revoke it") || strings.Contains(said, secret) {
		t.Error("support is told to revoke a key, or the key is shown")
	}
}
