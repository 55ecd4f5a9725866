package text

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// places lists the places of a text, and its marks.
func places(e entry) (all []string) {
	for _, p := range e.parts {
		if p.place != "" {
			all = append(all, p.place)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// base is a name without its plural form.
func base(name string) string {
	for _, form := range []string{".zero", ".one", ".two", ".few", ".many", ".other"} {
		if cut, ok := strings.CutSuffix(name, form); ok {
			return cut
		}
	}
	return name
}

func bases(c catalog) []string {
	var all []string
	for name := range c {
		all = append(all, base(name))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestEveryLanguageSaysEverything(t *testing.T) {
	first := catalogs[0]
	for i, other := range catalogs[1:] {
		if diff := cmp.Diff(bases(first), bases(other)); diff != "" {
			t.Errorf("texts in %s (-first language +this):\n%s", languages[i+1], diff)
		}
		for name, e := range first {
			translated, found := other[name]
			if !found {
				continue // a form that this language does not have
			}
			if diff := cmp.Diff(places(e), places(translated)); diff != "" {
				t.Errorf("places of %s in %s (-first language +this):\n%s", name, languages[i+1], diff)
			}
		}
	}
}

func TestATextWithFormsHasThatForEveryOtherNumber(t *testing.T) {
	for i, c := range catalogs {
		for _, name := range slices.Sorted(maps.Keys(c)) {
			if base(name) == name {
				continue
			}
			if _, found := c[base(name)+".other"]; !found {
				t.Errorf("%s: %s has no form .other", languages[i], base(name))
			}
		}
	}
}

func TestWhatViewersRead(t *testing.T) {
	now := time.Date(2026, 11, 26, 13, 5, 0, 0, time.UTC)
	end := time.Date(2031, 12, 31, 23, 59, 0, 0, time.UTC)
	for _, c := range []struct{ language, accepts, zone, number, brief, utc, long string }{
		{"", "", "", "63,894", "13:05", "31 December 2031, 23:59 UTC", "31 December 2031"},
		{"", "de-AT,de;q=0.9", "Europe/Vienna", "63 894", "14:05", "31. Dezember 2031, 23:59 UTC", "1. Januar 2032"},
		{"de", "en-US", "America/New_York", "63.894", "08:05", "31. Dezember 2031, 23:59 UTC", "31. Dezember 2031"},
		{"en", "de", "no/such", "63,894", "13:05", "31 December 2031, 23:59 UTC", "31 December 2031"},
		{"", "fr", "Local", "63,894", "13:05", "31 December 2031, 23:59 UTC", "31 December 2031"},
	} {
		texts := For(Viewer{Language: c.language, Accepts: c.accepts, Zone: c.zone, Now: now})
		got := []string{
			strings.ReplaceAll(texts.Number(63894), "\u00a0", " "), texts.Brief(now), texts.InUTC(end), texts.Brief(end),
		}
		if diff := cmp.Diff([]string{c.number, c.brief, c.utc, c.long}, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c, diff)
		}
	}
}

func TestNumbersHaveForms(t *testing.T) {
	texts := For(Viewer{Now: time.Now()})
	for count, want := range map[int]string{1: "1 day", 2: "2 days", 0: "0 days", 1001: "1,001 days"} {
		if got := texts.Say("duration.days", "count", count); got != want {
			t.Errorf("%d: %q, want %q", count, got, want)
		}
	}
}

func TestATextIsThereInOneFormOrInSeveral(t *testing.T) {
	texts := For(Viewer{Now: time.Now()})
	for name, want := range map[string]bool{"language": true, "duration.days": true, "duration": false} {
		if got := texts.Has(name); got != want {
			t.Errorf("%s: %t, want %t", name, got, want)
		}
	}
}

func TestWhatStandsAtAPlaceIsNeverHTML(t *testing.T) {
	parts, err := split("**{who}** has `{what}` & more")
	if err != nil {
		t.Fatal(err)
	}
	texts := For(Viewer{Now: time.Now()})
	texts.catalog = catalog{"x": {parts: parts}}
	var b strings.Builder
	if err := texts.Rich("x", "who", "<i>**Eve**</i>", "what", "`\"'").Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	const want = "<b>&lt;i&gt;**Eve**&lt;/i&gt;</b> has <code>`&#34;&#39;</code> &amp; more"
	if b.String() != want {
		t.Errorf("%s, want %s", b.String(), want)
	}
}

func TestAFileThatIsWrongIsSaid(t *testing.T) {
	for _, wrong := range []string{"a b", "= x", "a = 1\na = 2", "a = {b", "a = {}", "a = **b", "a = `b"} {
		if _, err := parse(wrong); err == nil {
			t.Errorf("%q was read", wrong)
		}
	}
}

func TestPercent(t *testing.T) {
	texts := For(Viewer{Now: time.Now()})
	for _, c := range []struct {
		part, whole int64
		want        string
	}{
		{0, 0, "0%"},
		{0, 9, "0%"},
		{1, 3, "33%"},
		{2, 3, "67%"},
		{1, 1_000_000, "<1%"},
		{1, 100, "1%"},
		{99, 100, "99%"},
		{999_999, 1_000_000, ">99%"},
		{9, 9, "100%"},
	} {
		if got := texts.Percent(c.part, c.whole); got != c.want {
			t.Errorf("%d of %d: %s, want %s", c.part, c.whole, got, c.want)
		}
	}
}

func TestUntil(t *testing.T) {
	now := time.Date(2026, 11, 26, 22, 0, 0, 0, time.UTC)
	for in, want := range map[time.Duration]string{
		20 * time.Second: "in 20 seconds", 3 * time.Hour: "in 3 hours", 15 * time.Hour: "tomorrow",
		5 * 24 * time.Hour: "in 5 days", -time.Hour: "60 minutes ago",
	} {
		if got := For(Viewer{Now: now}).Until(now.Add(in)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestAnErrorIsASentence(t *testing.T) {
	for detail, want := range map[string]string{"": "", "it is so": "It is so.", "Éa ist so.": "Éa ist so."} {
		if got := AsSentence(detail); got != want {
			t.Errorf("%q: %q, want %q", detail, got, want)
		}
	}
}
