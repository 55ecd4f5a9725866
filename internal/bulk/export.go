package bulk

import (
	"context"
	"io"
	"slices"
	"strconv"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Limits of the exports of one workspace.
const (
	// ExportsAtOnce is how many exports of a workspace run at once; others are refused.
	ExportsAtOnce = 4
	// exportReadsAtOnce is how many pages they all read at once. It is less than [codes.ListsAtOnce],
	// so that a turn is left for the workspace's lists.
	exportReadsAtOnce = codes.ListsAtOnce - 1
	// exportPatience is how long an export under way tries to read a page while the store cannot.
	exportPatience = 30 * time.Second
	exportPause    = 250 * time.Millisecond // between two tries
)

// lateUsers is how long after the start of an export a user is still taken for one who was there
// before: the clocks of nodes differ.
const lateUsers = time.Minute

// Lists are the lists that can be exported. [codes.Services] has them.
type Lists interface {
	ListCodes(context.Context, *core.Actor, codes.CodeFilter, core.PageRequest) (core.Page[codes.Code], error)
	HasMoreCodes(ctx context.Context, actor *core.Actor, filter codes.CodeFilter, than int) (bool, error)
	ListRedemptions(
		context.Context, *core.Actor, codes.RedemptionFilter, core.PageRequest,
	) (core.Page[codes.Redemption], error)
	ListUsers(context.Context, *core.Actor, codes.UserFilter, core.PageRequest) (core.Page[codes.User], error)
}

// ExportLog keeps the events about exports.
type ExportLog interface {
	// RecordEvents adds events that no other change comes with.
	RecordEvents(ctx context.Context, events ...*event.Event) error
}

// EventReader reads the log of events: [event.Service] does.
type EventReader interface {
	// Newest returns the newest events that a query asks for, or those before a position.
	Newest(ctx context.Context, q event.Query) (event.Page, error)
}

// ExportDeps is what exports need from outside.
type ExportDeps struct {
	Lists   Lists
	Batches *Batches
	Events  EventReader
	Log     ExportLog
	Now     func() time.Time
	Entropy io.Reader // a cryptographic source
}

// Exports reads whole lists, page by page. Each page is a read of its own, so an export whose caller
// is slow holds nothing in the store. It is safe for concurrent use.
type Exports struct {
	lists    Lists
	batches  *Batches
	events   EventReader
	log      ExportLog
	now      func() time.Time
	recorder *event.Recorder
	running  *core.Lane // whole exports
	reading  *core.Lane // pages
}

// NewExports returns the exports of lists.
func NewExports(deps ExportDeps) *Exports {
	return &Exports{
		lists: deps.Lists, batches: deps.Batches, events: deps.Events, log: deps.Log, now: deps.Now,
		recorder: event.NewRecorder(deps.Entropy),
		running:  core.NewLane(ExportsAtOnce, 0, 0),
		reading:  core.NewLane(exportReadsAtOnce, ExportsAtOnce*len(codes.Types()), exportPatience),
	}
}

// Codes returns the pages of a list of codes, newest first. A code that exists throughout is in it
// once. Codes that are made meanwhile come before the pages that are still to be read, so an export
// ends however many there are. Statuses are those of its start.
//
// An error ends the pages. If it comes first, it is one of [codes.Service.ListCodes], or
// KindUnavailable with ReasonOverloaded if too many exports of the workspace are under way.
func (e *Exports) Codes(ctx context.Context, actor *core.Actor, filter codes.CodeFilter) Pages[codes.Code] {
	start := e.instant()
	list := func(filter codes.CodeFilter) Pages[codes.Code] {
		return pagesOf(ctx, e, actor, func(ctx context.Context, page core.PageRequest) (core.Page[codes.Code], error) {
			page.At = start
			return e.lists.ListCodes(ctx, actor, filter, page)
		})
	}
	if filter.Type != "" || filter.Query != "" {
		return inTurn(ctx, e, actor, list(filter))
	}
	// A page of all types reads as much of each, and most of that is thrown away. To read the types
	// apart and merge them here reads everything once.
	var byType []Pages[codes.Code]
	for _, t := range codes.Types() {
		filter.Type = t
		byType = append(byType, list(filter))
	}
	return inTurn(ctx, e, actor, merged(byType, codes.CompareInLists))
}

// CheckSheet refuses codes that are known to be more than a sheet holds. They may still be, if they are
// filtered by status or text, or others are added meanwhile; then the file breaks off.
//
// Errors: KindInvalid with ReasonInvalidParameter.
func (e *Exports) CheckSheet(ctx context.Context, actor *core.Actor, filter codes.CodeFilter) error {
	if filter.Status != "" || filter.Query != "" {
		return nil
	}
	switch tooMany, err := e.lists.HasMoreCodes(ctx, actor, filter, MaxSheetRows); {
	case core.IsKind(err, core.KindUnavailable): // counting so many takes too long now
		return nil
	case err != nil:
		return err
	case tooMany:
		return sheetFull(MaxSheetRows)
	}
	return nil
}

// Redemptions returns the pages of a list of redemptions, newest first, as [Exports.Codes] does.
func (e *Exports) Redemptions(
	ctx context.Context, actor *core.Actor, filter codes.RedemptionFilter,
) Pages[codes.Redemption] {
	return inTurn(ctx, e, actor, pagesOf(ctx, e, actor,
		func(ctx context.Context, page core.PageRequest) (core.Page[codes.Redemption], error) {
			return e.lists.ListRedemptions(ctx, actor, filter, page)
		}))
}

// Users returns the pages of a list of users, in the order of their ids. Users who are registered
// well after its start are left out, so that an export ends however many there are.
func (e *Exports) Users(ctx context.Context, actor *core.Actor, filter codes.UserFilter) Pages[codes.User] {
	late := e.now().Add(lateUsers)
	list := func(ctx context.Context, page core.PageRequest) (core.Page[codes.User], error) {
		found, err := e.lists.ListUsers(ctx, actor, filter, page)
		found.Items = slices.DeleteFunc(found.Items, func(u codes.User) bool { return u.CreatedAt.After(late) })
		return found, err
	}
	return inTurn(ctx, e, actor, pagesOf(ctx, e, actor, list))
}

// Events returns the pages of the events that a query asks for, newest first. Events that are deleted
// meanwhile may be missing.
func (e *Exports) Events(ctx context.Context, actor *core.Actor, q event.Query) Pages[event.Event] {
	q.Workspace, q.Limit = actor.WorkspaceID, event.MaxLimit
	list := func(ctx context.Context, page core.PageRequest) (all core.Page[event.Event], err error) {
		before := q
		if page.Cursor != "" {
			if before.Before, err = strconv.ParseInt(page.Cursor, 10, 64); err != nil {
				return all, err
			}
		}
		found, err := e.events.Newest(ctx, before)
		if all.Items = found.Events; found.Next > found.Oldest {
			all.Next = strconv.FormatInt(found.Next, 10)
		}
		return all, err
	}
	return inTurn(ctx, e, actor, pagesOf(ctx, e, actor, list))
}

// FileName returns the name of the file of an export that starts now.
func (e *Exports) FileName(actor *core.Actor, what, format string) string {
	return what + "-" + actor.Workspace + e.instant().Format("-2006-01-02") + "." + format
}

// Completed records that the whole of an export about a subject was sent.
//
// Errors: KindUnavailable.
func (e *Exports) Completed(
	ctx context.Context, actor *core.Actor, about event.Subject, what, format string, rows int64,
) error {
	completed, err := e.recorder.Of(actor).Make(event.ExportCompleted, e.instant(), about, "",
		event.Data{"what": what, "format": format, "rows": rows})
	if err != nil {
		return err
	}
	return patiently(ctx, func() error { return e.log.RecordEvents(ctx, completed) })
}

// instant is the current time as stores keep it.
func (e *Exports) instant() time.Time { return e.now().UTC().Truncate(time.Microsecond) }
