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

// KindBatch is the kind of jobs that make batches.
const KindBatch = job.Kind("batch")

// Limits of a batch.
const (
	MaxBatchCodes      = 10_000_000
	MaxBatchNameLength = 200 // characters
	// MinValuesPerCode is how many free values the format must have for each code, so that the codes
	// cannot be guessed.
	MinValuesPerCode = 1000
)

// Batch is many codes made by one request.
type Batch struct {
	job.Job
	BatchSpec
	// Redeemed is how many of its codes have been redeemed; nil: counting them takes too long.
	Redeemed *int64
	Revoked  *int64 // how many are revoked; nil as Redeemed
	Left     *int64 // how many are not deleted; nil as Redeemed
	// Imported: the codes come from a file, each with a type and options of its own, and in no format.
	Imported bool
}

// BatchSpec is what a batch is made of. Its JSON is stored with the job, so names stay as they are.
type BatchSpec struct {
	Name    string
	Count   int64
	Type    codes.Type
	Options codes.Options
	Format  core.Format
}

// NewBatch asks for a batch.
type NewBatch struct {
	codes.IssueRequest
	Name   string
	Count  int64
	Format FormatChoice
}

// FormatChoice is a format in which the workspace's own fills in what is nil.
type FormatChoice struct {
	Prefix              *string
	Groups, GroupLength *int64
}

// of completes the format.
func (f FormatChoice) of(own core.Format) core.Format {
	core.Set(&own.Prefix, f.Prefix)
	if f.Groups != nil {
		own.Groups = clamped(*f.Groups)
	}
	if f.GroupLength != nil {
		own.GroupLength = clamped(*f.GroupLength)
	}
	return own
}

// clamped returns a number as an int. What is far outside of every limit stays outside.
func clamped(n int64) int { return int(min(max(n, -1), 1000)) }

// batchKinds are the kinds of jobs that make batches.
var batchKinds = []job.Kind{KindBatch, KindImportBatch}

// batchOf reads a job that makes a batch.
func batchOf(j job.Job) (Batch, error) {
	if j.Kind == KindImportBatch {
		i, err := importOf(j)
		return i.batch(), err
	}
	b := Batch{Job: j}
	if err := json.Unmarshal([]byte(j.Spec), &b.BatchSpec); err != nil {
		return Batch{}, fmt.Errorf("read what the batch %s is made of: %w", j.ID, err)
	}
	return b, nil
}

// code is what all codes of the batch have in common.
func (b *Batch) code(now time.Time) (c codes.Code) {
	b.Options.ApplyTo(&c)
	c.WorkspaceID, c.Type, c.BatchID = b.WorkspaceID, b.Type, b.ID
	c.CreatedAt, c.CreatedBy = now, b.Actor.ID
	return c
}

// PerSecond is how many codes were made in a second, on average up to an instant.
func (b *Batch) PerSecond(now time.Time) int64 { return perSecond(&b.Job, b.Done, now) }

// perSecond is how much of a job was done in a second, on average up to an instant.
func perSecond(j *job.Job, done int64, now time.Time) int64 {
	if j.StartedAt == nil {
		return 0
	}
	if j.FinishedAt != nil {
		now = *j.FinishedAt
	}
	// Both times are of different clocks: the database's and a node's.
	return int64(float64(done) / max(now.Sub(*j.StartedAt).Seconds(), 0.001))
}

// event returns an event about the batch. It names none of its codes.
func (b *Batch) event(source *event.Source, t event.Type, at time.Time) ([]*event.Event, error) {
	data := event.Data{"name": event.TextOrNone(b.Name), "count": b.Count}
	switch t {
	case event.BatchCreated:
		data["type"] = string(b.Type)
		data["maxRedemptions"] = event.NumberOrNone(b.Options.MaxRedemptions.Max)
		data["startsAt"] = event.TimeOrNone(b.Options.StartsAt)
		data["expiresAt"] = event.TimeOrNone(b.Options.ExpiresAt)
	case event.BatchFailed:
		data["done"], data["failure"] = b.Done, b.Failure
	case event.BatchCanceled:
		data["done"] = b.Done
	}
	e, err := source.Make(t, at, event.Thing(event.SubjectBatch, b.ID), "", data)
	return []*event.Event{e}, err
}
