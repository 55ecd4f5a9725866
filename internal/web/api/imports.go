package api

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"accesscodes/internal/bulk"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
	"accesscodes/internal/web/export"
	"accesscodes/internal/web/kit"
)

// importFormat is the format that a request says its file has.
func importFormat(p *kit.Query, file *kit.Upload) (bulk.FileFormat, error) {
	format := export.Format(p.Text("format"))
	if format == "" {
		for _, format := range tableFormats {
			if slices.Contains(format.MediaTypes(), file.MediaType) {
				return bulk.FileFormat(format), nil
			}
		}
		return "", file.Unsupported("say what the file is: with Content-Type: text/csv or application/x-ndjson, " +
			"or with format=csv or format=ndjson in the address")
	}
	if !slices.Contains(tableFormats, format) {
		p.Fail("format must be " + core.Alternatives(tableFormats))
	}
	return bulk.FileFormat(format), nil
}

// importRequest reads what an import is asked for beside its file.
func importRequest(c *kit.Call, file *kit.Upload) (req bulk.NewImport, err error) {
	p := c.Query()
	req.OnExisting = bulk.FailOnExisting
	if text := p.Text("onExisting"); text != "" {
		if req.OnExisting = bulk.OnExisting(text); !slices.Contains(bulk.OnExistings(), req.OnExisting) {
			p.Fail("onExisting must be " + core.Alternatives(bulk.OnExistings()))
		}
	}
	req.DryRun, req.Atomic, req.Name = p.Truth("dryRun"), p.Truth("atomic"), p.Text("batch")
	req.Format, err = importFormat(p, file)
	if p.Err() != nil {
		err = p.Err()
	}
	if err != nil {
		return req, err
	}
	req.IdempotencyKey, err = idempotencyKey(c)
	return req, err
}

// createImport answers POST /imports. The file is read while it arrives.
func (s *server) createImport(ctx context.Context, c *kit.Call) error {
	file, err := c.Upload()
	if err != nil {
		return err
	}
	imported, replayed, err := s.runImport(ctx, c, file)
	if err != nil || replayed {
		file.Discard()
	}
	if err != nil {
		return err
	}
	c.MarkReplayed(replayed)
	c.Writer.Header()["Location"] = []string{"/imports/" + imported.ID.String()}
	return c.Answer(s.showImport(&imported))
}

func (s *server) runImport(
	ctx context.Context, c *kit.Call, file *kit.Upload,
) (imported bulk.Import, replayed bool, err error) {
	req, err := importRequest(c, file)
	if err != nil {
		return imported, false, err
	}
	req.Body, req.Interrupt, req.Check = file, file.Interrupt, c.AuthenticateAgain
	imported, replayed, err = s.imports.Run(ctx, &c.Actor, req)
	if broken, ok := errors.AsType[*bulk.BrokenUpload](err); ok {
		if errors.Is(broken.Cause, os.ErrDeadlineExceeded) {
			return imported, false, kit.BodyError(broken.Cause)
		}
		return imported, false, &core.Error{
			Kind: core.KindInvalid, Reason: core.ReasonInvalidFile, Detail: imported.Failure, Import: imported.ID,
		}
	}
	return imported, replayed, err
}

// importFields is an import as callers see it.
type importFields struct {
	ID         string          `json:"id" format:"uuid"`
	Status     job.Status      `json:"status" enum:"running,succeeded,failed,canceled"`
	Format     export.Format   `json:"format" enum:"csv,ndjson"`
	OnExisting bulk.OnExisting `json:"onExisting" enum:"fail,skip,update"`
	DryRun     bool            `json:"dryRun" doc:"Nothing is stored; the counts are what would be."`
	Atomic     bool            `json:"atomic" doc:"All lines are stored, or none."`
	BatchID    *string         `json:"batchId" nullable:"true" format:"uuid" doc:"The batch of the new codes."`
	Name       *string         `json:"name" nullable:"true" doc:"Of the batch."`
	Lines      int64           `json:"lines" doc:"Lines read, but for the header and blank ones."`
	Accepted   int64           `json:"accepted" doc:"Lines that made or changed a code."`
	Skipped    int64           `json:"skipped" doc:"Lines for which there was nothing to do."`
	Rejected   int64           `json:"rejected"`
	Bytes      int64           `json:"bytes" doc:"Of the file, unpacked."`
	PerSecond  int64           `json:"perSecond" doc:"Lines, on average since it was started."`
	Notes      []string        `json:"notes" nullable:"false" doc:"What was noticed about the file, in words."`
	CreatedAt  time.Time       `json:"createdAt"`
	FinishedAt *time.Time      `json:"finishedAt" nullable:"true"`
	CreatedBy  *string         `json:"createdBy" nullable:"true" format:"uuid" doc:"The id of the API key."`
	Failure    *string         `json:"failure" nullable:"true" doc:"Why it has failed, in words."`
}

func (s *server) showImport(i *bulk.Import) *importFields {
	shown := &importFields{
		ID: i.ID.String(), Status: i.Status, Format: export.Format(i.ImportSpec.Format), OnExisting: i.OnExisting,
		DryRun: i.DryRun, Atomic: i.Atomic, BatchID: idOrNull(i.BatchID()), Name: orNull(i.ImportSpec.Name),
		Lines: i.Read, Accepted: i.Accepted, Skipped: i.Skipped, Rejected: i.Rejected, Bytes: i.Bytes,
		PerSecond: i.PerSecond(s.imports.Now()), Notes: i.Notes, CreatedAt: i.CreatedAt, FinishedAt: i.FinishedAt,
		CreatedBy: idOrNull(i.Actor.ID), Failure: orNull(i.Failure),
	}
	if shown.Notes == nil {
		shown.Notes = []string{}
	}
	return shown
}

// listImports answers GET /imports.
func (s *server) listImports(ctx context.Context, c *kit.Call) error {
	p := c.Query()
	request := p.Page()
	if p.Err() != nil {
		return p.Err()
	}
	page, err := s.imports.List(ctx, &c.Actor, request)
	if err != nil {
		return err
	}
	return kit.AnswerList(c, page, s.showImport)
}

// importInPath is the id of an import in the path.
func importInPath(c *kit.Call) (core.ID, error) {
	missing := bulk.ImportNotFound()
	return c.PathID("id", missing.Reason, missing.Detail)
}

// getImport answers GET /imports/{id}.
func (s *server) getImport(ctx context.Context, c *kit.Call) error {
	id, err := importInPath(c)
	if err != nil {
		return err
	}
	imported, err := s.imports.Import(ctx, &c.Actor, id)
	if err != nil {
		return err
	}
	return c.Answer(s.showImport(&imported))
}

// cancelImport answers POST /imports/{id}/cancel.
func (s *server) cancelImport(ctx context.Context, c *kit.Call) error {
	if err := c.Decode(new(nothing)); err != nil {
		return err
	}
	id, err := importInPath(c)
	if err != nil {
		return err
	}
	imported, err := s.imports.Cancel(ctx, &c.Actor, id)
	if err != nil {
		return err
	}
	return c.Answer(s.showImport(&imported))
}

// downloadRejected answers GET /imports/{id}/rejected.
func (s *server) downloadRejected(ctx context.Context, c *kit.Call) error {
	id, err := importInPath(c)
	if err != nil {
		return err
	}
	rejected := export.Rejected{
		Import: id, Name: id.String(), Again: c.AuthenticateAgain,
		Words: func(line *bulk.RejectedLine) string { return line.Detail },
	}
	return rejected.Send(ctx, s.imports, s.exports, c)
}
