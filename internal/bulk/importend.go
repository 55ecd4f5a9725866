package bulk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"accesscodes/internal/bulk/upload"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

// finish counts the lines of a step, keeps those that are rejected, and ends the import with its file.
func (r *importRun) finish(j *job.Job, set *ImportSet, end error, rejects Rejects) ([]*event.Event, error) {
	i, err := importOf(*j)
	if err != nil {
		return nil, err
	}
	if i.Steps != r.i.Steps {
		return nil, errMoved
	}
	if i.Layout == nil {
		i.Layout = r.feed.layout.Load()
	}
	lines := set.count()
	if i.Atomic && (lines.Rejected > 0 || !errors.Is(end, io.EOF)) {
		lines.Accepted, lines.Skipped = 0, 0
	}
	i.Steps++
	i.Lines.add(lines)
	i.Bytes = r.feed.read.Load()
	if i.Kind == KindImportBatch && lines.Accepted > 0 {
		i.Made += set.made
	}
	if err := rejects.Keep(i.keep(set)); err != nil {
		return nil, err
	}
	var events []*event.Event
	if end == nil {
		err = i.store()
	} else {
		i.note(r.notes)
		events, err = i.endWith(end, r.source, r.Now())
	}
	*j = i.Job
	return events, err
}

// keep returns the rejected lines of a set to keep, and counts them.
func (i *Import) keep(set *ImportSet) (kept []RejectedLine) {
	for _, line := range set.lines {
		if line.outcome == nil {
			continue
		}
		if i.Kept >= MaxRejectedLines || i.KeptBytes+int64(len(line.raw)) > maxRejectedBytes {
			break
		}
		kept = append(kept, RejectedLine{
			WorkspaceID: i.WorkspaceID, ImportID: i.ID, Number: i.Kept, Line: int64(line.number),
			Raw: []byte(line.raw), Reason: line.outcome.Reason, Detail: line.outcome.Detail,
			Said: core.WriteFieldErrors(line.outcome.Fields),
		})
		i.Kept++
		i.KeptBytes += int64(len(line.raw))
	}
	return kept
}

// endWith ends the import with what ended its file.
func (i *Import) endWith(end error, source *event.Source, at time.Time) ([]*event.Event, error) {
	fault, isFault := errors.AsType[*upload.FileError](end)
	switch {
	case isFault:
		i.Reason = fault.Reason
		i.say(fault.Said)
		return i.end(job.Failed, fault.Detail+i.stays(), source, at)
	case !errors.Is(end, io.EOF):
		i.Broken = true
		return i.end(job.Failed, i.brokeOff(uploadBrokeOff), source, at)
	case i.Atomic && i.Rejected > 0:
		i.say(notWhole.With("count", i.Rejected))
		const mend = "; mend what was rejected and send the file again"
		return i.end(job.Failed, fmt.Sprintf("%s rejected, so nothing is stored%s", theLines(i.Rejected), mend), source, at)
	default:
		return i.end(job.Succeeded, "", source, at)
	}
}

func theLines(count int64) string {
	if count == 1 {
		return "1 line is"
	}
	return fmt.Sprintf("%d lines are", count)
}

// stays says what an import that has failed leaves.
func (i *Import) stays() string {
	switch {
	case i.DryRun || i.Atomic || i.Accepted == 0:
		return ""
	case i.Accepted == 1:
		return "; 1 line was accepted before, and its code stays"
	default:
		return fmt.Sprintf("; %d lines were accepted before, and their codes stay", i.Accepted)
	}
}

// brokeOff says why an import has failed of which the file can be sent again.
func (i *Import) brokeOff(why core.Sentence) string {
	said := why.With("count", i.Read)
	i.say(said)
	return fmt.Sprintf("%s after %d lines%s; send the same file again", said.Detail, i.Read, i.stays())
}

// say keeps for other languages why the import has failed, and what it leaves.
func (i *Import) say(why core.Said) {
	all := []core.FieldError{why.At("")}
	if !i.DryRun && !i.Atomic && i.Accepted > 0 {
		all = append(all, linesStay.With("count", i.Accepted).At(""))
	}
	if i.Broken {
		all = append(all, sendAgain.Said().At(""))
	}
	i.FailureSaid = core.WriteFieldErrors(all)
}

// note keeps what was noticed about the file.
func (i *Import) note(notes []core.Said) {
	i.Notes, i.Noted = nil, nil
	for _, note := range notes {
		i.Notes, i.Noted = append(i.Notes, note.Detail), append(i.Noted, note)
	}
}

// about adds to an error the import that it is about.
func (r *importRun) about(err error) error {
	known := *core.AsError(err)
	known.Import = r.i.ID
	return &known
}

// abandon ends an import that cannot go on, and returns why. What cannot be stored now, the runner stores
// when the lease is over.
func (r *importRun) abandon(ctx context.Context, why error) error {
	ctx, cancel := context.WithTimeout(ctx, saveTime)
	defer cancel()
	reason := couldNotGoOn
	switch known := core.AsError(why); known.Kind {
	case core.KindUnavailable:
		reason = databaseAway
	case core.KindUnauthenticated, core.KindForbidden:
		reason = rightLost
	}
	_, _ = r.Jobs.StepJob(ctx, r.lease, func(j *job.Job) ([]*event.Event, error) {
		return endBroken(j, reason, r.source, r.Now())
	})
	return r.about(why)
}

// endBroken ends a job whose file can be sent again.
func endBroken(j *job.Job, why core.Sentence, source *event.Source, at time.Time) ([]*event.Event, error) {
	i, err := importOf(*j)
	if err != nil {
		return nil, err
	}
	i.Broken = true
	events, err := i.end(job.Failed, i.brokeOff(why), source, at)
	*j = i.Job
	return events, err
}

// endImport ends a job that reads a file.
func endImport(
	j *job.Job, status job.Status, failure string, source *event.Source, at time.Time,
) ([]*event.Event, error) {
	i, err := importOf(*j)
	if err != nil {
		return nil, err
	}
	events, err := i.end(status, failure, source, at)
	*j = i.Job
	return events, err
}

// lost answers a request whose import was ended by somebody else.
func (r *importRun) lost(ctx context.Context) (Import, error) {
	j, err := r.Jobs.Job(ctx, r.i.WorkspaceID, r.i.ID, importKinds...)
	if err != nil {
		return r.i, r.about(err)
	}
	i, err := importOf(j)
	if err == nil && i.Status != job.Canceled {
		err = r.about(core.Unavailable(job.ErrLeaseLost))
	}
	return i, err
}
