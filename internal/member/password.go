package member

import (
	"context"
	_ "embed"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"accesscodes/internal/core"
)

// Limits of passwords, in characters (NIST SP 800-63B §3.1.1.2 asks for 15 where a password is all, or 8
// beside another factor; the upper end only bounds the work).
const (
	MinPasswordLength = 12
	MaxPasswordLength = 256
)

// cost is what a hash takes: Argon2id (RFC 9106) with 19 MiB, two passes, one lane, as the OWASP Password
// Storage Cheat Sheet recommends.
var cost = &argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// What passwords take of a machine: 19 MiB and some 20 ms of a processor each, a few at once.
const (
	hashesOfStrangers = 2
	hashesOfKnown     = 1  // beside them
	hashesWaiting     = 40 // of each; more are refused: they would wait for longer than people do
)

// passwords hashes and compares, a few at once. Who is known, by a browser in which they have signed in,
// a session or a one-time link, has turns of their own: strangers can send as many passwords as they like
// and take none of these.
type passwords struct {
	strangers, known *turns
	decoy            string // is compared where there is no password, so that both take as long
}

func newPasswords() (*passwords, error) {
	decoy, err := argon2id.CreateHash("nobody has this password", cost)
	return &passwords{strangers: newTurns(hashesOfStrangers), known: newTurns(hashesOfKnown), decoy: decoy}, err
}

// hash returns what is stored instead of a password.
func (p *passwords) hash(ctx context.Context, known bool, password string) (hash string, err error) {
	err = p.of(known).take(ctx, func() error {
		hash, err = argon2id.CreateHash(password, cost)
		return err
	})
	return hash, err
}

// matches reports whether a password is the one of a hash. An empty hash, of somebody who does not exist,
// takes as long as any.
func (p *passwords) matches(ctx context.Context, known bool, password, hash string) (match bool, err error) {
	err = p.of(known).take(ctx, func() error {
		if hash == "" {
			_, err = argon2id.ComparePasswordAndHash(password, p.decoy)
			return err
		}
		match, err = argon2id.ComparePasswordAndHash(password, hash)
		return err
	})
	return match, err
}

func (p *passwords) of(known bool) *turns {
	if known {
		return p.known
	}
	return p.strangers
}

// turns lets a few run at once, and some wait.
type turns struct {
	taken   chan struct{} // holds a token for each turn that is taken
	waiting atomic.Int32
}

func newTurns(atOnce int) *turns { return &turns{taken: make(chan struct{}, atOnce)} }

// take does something in a turn. Errors: KindUnavailable if too many wait; those of ctx and do.
func (t *turns) take(ctx context.Context, do func() error) error {
	if t.waiting.Add(1) > hashesWaiting {
		t.waiting.Add(-1)
		return core.Overloaded()
	}
	defer t.waiting.Add(-1)
	select {
	case t.taken <- struct{}{}:
		defer func() { <-t.taken }()
		return do()
	case <-ctx.Done():
		return ctx.Err()
	}
}

//go:embed common.txt
var commonText string

// common are parts of passwords that guessers try first, in lower case.
var common = strings.Fields(commonText)

// What can be wrong with a password.
var (
	passwordTooEasy = core.NewSentence("password_too_easy",
		"too easy to guess: add a word or two; long beats complicated")
	passwordTooShort = core.NewSentence("password_too_short", "password must have at least {min} characters")
)

// checkPassword adds what is wrong with a new password. email and name are of the person.
func checkPassword(errs *core.FieldErrors, password, email, name string) {
	checkLength(errs, password)
	if !errs.Names("/password") && isEasy(password, email, name) {
		errs.Add(core.ReasonInvalidValue, "/password", passwordTooEasy.Said())
	}
}

func checkLength(errs *core.FieldErrors, password string) {
	switch length := utf8.RuneCountInString(password); {
	case length < MinPasswordLength:
		errs.Add(core.ReasonInvalidValue, "/password", passwordTooShort.With("min", MinPasswordLength))
	case length > MaxPasswordLength:
		errs.Add(core.ReasonInvalidValue, "/password", core.TooLong.With("field", "password", "max", MaxPasswordLength))
	}
}

// isEasy reports whether little is left of a password without what guessers try first: common words, the
// person's own names, digits in a row, one character again and again.
func isEasy(password, email, name string) bool {
	left := strings.ToLower(password)
	local, _, _ := strings.Cut(email, "@")
	own := append(strings.FieldsFunc(local, func(r rune) bool { return r == '.' || r == '-' || r == '_' || r == '+' }),
		strings.Fields(strings.ToLower(name))...)
	for _, word := range append(own, common...) {
		if len(word) >= 3 {
			left = strings.ReplaceAll(left, word, "")
		}
	}
	different := map[rune]bool{}
	for _, r := range left {
		different[r] = true
	}
	return len(different) < 6
}
