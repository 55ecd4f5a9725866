package codes

import (
	"context"
	"errors"

	"accesscodes/internal/core"
)

// IssueRequest asks for a new code.
type IssueRequest struct {
	Type Type
	Options
	IdempotencyKey string // as the header has it; empty: none was sent
	// Unread are fields that are missing or could not be read: the request is refused, with these and
	// with what else is wrong.
	Unread core.FieldErrors
}

// Issued is a code that was added or generated.
type Issued struct {
	Code     Code // as it was when it was created
	Replayed bool // an earlier request with the same Idempotency-Key made it
}

// Limits of the search for a free value. In a format with free space a collision is so rare that the
// first insert nearly always succeeds. When several inserts in a row find their value taken, the
// space is nearly full, and many values are looked up at once. If all maxProbes are taken, less than
// about one value in ten thousand is free.
const (
	directInserts = 4
	probeChunk    = 512
	maxProbes     = 1 << 16
)

// AddCode creates a code with a value that the caller chose. Without a limit in the request, any
// number of users may redeem it: a chosen code is for a campaign.
//
// Errors: KindInvalid with ReasonCodeAlreadyExists if a code with the same canonical form exists in
// any workspace; KindInvalid with the fields that are wrong; KindConflict with
// ReasonIdempotencyKeyReused or ReasonCodeDeleted; KindUnavailable.
func (s *Service) AddCode(ctx context.Context, actor *core.Actor, value string, req IssueRequest) (Issued, error) {
	value = core.CleanValue(value, &req.Unread)
	made, err := s.prepare(actor, "add", value, &req)
	if err != nil {
		return Issued{}, err
	}
	made.source = s.hotSource(actor)
	if late := req.checkExpiry(made.CreatedAt); late != nil {
		return s.replay(ctx, made, late)
	}
	exists := errCodeExists()
	if taken, err := s.isOldFormTaken(ctx, value); err != nil {
		return Issued{}, err
	} else if taken {
		return s.replay(ctx, made, exists)
	}
	result, err := s.insert(ctx, made, value)
	if err != nil {
		return Issued{}, err
	}
	if result.Outcome == CodeTaken {
		return Issued{}, exists
	}
	return made.answer(result)
}

var noCodeFree = core.NewSentence("no_code_free",
	"no free code of the format {format} was found; give the workspace more or longer groups")

// CodeExists is said of a value that is taken.
var CodeExists = core.NewSentence("code_exists", "a code with this value exists already")

func errCodeExists() *core.Error {
	return core.Invalid(core.ReasonCodeAlreadyExists,
		CodeExists.Said().At("/code"))
}

// GenerateCode creates a code with a random value in the workspace's format. Without a limit in the
// request it can be redeemed once. If a value is taken, another one is drawn; callers do not notice.
//
// Errors: KindInvalid with the fields that are wrong; KindConflict with ReasonCodeSpaceExhausted,
// ReasonIdempotencyKeyReused or ReasonCodeDeleted; KindUnavailable.
func (s *Service) GenerateCode(ctx context.Context, actor *core.Actor, req IssueRequest) (Issued, error) {
	if !req.MaxRedemptions.Given {
		once := int64(1)
		req.MaxRedemptions.Max = &once
	}
	made, err := s.prepare(actor, "generate", "", &req)
	if err != nil {
		return Issued{}, err
	}
	made.source = s.hotSource(actor)
	if late := req.checkExpiry(made.CreatedAt); late != nil {
		return s.replay(ctx, made, late)
	}
	return s.insertGenerated(ctx, made, actor.Format)
}

// prepare checks a request and makes a code from it, without a value. That the code would already
// have expired is an error only beside others.
func (s *Service) prepare(actor *core.Actor, do, value string, req *IssueRequest) (*NewCode, error) {
	errs := &req.Unread
	req.Type.Check(errs)
	req.check(errs, expiresTooEarly)
	key, err := parseIdempotencyKey(req.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	now := s.now()
	if errs.Err() != nil {
		req.addExpiry(errs, now)
		return nil, errs.Err()
	}
	made := &NewCode{Code: Code{
		WorkspaceID: actor.WorkspaceID, Type: req.Type, CreatedAt: now, CreatedBy: actor.ID,
	}}
	req.applyTo(&made.Code)
	if key != "" {
		made.Retry = Retry{
			Key:         retryKey(actor.WorkspaceID, key),
			Fingerprint: fingerprint(do, value, req.Type, &req.Options),
		}
	}
	return made, nil
}

// replay answers a request that cannot be carried out now: with the code that an earlier request
// with the same Idempotency-Key made, or with the error late.
func (s *Service) replay(ctx context.Context, made *NewCode, late error) (Issued, error) {
	if made.Retry.IsZero() {
		return Issued{}, late
	}
	existing, err := s.store.CodeByRetryKey(ctx, made.WorkspaceID, made.Retry.Key, made.CreatedAt)
	if errors.Is(err, core.ErrNotFound) {
		return Issued{}, late
	}
	if err != nil {
		return Issued{}, err
	}
	return made.answer(InsertResult{Outcome: RetryKeyUsed, Existing: existing})
}

// insert stores the code under this value.
func (s *Service) insert(ctx context.Context, made *NewCode, value string) (InsertResult, error) {
	made.Value, made.Canonical = value, core.Canonical(value)
	if err := made.recordCreated(); err != nil {
		return InsertResult{}, err
	}
	results, err := s.store.InsertCodes(ctx, []*NewCode{made})
	if err != nil {
		return InsertResult{}, err
	}
	return results[0], nil
}

// insertGenerated stores the code under the first free value of a sequence.
func (s *Service) insertGenerated(ctx context.Context, made *NewCode, format core.Format) (Issued, error) {
	var issued Issued
	err := s.untilFree(ctx, format, func(value string) (taken bool, err error) {
		result, err := s.insert(ctx, made, value)
		if err != nil || result.Outcome == CodeTaken {
			return true, err
		}
		issued, err = made.answer(result)
		return false, err
	})
	return issued, err
}

// untilFree gives use the values of a sequence, one after the other, until one is not taken.
func (s *Service) untilFree(
	ctx context.Context, format core.Format, use func(value string) (taken bool, err error),
) error {
	values := &candidates{format: format, alphabet: s.alphabet, source: s.entropy, words: s.words}
	left := s.probes(format)
	for tries := 0; left > 0; tries++ {
		free, tried, err := s.pick(ctx, values, tries, left)
		if err != nil {
			return err
		}
		left -= tried
		for _, value := range free { // another caller may be faster with the first
			if taken, err := use(value); err != nil || !taken {
				return err
			}
		}
	}
	return core.ConflictOf(core.ReasonCodeSpaceExhausted, noCodeFree.With("format", format))
}

// pick returns the next values to try to insert, and how many values of the sequence it used. The
// first few are returned without a look-up. Later ones are looked up in chunks, and only the free
// ones are returned.
func (s *Service) pick(ctx context.Context, values *candidates, tries int, left int64) ([]string, int64, error) {
	if tries < directInserts {
		value, err := values.next()
		return []string{value}, 1, err
	}
	var chunk, canonicals []string
	for range min(left, probeChunk) {
		value, err := values.next()
		if err != nil {
			return nil, 0, err
		}
		chunk, canonicals = append(chunk, value), append(canonicals, core.Canonical(value))
	}
	taken, err := s.store.CodesTaken(ctx, canonicals)
	if err != nil {
		return nil, 0, err
	}
	var free []string
	for i := range chunk {
		if !taken[i] {
			free = append(free, chunk[i])
		}
	}
	return free, int64(len(chunk)), nil
}

// answer returns what the result of an insert means to the caller.
func (n *NewCode) answer(result InsertResult) (Issued, error) {
	existing := result.Existing
	switch {
	case result.Outcome == Inserted:
		return Issued{Code: n.Code}, nil
	case existing.Retry.Fingerprint != n.Retry.Fingerprint:
		return Issued{}, core.Conflict(core.ReasonIdempotencyKeyReused,
			"this Idempotency-Key was used for a different request; a new request needs a new key")
	case existing.Deleted:
		return Issued{}, core.Conflict(core.ReasonCodeDeleted,
			"the code that this Idempotency-Key made has been deleted; a new code needs a new key")
	default:
		first := n.Code // the same was asked for; later changes to the code are not part of the answer
		first.Value, first.CreatedAt, first.CreatedBy = existing.Value, existing.CreatedAt, existing.CreatedBy
		return Issued{Code: first, Replayed: true}, nil
	}
}

// StatusNow returns the code's status at the present.
func (s *Service) StatusNow(c *Code) Status { return c.StatusAt(s.now()) }
