package console

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/a-h/templ"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/web/export"
)

func (s *server) batchRoutes() []Route {
	routes := []Route{
		get("/batches", core.PermissionFollow, s.listBatches),
		get("/batches/{id}", core.PermissionFollow, s.showBatch),
		post("/batches/{id}/cancel", core.PermissionIssue, s.cancelBatch),
	}
	for _, format := range export.Formats() {
		routes = append(routes, get("/batches/{id}/codes."+string(format), core.PermissionExport,
			func(ctx context.Context, p *page) error { return s.downloadBatch(ctx, p, format) }).streams())
	}
	return routes
}

// listBatches answers GET /console/w/{workspace}/batches.
func (s *server) listBatches(ctx context.Context, p *page) error {
	list, err := s.deps.Batches.List(ctx, &p.Actor, core.PageRequest{Cursor: p.query("cursor")})
	if err != nil {
		return err
	}
	return p.show(ctx, batchesPage(p, list))
}

// batchView is what the page of a batch shows.
type batchView struct {
	batch *bulk.Batch
	like  codes.Code // what its codes have in common
	first []codes.Code
	done  []bulk.Change // to many of its codes
	guess *guess        // nil: its codes were not drawn
}

// sampleSize is how many codes of a batch its page shows.
const sampleSize = 6

func (s *server) batchInPath(ctx context.Context, p *page) (bulk.Batch, error) {
	missing := bulk.BatchNotFound()
	id, err := p.PathID("id", missing.Reason, missing.Detail)
	if err != nil {
		return bulk.Batch{}, err
	}
	return s.deps.Batches.Batch(ctx, &p.Actor, id)
}

// showBatch answers GET /console/w/{workspace}/batches/{id}.
func (s *server) showBatch(ctx context.Context, p *page) error {
	batch, err := s.batchInPath(ctx, p)
	if err != nil {
		return err
	}
	if batch.IsEnded() {
		p.reloadPoll()
	}
	v := &batchView{batch: &batch}
	if !batch.Imported {
		v.guess = s.guess(batch.Format, batch.Done)
	}
	batch.Options.ApplyTo(&v.like)
	if p.may(core.PermissionRead) {
		if v.first, err = s.deps.Batches.First(ctx, &p.Actor, batch.ID, sampleSize); err != nil {
			return err
		}
		if v.done, err = s.deps.Changes.OfBatch(ctx, &p.Actor, batch.ID); err != nil {
			return err
		}
	}
	return p.show(ctx, batchPage(p, v))
}

// cancelBatch answers POST /console/w/{workspace}/batches/{id}/cancel.
func (s *server) cancelBatch(ctx context.Context, p *page) error {
	batch, err := s.batchInPath(ctx, p)
	if err != nil {
		return err
	}
	_, err = s.deps.Batches.Cancel(ctx, &p.Actor, batch.ID)
	if err := p.sayStopped(err, core.ReasonBatchFinished); err != nil {
		return err
	}
	return p.see(p.link("batches", batch.ID.String()))
}

// downloadBatch answers GET /console/w/{workspace}/batches/{id}/codes.csv and so on.
func (s *server) downloadBatch(ctx context.Context, p *page, format export.Format) error {
	batch, err := s.batchInPath(ctx, p)
	if err != nil {
		return err
	}
	if format == export.XLSX && batch.Total > bulk.MaxSheetRows {
		return bulk.SheetFull(bulk.MaxSheetRows)
	}
	return download(ctx, p, export.Export[codes.Code]{
		About: event.Thing(event.SubjectBatch, batch.ID), What: "batch", Name: fileName(&batch), Format: format,
		Pages: s.deps.Exports.FollowBatch(ctx, &p.Actor, batch.ID), Table: export.BatchTable(format),
	})
}

// fileName is how the names of files of a batch begin.
func fileName(b *bulk.Batch) string {
	if b.Name == "" {
		return "batch-" + b.ID.String()
	}
	return b.Name
}

// download sends an export as long as the person may have it.
func download[T any](ctx context.Context, p *page, e export.Export[T]) error {
	if err := e.Format.CheckProtocol(p.Call); err != nil {
		return err
	}
	e.Again = p.stillMay
	p.Writer.Header().Set("Referrer-Policy", "no-referrer")
	return export.Send(ctx, p.server.deps.Exports, p.Call, e)
}

// stillMay returns an error if the session has ended meanwhile, or does not allow what is under way any more.
func (p *page) stillMay(ctx context.Context) error {
	call := *p.Call
	again := p.server.newPage(p.route, &call) // p is read by what is under way
	if err := again.identify(ctx); err != nil {
		return err
	}
	return again.enter()
}

// query is a parameter of the address.
func (p *page) query(name string) string { return strings.TrimSpace(p.Request.URL.Query().Get(name)) }

// isPart reports whether htmx asks for a part of the page that it shows already.
func (p *page) isPart() bool { return p.Request.Header.Get("HX-Request") != "" && !p.isDialog() }

// reloadPoll ends the polling of a job that has ended: what else the page shows has changed with it.
func (p *page) reloadPoll() {
	if p.isPart() {
		p.Writer.Header().Set("HX-Refresh", "true")
	}
}

// pollIf are the attributes of a part of a page that is loaded again now and then while something goes on.
func (p *page) pollIf(goesOn bool, every, part, address string) templ.Attributes {
	if !goesOn {
		return nil
	}
	return p.hx("get", address, "trigger", "every "+every, "select", part, "target", part, "swap", "outerHTML",
		"select-oob", "#making")
}

// batchName is a batch's name.
func (p *page) batchName(b *bulk.Batch) string {
	if b.Name == "" {
		return p.Say("batch.unnamed")
	}
	return b.Name
}

// typeOf is the type of a batch's codes.
func (p *page) typeOf(b *bulk.Batch) string {
	if b.Imported {
		return p.Say("batch.imported")
	}
	return p.Say("type." + string(b.Type))
}

// redeemedOf is how many codes of a batch have been redeemed; nothing if counting took too long.
func (p *page) redeemedOf(b *bulk.Batch) string {
	if b.Redeemed == nil {
		return "–"
	}
	return p.Number(*b.Redeemed)
}

// leftOf says what has become of all codes of a batch, or that some are not there any more; empty: nothing that
// is to be said, or counting took too long.
func (p *page) leftOf(b *bulk.Batch) string {
	if !b.IsEnded() || b.Done == 0 || b.Left == nil || b.Revoked == nil {
		return ""
	}
	var sentences []string
	switch deleted := b.Done - *b.Left; {
	case *b.Left == 0:
		return p.Say("batch.all_deleted", "count", b.Done)
	case deleted > 0:
		sentences = append(sentences, p.Say("batch.left", "count", *b.Left, "deleted", deleted))
	}
	if *b.Revoked == *b.Left {
		sentences = append(sentences, p.Say("batch.all_revoked", "count", *b.Left))
	}
	return strings.Join(sentences, " ")
}

// about is what a batch is, as a sentence.
func (v *batchView) about(p *page) string {
	if v.batch.Imported {
		return p.Say("batch.about_imported", "count", v.batch.Done)
	}
	parts := []string{p.Say("batch.about", "count", v.batch.Count, "type", p.typeOf(v.batch))}
	if v.like.MaxRedemptions == nil {
		parts = append(parts, p.Say("batch.uses_any"))
	} else {
		parts = append(parts, p.Say("batch.uses", "count", *v.like.MaxRedemptions))
	}
	if v.like.StartsAt != nil {
		parts = append(parts, p.Say("batch.from", "time", p.Full(*v.like.StartsAt)))
	}
	if v.like.ExpiresAt != nil {
		parts = append(parts, p.Say("batch.until", "time", p.Full(*v.like.ExpiresAt)))
	}
	return strings.Join(parts, ", ") + "."
}

// timeLeft is how long a job still takes at its pace; zero: nobody knows.
func timeLeft(done, total, perSecond int64) time.Duration {
	if perSecond <= 0 || done >= total {
		return 0
	}
	return time.Duration(math.Ceil(float64(total-done)/float64(perSecond))) * time.Second
}

// canSheet reports whether one sheet of a workbook holds all codes.
func (v *batchView) canSheet() bool { return v.batch.Total <= bulk.MaxSheetRows }

// formatOf is the format of a batch's codes.
func (v *batchView) formatOf() string { return strings.ReplaceAll(v.batch.Format.String(), "X", "·") }
