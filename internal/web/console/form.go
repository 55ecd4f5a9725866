package console

import (
	"errors"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// The largest forms, in bytes. A change of 10,000 codes fits.
const (
	maxForm       = 2 << 20
	maxFormOfNone = 64 << 10 // of who is not signed in
)

// form is what somebody typed, and what is wrong with it.
type form struct {
	page    *page
	wrong   map[string]string // by field: what is wrong, in the viewer's language
	failure string            // what is wrong with it as a whole
}

// readForm reads the form of a request.
func (p *page) readForm() (*form, error) {
	limit := int64(maxForm)
	if p.who == nil {
		limit = maxFormOfNone
	}
	p.Request.Body = http.MaxBytesReader(p.Writer, p.Request.Body, limit)
	if err := p.Request.ParseForm(); err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge || errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, kit.BodyError(err)
		}
		return nil, core.WrongParameter(formUnreadable.Said())
	}
	return p.newForm(), nil
}

// newForm is a form for what somebody is about to send. Its fields have what the address says only where a
// page of the console asks, for a preview or by one of its links: whoever sends others a link must not fill
// in what these then send.
func (p *page) newForm() *form {
	if p.Request.Form == nil && !p.isFromHere() {
		p.Request.Form = url.Values{}
	}
	return p.question()
}

// isFromHere reports whether a page of the console asks, as browsers say it: another site can write neither
// header.
func (p *page) isFromHere() bool {
	return p.Request.Header.Get("Sec-Fetch-Site") == "same-origin" || p.Request.Header.Get("HX-Request") != ""
}

// question is the form of a page that only shows something: its fields have what the address says.
func (p *page) question() *form {
	if p.Request.Form == nil {
		_ = p.Request.ParseForm() // an address that cannot be read fills in nothing
	}
	return &form{page: p, wrong: map[string]string{}}
}

// get returns what was typed, without the blanks around it.
func (f *form) get(name string) string { return strings.TrimSpace(f.page.Request.Form.Get(name)) }

// raw returns what was typed.
func (f *form) raw(name string) string { return f.page.Request.Form.Get(name) }

// all returns every value of a field.
func (f *form) all(name string) []string { return f.page.Request.Form[name] }

// isChosen reports whether a value is among those of a field.
func (f *form) isChosen(name, value string) bool { return slices.Contains(f.all(name), value) }

// ticked reports whether a box is ticked.
func (f *form) ticked(name string) bool { return f.page.Request.Form.Get(name) != "" }

// explain has what is done be told with the reason that was typed.
func (f *form) explain() { f.page.Actor.Reason = f.get("reason") }

// set fills in a field that was not sent.
func (f *form) set(name, value string) {
	if !f.page.Request.Form.Has(name) {
		f.page.Request.Form.Set(name, value)
	}
}

// complain says what is wrong with a field, unless something has been said already.
func (f *form) complain(field, name string, args ...any) {
	if f.wrong[field] == "" {
		f.wrong[field] = f.page.Say(name, args...)
	}
}

// isGood reports whether nothing is wrong.
func (f *form) isGood() bool { return len(f.wrong) == 0 && f.failure == "" }

// take makes what a person can mend out of an error, and reports whether it did: any other error is the
// handler's.
func (f *form) take(err error) bool {
	refusal := core.AsError(err)
	switch refusal.Kind {
	case core.KindInvalid, core.KindConflict, core.KindTooMany:
	default:
		return false
	}
	for _, field := range refusal.Fields {
		name := strings.ReplaceAll(strings.TrimPrefix(field.Pointer, "/"), "/", ".")
		if f.wrong[name] == "" {
			f.wrong[name] = f.page.words(field.Said)
		}
	}
	if len(refusal.Fields) == 0 {
		f.failure = f.page.problemWords(kit.ProblemOf(err))
	}
	return true
}

// instant reads a field of a date and time (datetime-local, in the viewer's zone) or of a date. Empty: nil.
func (f *form) instant(name string) *time.Time {
	typed := f.get(name)
	if typed == "" {
		return nil
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02", time.RFC3339Nano} {
		if at, err := time.ParseInLocation(layout, typed, f.page.Zone()); err == nil {
			return &at
		}
	}
	f.complain(name, "form.no_time")
	return nil
}

// typedInstant is an instant as a field of a date and time shows it.
func (p *page) typedInstant(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.In(p.Zone()).Format("2006-01-02T15:04")
}
