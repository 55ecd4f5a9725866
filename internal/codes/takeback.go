package codes

import (
	"context"
	"maps"
	"time"

	"accesscodes/internal/core"
)

// errChangedMeanwhile says that a single act cannot be taken back any more.
func errChangedMeanwhile() error {
	return core.Conflict(core.ReasonChangeNotUndoable, "the code was changed or used since, so it stays as it is")
}

// TakeBack takes back what one request has done to a code: all of it, or nothing if the code has other
// values since. Unlike the undoing of a change of many codes it is recorded.
//
// Errors: KindNotFound with ReasonCodeNotFound; KindConflict with ReasonChangeNotUndoable;
// KindUnavailable.
func (s *Service) TakeBack(ctx context.Context, actor *core.Actor, value string, r Reversal) (Code, error) {
	return s.manage(ctx, actor, value, Command{Rule: r.wholeRule})
}

func (r *Reversal) wholeRule(x *Execution) Result {
	r.Left, r.Refused = nil, nil
	c := x.code()
	if c == nil || !r.CreatedAt.IsZero() && !c.CreatedAt.Equal(r.CreatedAt) {
		return refuse(errCodeNotFound())
	}
	next := r.reverted(&c.Code)
	if len(r.Left) > 0 || r.Refused != nil {
		return refuse(errChangedMeanwhile())
	}
	before := c.Code
	c.Code = next
	c.Change = c.Change.then(Changed)
	x.recordChangedOrRevoked(c, &before)
	return Result{Code: x.codeNow()}
}

// WithdrawReplacement takes [Service.ReplaceCode] back: it revokes the code that was made, for good, and
// restores the one that this has replaced, unless that was revoked before. It returns the latter.
//
// Errors: KindNotFound with ReasonCodeNotFound; KindConflict with ReasonChangeNotUndoable if the code
// replaces none, was used or replaced, or the other does not name it any more; KindUnavailable.
func (s *Service) WithdrawReplacement(ctx context.Context, actor *core.Actor, value string) (Code, error) {
	made, err := s.GetCode(ctx, actor, value)
	if err != nil {
		return Code{}, err
	}
	replaced := core.Canonical(made.Metadata[MetadataReplaces])
	if replaced == "" || core.IsTooLong(replaced) {
		return Code{}, errChangedMeanwhile()
	}
	w := withdrawal{made: made.Value}
	results, err := s.store.Execute(ctx, w.commands(actor, &made, replaced, s))
	if err != nil {
		return Code{}, err
	}
	result := results[len(results)-1]
	if result.Err != nil {
		return Code{}, result.Err
	}
	return *result.Code, nil
}

// withdrawal takes a replacement back. That of its commands which is about the replaced code does
// everything, the other one has the unit of work load the code that was made.
type withdrawal struct {
	made    string
	revoked *Command
}

func (w *withdrawal) commands(actor *core.Actor, made *Code, replaced string, s *Service) []*Command {
	now, source := s.now(), s.recorder.Of(actor)
	command := func(canonical string, rule func(*Execution) Result) *Command {
		return &Command{
			WorkspaceID: actor.WorkspaceID, Canonical: canonical, At: now, Idempotent: true, Source: source, Rule: rule,
		}
	}
	w.revoked = command(made.Form(), func(*Execution) Result { return Result{} })
	return []*Command{w.revoked, command(replaced, w.rule)}
}

func (w *withdrawal) rule(x *Execution) Result {
	c, of := x.code(), x.unit.execution(w.revoked)
	made := of.code()
	if c == nil || made == nil {
		return refuse(errCodeNotFound())
	}
	isLinked := c.Metadata[MetadataReplacedBy] == w.made
	switch {
	case made.IsWithdrawn() && !isLinked: // an earlier try whose answer was lost
		return Result{Code: x.codeNow(), Replayed: true}
	case made.Redemptions > 0 || made.Reservations > 0, !isLinked && !c.IsShared(),
		core.Canonical(made.Metadata[MetadataReplaces]) != c.Canonical, made.Metadata[MetadataReplacedBy] != "":
		return refuse(errChangedMeanwhile())
	}
	of.withdraw()
	if isLinked {
		w.unlink(x, c, made.CreatedAt)
	}
	return Result{Code: x.codeNow()}
}

// unlink lets the replaced code be as before it was replaced at an instant.
func (w *withdrawal) unlink(x *Execution, c *TrackedCode, at time.Time) {
	before := c.Code
	c.Metadata = maps.Clone(c.Metadata)
	delete(c.Metadata, MetadataReplacedBy)
	if len(c.Metadata) == 0 {
		c.Metadata = nil
	}
	c.Change = c.Change.then(Changed)
	if c.RevokedAt != nil && c.RevokedAt.Equal(at) { // not by anything else
		c.RevokedAt = nil
	}
	x.recordChangedOrRevoked(c, &before)
}

// withdraw revokes a replacement, and marks it, so that it and its next replacement are not redeemed beside
// the code that it replaced. The mark may be one entry of metadata too many.
func (x *Execution) withdraw() {
	c := x.code()
	before := c.Code
	c.Metadata = maps.Clone(c.Metadata)
	c.Metadata[MetadataWithdrawn] = x.At.Format(time.RFC3339)
	if c.RevokedAt == nil {
		c.RevokedAt = new(x.At)
	}
	c.Change = c.Change.then(Changed)
	x.recordChangedOrRevoked(c, &before)
}
