// Package text holds what the console says. Each language is one file of lines "name = text": a
// translation is such a file. What areas say of mistakes is in it, too, by the name of the sentence
// (said.NAME) or by its reason (error.REASON).
package text

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

// Texts says things to one viewer: in their language, with their numbers and in their time zone.
type Texts struct {
	catalog catalog
	tag     language.Tag // of the catalog, with the viewer's region for numbers
	printer *message.Printer
	zone    *time.Location
	now     time.Time
}

// Viewer is what is known about whoever looks.
type Viewer struct {
	Language string // chosen by the viewer; empty: Accepts decides
	Accepts  string // the header field Accept-Language (RFC 9110 §12.5.4)
	Zone     string // IANA name; empty or unknown: UTC
	Now      time.Time
}

// For returns the texts for a viewer.
func For(v Viewer) *Texts {
	wanted, _, _ := language.ParseAcceptLanguage(v.Accepts) // what cannot be read is as if it were not sent
	if chosen, err := language.Parse(v.Language); err == nil {
		wanted = append([]language.Tag{chosen}, wanted...)
	}
	_, index, _ := matcher.Match(wanted...)
	t := &Texts{catalog: catalogs[index], tag: languages[index], zone: time.UTC, now: v.Now}
	for _, tag := range wanted { // a region that goes with the language decides about numbers
		if base, _ := tag.Base(); base == mustBase(t.tag) {
			t.tag = tag
			break
		}
	}
	t.printer = message.NewPrinter(t.tag)
	if zone, err := time.LoadLocation(v.Zone); err == nil && v.Zone != "Local" {
		t.zone = zone
	}
	return t
}

func mustBase(tag language.Tag) language.Base {
	base, _ := tag.Base()
	return base
}

// Language is the language of the texts, as HTML names it.
func (t *Texts) Language() string { return mustBase(t.tag).String() }

// Languages lists what a viewer can choose: the tags of HTML and what each language calls itself.
func Languages() (all []Language) {
	for i, tag := range languages {
		all = append(all, Language{tag.String(), catalogs[i]["language"].plain})
	}
	return all
}

// Language is one that the console speaks.
type Language struct{ Tag, Name string }

// Say returns the text of a name. args are pairs of the name of a place in the text and what stands
// there: a text, or a whole number, which is written as the viewer writes numbers. A text that has
// forms ("name.one", "name.other") takes the one for the argument "count".
func (t *Texts) Say(name string, args ...any) string {
	var b strings.Builder
	for _, part := range t.find(name, args).parts {
		if part.place == "" {
			b.WriteString(part.text)
		} else {
			b.WriteString(t.argument(part.place, args))
		}
	}
	return b.String()
}

// Has reports whether there is a text of this name, in one form or in several.
func (t *Texts) Has(name string) bool {
	_, found := t.catalog[name]
	_, hasForms := t.catalog[name+".other"]
	return found || hasForms
}

// find returns the text of a name in the form that goes with the argument "count". One that is missing
// shows its name: a test finds it.
func (t *Texts) find(name string, args []any) entry {
	if e, found := t.catalog[name]; found {
		return e
	}
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] != "count" {
			continue
		}
		count, _ := wholeNumber(args[i+1])
		if e, found := t.catalog[name+"."+t.form(count)]; found {
			return e
		}
		if e, found := t.catalog[name+".other"]; found {
			return e
		}
	}
	return entry{plain: name, parts: []part{{text: name}}}
}

// form is the plural form of a count in the language (CLDR, cardinal).
func (t *Texts) form(count int64) string {
	switch plural.Cardinal.MatchPlural(t.tag, int(min(max(count, -count), 1<<30)), 0, 0, 0, 0) {
	case plural.Zero:
		return "zero"
	case plural.One:
		return "one"
	case plural.Two:
		return "two"
	case plural.Few:
		return "few"
	case plural.Many:
		return "many"
	default:
		return "other"
	}
}

// argument is what stands at a place.
func (t *Texts) argument(place string, args []any) string {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] != place {
			continue
		}
		if n, ok := wholeNumber(args[i+1]); ok {
			return t.Number(n)
		}
		return fmt.Sprint(args[i+1])
	}
	return "{" + place + "}"
}

func wholeNumber(v any) (int64, bool) {
	switch n := v.(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	case int32:
		return int64(n), true
	default:
		return 0, false
	}
}

// Number writes a whole number with the viewer's separators.
func (t *Texts) Number(n int64) string { return t.printer.Sprint(number.Decimal(n)) }

// Percent writes a part of a whole in percent, without a fraction. What is begun is never 0 % but less than
// 1 %, what is not finished never 100 %.
func (t *Texts) Percent(part, whole int64) string {
	if whole <= 0 {
		return t.Say("percent", "number", 0)
	}
	percent := (part*200/whole + 1) / 2
	switch {
	case part*100 < whole && 0 < part:
		return t.Say("percent.less", "number", 1)
	case (whole-part)*100 < whole && part < whole:
		return t.Say("percent.more", "number", 99)
	}
	return t.Say("percent", "number", percent)
}
