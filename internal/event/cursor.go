package event

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"accesscodes/internal/core"
)

// MaxCursors is how many cursors a workspace may have. On PostgreSQL requests that come at the same instant
// may make a few more.
const MaxCursors = 100

// cursorName matches the name of a cursor.
var cursorName = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$`)

// Cursor is a position in a workspace's log that is kept under a name, for a consumer that must not begin
// anew after each restart.
type Cursor struct {
	Workspace core.ID
	Name      string
	Position  int64 // the consumer is done with everything up to here; 0: nothing
	UpdatedAt time.Time
	Head      int64 // the newest position of the log
}

// Behind is how many positions lie between the cursor and the newest one. A database that was restored may
// have lost those that the consumer had seen.
func (c *Cursor) Behind() int64 { return max(0, c.Head-c.Position) }

// CursorMove says where a cursor shall be.
type CursorMove struct {
	// Position: nil leaves a cursor where it is, and lets a new one begin at the newest position.
	Position *int64
	// If: where it must be until now, so that two consumers of one name notice each other; none: there
	// must be no such cursor yet. Left out: wherever it is.
	If core.Field[int64]
}

// CursorFacts is what the place of a cursor depends on.
type CursorFacts struct {
	Position *int64 // where it is; nil: there is none of this name
	Head     int64  // the newest position of the log
	Others   int    // how many the workspace has; counted only if there is none of this name
}

// from returns where the cursor shall be.
func (m *CursorMove) from(f CursorFacts) (int64, error) {
	exists := f.Position != nil
	switch {
	case !exists && m.If.Value != nil:
		return 0, noCursor()
	case exists && m.If.Given && m.If.Value == nil:
		return 0, core.Conflict(core.ReasonCursorMoved,
			fmt.Sprintf("there is a cursor of this name already; it is at %d", *f.Position))
	case exists && m.If.Given && *m.If.Value != *f.Position:
		return 0, core.Conflict(core.ReasonCursorMoved,
			fmt.Sprintf("the cursor is at %d: does another consumer use it?", *f.Position))
	case !exists && f.Others >= MaxCursors:
		return 0, core.Conflict(core.ReasonTooManyCursors,
			fmt.Sprintf("a workspace has at most %d cursors: delete one that is not used any more", MaxCursors))
	case m.Position == nil && exists:
		return *f.Position, nil
	case m.Position == nil:
		return f.Head, nil
	case *m.Position < 0 || *m.Position > f.Head:
		return 0, core.Invalid(core.ReasonInvalidValue, core.InEnglish(
			"position must be one that the log has reached, from 0 to %d", f.Head).At("/position"))
	}
	return *m.Position, nil
}

func noCursor() *core.Error {
	return core.NotFound(core.ReasonCursorNotFound, "there is no cursor of this name in this workspace")
}

// orNoCursor returns the error of a look-up as callers see it.
func orNoCursor(err error) error {
	if errors.Is(err, core.ErrNotFound) {
		return noCursor()
	}
	return err
}

// Cursor returns a cursor.
//
// Errors: ReasonCursorNotFound.
func (s *Service) Cursor(ctx context.Context, workspace core.ID, name string) (Cursor, error) {
	if !cursorName.MatchString(name) { // which no cursor can have, nor every database ask for
		return Cursor{}, noCursor()
	}
	c, err := s.store.Cursor(ctx, workspace, name)
	return c, orNoCursor(err)
}

// Cursors returns all cursors of a workspace, in the order of their names.
func (s *Service) Cursors(ctx context.Context, workspace core.ID) ([]Cursor, error) {
	return s.store.Cursors(ctx, workspace)
}

// MoveCursor moves a cursor, also back, or makes it.
//
// Errors: ReasonInvalidParameter for the name, ReasonInvalidValue for a position that the log has not
// reached, ReasonCursorMoved and ReasonCursorNotFound if it is not where the move says,
// ReasonTooManyCursors.
func (s *Service) MoveCursor(ctx context.Context, workspace core.ID, name string, move CursorMove) (Cursor, error) {
	if !cursorName.MatchString(name) {
		return Cursor{}, core.InvalidParameter("the name of a cursor must have 1 to 100 characters: a-z, 0-9, and " +
			"within them also . _ and -")
	}
	now := s.now()
	c := Cursor{Workspace: workspace, Name: name, UpdatedAt: *core.StoredTime(&now)}
	return s.store.PutCursor(ctx, c, move.from)
}

// DeleteCursor deletes a cursor.
//
// Errors: ReasonCursorNotFound.
func (s *Service) DeleteCursor(ctx context.Context, workspace core.ID, name string) error {
	if !cursorName.MatchString(name) {
		return noCursor()
	}
	return orNoCursor(s.store.DeleteCursor(ctx, workspace, name))
}
