package console

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

func (s *server) codesRoutes() []Route {
	return []Route{get("/codes", core.PermissionRead, s.listCodes)}
}

// codesFilter is which codes a list shows, as an address or a form names it.
type codesFilter struct{ q, status, typ, batch, from, to, endsFrom, endsTo string }

// codesFilter reads a filter. Days are those of the viewer's zone.
func (f *form) codesFilter() codesFilter {
	return codesFilter{
		q: f.get("q"), status: f.get("status"), typ: f.get("type"), batch: f.get("batch"),
		from: f.get("from"), to: f.get("to"), endsFrom: f.get("endsFrom"), endsTo: f.get("endsTo"),
	}
}

// pairs are the names and values of the filter in an address or a form.
func (v codesFilter) pairs() []string {
	return []string{
		"q", v.q, "status", v.status, "type", v.typ, "batch", v.batch, "from", v.from, "to", v.to,
		"endsFrom", v.endsFrom, "endsTo", v.endsTo,
	}
}

// without is the filter less one of its parts.
func (v codesFilter) without(name string) codesFilter {
	switch name {
	case "status":
		v.status = ""
	case "type":
		v.typ = ""
	case "batch":
		v.batch = ""
	case "created":
		v.from, v.to = "", ""
	case "ends":
		v.endsFrom, v.endsTo = "", ""
	}
	return v
}

func (v codesFilter) isEmpty() bool { return v == codesFilter{} }

// read makes of the filter what services ask for.
func (v codesFilter) read(p *page) (filter codes.CodeFilter, err error) {
	filter = codes.CodeFilter{Query: v.q, Status: codes.Status(v.status), Type: codes.Type(v.typ)}
	if v.batch != "" {
		if filter.BatchID, err = core.ParseID(v.batch); err != nil {
			return filter, core.NotFound(core.ReasonBatchNotFound, "there is no such batch in this workspace")
		}
	}
	if filter.CreatedAfter, filter.CreatedBefore, err = p.days(v.from, v.to); err != nil {
		return filter, err
	}
	filter.ExpiresAfter, filter.ExpiresBefore, err = p.days(v.endsFrom, v.endsTo)
	return filter, err
}

// days are the instants before and behind a range of days; nil: that end is open.
func (p *page) days(from, to string) (after, before *time.Time, err error) {
	if after, err = p.day(from, 0); err != nil {
		return nil, nil, err
	}
	if after != nil { // the instant itself is not in the range
		after = new(after.Add(-time.Microsecond))
	}
	before, err = p.day(to, 1)
	return after, before, err
}

// day is the beginning of a day in the viewer's zone, so many days later; nil: none was named.
func (p *page) day(typed string, later int) (*time.Time, error) {
	if typed == "" {
		return nil, nil
	}
	date, err := time.Parse(time.DateOnly, typed)
	if err != nil || date.Year() < 1 {
		return nil, core.WrongParameter(noDate.Said())
	}
	return new(beginOf(date.AddDate(0, 0, later), p.Zone())), nil
}

// beginOf is the first instant of a date in a zone. Where clocks change at midnight it may be another hour, and
// midnight may come twice.
func beginOf(date time.Time, zone *time.Location) time.Time {
	const step = 15 * time.Minute // zones differ by whole ones
	is := func(at time.Time) int {
		year, month, day := at.Date()
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Compare(date)
	}
	at := time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, zone)
	for is(at) < 0 {
		at = at.Add(step)
	}
	for is(at.Add(-step)) >= 0 {
		at = at.Add(-step)
	}
	return at
}

// codesView is what the list of codes shows.
type codesView struct {
	filter codesFilter
	read   codes.CodeFilter
	order  string // empty: newest first
	batch  string // its name, if the list is that of a batch
	found  core.Page[codes.Code]
	cursor string
	before []string // the cursors of the pages before this one; "" is the first
}

// oldestFirst turns the order of the list round, in an address.
const oldestFirst = "oldest"

// turned is the list in the other order.
func (v *codesView) turned(p *page) templ.SafeURL {
	order := oldestFirst
	if v.order == oldestFirst {
		order = ""
	}
	return with(p.path("codes"), append(v.filter.pairs(), "order", order)...)
}

// listCodes answers GET /console/w/{workspace}/codes.
func (s *server) listCodes(ctx context.Context, p *page) error {
	f := p.question()
	v := &codesView{filter: f.codesFilter(), cursor: f.get("cursor"), before: f.all("before")}
	if f.get("order") == oldestFirst {
		v.order = oldestFirst
	}
	var err error
	if v.read, err = v.filter.read(p); err != nil {
		return err
	}
	if !v.read.BatchID.IsZero() {
		batch, err := s.deps.Batches.One(ctx, &p.Actor, v.read.BatchID)
		if err != nil {
			return err
		}
		v.batch = p.batchName(&batch)
	}
	v.found, err = s.deps.Codes.ListCodes(ctx, &p.Actor, v.read, core.PageRequest{
		Cursor: v.cursor, OldestFirst: v.order == oldestFirst,
	})
	if err != nil {
		return err
	}
	if len(v.found.Items) == 0 && v.filter.isEmpty() && v.cursor == "" && p.may(core.PermissionIssue) {
		return p.show(ctx, noCodesPage(p, s.newOne(p)))
	}
	return p.show(ctx, codesPage(p, v))
}

// beside are the pairs of a filter beside its text.
func (v codesFilter) beside() []string {
	v.q = ""
	return v.pairs()
}

// codesAddress is that of the list with a filter.
func (p *page) codesAddress(filter codesFilter) templ.SafeURL {
	return with(p.path("codes"), filter.pairs()...)
}

// here is the address of this page of the list.
func (v *codesView) here(p *page) string { return string(v.page(p, v.cursor, v.before)) }

// page is the address of a page of the list. before are the pages before it, the nearest last.
func (v *codesView) page(p *page, cursor string, before []string) templ.SafeURL {
	address := string(with(p.path("codes"), append(v.filter.pairs(), "order", v.order, "cursor", cursor)...))
	for _, page := range before {
		separator := "&"
		if !strings.Contains(address, "?") {
			separator = "?"
		}
		address += separator + strings.TrimPrefix(string(with("", "before", orFirst(page))), "?")
	}
	return templ.SafeURL(address)
}

// firstOfAll stands for the first page, which has no cursor, in an address.
const firstOfAll = "first"

func orFirst(cursor string) string {
	if cursor == "" {
		return firstOfAll
	}
	return cursor
}

// maxBefore is how many pages back an address remembers: the way further back leads to the first.
const maxBefore = 20

// nextPage is the address of the next page.
func (v *codesView) nextPage(p *page) templ.SafeURL {
	before := append(slices.Clone(v.before), orFirst(v.cursor))
	return v.page(p, v.found.Next, before[max(0, len(before)-maxBefore):])
}

// pageBefore is the address of the page before; of one that is not remembered, the first.
func (v *codesView) pageBefore(p *page) templ.SafeURL {
	if len(v.before) == 0 {
		return v.page(p, "", nil)
	}
	last := len(v.before) - 1
	cursor := v.before[last]
	if cursor == firstOfAll {
		cursor = ""
	}
	return v.page(p, cursor, v.before[:last])
}

// pages are the names of the page before and the next one.
func (v *codesView) pages(p *page) (before, next string) {
	newer, older := p.Say("paging.newer"), p.Say("paging.older")
	if v.order == oldestFirst {
		return older, newer
	}
	return newer, older
}

// export is the address of the page that makes a file of the codes of the list.
func (v *codesView) export(p *page) templ.SafeURL {
	return with(p.path("exports"), v.filter.pairs()...)
}

// lede says which codes the list shows.
func (v *codesView) lede(p *page) string {
	switch {
	case v.filter.q != "":
		return p.Say("codes.lede_query", "text", v.filter.q)
	case !v.filter.isEmpty():
		return p.Say("codes.lede_filter")
	default:
		return p.Say("codes.lede_all", "workspace", p.workspace.Name)
	}
}

// isWhole reports whether the page shows all of the list.
func (v *codesView) isWhole() bool { return v.cursor == "" && v.found.Next == "" }

// setFilter is a filter that is set, and the list without it.
type setFilter struct {
	name, value string
	remove      templ.SafeURL
}

// chips are the filters that are set, beside the text.
func (v *codesView) chips(p *page) (all []setFilter) {
	add := func(name, value string) {
		all = append(all, setFilter{p.Say("codes.filter." + name), value, p.codesAddress(v.filter.without(name))})
	}
	if v.filter.status != "" {
		add("status", p.Say("status."+v.filter.status))
	}
	if v.filter.typ != "" {
		add("type", p.Say("type."+v.filter.typ))
	}
	if v.filter.batch != "" {
		add("batch", v.batch)
	}
	if v.filter.from != "" || v.filter.to != "" {
		add("created", p.between(v.filter.from, v.filter.to))
	}
	if v.filter.endsFrom != "" || v.filter.endsTo != "" {
		add("ends", p.between(v.filter.endsFrom, v.filter.endsTo))
	}
	return all
}

// between names a range of days, whose ends may be open.
func (p *page) between(from, to string) string {
	switch {
	case from == "":
		return p.Say("codes.days_to", "to", p.dayName(to))
	case to == "":
		return p.Say("codes.days_from", "from", p.dayName(from))
	case from == to:
		return p.dayName(from)
	default:
		return p.Say("codes.days_between", "from", p.dayName(from), "to", p.dayName(to))
	}
}

// dayName is a typed day as people write it.
func (p *page) dayName(typed string) string {
	at, err := p.day(typed, 0)
	if err != nil {
		return typed
	}
	return p.Date(*at)
}
