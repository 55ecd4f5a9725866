package webhook

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Limits of endpoints.
const (
	MaxEndpoints         = 50 // of a workspace
	MaxURLLength         = 2000
	MaxDescriptionLength = 200
	maxPatterns          = 50
)

// Status says whether an endpoint is told about events.
type Status string

// The statuses.
const (
	Untested Status = "untested" // not yet: no test delivery has got a 2xx since it has this address
	Enabled  Status = "enabled"
	Disabled Status = "disabled" // by DisabledReason
)

// Statuses lists every status.
func Statuses() []Status { return []Status{Untested, Enabled, Disabled} }

// DisabledReason says why an endpoint is disabled.
type DisabledReason string

// The reasons.
const (
	ByRequest DisabledReason = "request" // somebody switched it off
	Gone      DisabledReason = "gone"    // it answered 410
	Failing   DisabledReason = "failing" // for FailingLimit, nothing was answered well
)

// DisabledReasons lists every reason.
func DisabledReasons() []DisabledReason { return []DisabledReason{ByRequest, Gone, Failing} }

// FailingLimit is for how long deliveries may fail before an endpoint is disabled.
const FailingLimit = 5 * 24 * time.Hour

// Endpoint is an address that is told about events of a workspace. Times are UTC with microseconds.
type Endpoint struct {
	ID, WorkspaceID core.ID
	URL             string
	Description     string
	Types           string // patterns of types, with spaces between them; empty: all
	Secret          string // as [Secrets] seals it
	OldSecret       string // signs, too, until OldUntil
	OldUntil        *time.Time
	CreatedAt       time.Time
	TestedAt        *time.Time // the first test delivery that was answered well; nil: none was
	DisabledAt      *time.Time
	DisabledReason  DisabledReason
	DeletedAt       *time.Time // its deliveries are being deleted
	Position        int64      // up to it, wanted events were sent or wait as deliveries; 0: it was told of none yet

	FailingSince *time.Time // the first failure since the last success
	Failures     int        // in a row
	PausedUntil  *time.Time // while it is down: nothing is sent until then
	NextAt       *time.Time // when the next delivery that waits is due
	LastAt       *time.Time // the last attempt
	LastStatus   int        // of its answer; 0: there was none
	LastError    string     // empty: it was a success
}

// Status says whether the endpoint is told about events.
func (e *Endpoint) Status() Status {
	switch {
	case e.DisabledAt != nil:
		return Disabled
	case e.TestedAt == nil:
		return Untested
	default:
		return Enabled
	}
}

// Patterns returns the patterns of the types of events that the endpoint wants; none: all.
func (e *Endpoint) Patterns() []string { return strings.Fields(e.Types) }

// Wants returns the types of events that the endpoint wants; nil: all.
func (e *Endpoint) Wants() (types []event.Type) {
	for _, pattern := range e.Patterns() {
		types = append(types, event.MatchTypes(pattern)...)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// Hot returns the hot types of events that have to be recorded for the endpoint, also while it has
// another address that is not tested yet.
func (e *Endpoint) Hot() core.EventSet {
	switch {
	case e.DisabledAt != nil || e.Position == 0 || e.DeletedAt != nil:
		return 0
	case e.Types == "":
		return event.AllHot
	default:
		return event.HotSet(e.Wants())
	}
}

// origin is the beginning of the address, up to the path: what follows is a secret with many receivers, and
// more people see events than endpoints.
func (e *Endpoint) origin() string {
	u, err := url.Parse(e.URL)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// disable ends deliveries.
func (e *Endpoint) disable(why DisabledReason, at time.Time) {
	e.DisabledAt, e.DisabledReason = &at, why
}

// attempted notes the result of an attempt. After a time without any, failures count anew.
func (e *Endpoint) attempted(a *Attempt, quiet time.Duration) {
	if e.LastAt != nil && a.At.Sub(*e.LastAt) > quiet {
		e.FailingSince = nil
	}
	if e.LastAt == nil || a.At.After(*e.LastAt) {
		e.LastAt, e.LastStatus, e.LastError = &a.At, a.Status, a.Error
	}
	if a.Succeeded() {
		e.Failures, e.FailingSince, e.PausedUntil = 0, nil, nil
		return
	}
	e.Failures++
	if e.FailingSince == nil {
		e.FailingSince = &a.At
	}
	switch {
	case e.DisabledAt != nil || e.TestedAt == nil:
	case a.Status == statusGone:
		e.disable(Gone, a.At)
	case a.At.Sub(*e.FailingSince) >= FailingLimit:
		e.disable(Failing, a.At)
	}
}

// What can be wrong with an endpoint.
var (
	longURL    = core.NewSentence("webhook_url_too_long", "url must be at most {max} bytes of UTF-8")
	partialURL = core.NewSentence("webhook_url_partial",
		"url must be a whole address, such as https://example.com/webhooks")
	loginInURL = core.NewSentence("webhook_url_login",
		"url must not hold a name or a password: the signature says who sends")
	fragmentURL = core.NewSentence("webhook_url_fragment", "url must not have a part behind #, which is never sent")
	plainURL    = core.NewSentence("webhook_url_plain",
		"url must begin with https://; the server allows no other (see --webhook-allow)")
	strangeHost = core.NewSentence("webhook_url_host",
		"the host in url must be a name, or an IP address in its usual form")
	tooManyTypes = core.NewSentence("webhook_many_types", "types must have at most {max} entries")
	unknownType  = core.NewSentence("webhook_unknown_type",
		"types must be types of events, or beginnings of them such as code.*; there is no {pattern}")
)

// checkURL adds what is wrong with an address. Where it leads is looked at when it is dialled.
func checkURL(errs *core.FieldErrors, text string, plainHTTP bool) {
	fail := func(said core.Said) { errs.Add(core.ReasonInvalidValue, "/url", said) }
	u, err := url.Parse(text)
	switch {
	case len(text) > MaxURLLength || !utf8.ValidString(text):
		fail(longURL.With("max", MaxURLLength))
	case err != nil || strings.ContainsFunc(text, isInvisible) || u.Hostname() == "" ||
		u.Scheme != "https" && u.Scheme != "http":
		fail(partialURL.Said())
	case u.User != nil:
		fail(loginInURL.Said())
	case u.Fragment != "" || strings.HasSuffix(text, "#"):
		fail(fragmentURL.Said())
	case u.Scheme == "http" && !plainHTTP:
		fail(plainURL.Said())
	case looksLikeAddress(u.Hostname()):
		fail(strangeHost.Said())
	}
}

// isInvisible reports whether a character makes an address look like another one.
func isInvisible(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Z) }

// looksLikeAddress reports whether a host is an unusual spelling of an IPv4 address, which resolvers
// read in different ways: decimal, octal, hexadecimal or shortened.
func looksLikeAddress(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	last := labels[len(labels)-1]
	isHex := strings.HasPrefix(strings.ToLower(last), "0x")
	return last == "" || isHex || strings.Trim(last, "0123456789") == ""
}

// joinPatterns checks patterns of types and puts them together.
func joinPatterns(errs *core.FieldErrors, patterns []string) string {
	if len(patterns) > maxPatterns {
		errs.Add(core.ReasonInvalidValue, "/types", tooManyTypes.With("max", maxPatterns))
	}
	for _, pattern := range patterns {
		if len(event.MatchTypes(pattern)) == 0 {
			errs.Add(core.ReasonInvalidValue, "/types", unknownType.With("pattern", strconv.Quote(pattern)))
		}
	}
	return strings.Join(patterns, " ")
}
