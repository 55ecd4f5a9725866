package codes

import (
	"bufio"
	"math/big"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/words"
)

// Values draws the values of many codes. Each is uniformly distributed over the word-safe values of a
// format, whatever the others are. It is for one goroutine.
type Values struct {
	format core.Format
	source *bufio.Reader
	words  *words.Filter
}

// Values returns values of a format that has some: see [Service.Space].
func (s *Service) Values(format core.Format) *Values {
	return &Values{format, bufio.NewReader(s.entropy), s.words}
}

// Space returns the number of word-safe values of a format.
func (s *Service) Space(format core.Format) *big.Int {
	return s.words.Count(format.Prefix, s.alphabet, format.Length())
}

// Next returns the next value.
func (v *Values) Next() (string, error) {
	one := candidates{format: v.format, alphabet: core.Alphabet, source: v.source, words: v.words}
	return one.next()
}

// CheckBatch is what [Service.GenerateCode] checks of a request, for many codes at once.
func (r *IssueRequest) CheckBatch() {
	r.Type.Check(&r.Unread)
	r.check(&r.Unread, expiresTooEarly)
	if !r.MaxRedemptions.Given {
		r.MaxRedemptions.Max = new(int64(1))
	}
}

// CheckExpiry returns what is wrong with a request's options at this time. A retry must not fail for
// coming later.
func (o *Options) CheckExpiry(now time.Time) error { return o.checkExpiry(now) }

// ApplyTo makes a code's fields what the options say.
func (o *Options) ApplyTo(c *Code) { o.applyTo(c) }

// RetryOf returns the mark of a request with an Idempotency-Key; zero: it has none. way and value
// tell the request apart from others, beside its type and options.
func (r *IssueRequest) RetryOf(workspace core.ID, way, value string) (Retry, error) {
	key, err := parseIdempotencyKey(r.IdempotencyKey)
	if err != nil || key == "" {
		return Retry{}, err
	}
	return Retry{Key: retryKey(workspace, key), Fingerprint: fingerprint(way, value, r.Type, &r.Options)}, nil
}
