package why

import (
	"context"
	"slices"
	"strings"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Explain returns what becomes of a code that somebody typed, for a user, at an instant, and what
// would help.
//
// Errors: KindForbidden without [core.PermissionRead]; KindInvalid with the fields that are wrong;
// KindUnavailable.
func (s *Service) Explain(ctx context.Context, actor *core.Actor, q Question) (*Explanation, error) {
	if err := actor.Require(core.PermissionRead); err != nil {
		return nil, err
	}
	if len(q.Typed) > maxFindLength {
		return nil, core.InvalidParameter("what was typed must have at most %d bytes", maxFindLength)
	}
	e := &Explanation{}
	typed, err := s.read(ctx, actor, q.Typed)
	if err != nil {
		return nil, err
	}
	e.Typed, e.Link = typed, typed != strings.TrimSpace(q.Typed)
	e.Read = capitals(core.Canonical(typed))
	if e.Answer, e.Code, e.Past, err = s.judge(ctx, actor, typed, &q); err != nil {
		return nil, err
	}
	e.At = s.now()
	if q.At != nil {
		e.At = *core.StoredTime(q.At)
	}
	if e.Code == nil {
		if err := s.lookAround(ctx, actor, &q, e); err != nil {
			return nil, err
		}
	}
	if e.UsedBy, e.UsedByMore, err = s.UsedBy(ctx, actor, e.Code); err != nil {
		return nil, err
	}
	have := ""
	if e.Nearest {
		have = e.Code.Form()
	}
	e.Columns, e.Differences = compare(typed, have)
	e.Remedies = remedies(actor, e, s.now())
	return e, nil
}

// now is the present as stores keep it.
func (s *Service) now() time.Time { return s.deps.Now().UTC().Truncate(time.Microsecond) }

// lookAround looks for the nearest code, and for what has become of the one that was typed.
func (s *Service) lookAround(ctx context.Context, actor *core.Actor, q *Question, e *Explanation) error {
	deleted, err := s.deletion(ctx, actor, e.Typed)
	if err != nil {
		return err
	}
	e.Deleted = deleted
	nearest, err := s.deps.Codes.Nearest(ctx, actor, e.Typed)
	if err != nil || nearest == nil {
		return err
	}
	would, code, past, err := s.judge(ctx, actor, nearest.Value, q)
	if err != nil || code == nil {
		return err
	}
	e.Code, e.Nearest, e.Would, e.Past = code, true, &would, past
	return nil
}

// judge returns what redeeming a code answers, and the code as it is now.
func (s *Service) judge(
	ctx context.Context, actor *core.Actor, value string, q *Question,
) (Answer, *codes.Code, *Past, error) {
	request := codes.ValidateRequest{Code: value, UserID: q.UserID}
	now, err := s.deps.Codes.Validate(ctx, actor, request)
	if err != nil {
		return Answer{}, nil, nil, err
	}
	user, err := s.user(ctx, actor, q.UserID)
	if err != nil {
		return Answer{}, nil, nil, err
	}
	if q.At == nil {
		return answerOf(&now, user), now.Code, nil, nil
	}
	request.At = q.At
	if now.Code == nil || q.At.After(now.At) {
		then, err := s.deps.Codes.Validate(ctx, actor, request)
		return answerOf(&then, user), then.Code, nil, err
	}
	at := *core.StoredTime(q.At)
	past := &Past{CreatedAt: now.Code.CreatedAt}
	if at.Before(now.Code.CreatedAt) {
		none := Answer{
			Reason: core.ReasonCodeNotFound, Kind: core.KindNotFound, Detail: "there was no such code in this workspace then",
		}
		return none, now.Code, past, nil
	}
	was, err := s.stateAt(ctx, actor, now.Code, user, q.UserID, at, past)
	if err != nil {
		return Answer{}, nil, nil, err
	}
	request.Then = &was.Then
	then, err := s.deps.Codes.Validate(ctx, actor, request)
	if err != nil {
		return Answer{}, nil, nil, err
	}
	answer := answerOf(&then, was.user)
	if was.holdsUnknown(&answer) {
		past.unsure(UnsureReservations)
	}
	return answer, now.Code, past, nil
}

// shownUsers is how many of those who have used a code up are named.
const shownUsers = 3

// UsedBy returns the newest redemptions of a code that is used up, and how many more of it stand; none: it
// is not used up.
//
// Errors: KindForbidden without [core.PermissionRead]; KindUnavailable.
func (s *Service) UsedBy(
	ctx context.Context, actor *core.Actor, c *codes.Code,
) (newest []codes.Redemption, more int64, err error) {
	if err := actor.Require(core.PermissionRead); err != nil {
		return nil, 0, err
	}
	if c == nil || c.MaxRedemptions == nil || c.Redemptions < *c.MaxRedemptions {
		return nil, 0, nil
	}
	list, err := s.deps.Codes.ListRedemptions(ctx, actor, codes.RedemptionFilter{Code: c.Value},
		core.PageRequest{})
	for i := range list.Items {
		if list.Items[i].Stands() && len(newest) < shownUsers {
			newest = append(newest, list.Items[i])
		}
	}
	return newest, c.Redemptions - int64(len(newest)), err
}

// user returns a registered user; nil: there is none.
func (s *Service) user(ctx context.Context, actor *core.Actor, id string) (*codes.User, error) {
	if id == "" {
		return nil, nil
	}
	user, err := s.deps.Codes.GetUser(ctx, actor, id)
	if core.IsKind(err, core.KindNotFound) {
		return nil, nil
	}
	return &user, err
}

// answerOf makes an answer of a validation, which differs from redeeming in that it refuses whoever
// has redeemed the code.
func answerOf(v *codes.Validation, user *codes.User) Answer {
	a := Answer{Valid: v.Valid, User: user}
	if c := v.Code; c != nil {
		a.Status = c.StatusAt(v.At)
		a.Uses = Uses{Taken: c.Redemptions, Held: c.Reservations, Max: c.MaxRedemptions}
		a.StartsAt, a.ExpiresAt, a.RevokedAt = c.StartsAt, c.ExpiresAt, c.RevokedAt
		a.Effect = EffectOf(c.Type)
	}
	switch {
	case v.Why == nil:
	case v.Why.Reason == core.ReasonAlreadyRedeemed:
		a.Valid, a.Replay, a.Redemption = true, true, v.Redemption
		a.Effect = effectOfRedemption(v.Redemption)
	default:
		a.Reason, a.Kind, a.Detail = v.Why.Reason, v.Why.Kind, v.Why.Detail
	}
	return a
}

// effectOfRedemption returns what a redemption did to its user.
func effectOfRedemption(r *codes.Redemption) Effect {
	if r == nil {
		return EffectNone
	}
	return EffectOf(r.Type)
}

// deletion returns what the log knows of the deletion of a code; nil: nothing.
func (s *Service) deletion(ctx context.Context, actor *core.Actor, typed string) (*Deletion, error) {
	events, _, err := s.eventsAbout(ctx, actor, event.SubjectCode, core.Canonical(typed), event.CodeDeleted)
	if err != nil || len(events) == 0 {
		return nil, err
	}
	names, err := s.names(ctx, actor)
	if err != nil {
		return nil, err
	}
	last := events[len(events)-1]
	return &Deletion{At: last.At, Kind: last.Actor.Kind, By: last.Actor.ID, ByName: names.of(&last.Actor)}, nil
}

// maxEvents is how many events about one thing are looked through.
const maxEvents = 5 * event.MaxLimit

// eventsAbout returns the events of some types about a thing, oldest first, and whether there are more.
func (s *Service) eventsAbout(
	ctx context.Context, actor *core.Actor, kind event.SubjectKind, key string, types ...event.Type,
) (all []event.Event, more bool, err error) {
	q := event.Query{
		Workspace: actor.WorkspaceID, Limit: event.MaxLimit, Types: types,
		Subject: &event.SubjectName{Kind: kind, Key: key},
	}
	for len(all) < maxEvents {
		page, err := s.deps.Log.List(ctx, q, 0)
		if core.HasReason(err, core.ReasonPositionExpired) {
			return all, true, nil // they were deleted while they were read
		}
		if err != nil {
			return nil, false, err
		}
		all = append(all, page.Events...)
		if page.Next >= page.Head || page.Next == q.After {
			return all, false, nil
		}
		q.After = page.Next
	}
	return all, true, nil
}

// names returns what everybody of the actor's workspace is called.
func (s *Service) names(ctx context.Context, actor *core.Actor) (Names, error) {
	if s.deps.Names == nil {
		return nil, nil
	}
	return s.deps.Names(ctx, actor.WorkspaceID)
}

// of returns the name of who did something: the present one, or that of then.
func (n Names) of(by *event.Actor) string {
	if now := n[by.ID]; now.Name != "" && !by.ID.IsZero() {
		return now.Name
	}
	return by.Name
}

// unsure adds a cause, once.
func (p *Past) unsure(cause UnsureCause) {
	if !slices.Contains(p.Unsure, cause) {
		p.Unsure = append(p.Unsure, cause)
	}
}
