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
	if err := s.undoEvents(ctx, actor, &then, at, past); err != nil {
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

// addReach finds out from when on the log is kept, and whether something that it does not tell of single
// codes has changed many.
func (s *Service) addReach(ctx context.Context, actor *core.Actor, at time.Time, past *Past) error {
	page, err := s.deps.Log.List(ctx, event.Query{Workspace: actor.WorkspaceID, Limit: 1}, 0)
	if err != nil {
		return err
	}
	if len(page.Events) > 0 {
		past.Since = &page.Events[0].At
	}
	if past.Since == nil || at.Before(*past.Since) {
		past.unsure(UnsureEvents)
	}
	changes, err := s.deps.Changes.List(ctx, actor, core.PageRequest{})
	if err != nil {
		return err
	}
	imports, err := s.deps.Imports.List(ctx, actor, core.PageRequest{})
	if err != nil {
		return err
	}
	since := func(finished *time.Time) bool { return finished == nil || finished.After(at) }
	for i := range changes.Items {
		if since(changes.Items[i].FinishedAt) {
			past.unsure(UnsureBulk)
		}
	}
	for i := range imports.Items {
		if since(imports.Items[i].FinishedAt) {
			past.unsure(UnsureBulk)
		}
	}
	return nil
}

// undoEvents takes back from a code what events say has changed since an instant, the last first.
func (s *Service) undoEvents(
	ctx context.Context, actor *core.Actor, c *codes.Code, at time.Time, past *Past,
) error {
	events, more, err := s.eventsAbout(ctx, actor, event.SubjectCode, c.Form(),
		event.CodeUpdated, event.CodeRevoked, event.CodeRestored)
	if err != nil {
		return err
	}
	if more {
		past.unsure(UnsureEvents)
	}
	for _, e := range slices.Backward(events) {
		if !e.At.After(at) {
			break
		}
		if err := undo(c, &e); err != nil {
			return err
		}
	}
	return nil
}

// undo gives the fields of a code the values from before an event.
func undo(c *codes.Code, e *event.Event) error {
	var data struct{ Previous map[string]json.RawMessage }
	if err := json.Unmarshal([]byte(e.Data), &data); err != nil {
		return fmt.Errorf("read the data of the event %s: %w", e.ID, err)
	}
	_, err := fill(c, e, data.Previous)
	return err
}

// fill gives the fields of a code values from the data of an event, and returns their names.
func fill(c *codes.Code, e *event.Event, values map[string]json.RawMessage) (names []string, err error) {
	for _, f := range codes.Fields() {
		value, given := values[f.Name]
		if !given || !f.Changes {
			continue
		}
		field := f.Of(c)
		switch v := field.(type) { // null leaves a text, and a value writes to where a pointer points
		case *core.OptionalText:
			*v = ""
		case **int64:
			*v = nil
		case **time.Time:
			*v = nil
		}
		if err := json.Unmarshal(value, field); err != nil {
			return nil, fmt.Errorf("read %s of the event %s: %w", f.Name, e.ID, err)
		}
		names = append(names, f.Name)
	}
	return names, nil
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

// step is a change of a user's status.
type step struct {
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
	steps, more, err := s.stepsOf(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	if more || slices.Contains(past.Unsure, UnsureEvents) {
		past.unsure(UnsureUser)
	}
	slices.SortStableFunc(steps, func(a, b step) int { return a.at.Compare(b.at) })
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

// stepsOf returns the changes of a user's status that redemptions and events tell of, and whether there
// are more.
func (s *Service) stepsOf(ctx context.Context, actor *core.Actor, id string) (steps []step, more bool, err error) {
	redemptions, more, err := s.redemptions(ctx, actor, codes.RedemptionFilter{UserID: id})
	if err != nil {
		return nil, false, err
	}
	for _, r := range redemptions {
		steps = append(steps, step{r.CreatedAt, r.Before, r.Grants})
		if r.RolledBackAt != nil {
			steps = append(steps, step{*r.RolledBackAt, r.Grants, r.Before})
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
			steps = append(steps, step{e.At, data.Previous.Status, data.Status})
		}
	}
	return steps, more || moreEvents, nil
}
