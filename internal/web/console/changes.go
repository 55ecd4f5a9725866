package console

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"accesscodes/internal/bulk"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
)

func (s *server) changesRoutes() []Route {
	return []Route{
		post("/changes/preview", core.PermissionManage, s.previewChange),
		post("/changes", core.PermissionManage, s.makeChange),
		get("/changes/{id}", core.PermissionRead, s.showChange),
		post("/changes/{id}/cancel", core.PermissionManage, s.cancelChange),
		post("/changes/{id}/undo", core.PermissionManage, s.undoChange),
	}
}

// What can be done to many codes.
const (
	actRevoke  = "revoke"
	actRestore = "restore"
	actExtend  = "extend"
	actDelete  = "delete"
)

var changeActs = []string{actRevoke, actRestore, actExtend, actDelete}

// changeView is what a page shows that asks whether codes shall be changed.
type changeView struct {
	form   *form
	do     string
	retry  string // keeps the change from being made twice
	filter codesFilter
	codes  []string // that were picked; none: those of the filter
	batch  string   // its name, if all codes of a batch are changed
	try    *bulk.DryRun
}

// defaultExtension is how much longer codes are valid unless somebody says until when.
const defaultExtension = 30 * 24 * time.Hour

// readChange reads what shall be done to which codes.
func (s *server) readChange(ctx context.Context, p *page, f *form) (*changeView, error) {
	v := &changeView{form: f, do: f.get("do"), retry: f.get("retry")}
	if !slices.Contains(changeActs, v.do) {
		return nil, core.WrongParameter(noSuchChoice.Said())
	}
	v.codes, v.filter = f.picked()
	if v.do == actExtend {
		f.set("until", s.endNow(ctx, p, v).Add(defaultExtension).In(p.Zone()).Format(time.DateOnly))
	}
	return v, nil
}

// picked are the codes that were picked; none: those that the filter finds.
func (f *form) picked() (codes []string, filter codesFilter) {
	if codes = f.all("code"); len(codes) > 0 && !f.ticked("all") {
		return codes, codesFilter{}
	}
	return nil, f.codesFilter()
}

// endNow is when the codes of a batch end, as far as it says and that is to come; else it is now.
func (s *server) endNow(ctx context.Context, p *page, v *changeView) time.Time {
	id, err := core.ParseID(v.filter.batch)
	if err != nil {
		return p.Now()
	}
	batch, err := s.deps.Batches.One(ctx, &p.Actor, id)
	if err != nil || batch.Options.ExpiresAt == nil || batch.Options.ExpiresAt.Before(p.Now()) {
		return p.Now()
	}
	return *batch.Options.ExpiresAt
}

// request is what the service is asked for.
func (v *changeView) request(p *page) (req bulk.NewChange, err error) {
	req.IdempotencyKey = v.retry
	if len(v.codes) > 0 {
		req.Codes = v.codes
	} else if req.Filter, err = v.filter.read(p); err != nil {
		return req, err
	}
	switch v.do {
	case actRevoke:
		req.Do.Revoke, req.RollBack = true, v.form.ticked("rollBack")
	case actRestore:
		req.Do.Restore = true
	case actDelete:
		req.Do.Delete = true
	case actExtend:
		end := v.form.endOfDay("until")
		if end == nil {
			v.form.complain("until", "form.no_time")
			return req, core.WrongParameter(dateMissing.Said())
		}
		req.Do.Extend = end
	}
	return req, nil
}

// endOfDay reads a field of a date: the last second of that day in the viewer's zone. Empty: nil.
func (f *form) endOfDay(name string) *time.Time {
	at := f.instant(name)
	if at == nil || len(f.get(name)) != len(time.DateOnly) {
		return at
	}
	end := at.AddDate(0, 0, 1).Add(-time.Second)
	return &end
}

// previewChange answers POST /console/w/{workspace}/changes/preview: it shows what would be done.
func (s *server) previewChange(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	if f.get("do") == doExport {
		return s.askToExport(ctx, p, f)
	}
	v, err := s.readChange(ctx, p, f)
	if err != nil {
		return err
	}
	if len(v.codes) == 0 && v.filter.isEmpty() {
		return p.show(ctx, nothingPickedPage(p))
	}
	v.retry = rand.Text()
	return s.askToChange(ctx, p, http.StatusOK, v)
}

// askToChange shows what a change would do, as far as its form is good.
func (s *server) askToChange(ctx context.Context, p *page, status int, v *changeView) error {
	if v.filter.batch != "" {
		id, err := core.ParseID(v.filter.batch)
		if err != nil {
			return bulk.BatchNotFound()
		}
		batch, err := s.deps.Batches.One(ctx, &p.Actor, id)
		if err != nil {
			return err
		}
		v.batch = p.batchName(&batch)
	}
	req, err := v.request(p)
	if err == nil {
		var tried bulk.DryRun
		if tried, err = s.deps.Changes.Try(ctx, &p.Actor, req); err == nil {
			v.try = &tried
		}
	}
	if err != nil {
		if !v.take(err) {
			return err
		}
		status = http.StatusUnprocessableEntity
	}
	return p.showWith(ctx, status, changePage(p, v))
}

// take shows what a person can mend beside the field that is wrong.
func (v *changeView) take(err error) bool {
	if len(v.form.wrong) > 0 {
		return true
	}
	if !v.form.take(err) {
		return false
	}
	if wrong := v.form.wrong["do.extend.expiresAt"]; wrong != "" {
		v.form.wrong["until"] = wrong
	}
	return true
}

// promptly is how long an answer waits for a change: a small one has ended then.
const promptly = 300 * time.Millisecond

// makeChange answers POST /console/w/{workspace}/changes.
func (s *server) makeChange(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	v, err := s.readChange(ctx, p, f)
	if err != nil {
		return err
	}
	f.explain()
	req, err := v.request(p)
	var c bulk.Change
	if err == nil {
		c, _, err = s.deps.Changes.Create(ctx, &p.Actor, req)
	}
	if err != nil {
		if !v.take(err) {
			return err
		}
		return s.askToChange(ctx, p, http.StatusUnprocessableEntity, v)
	}
	back := localPath(f.raw("back"))
	return s.followChange(ctx, p, &c, back, back)
}

// await looks at a change until it has ended, but no longer than a moment.
func (s *server) await(ctx context.Context, p *page, c *bulk.Change) (err error) {
	late := time.NewTimer(promptly)
	defer late.Stop()
	for !c.IsEnded() && err == nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
			return nil
		case <-time.After(promptly / 20):
		}
		*c, err = s.deps.Changes.Change(ctx, &p.Actor, c.ID)
	}
	return err
}

// followChange waits a moment for a change. One that has ended is said on the page to go back to; any
// other one has a page of its own. undone is the page to go to when it was taken back.
func (s *server) followChange(ctx context.Context, p *page, c *bulk.Change, back, undone string) error {
	if err := s.await(ctx, p, c); err != nil {
		return err
	}
	if !c.IsEnded() || c.Status != job.Succeeded {
		return p.see(p.link("changes", c.ID.String()))
	}
	count, undo := c.Changed, ""
	if counts, _ := c.Undoing(); counts != nil {
		count = counts.Changed
	} else if c.UndoableUntil() != nil && count > 0 {
		undo = p.path("changes", c.ID.String(), "undo")
	}
	if back == "" {
		back = p.path("changes", c.ID.String())
	} else if there := string(with(undo, "back", undone)); undo != "" && len(there) < maxUndo {
		undo = there // from further down the list, the way back is to the page of the change
	}
	p.sayNext("changes.said."+said(c), undo, "count", strconv.FormatInt(count, 10))
	return p.see(templ.SafeURL(back))
}

// showChange answers GET /console/w/{workspace}/changes/{id}: how far a change is.
func (s *server) showChange(ctx context.Context, p *page) error {
	c, err := s.changeInPath(ctx, p)
	if err != nil {
		return err
	}
	if c.IsEnded() {
		p.reloadPoll()
	}
	return p.show(ctx, progressPage(p, &c))
}

func (s *server) changeInPath(ctx context.Context, p *page) (bulk.Change, error) {
	id, err := p.PathID("id", core.ReasonChangeNotFound, "there is no such change in this workspace")
	if err != nil {
		return bulk.Change{}, err
	}
	return s.deps.Changes.Change(ctx, &p.Actor, id)
}

// cancelChange answers POST /console/w/{workspace}/changes/{id}/cancel.
func (s *server) cancelChange(ctx context.Context, p *page) error {
	c, err := s.changeInPath(ctx, p)
	if err != nil {
		return err
	}
	_, err = s.deps.Changes.Cancel(ctx, &p.Actor, c.ID)
	if err := p.sayStopped(err, core.ReasonChangeFinished); err != nil {
		return err
	}
	return p.see(p.link("changes", c.ID.String()))
}

// undoChange answers POST /console/w/{workspace}/changes/{id}/undo.
func (s *server) undoChange(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	c, err := s.changeInPath(ctx, p)
	if err != nil {
		return err
	}
	if c, err = s.deps.Changes.Undo(ctx, &p.Actor, c.ID); err != nil {
		return err
	}
	back := localPath(f.raw("back"))
	return s.followChange(ctx, p, &c, back, back)
}

// previewAgain has the numbers of a preview follow a field.
func (p *page) previewAgain() templ.Attributes {
	return p.hx("post", p.path("changes", "preview"), "trigger", "change", "include", "closest form",
		"select", "#effects", "target", "#effects", "swap", "outerHTML", "select-oob", "#do")
}
