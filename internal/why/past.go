package why

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// maxRedemptionPages is how many pages of a code's or a user's redemptions are looked through.
const maxRedemptionPages = 10

// state is how a code and a user were at an instant.
type state struct {
	codes.Then
	user *codes.User
	at   time.Time
}

// stateAt finds out how a code and a user were at an earlier instant, and adds to past what is not
// sure about it.
func (s *Service) stateAt(
	ctx context.Context, actor *core.Actor, now *codes.Code, user *codes.User, userID string, at time.Time, past *Past,
) (*state, error) {
	if err := s.addReach(ctx, actor, at, past); err != nil {
		return nil, err
	}
	then := *now
	if err := s.undoSteps(ctx, actor, &then, at, past); err != nil {
		return nil, err
	}
	taken, err := s.takenAt(ctx, actor, &then, at, past)
	if err != nil {
		return nil, err
	}
	then.Redemptions, then.Reservations = taken, 0
	was := &state{at: at}
	was.Set = func(c *codes.Code) { *c = then }
	if was.user, err = s.userAt(ctx, actor, user, userID, at, past); err != nil {
		return nil, err
	}
	if was.user != nil {
		was.User = was.user.Status
	}
	return was, nil
}

// holdsUnknown reports whether uses that were held at the time may have changed an answer.
func (was *state) holdsUnknown(a *Answer) bool {
	return a.Valid && !a.Replay && a.Uses.Max != nil
}

// addReach finds out from when on the log is kept, and whether an import, of which it does not tell which
// codes it has changed, was made since.
func (s *Service) addReach(ctx context.Context, actor *core.Actor, at time.Time, past *Past) error {
	page, err := s.deps.Log.List(ctx, event.Query{Workspace: actor.WorkspaceID, Limit: 1}, 0)
	if err != nil {
		return err
	}
	if len(page.Events) > 0 {
		past.Since = &page.Events[0].At
	}
	if keep := s.deps.Log.KeptFor("code", "user", "redemption", "change"); keep != 0 && past.Since != nil {
		// Older events of other types may be kept for longer.
		if complete := s.deps.Now().Add(-keep); complete.After(*past.Since) {
			past.Since = &complete
		}
	}
	if past.Since == nil || at.Before(*past.Since) {
		past.unsure(UnsureEvents)
	}
	imports, err := s.deps.Imports.List(ctx, actor, core.PageRequest{})
	if err != nil {
		return err
	}
	for i := range imports.Items {
		imported := &imports.Items[i]
		if !imported.DryRun && (imported.FinishedAt == nil || imported.FinishedAt.After(at)) {
			past.unsure(UnsureBulk)
		}
	}
	return nil
}

// undoSteps takes back from a code what has changed it since an instant, the last first.
func (s *Service) undoSteps(
	ctx context.Context, actor *core.Actor, c *codes.Code, at time.Time, past *Past,
) error {
	known, err := s.stepsOf(ctx, actor, c, nil)
	if err != nil {
		return err
	}
	if known.more {
		past.unsure(UnsureEvents)
	}
	if at.Before(known.bulk) {
		past.unsure(UnsureBulk)
	}
	for _, step := range slices.Backward(known.all) {
		if !step.At.After(at) {
			break
		}
		if !step.begin.After(at) { // it was under way
			past.unsure(UnsureBulk)
		}
		step.undo(c)
	}
	return nil
}

// takenAt counts the uses of a code that stood at an instant.
func (s *Service) takenAt(
	ctx context.Context, actor *core.Actor, c *codes.Code, at time.Time, past *Past,
) (taken int64, err error) {
	newer := int64(0) // that stand now and did not then
	list, more, err := s.redemptions(ctx, actor, codes.RedemptionFilter{Code: c.Value})
	if err != nil {
		return 0, err
	}
	for i := range list {
		switch {
		case list[i].StandsAt(at):
			taken++
		case list[i].Stands():
			newer++
		}
	}
	if more { // the ones that were not read are taken to stand since before
		past.unsure(UnsureRedemptions)
		return c.Redemptions - newer, nil
	}
	return taken, nil
}

// redemptions returns the newest redemptions that a filter finds, and whether there are more.
func (s *Service) redemptions(
	ctx context.Context, actor *core.Actor, filter codes.RedemptionFilter,
) (all []codes.Redemption, more bool, err error) {
	page := core.PageRequest{Limit: core.MaxPage}
	for range maxRedemptionPages {
		list, err := s.deps.Codes.ListRedemptions(ctx, actor, filter, page)
		if err != nil {
			return nil, false, err
		}
		all = append(all, list.Items...)
		if list.Next == "" {
			return all, false, nil
		}
		page.Cursor = list.Next
	}
	return all, true, nil
}

// statusStep is a change of a user's status.
type statusStep struct {
	at           time.Time
	before, then codes.UserStatus
}

// userAt returns a user as they were at an instant; nil: not registered.
func (s *Service) userAt(
	ctx context.Context, actor *core.Actor, now *codes.User, id string, at time.Time, past *Past,
) (*codes.User, error) {
	if id == "" || now != nil && !now.UpdatedAt.After(at) {
		return now, nil
	}
	steps, more, err := s.statusSteps(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	if more || slices.Contains(past.Unsure, UnsureEvents) {
		past.unsure(UnsureUser)
	}
	slices.SortStableFunc(steps, func(a, b statusStep) int { return a.at.Compare(b.at) })
	status := codes.Unregistered
	if now != nil {
		status = now.Status
	}
	for _, step := range slices.Backward(steps) {
		if !step.at.After(at) {
			status = step.then
			break
		}
		status = step.before
	}
	if status == codes.Unregistered {
		return nil, nil
	}
	then := codes.User{WorkspaceID: actor.WorkspaceID, ID: id, Status: status}
	if now != nil {
		then.CreatedAt = now.CreatedAt
	}
	return &then, nil
}

// statusSteps returns the changes of a user's status that redemptions and events tell of, and whether there
// are more.
func (s *Service) statusSteps(
	ctx context.Context, actor *core.Actor, id string,
) (steps []statusStep, more bool, err error) {
	redemptions, more, err := s.redemptions(ctx, actor, codes.RedemptionFilter{UserID: id})
	if err != nil {
		return nil, false, err
	}
	for _, r := range redemptions {
		steps = append(steps, statusStep{r.CreatedAt, r.Before, r.Grants})
		if r.RolledBackAt != nil {
			steps = append(steps, statusStep{*r.RolledBackAt, r.Grants, r.Before})
		}
	}
	events, moreEvents, err := s.eventsAbout(ctx, actor, event.SubjectUser, id, event.UserRegistered, event.UserChanged)
	if err != nil {
		return nil, false, err
	}
	for _, e := range events {
		var data struct {
			Status       codes.UserStatus
			RedemptionID string
			Previous     struct{ Status codes.UserStatus }
		}
		if err := json.Unmarshal([]byte(e.Data), &data); err != nil {
			return nil, false, fmt.Errorf("read the data of the event %s: %w", e.ID, err)
		}
		if data.RedemptionID == "" { // else the redemption tells of it
			steps = append(steps, statusStep{e.At, data.Previous.Status, data.Status})
		}
	}
	return steps, more || moreEvents, nil
}
