package bulk

import (
	"encoding/json"
	"fmt"
	"time"

	"accesscodes/internal/bulk/upload"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

// Kinds of jobs that read files of codes. The codes of the second are a batch, which has the id of the
// job. The request that brings the file does the work, while the file arrives.
const (
	KindImport      = job.Kind("import")
	KindImportBatch = job.Kind("import-batch")
)

// importKinds are both.
var importKinds = []job.Kind{KindImport, KindImportBatch}

// FileFormat is the format of a file.
type FileFormat = upload.Format

// IsImport reports whether jobs of a kind read files of codes.
func IsImport(kind job.Kind) bool { return kind == KindImport || kind == KindImportBatch }

// Limits of an import, beside those of its file.
const (
	MaxAtomicLines = 10_000
	maxAtomicBytes = 16 << 20 // of the lines, which are in memory all at once
	// MaxRejectedLines is how many rejected lines are kept, of so many bytes together.
	MaxRejectedLines = 100_000
	maxRejectedBytes = 64 << 20
	// RejectedLife is how long after the request they are kept.
	RejectedLife = 30 * 24 * time.Hour
)

// OnExisting says what becomes of a line whose code the workspace has already.
type OnExisting string

// The values. A code of another workspace always rejects the line.
const (
	FailOnExisting   OnExisting = "fail"   // it is rejected, unless it says what the code is
	SkipOnExisting   OnExisting = "skip"   // it is passed over
	UpdateOnExisting OnExisting = "update" // the code is made what it says
)

// OnExistings lists every value.
func OnExistings() []OnExisting {
	return []OnExisting{FailOnExisting, SkipOnExisting, UpdateOnExisting}
}

// ImportSpec is what an import was asked for. Its JSON is stored with the job, so names stay as they are.
type ImportSpec struct {
	Format     FileFormat
	OnExisting OnExisting
	DryRun     bool   `json:",omitempty"`
	Atomic     bool   `json:",omitempty"`
	Name       string `json:",omitempty"` // of the batch that new codes belong to; empty: none
	Zone       string `json:",omitempty"` // IANA name, for days without a time; empty: UTC
}

// location is the time zone of days without a time; nil: UTC.
func (s *ImportSpec) location() *time.Location {
	zone, err := time.LoadLocation(s.Zone)
	if err != nil { // a node may know fewer zones than the one before
		return nil
	}
	return zone
}

// kind is the kind of the import's job.
func (s *ImportSpec) kind() job.Kind {
	if s.Name != "" && !s.DryRun {
		return KindImportBatch
	}
	return KindImport
}

// Lines says what became of the lines of a file.
type Lines struct {
	Read     int64 // all of these
	Accepted int64 // they made or changed a code, or would
	Skipped  int64 // there is nothing to do
	Rejected int64
}

func (l *Lines) add(more Lines) {
	l.Read += more.Read
	l.Accepted += more.Accepted
	l.Skipped += more.Skipped
	l.Rejected += more.Rejected
}

// importState is how far an import is. Its JSON is the job's cursor.
type importState struct {
	Lines
	Bytes     int64 // of the file, unpacked
	Steps     int64 // that were made; tells one that is made twice
	Made      int64 // codes in the batch, also by earlier tries
	Kept      int64 // rejected lines
	KeptBytes int64
	Layout    *upload.Layout `json:",omitempty"` // of the file of rejected lines; nil: no line was read
	Notes     []string       `json:",omitempty"`
	Noted     []core.Said    `json:",omitempty"` // the notes for other languages
	Reason    core.Reason    `json:",omitempty"` // why it failed, if the file is at fault
	Broken    bool           `json:",omitempty"` // it failed because the file did not arrive: it can be tried again
}

// Import is a file of codes that is read.
type Import struct {
	job.Job
	ImportSpec
	importState
}

// importOf reads a job that reads a file.
func importOf(j job.Job) (Import, error) {
	i := Import{Job: j}
	if err := json.Unmarshal([]byte(j.Spec), &i.ImportSpec); err != nil {
		return Import{}, fmt.Errorf("read what the import %s is: %w", j.ID, err)
	}
	if j.Cursor == "" {
		return i, nil
	}
	if err := json.Unmarshal([]byte(j.Cursor), &i.importState); err != nil {
		return Import{}, fmt.Errorf("read how far the import %s is: %w", j.ID, err)
	}
	return i, nil
}

// store writes how far the import is into its job.
func (i *Import) store() error {
	text, err := json.Marshal(i.importState)
	i.Cursor, i.Done = string(text), i.Read
	return err
}

// BatchID is the id of the batch that new codes belong to; zero: none.
func (i *Import) BatchID() core.ID {
	if i.Kind == KindImportBatch {
		return i.ID
	}
	return core.ID{}
}

// PerSecond is how many lines were read in a second, on average up to an instant.
func (i *Import) PerSecond(now time.Time) int64 { return perSecond(&i.Job, i.Read, now) }

// RejectedUntil is how long the rejected lines are kept.
func (i *Import) RejectedUntil() time.Time { return i.CreatedAt.Add(RejectedLife) }

// end ends the import and returns the event about it; none for a dry run.
func (i *Import) end(status job.Status, failure string, source *event.Source, at time.Time) ([]*event.Event, error) {
	i.End(status, at)
	i.Failure = failure
	if err := i.store(); err != nil || i.DryRun {
		return nil, err
	}
	data := event.Data{
		"status": string(status), "name": event.TextOrNone(i.Name), "lines": i.Read,
		"accepted": i.Accepted, "skipped": i.Skipped, "rejected": i.Rejected,
	}
	e, err := source.Make(event.ImportCompleted, at, event.Thing(event.SubjectImport, i.ID), "", data)
	return []*event.Event{e}, err
}

// batch shows an import whose codes are a batch as such.
func (i *Import) batch() Batch {
	b := Batch{Job: i.Job, BatchSpec: BatchSpec{Name: i.Name, Count: i.Made}, Imported: true}
	b.Done, b.Total = i.Made, i.Made
	return b
}
