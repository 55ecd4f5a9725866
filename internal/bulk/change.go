package bulk

import (
	"encoding/json"
	"fmt"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

// KindChange is the kind of jobs that change many codes, and take such a change back.
const KindChange = job.Kind("change")

var changeKinds = []job.Kind{KindChange}

// Limits of a change.
const (
	MaxChangeCodes = 10_000 // that are listed in a request
	// UndoLife is how long after its request a change can be undone.
	UndoLife = 30 * 24 * time.Hour
	// sampleSize is how many codes a change shows.
	sampleSize = 20
)

// ChangeStatus says how far a change is: as a job, and beyond that.
type ChangeStatus string

// The statuses that jobs do not have.
const (
	Undoing ChangeStatus = "undoing"
	Undone  ChangeStatus = "undone"
)

// ChangeStatuses lists every status, in the order in which documents show them.
func ChangeStatuses() (all []ChangeStatus) {
	for _, status := range job.Statuses() {
		all = append(all, ChangeStatus(status))
	}
	return append(all, Undoing, Undone)
}

// Why a code was passed over, beside the reasons of refusals.
const (
	SkipUnchanged    core.Reason = "unchanged"     // it was already so
	SkipChangedSince core.Reason = "changed_since" // at the undo: it does not have the value of the change any more
	// At the undo, of a redemption that was rolled back: the user is not what the rollback left.
	SkipUserChangedSince core.Reason = "user_changed_since"
)

// ChangeSpec is what a change does. Its JSON is stored with the job, so names stay as they are.
type ChangeSpec struct {
	Select codes.Selection
	Listed bool // the codes are those of [ChangeStore.ListedCodes], not those that Select describes
	Do     codes.Act
	// RollBack: after all codes are revoked, their redemptions are rolled back.
	RollBack bool `json:",omitempty"`
	// Reason is why, in the words of who asked for it; empty: they did not say.
	Reason string `json:",omitempty"`
}

// Counts say what became of codes.
type Counts struct {
	Changed int64
	Skipped map[core.Reason]int64 `json:",omitempty"`
}

// skip counts a code that was passed over.
func (c *Counts) skip(reason core.Reason) {
	if c.Skipped == nil {
		c.Skipped = map[core.Reason]int64{}
	}
	c.Skipped[reason]++
}

// Tally is what a change has come upon so far.
type Tally struct {
	Counts
	Matched int64    // codes of the selection
	People  int64    // who have redeemed one of them
	Sample  []string `json:",omitempty"` // values of codes that were changed

	RolledBack int64 `json:",omitempty"` // redemptions
}

// Change is something that is done to many codes.
type Change struct {
	job.Job
	ChangeSpec
	changeState
}

// changeState is how far a change is. Its JSON is the job's cursor.
type changeState struct {
	Tally
	Place place
	Items int64      // that were stored: of codes first, then of redemptions
	Ended *time.Time `json:",omitempty"` // when the change itself was; nil: it is not yet
	Undo  *undoState `json:",omitempty"` // nil: it was never undone
}

// undoState is how far the undoing of a change is.
type undoState struct {
	Counts
	Next    int64 // how many items are undone: the last is undone first
	PutBack int64 `json:",omitempty"` // redemptions that stand again
	Actor   event.Actor
}

// place is where a change goes on.
type place struct {
	Next  int            // in the list of codes
	After *codes.CodeKey `json:",omitempty"` // the last code that was looked at
	// Counting is the canonical form of the last code, if its people are not all counted, and Counted
	// the redemption up to which they are.
	Counting string  `json:",omitempty"`
	Counted  core.ID `json:",omitzero"`
	// Rolling is how far the redemptions are rolled back; nil: codes are changed still.
	Rolling *rolling `json:",omitempty"`
}

// changeOf reads a job that changes codes.
func changeOf(j job.Job) (Change, error) {
	c := Change{Job: j}
	if err := json.Unmarshal([]byte(j.Spec), &c.ChangeSpec); err != nil {
		return Change{}, fmt.Errorf("read what the change %s does: %w", j.ID, err)
	}
	if j.Cursor == "" {
		return c, nil
	}
	if err := json.Unmarshal([]byte(j.Cursor), &c.changeState); err != nil {
		return Change{}, fmt.Errorf("read how far the change %s is: %w", j.ID, err)
	}
	return c, nil
}

// store writes how far the change is into its job.
func (c *Change) store() error {
	text, err := json.Marshal(c.changeState)
	c.Cursor = string(text)
	return err
}

// State returns the status as callers see it.
func (c *Change) State() ChangeStatus {
	switch {
	case c.Undo != nil && !c.IsEnded():
		return Undoing
	case c.Undo != nil && c.Status == job.Succeeded:
		return Undone
	default:
		return ChangeStatus(c.Status)
	}
}

// UndoableUntil returns until when the change can be undone; nil: it cannot be.
func (c *Change) UndoableUntil() *time.Time {
	if c.Ended == nil || c.State() == Undone {
		return nil
	}
	until := c.CreatedAt.Add(UndoLife)
	return &until
}

// Undoing returns what undoing the change has come to, and how many redemptions it has put back; nil:
// nobody has.
func (c *Change) Undoing() (counts *Counts, putBack int64) {
	if c.Undo == nil {
		return nil, 0
	}
	return &c.Undo.Counts, c.Undo.PutBack
}

// Does names what the change does.
func (c *Change) Does() string {
	switch {
	case c.Do.Revoke:
		return "revoke"
	case c.Do.Restore:
		return "restore"
	case c.Do.Delete:
		return "delete"
	default:
		return "set"
	}
}

// ended notes the end of the change, or of its undoing, and returns the event about it.
func (c *Change) ended(source *event.Source) ([]*event.Event, error) {
	at, t, counts := *c.FinishedAt, event.ChangeCompleted, &c.Counts
	if c.Undo != nil {
		t, counts = event.ChangeUndone, &c.Undo.Counts
	} else {
		c.Ended = &at
	}
	if err := c.store(); err != nil {
		return nil, err
	}
	skipped := int64(0)
	for _, count := range counts.Skipped {
		skipped += count
	}
	data := event.Data{"do": c.Does(), "status": string(c.Status), "changed": counts.Changed, "skipped": skipped}
	switch {
	case c.RollBack && c.Undo != nil:
		data["putBack"] = c.Undo.PutBack
	case c.RollBack:
		data["rolledBack"] = c.RolledBack
	}
	if c.Reason != "" && c.Undo == nil {
		data["reason"] = c.Reason
	}
	e, err := source.Make(t, at, event.Thing(event.SubjectChange, c.ID), "", data)
	return []*event.Event{e}, err
}
