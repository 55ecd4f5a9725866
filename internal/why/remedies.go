package why

import (
	"context"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// ExtendDays is by how many days a page offers to extend a code.
const ExtendDays = 7

// remedies returns one remedy of each kind. They are about the code as it is now, because that is what
// they would change.
func remedies(actor *core.Actor, e *Explanation, now time.Time) []Remedy {
	allowed := mayRemedy(actor) == nil
	all := make([]Remedy, 0, len(RemedyKinds()))
	for _, kind := range RemedyKinds() {
		r := Remedy{Kind: kind, WhyNot: WhyNotNoCode}
		if e.Code != nil {
			r = remedyOf(kind, e, now)
		}
		if r.Shared && r.Possible && !mayReplaceShared(actor, e.Code, now) {
			r.WhyNot, r.Possible = WhyNotNobody, false
		}
		r.Needed, r.Allowed = r.WhyNot == "", allowed
		r.Possible = r.Possible || r.Needed
		all = append(all, r)
	}
	return all
}

func remedyOf(kind RemedyKind, e *Explanation, now time.Time) Remedy {
	answer := &e.Answer
	if e.Would != nil {
		answer = e.Would
	}
	at := e.At
	if at.Before(now) {
		at = now
	}
	switch kind {
	case RemedyReplace:
		return replacing(e.Code, answer, now)
	case RemedyExtend:
		return extending(e.Code, at)
	case RemedyRaise:
		return raising(e.Code)
	default:
		return restoring(e.Code)
	}
}

func replacing(c *codes.Code, answer *Answer, now time.Time) Remedy {
	r := Remedy{Kind: RemedyReplace, Shared: c.IsShared(), Until: c.ReplacementEnd(now), Possible: true}
	switch {
	case answer.Valid:
		r.WhyNot, r.Possible = WhyNotWorks, !answer.Replay
	case isAboutUser(answer.Reason):
		r.WhyNot, r.Possible = WhyNotUser, false
	case c.RevokedAt != nil && c.Metadata[codes.MetadataReplacedBy] != "":
		r.WhyNot, r.ReplacedBy = WhyNotReplaced, c.Metadata[codes.MetadataReplacedBy]
	case c.IsWithdrawn():
		r.WhyNot, r.Instead, r.Possible = WhyNotWithdrawn, c.Metadata[codes.MetadataReplaces], false
	}
	return r
}

// isAboutUser reports whether it is the user who stands against a redemption, not the code.
func isAboutUser(reason core.Reason) bool {
	switch reason {
	case core.ReasonUserAlreadyRegistered, core.ReasonUserNotRegistered, core.ReasonUserAlreadyPremium:
		return true
	default:
		return false
	}
}

func extending(c *codes.Code, at time.Time) Remedy {
	r := Remedy{Kind: RemedyExtend, ExpiresAt: c.ExpiresAt}
	if c.ExpiresAt == nil || at.Before(*c.ExpiresAt) {
		r.WhyNot = WhyNotNotEnded
		return r
	}
	r.Until, r.Free = new(extendedEnd(*c.ExpiresAt, at)), free(c)
	return r
}

// extendedEnd returns until when a code that has ended is extended: for [ExtendDays] from an instant
// on, to the time of day at which it ended.
func extendedEnd(ended, from time.Time) time.Time {
	ended = ended.UTC()
	year, month, day := from.UTC().AddDate(0, 0, ExtendDays).Date()
	hour, minute, second := ended.Clock()
	return time.Date(year, month, day, hour, minute, second, ended.Nanosecond(), time.UTC)
}

func raising(c *codes.Code) Remedy {
	r := Remedy{Kind: RemedyRaise, Free: free(c)}
	switch {
	case r.Free == nil:
		r.WhyNot = WhyNotNoLimit
	case *r.Free > 0:
		r.WhyNot = WhyNotUsesFree
	default:
		r.Limit = new(max(*c.MaxRedemptions, c.Redemptions+c.Reservations) + 1)
	}
	return r
}

func restoring(c *codes.Code) Remedy {
	r := Remedy{Kind: RemedyRestore}
	switch replacedBy := c.Metadata[codes.MetadataReplacedBy]; {
	case c.RevokedAt == nil:
		r.WhyNot = WhyNotNotRevoked
	case replacedBy != "":
		r.WhyNot, r.ReplacedBy = WhyNotReplaced, replacedBy
	case c.IsWithdrawn():
		r.WhyNot, r.Instead = WhyNotWithdrawn, c.Metadata[codes.MetadataReplaces]
	}
	return r
}

func free(c *codes.Code) *int64 {
	uses := Uses{Taken: c.Redemptions, Held: c.Reservations, Max: c.MaxRedemptions}
	return uses.Free()
}

// mayRemedy returns an error of KindForbidden unless the actor may help with single codes.
func mayRemedy(actor *core.Actor) error {
	if actor.May(core.PermissionManage) {
		return nil
	}
	return actor.Require(core.PermissionRemedy)
}

// How far those may help a code who may not change it in other ways.
const (
	maxExtension = 366 * 24 * time.Hour // from now on
	maxRaise     = 100                  // uses at once
)

// mayHelp returns an error of KindForbidden unless the actor may change codes, or may help with single
// ones, the code needs that, and no more is asked for than helps.
func (s *Service) mayHelp(
	ctx context.Context, actor *core.Actor, value string, isHelp func(c *codes.Code, now time.Time) bool,
) error {
	if actor.May(core.PermissionManage) {
		return nil
	}
	if err := actor.Require(core.PermissionRemedy); err != nil {
		return err
	}
	code, err := s.deps.Codes.GetCode(ctx, actor, value)
	if err != nil {
		return err
	}
	if isHelp(&code, s.now()) {
		return nil
	}
	return beyondHelp()
}

var beyondHelpWords = core.NewSentence("beyond_help",
	"this goes beyond what helps the code; who may change codes can do it")

func beyondHelp() *core.Error { return forbidden(beyondHelpWords) }

// forbidden is an error of KindForbidden that says why.
func forbidden(why core.Sentence) *core.Error {
	return &core.Error{
		Kind: core.KindForbidden, Reason: core.ReasonRoleNotAllowed, Detail: why.Said().Detail, Said: why.Said(),
	}
}

// Extend makes a code end at an instant, unless it ends later.
//
// Errors, here and below: KindForbidden; those of [codes.Service.ExtendCode] and its like.
func (s *Service) Extend(ctx context.Context, actor *core.Actor, value string, until time.Time) (codes.Code, error) {
	if err := s.mayHelp(ctx, actor, value, func(c *codes.Code, now time.Time) bool {
		return c.ExpiresAt != nil && !now.Before(*c.ExpiresAt) && until.Sub(now) <= maxExtension
	}); err != nil {
		return codes.Code{}, err
	}
	return s.deps.Codes.ExtendCode(ctx, actor, value, until)
}

// RaiseLimit makes it possible to redeem a code so many times, unless its limit is higher.
func (s *Service) RaiseLimit(ctx context.Context, actor *core.Actor, value string, to int64) (codes.Code, error) {
	if err := s.mayHelp(ctx, actor, value, func(c *codes.Code, _ time.Time) bool {
		left := free(c)
		return left != nil && *left == 0 && to-*c.MaxRedemptions <= maxRaise
	}); err != nil {
		return codes.Code{}, err
	}
	return s.deps.Codes.RaiseLimit(ctx, actor, value, to)
}

// Restore undoes the revocation of a code that no other code replaces, and that was not withdrawn.
func (s *Service) Restore(ctx context.Context, actor *core.Actor, value string) (codes.Code, error) {
	if err := mayRemedy(actor); err != nil {
		return codes.Code{}, err
	}
	return s.deps.Codes.RestoreUnreplaced(ctx, actor, value)
}
