package codes

import (
	"context"
	"errors"
	"maps"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Metadata keys of codes that were replaced and of their replacements. The prefix keeps them apart from what
// callers write for themselves.
const (
	MetadataReplaces   = "accesscodes.replaces"   // the value of the other code
	MetadataReplacedBy = "accesscodes.replacedBy" // the value of the other code
	// MetadataWithdrawn says since when a code is no replacement any more, because the one that it replaced
	// is as before, or has another replacement.
	MetadataWithdrawn = "accesscodes.withdrawn"
)

// ReplacementLife is how long a replacement can be redeemed at least.
const ReplacementLife = 30 * 24 * time.Hour

// replaceTries is how often a replacement begins anew because somebody changed the code meanwhile.
const replaceTries = 5

// errChangedSince says that a code is not as it was read.
var errChangedSince = errors.New("the code has changed since it was read")

// IsShared reports whether more than one user can redeem the code.
func (c *Code) IsShared() bool { return c.MaxRedemptions == nil || *c.MaxRedemptions > 1 }

// ReplacementEnd returns when a replacement of the code that is made at an instant ends; nil: never.
// A replacement of a shared code is for one person only, so it need not live as long.
func (c *Code) ReplacementEnd(now time.Time) *time.Time {
	end := now.Add(ReplacementLife)
	if c.IsShared() || c.ExpiresAt != nil && c.ExpiresAt.Before(end) {
		return &end
	}
	return c.ExpiresAt
}

// ReplaceCode makes a code for one use that takes the place of another: of the same type, with its
// note and recipient. The old code is revoked in the same transaction, so there are never two that
// can be redeemed, nor none; and each names the other in its metadata. A code that has a replacement
// which is not revoked is answered with that. One that was withdrawn is not replaced, nor one whose
// replacement was replaced: for each code that could be redeemed there would be several.
//
// A shared code stays as it is, because others hold it: only the replacement and the log name it. There, as for
// a code whose metadata has no room for a link, a repetition is known by its Idempotency-Key.
//
// Errors: KindNotFound with ReasonCodeNotFound; KindInvalid with ReasonInvalidIdempotencyKey;
// KindConflict with ReasonCodeSpaceExhausted, ReasonIdempotencyKeyReused, ReasonCodeDeleted or
// ReasonCodeRevoked; KindUnavailable, also if others keep changing the code.
func (s *Service) ReplaceCode(
	ctx context.Context, actor *core.Actor, value, idempotencyKey string,
) (Issued, error) {
	key, err := parseIdempotencyKey(idempotencyKey)
	if err != nil {
		return Issued{}, err
	}
	for range replaceTries {
		old, err := s.GetCode(ctx, actor, value)
		if err != nil {
			return Issued{}, err
		}
		if old.IsWithdrawn() {
			return Issued{}, errWithdrawn(&old)
		}
		if old.IsShared() || !old.HasRoomForLink() {
			return s.replaceUnlinked(ctx, actor, &old, key)
		}
		issued, err := s.swap(ctx, actor, &old)
		if !errors.Is(err, errChangedSince) {
			return issued, err
		}
	}
	return Issued{}, core.Overloaded()
}

// IsWithdrawn reports whether the code is a replacement that was taken back.
func (c *Code) IsWithdrawn() bool { return c.RevokedAt != nil && c.Metadata[MetadataWithdrawn] != "" }

// hasSuccessor reports whether another code has the place of the code, so that there would be two if it were
// restored.
func (c *Code) hasSuccessor() bool { return c.Metadata[MetadataReplacedBy] != "" || c.IsWithdrawn() }

var (
	withdrawnStays = core.NewSentence("withdrawn_stays",
		"this replacement was taken back, so it stays revoked; help with the code that it replaced: {code}")
	replacementReplaced = core.NewSentence("replacement_replaced",
		"the code that replaced this one was replaced itself; help with the newest: {code}")
)

func errWithdrawn(c *Code) error {
	return core.ConflictOf(core.ReasonCodeRevoked, withdrawnStays.With("code", c.Metadata[MetadataReplaces]))
}

// HasRoomForLink reports whether a link to a replacement fits into the code's metadata.
func (c *Code) HasRoomForLink() bool {
	linked := maps.Clone(c.Metadata)
	if linked == nil {
		return true
	}
	const dashes = core.MaxGroups
	linked[MetadataReplacedBy] = string(make([]byte, maxSuggested+dashes))
	var errs core.FieldErrors
	checkMetadataSize(&errs, linked)
	return errs.Err() == nil
}

// replacementOf returns the code that is to replace another, without a value.
func replacementOf(old *Code, actor *core.Actor, now time.Time) Code {
	return Code{
		WorkspaceID: actor.WorkspaceID, Type: old.Type, MaxRedemptions: new(int64(1)), ExpiresAt: old.ReplacementEnd(now),
		Note: old.Note, Recipient: old.Recipient, Metadata: map[string]string{MetadataReplaces: old.Value},
		CreatedAt: now, CreatedBy: actor.ID,
	}
}

// replaceUnlinked replaces a code without a link from it. A code that is not shared is revoked first:
// what is interrupted between the two is completed by repeating it.
func (s *Service) replaceUnlinked(ctx context.Context, actor *core.Actor, old *Code, key string) (Issued, error) {
	made := &NewCode{Code: replacementOf(old, actor, s.now()), source: s.recorder.Of(actor)}
	if old.IsShared() {
		made.shared = old
	} else if _, err := s.RevokeCode(ctx, actor, old.Value); err != nil {
		return Issued{}, err
	}
	if key != "" { // without the time of its end, which a repetition would move
		made.Retry = Retry{
			Key:         retryKey(actor.WorkspaceID, key),
			Fingerprint: fingerprint("replace", old.Form(), old.Type, &Options{}),
		}
	}
	return s.insertGenerated(ctx, made, actor.Format)
}

// swap revokes a code and adds its replacement, in one transaction.
func (s *Service) swap(ctx context.Context, actor *core.Actor, old *Code) (issued Issued, err error) {
	err = s.untilFree(ctx, actor.Format, func(value string) (taken bool, err error) {
		now := s.now()
		r := replacement{made: replacementOf(old, actor, now), linked: old.Metadata[MetadataReplacedBy]}
		r.made.Value = value
		commands := r.commands(s.recorder.Of(actor), old.Form(), now)
		results, err := s.store.Execute(ctx, commands)
		if err != nil {
			return false, err
		}
		result := results[len(results)-1]
		if core.HasReason(result.Err, core.ReasonCodeAlreadyExists) {
			return true, nil
		}
		if result.Err == nil {
			issued = Issued{Code: *result.Code, Replayed: result.Replayed}
		}
		return false, result.Err
	})
	return issued, err
}

// replacement is one try to replace a code. Its commands share a unit of work: that on the old code
// does everything, the others have it load what it needs.
type replacement struct {
	made    Code
	linked  string   // the replacement that the code named when it was read; empty: none
	add     *Command // on the new code
	earlier *Command // on the one that is linked; nil: there is none
	swap    *Command // on the old code
}

func (r *replacement) commands(source *event.Source, old string, now time.Time) []*Command {
	command := func(canonical string, rule func(*Execution) Result) *Command {
		return &Command{
			WorkspaceID: source.Workspace, Canonical: canonical, At: now, Idempotent: true, Source: source, Rule: rule,
		}
	}
	nothing := func(*Execution) Result { return Result{} }
	r.add = command(core.Canonical(r.made.Value), nothing)
	r.add.AddsCode = true
	all := []*Command{r.add}
	if r.linked != "" {
		r.earlier = command(core.Canonical(r.linked), nothing)
		all = append(all, r.earlier)
	}
	r.swap = command(old, r.rule)
	return append(all, r.swap)
}

func (r *replacement) rule(x *Execution) Result {
	c, made := x.code(), x.unit.execution(r.add)
	switch {
	case c == nil:
		return refuse(errCodeNotFound())
	case c.Metadata[MetadataReplacedBy] == r.made.Value && made.code() != nil: // an earlier try whose answer was lost
		return Result{Code: made.codeNow()}
	case c.Metadata[MetadataReplacedBy] != r.linked || c.IsShared() || !c.HasRoomForLink() || c.IsWithdrawn():
		return refuse(errChangedSince)
	}
	earlier := r.earlierOf(x, c)
	switch {
	case earlier == nil:
	case earlier.code().RevokedAt == nil:
		if c.RevokedAt == nil { // it was restored since
			revoke(true)(x)
		}
		return Result{Code: earlier.codeNow(), Replayed: true}
	case earlier.code().Metadata[MetadataReplacedBy] != "":
		newest := earlier.code().Metadata[MetadataReplacedBy]
		return refuse(core.ConflictOf(core.ReasonCodeRevoked, replacementReplaced.With("code", newest)))
	}
	if made.isTaken() {
		return refuse(errCodeExists())
	}
	if earlier != nil {
		earlier.withdraw()
	}
	r.made.CreatedAt = x.At // as RevokedAt: so it is seen that one came of the other
	made.add(&RetriedCode{Code: r.made})
	was := c.RevokedAt
	if was == nil {
		c.RevokedAt = new(x.At)
	}
	c.Metadata = maps.Clone(c.Metadata)
	if c.Metadata == nil {
		c.Metadata = map[string]string{}
	}
	c.Metadata[MetadataReplacedBy] = r.made.Value
	c.Change = c.Change.then(Changed)
	x.recordReplaced(c, was, made)
	return Result{Code: made.codeNow()}
}

// earlierOf returns what was seen of the replacement that the code has already; nil: it has none.
func (r *replacement) earlierOf(x *Execution, c *TrackedCode) *Execution {
	if r.earlier == nil {
		return nil
	}
	earlier := x.unit.execution(r.earlier)
	if made := earlier.code(); made == nil || made.Metadata[MetadataReplaces] != c.Value {
		return nil
	}
	return earlier
}
