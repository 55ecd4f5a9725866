package console

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/member"
)

var saidSentence = regexp.MustCompile(`<p id="sentence">([^<]*)</p>`)

// told returns the page that answers a question, and the sentence on it.
func (v *visitor) told(query url.Values) (page, sentence string) {
	v.t.Helper()
	page = v.sees("/console/w/acme/why?" + query.Encode())
	found := saidSentence.FindStringSubmatch(page)
	if found == nil {
		v.t.Fatalf("%v: no sentence\n%s", query, page)
	}
	return page, html.UnescapeString(found[1])
}

// TestTheSentenceGoesByToday, whatever moment is asked for: who hears it acts now.
func TestTheSentenceGoesByToday(t *testing.T) {
	o := newOffice(t)
	now := time.Now()
	once := codes.Limit{Given: true, Max: new(int64(1))}
	earlier := codes.NewServices(codes.Deps{
		Store: o.store, Now: func() time.Time { return now.Add(-time.Hour) }, Entropy: core.SystemEntropy(), NewID: newTestID,
	})
	ended := codes.IssueRequest{Type: codes.TypeNormal, Options: codes.Options{ExpiresAt: new(now.Add(-time.Minute))}}
	if _, err := earlier.AddCode(t.Context(), o.mara.actor(), "ENDED", ended); err != nil {
		t.Fatal(err)
	}
	o.mara.add("FINE", codes.Options{})
	o.mara.add("ENDING", codes.Options{ExpiresAt: new(now.Add(time.Hour))})
	o.mara.add("LATER-ON", codes.Options{StartsAt: new(now.Add(time.Hour))})
	o.mara.add("USED-UP", codes.Options{MaxRedemptions: once})
	o.mara.redeem("USED-UP", "ann")
	for _, c := range []struct {
		typed string
		at    time.Time
		want  string // …: a moment
	}{
		{
			"ENDED", now.Add(-2 * time.Minute), "“On …, your code worked. Your code is genuine, but it ended on …. " +
				"Give me a moment, and I’ll see what I can do.”",
		},
		{"ENDED", now.Add(-24 * time.Hour), "“On …, your code was not there yet. Your code is genuine, but it ended on …"},
		{"ENDED", now.Add(-time.Second), "“Your code is genuine, but it ended on …."},
		{"USED-UP", now.Add(-24 * time.Hour), "“On …, your code was not there yet. Your code is genuine, but"},
		{"FINE", now.Add(-24 * time.Hour), "“On …, your code was not there yet. Your code works. Please type"},
		{"FINE", now.Add(24 * time.Hour), "“Your code works. Please type it once more.”"},
		{"ENDING", now.Add(24 * time.Hour), "“Your code works. Please type it once more. On …, it will have ended.”"},
		{"LATER-ON", now.Add(24 * time.Hour), "please try again then. On …, it will work.”"},
	} {
		page, sentence := o.mara.told(url.Values{"typed": {c.typed}, "at": {c.at.UTC().Format(time.RFC3339Nano)}})
		moment := regexp.MustCompile(`\d+ [A-Z][a-z]+ \d{4}, \d\d:\d\d`)
		if got := moment.ReplaceAllString(sentence, "…"); !strings.Contains(got, c.want) {
			t.Errorf("%s at %s: %s\nwant %s", c.typed, c.at, got, c.want)
		}
		_, card, _ := strings.Cut(page, `id="found"`)
		card, _, _ = strings.Cut(card, "</section>")
		if c.typed == "ENDED" && (strings.Contains(card, "Active") || !strings.Contains(card, "Expired")) {
			t.Errorf("at %s the card of an ended code says\n%s", c.at, card)
		}
	}
}

// TestTheSentenceSaysWhichCharacter as somebody counts who has the code before them.
func TestTheSentenceSaysWhichCharacter(t *testing.T) {
	o := newOffice(t)
	o.mara.add("ACME-7KQW-M2XN", codes.Options{})
	o.mara.add("SUMMER OF 2031", codes.Options{})
	o.mara.add("ABCDEFGHIJKLMNOP", codes.Options{})
	for typed, want := range map[string]string{
		"AXME-7KQW-M2XN":    "the second character again? It may be the letter C, as in Charlie.",
		"acme7kxwm2xn":      "the third character after the first dash again? It may be the letter Q",
		"ACME-7KQW-M3XN":    "the second character after the second dash again? It may be the digit 2.",
		"ACME-7KQW-M2X":     "whether a character is missing at the end?",
		"ACME-7KW-M2XN":     "the third character after the first dash again? It may have been left out.",
		"ACME-7KQWW-M2XN":   "the fifth character after the first dash again? It may be one too many.",
		"ACME-7QKW-M2XN":    "the second character after the first dash again? It may have changed places",
		"SUMMER OF 2041":    "character number 11, counting only letters and digits again? It may be the digit 3.",
		"ABCDEFGHIJKLMNZP":  "character number 15, counting only letters and digits again?",
		"ABCDEFGHIJKXLMNOP": "the twelfth character again? It may be one too many.",
	} {
		if _, sentence := o.mara.told(url.Values{"typed": {typed}}); !strings.Contains(sentence, want) {
			t.Errorf("%s: %s\nwant %s", typed, sentence, want)
		}
	}
	o.mara.speaksGerman()
	for typed, want := range map[string]string{
		"ACME-7KQW-M2XM": "das vierte Zeichen nach dem zweiten Strich noch einmal an? Es ist vielleicht der Buchstabe N wie",
		"ACME-7KQW-M2X":  "ob am Ende ein Zeichen fehlt?",
		"ACME-7KQW-M3XN": "Es ist vielleicht die Ziffer 2.",
	} {
		if _, sentence := o.mara.told(url.Values{"typed": {typed}}); !strings.Contains(sentence, want) {
			t.Errorf("%s: %s\nwant %s", typed, sentence, want)
		}
	}
}

// TestACodeThatIsOnlyLikeOneIsNotReplaced: who comes near a code has not shown it.
func TestACodeThatIsOnlyLikeOneIsNotReplaced(t *testing.T) {
	o := newOffice(t)
	o.mara.add("ACME-7KQW-M2XN", codes.Options{})
	const form = `action="/console/w/acme/why/replace"`
	page, _ := o.mara.told(url.Values{"typed": {"ACME-7KQW-M2XM"}})
	if strings.Contains(page, form) || !strings.Contains(page, "First they should type it right.") {
		t.Errorf("a replacement is offered:\n%s", page)
	}
	if page, _ = o.mara.told(url.Values{"typed": {"ACME-7KQW-M2XN"}}); !strings.Contains(page, form) {
		t.Errorf("no replacement is offered for a code that was typed right:\n%s", page)
	}
}

// TestWhoMayNotHelpPassesItOn: the sentence promises nothing that a viewer cannot do, and the page names
// whom to ask.
func TestWhoMayNotHelpPassesItOn(t *testing.T) {
	o := newOffice(t)
	vera := o.join(t, "Vera", member.RoleViewer)
	o.mara.add("REVOKED", codes.Options{})
	if _, err := o.codes.RevokeCode(t.Context(), o.mara.actor(), "REVOKED"); err != nil {
		t.Fatal(err)
	}
	asked := url.Values{"typed": {"REVOKED"}}
	page, sentence := vera.told(asked)
	if strings.Contains(sentence, "I can do") || !strings.Contains(sentence, "A colleague can help you") {
		t.Errorf("a viewer says %s", sentence)
	}
	if strings.Contains(page, "What you can do") || !strings.Contains(page, "can do it: ask Mara Lindt.") {
		t.Errorf("a viewer reads\n%s", page)
	}
	page, sentence = o.join(t, "Sam", member.RoleSupport).told(asked)
	if !strings.Contains(sentence, "I’ll see what I can do") || strings.Contains(page, "ask Mara") {
		t.Errorf("support says %s and reads\n%s", sentence, page)
	}
	vera.refused(http.MethodPost, "/console/w/acme/why/restore", http.StatusForbidden)
}
