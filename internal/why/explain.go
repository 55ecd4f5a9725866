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
		return nil, core.WrongParameter(typedTooLong.With("max", maxFindLength))
	}
	e := &Explanation{}
	typed, err := s.read(ctx, actor, q.Typed)
	if err != nil {
		return nil, err
	}
	e.Typed, e.Link = typed, typed != strings.TrimSpace(q.Typed)
	e.Read = capitals(core.Canonical(typed))
	found, err := s.judge(ctx, actor, typed, &q)
	if err != nil {
		return nil, err
	}
	e.Answer, e.Code, e.Past, e.Now = found.answer, found.code, found.past, found.today()
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
	e.Remedies = s.help(actor, e)
	return e, nil
}

// help returns the remedies. They change the code as it is now, so they go by what it answers now.
func (s *Service) help(actor *core.Actor, e *Explanation) []Remedy {
	today := *e
	if e.Now != nil {
		today.Answer, today.Would = *e.Now, nil
	}
	all := remedies(actor, &today, s.now())
	for i := range all {
		if e.Nearest && all[i].Kind == RemedyReplace {
			all[i] = Remedy{Kind: RemedyReplace, WhyNot: WhyNotMistyped, Allowed: all[i].Allowed}
		}
	}
	return all
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
	found, err := s.judge(ctx, actor, nearest.Value, q)
	if err != nil || found.code == nil {
		return err
	}
	e.Code, e.Nearest, e.Would, e.Past, e.Now = found.code, true, &found.answer, found.past, found.today()
	return nil
}

// judgment is what redeeming a code answers at the moment that was asked for, and how that is now.
type judgment struct {
	answer Answer
	now    Answer
	code   *codes.Code // as it is now; nil: there is none
	past   *Past       // of a moment in the past
	then   bool        // another moment than the present was asked for
}

// today returns what redeeming the code answers now, if answer is about another moment.
func (j *judgment) today() *Answer {
	if !j.then || j.code == nil {
		return nil
	}
	return &j.now
}

// judge finds out what redeeming a code answers.
func (s *Service) judge(ctx context.Context, actor *core.Actor, value string, q *Question) (j judgment, err error) {
	request := codes.ValidateRequest{Code: value, UserID: q.UserID}
	now, err := s.deps.Codes.Validate(ctx, actor, request)
	if err != nil {
		return j, err
	}
	user, err := s.user(ctx, actor, q.UserID)
	if err != nil {
		return j, err
	}
	j.now, j.code, j.then = answerOf(&now, user), now.Code, q.At != nil
	if q.At == nil {
		j.answer = j.now
		return j, nil
	}
	request.At = q.At
	if now.Code == nil || q.At.After(now.At) {
		then, err := s.deps.Codes.Validate(ctx, actor, request)
		j.answer = answerOf(&then, user)
		return j, err
	}
	j.past = &Past{CreatedAt: now.Code.CreatedAt}
	if core.StoredTime(q.At).Before(now.Code.CreatedAt) {
		j.answer = Answer{
			Reason: core.ReasonCodeNotFound, Kind: core.KindNotFound, Detail: "there was no such code in this workspace then",
		}
		return j, nil
	}
	j.answer, err = s.answerThen(ctx, actor, request, &j, user)
	return j, err
}

// answerThen returns what redeeming a code answered at an earlier moment, and adds to what is known of the
// past what is not sure about it.
func (s *Service) answerThen(
	ctx context.Context, actor *core.Actor, request codes.ValidateRequest, j *judgment, user *codes.User,
) (Answer, error) {
	was, err := s.stateAt(ctx, actor, j.code, user, request.UserID, *core.StoredTime(request.At), j.past)
	if err != nil {
		return Answer{}, err
	}
	request.Then = &was.Then
	then, err := s.deps.Codes.Validate(ctx, actor, request)
	if err != nil {
		return Answer{}, err
	}
	answer := answerOf(&then, was.user)
	if was.holdsUnknown(&answer) {
		j.past.unsure(UnsureReservations)
	}
	return answer, nil
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
