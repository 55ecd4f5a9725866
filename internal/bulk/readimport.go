package bulk

import (
	"context"
	"io"

	"accesscodes/internal/bulk/upload"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

// rejectedPage is how many rejected lines are in memory, each of up to 64 KiB.
const rejectedPage = 16

// ImportNotFound returns the error about an import that there is not.
func ImportNotFound() *core.Error {
	return core.NotFound(core.ReasonImportNotFound, "there is no such import in this workspace")
}

// Import returns an import.
//
// Errors: KindNotFound with ReasonImportNotFound; KindUnavailable.
func (s *Imports) Import(ctx context.Context, actor *core.Actor, id core.ID) (Import, error) {
	j, err := s.sight.find(ctx, actor, id, ImportNotFound(), importKinds)
	if err != nil {
		return Import{}, err
	}
	return importOf(j)
}

// List returns a page of imports, newest first.
//
// Errors: KindInvalid with ReasonInvalidParameter or ReasonInvalidCursor; KindUnavailable.
func (s *Imports) List(ctx context.Context, actor *core.Actor, page core.PageRequest) (core.Page[Import], error) {
	leave, err := s.sight.lane.Enter(ctx, actor.WorkspaceID)
	if err != nil {
		return core.Page[Import]{}, err
	}
	defer leave()
	return listed(ctx, &s.sight, actor, page, "imports", importKinds, importOf)
}

// Cancel ends an import. What is accepted stays. Canceling twice changes nothing.
//
// Errors: those of [Imports.Import]; KindConflict with ReasonImportFinished.
func (s *Imports) Cancel(ctx context.Context, actor *core.Actor, id core.ID) (Import, error) {
	i, err := s.Import(ctx, actor, id)
	if err != nil {
		return Import{}, err
	}
	source, now := s.recorder.Of(actor), s.Now()
	j, err := s.Jobs.ChangeJob(ctx, i.WorkspaceID, id, i.Kind, func(j *job.Job) ([]*event.Event, error) {
		switch {
		case j.Status == job.Canceled:
			return nil, nil
		case j.IsEnded():
			return nil, core.Conflict(core.ReasonImportFinished, "the import has ended already: its status is "+string(j.Status))
		}
		return endImport(j, job.Canceled, "", source, now)
	})
	if err != nil {
		return Import{}, err
	}
	return importOf(j)
}

// Rejected writes the file of an import's rejected lines: begin is called when it begins, and returns
// where to write. words says of a line why it is rejected; nil: its detail does.
//
// Errors: those of [Imports.Import]; KindGone with ReasonRejectedLinesExpired; KindUnavailable with
// ReasonOverloaded if too many of these files are read; those of writing.
func (s *Imports) Rejected(
	ctx context.Context, actor *core.Actor, id core.ID, words func(*RejectedLine) string,
	begin func() (to io.Writer, flush func() error),
) error {
	leave, err := s.reading.Enter(ctx, actor.WorkspaceID)
	if err != nil {
		return err
	}
	defer leave()
	i, err := s.Import(ctx, actor, id)
	if err != nil {
		return err
	}
	if !s.Now().Before(i.RejectedUntil()) {
		return &core.Error{
			Kind: core.KindGone, Reason: core.ReasonRejectedLinesExpired, Import: i.ID,
			Detail: "rejected lines are kept for 30 days; send the file again to see them",
		}
	}
	layout := upload.Layout{Names: []string{"code"}, Separator: ','} // of a file of which no line was read
	if i.Layout != nil {
		layout = *i.Layout
	}
	var file *upload.RejectWriter
	flush := func() error { return nil }
	for from := int64(0); ; from += rejectedPage {
		page, err := s.Store.RejectedLines(ctx, i.WorkspaceID, i.ID, from, rejectedPage)
		if err != nil {
			return err
		}
		if file == nil {
			var to io.Writer
			to, flush = begin()
			file = upload.NewRejectWriter(to, layout)
		}
		for n := range page {
			line := &page[n]
			detail := line.Detail
			if words != nil {
				detail = words(line)
			}
			err := file.Write(upload.Rejected{
				Line: int(line.Line), Raw: string(line.Raw), Reason: line.Reason, Detail: detail,
			})
			if err != nil {
				return err
			}
		}
		if len(page) < rejectedPage {
			return file.Close()
		}
		if err := flush(); err != nil {
			return err
		}
	}
}

// FirstRejected shows the first rejected lines of an import, at most so many, as long as they are kept.
// What show gets is valid until it returns.
//
// Errors: those of [Imports.Import].
func (s *Imports) FirstRejected(
	ctx context.Context, actor *core.Actor, id core.ID, most int64, show func(*RejectedLine),
) error {
	i, err := s.Import(ctx, actor, id)
	if err != nil {
		return err
	}
	for from := int64(0); from < min(i.Kept, most); from += rejectedPage {
		page, err := s.Store.RejectedLines(ctx, i.WorkspaceID, i.ID, from, int(min(rejectedPage, most-from)))
		if err != nil {
			return err
		}
		for n := range page {
			show(&page[n])
		}
	}
	return nil
}

// Prune deletes rejected lines that are no longer kept. It returns when nothing is left.
func (s *Imports) Prune(ctx context.Context) error {
	below := core.FirstID(s.Now().Add(-RejectedLife))
	for {
		pruned, err := s.Store.PruneRejected(ctx, below)
		if err != nil || pruned == 0 {
			return err
		}
	}
}
