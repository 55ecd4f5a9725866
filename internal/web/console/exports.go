package console

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/web/export"
)

func (s *server) exportRoutes() []Route {
	return []Route{
		get("/exports", core.PermissionExport, s.showExports),
		get("/exports/codes", core.PermissionExport, s.exportCodes).streams(),
		post("/exports/selection", core.PermissionExport, s.exportSelection).streams(),
		get("/exports/redemptions", core.PermissionExport, s.exportRedemptions).streams(),
		get("/exports/users", core.PermissionExport, s.exportUsers).streams(),
		get("/exports/events", core.PermissionExport, s.exportEvents).streams(),
	}
}

// exportsView is what the page shows on which a list to export is chosen.
type exportsView struct {
	what string // the list whose form was sent
	form *form
}

// showExports answers GET /console/w/{workspace}/exports.
func (s *server) showExports(ctx context.Context, p *page) error {
	return p.show(ctx, exportsPage(p, &exportsView{form: p.question()}))
}

// formOf is the form of a list: only that of the one that was sent says what is wrong with it.
func (v *exportsView) formOf(what string) *form {
	if what == v.what {
		return v.form
	}
	return &form{page: v.form.page, wrong: map[string]string{}}
}

// typed is what a field of a list's form has. What comes with the address of the page is about codes.
func (v *exportsView) typed(what, name string) string {
	if what == cmp.Or(v.what, "codes") {
		return v.form.get(name)
	}
	return ""
}

// exportForm is what somebody wants of a list.
type exportForm struct {
	*form
	format export.Format
}

func (p *page) exportForm() exportForm {
	f := exportForm{form: p.question()}
	f.set("format", string(export.CSV))
	if f.format = export.Format(f.get("format")); !slices.Contains(export.Formats(), f.format) {
		f.complain("format", "import.no_choice")
	}
	return f
}

// sent sends an export, or says what is wrong with the form.
func sent[T any](ctx context.Context, p *page, f exportForm, e export.Export[T]) error {
	if !f.isGood() {
		v := &exportsView{what: e.What, form: f.form}
		return p.showWith(ctx, http.StatusUnprocessableEntity, exportsPage(p, v))
	}
	e.Format = f.format
	return download(ctx, p, e)
}

// exportCodes answers GET /console/w/{workspace}/exports/codes.
func (s *server) exportCodes(ctx context.Context, p *page) error {
	f := p.exportForm()
	filter, err := f.codesFilter().read(p)
	if err != nil && !f.take(err) {
		return err
	}
	if f.isGood() && f.format == export.XLSX {
		if err := s.deps.Exports.CheckSheet(ctx, &p.Actor, filter); err != nil && !f.take(err) {
			return err
		}
	}
	return sent(ctx, p, f, export.Export[codes.Code]{
		What: "codes", Pages: s.deps.Exports.Codes(ctx, &p.Actor, filter), Table: bulk.CodesTable(),
	})
}

// doExport is what is done with picked codes beside changing them.
const doExport = "export"

// selectionView is what a page shows that asks for the format of a file of codes.
type selectionView struct {
	codes  []string // that were picked; none: those of the filter
	filter codesFilter
}

// question is what the page asks.
func (v *selectionView) question(p *page) string {
	if len(v.codes) > 0 {
		return p.Say("exports.ask", "count", len(v.codes))
	}
	return p.Say("exports.ask_filter")
}

// askToExport answers who wants to export codes that are picked in the list.
func (s *server) askToExport(ctx context.Context, p *page, f *form) error {
	if err := p.Actor.Require(core.PermissionExport); err != nil {
		return err
	}
	v := new(selectionView)
	if v.codes, v.filter = f.picked(); len(v.codes) == 0 && v.filter.isEmpty() {
		return p.show(ctx, nothingPickedPage(p))
	}
	return p.show(ctx, exportSelectionPage(p, v))
}

// exportSelection answers POST /console/w/{workspace}/exports/selection.
func (s *server) exportSelection(ctx context.Context, p *page) error {
	if _, err := p.readForm(); err != nil {
		return err
	}
	f := p.exportForm()
	values := slices.Compact(slices.Sorted(slices.Values(f.all("code"))))
	if len(values) == 0 || len(values) > bulk.MaxChangeCodes {
		return core.InvalidParameter("%s", p.Say("changes.nothing_picked"))
	}
	return sent(ctx, p, f, export.Export[codes.Code]{
		What: "codes", Pages: s.deps.Exports.Listed(ctx, &p.Actor, values), Table: bulk.CodesTable(),
		Filters: event.Data{"codes": len(values)},
	})
}

// exportRedemptions answers GET /console/w/{workspace}/exports/redemptions.
func (s *server) exportRedemptions(ctx context.Context, p *page) error {
	f := p.exportForm()
	filter := codes.RedemptionFilter{
		Code: f.get("code"), UserID: f.get("userId"),
		CreatedAfter: f.instant("createdAfter"), CreatedBefore: f.instant("createdBefore"),
	}
	return sent(ctx, p, f, export.Export[codes.Redemption]{
		What: "redemptions", Pages: s.deps.Exports.Redemptions(ctx, &p.Actor, filter), Table: bulk.RedemptionsTable(),
	})
}

// exportUsers answers GET /console/w/{workspace}/exports/users.
func (s *server) exportUsers(ctx context.Context, p *page) error {
	f := p.exportForm()
	filter := codes.UserFilter{Status: codes.UserStatus(f.get("status")), Query: f.get("q")}
	return sent(ctx, p, f, export.Export[codes.User]{
		What: "users", Pages: s.deps.Exports.Users(ctx, &p.Actor, filter), Table: bulk.UsersTable(),
	})
}

// exportEvents answers GET /console/w/{workspace}/exports/events, which has the filters of the activity. For
// programs it is the log with its digests, as the API sends it.
func (s *server) exportEvents(ctx context.Context, p *page) error {
	f := p.exportForm()
	q, err := p.eventQuery(f.form)
	if err != nil {
		return err
	}
	if q.Types != nil && len(q.Types) == 0 {
		return core.WrongParameter(noSuchChoice.Said())
	}
	e := export.Export[event.Event]{
		What: "events", Name: "activity", Pages: s.deps.Exports.Events(ctx, &p.Actor, q), Table: bulk.EventsTable(),
	}
	if f.format == export.NDJSON {
		e.Pages, e.Table = s.deps.Exports.Log(ctx, &p.Actor, q), bulk.LogTable()
	}
	return sent(ctx, p, f, e)
}
