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
	// recordPatience is how long an export waits at its end for the event about it to be stored.
	recordPatience = 5 * time.Second
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
	FindCodes(ctx context.Context, actor *core.Actor, values []string) ([]codes.Code, error)
	ListUsers(context.Context, *core.Actor, codes.UserFilter, core.PageRequest) (core.Page[codes.User], error)
}

// ExportLog keeps the events about exports.
type ExportLog interface {
	// RecordEvents adds events that no other change comes with.
	RecordEvents(ctx context.Context, events ...*event.Event) error
}

// EventReader reads the log of events: [event.Service] does.
type EventReader interface {
	// List returns the events that a query asks for, behind a position: the oldest first.
	List(ctx context.Context, q event.Query, wait time.Duration) (event.Page, error)
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

// Listed returns the pages of codes that are listed by their values. Those that there are not are left out.
//
// An error ends the pages. If it comes first, it is one of [codes.Service.FindCodes], or that of
// [Exports.Codes].
func (e *Exports) Listed(ctx context.Context, actor *core.Actor, values []string) Pages[codes.Code] {
	start := e.instant()
	return inTurn(ctx, e, actor, pagesOf(ctx, e, actor,
		func(ctx context.Context, page core.PageRequest) (core.Page[codes.Code], error) {
			from, _ := strconv.Atoi(page.Cursor) // none: from the first on
			end := min(from+page.Limit, len(values))
			found, err := e.lists.FindCodes(ctx, actor, values[from:end])
			shown := core.Page[codes.Code]{Items: found, At: start}
			if end < len(values) {
				shown.Next = strconv.Itoa(end)
			}
			return shown, err
		}))
}

// CheckSheet refuses codes that are known to be more than a sheet holds. They may still be, if no index
// finds what the filter asks for, or others are added meanwhile; then the file breaks off.
//
// Errors: KindInvalid with ReasonInvalidParameter.
func (e *Exports) CheckSheet(ctx context.Context, actor *core.Actor, filter codes.CodeFilter) error {
	if !filter.IsIndexed() {
		return nil
	}
	switch tooMany, err := e.lists.HasMoreCodes(ctx, actor, filter, MaxSheetRows); {
	case core.IsKind(err, core.KindUnavailable): // counting so many takes too long now
		return nil
	case err != nil:
		return err
	case tooMany:
		return SheetFull(MaxSheetRows)
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

// Log returns the pages of the events that a query asks for, oldest first. Events that are deleted meanwhile
// may be missing; it ends with those that there were at its start.
func (e *Exports) Log(ctx context.Context, actor *core.Actor, q event.Query) Pages[event.Event] {
	q.Workspace, q.Limit, q.After = actor.WorkspaceID, event.MaxLimit, 0
	head := int64(0)
	list := func(ctx context.Context, page core.PageRequest) (all core.Page[event.Event], err error) {
		behind := q
		if page.Cursor != "" {
			if behind.After, err = strconv.ParseInt(page.Cursor, 10, 64); err != nil {
				return all, err
			}
		}
		found, err := e.events.List(ctx, behind, 0)
		if core.IsKind(err, core.KindGone) { // what comes next was deleted meanwhile: go on with the oldest
			behind.After = 0
			found, err = e.events.List(ctx, behind, 0)
		}
		if head == 0 {
			head = found.Head
		}
		if all.Items = found.Events; found.Next < head {
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

// BulkRead is what somebody has read in bulk.
type BulkRead struct {
	About        event.Subject // zero: the workspace
	What, Format string        // words for the event
	Rows         int64         // that were sent; if it broke off, at most
	Filters      event.Data    // by which rows were chosen; nil: by none
	UserID       string        // the person whose rows alone were asked for; empty: those of all
	Broken       bool          // it was not sent as a whole
}

// Record records that somebody has read in bulk, also if they have gone meanwhile.
//
// Errors: KindUnavailable.
func (e *Exports) Record(ctx context.Context, actor *core.Actor, read BulkRead) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordPatience)
	defer cancel()
	about, kind := read.About, event.ExportCompleted
	if about == (event.Subject{}) {
		about = event.Thing(event.SubjectWorkspace, actor.WorkspaceID)
	}
	if read.Broken {
		kind = event.ExportInterrupted
	}
	data := event.Data{"what": read.What, "format": read.Format, "rows": read.Rows}
	if len(read.Filters) > 0 {
		data["filters"] = read.Filters
	}
	recorded, err := e.recorder.Of(actor).Make(kind, e.instant(), about, read.UserID, data)
	if err != nil {
		return err
	}
	return patiently(ctx, func() error { return e.log.RecordEvents(ctx, recorded) })
}

// instant is the current time as stores keep it.
func (e *Exports) instant() time.Time { return e.now().UTC().Truncate(time.Microsecond) }
