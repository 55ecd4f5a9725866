package console

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// askToRevoke answers GET /console/w/{workspace}/codes/{code}/revoke.
func (s *server) askToRevoke(ctx context.Context, p *page) error {
	v, err := s.codeInPath(ctx, p)
	if err != nil {
		return err
	}
	return p.show(ctx, revokeCodePage(p, p.newForm(), v))
}

// revokeCode answers POST /console/w/{workspace}/codes/{code}/revoke. It is no change of many codes, so
// that the code's history tells who did it.
func (s *server) revokeCode(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	v, err := s.codeInPath(ctx, p)
	if err != nil {
		return err
	}
	f.explain()
	code, err := s.deps.Codes.RevokeCode(ctx, &p.Actor, v.Value)
	if err != nil {
		if !f.take(err) {
			return err
		}
		return p.showWith(ctx, http.StatusUnprocessableEntity, revokeCodePage(p, f, v))
	}
	p.sayNext("code.said_revoked", p.undoOf(code.Value, v.path(p)), "code", code.Value)
	return p.see(p.link("codes", code.Value))
}

// restoreCode answers POST /console/w/{workspace}/codes/{code}/restore.
func (s *server) restoreCode(ctx context.Context, p *page) error {
	code, err := s.deps.Codes.RestoreCode(ctx, &p.Actor, p.Request.PathValue("code"))
	if err != nil {
		return err
	}
	p.sayNext("code.said_restored", p.path("codes", code.Value, "revoke"), "code", code.Value)
	return p.see(p.link("codes", code.Value))
}

// askToDelete answers GET /console/w/{workspace}/codes/{code}/delete.
func (s *server) askToDelete(ctx context.Context, p *page) error {
	v, err := s.codeInPath(ctx, p)
	if err != nil {
		return err
	}
	return p.show(ctx, deleteCodePage(p, p.newForm(), v))
}

// deleteCode answers POST /console/w/{workspace}/codes/{code}/delete. It is a change of one code, which
// can be undone.
func (s *server) deleteCode(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	v, err := s.codeInPath(ctx, p)
	if err != nil {
		return err
	}
	f.explain()
	request := bulk.NewChange{Codes: []string{v.Value}, Do: codes.Act{Delete: true}}
	tried, err := s.deps.Changes.Try(ctx, &p.Actor, request)
	if err != nil {
		if !f.take(err) {
			return err
		}
		return p.showWith(ctx, http.StatusUnprocessableEntity, deleteCodePage(p, f, v))
	}
	if tried.Changed == 0 {
		return core.ConflictOf(core.ReasonCodeInUse, usedStays.Said())
	}
	c, _, err := s.deps.Changes.Create(ctx, &p.Actor, request)
	if err != nil {
		return err
	}
	return s.followChange(ctx, p, &c, p.path("codes"), v.path(p))
}

// askToEdit answers GET /console/w/{workspace}/codes/{code}/edit.
func (s *server) askToEdit(ctx context.Context, p *page) error {
	v, err := s.codeInPath(ctx, p)
	if err != nil {
		return err
	}
	return p.showEdit(ctx, http.StatusOK, p.newForm(), v)
}

// showEdit shows the form of a code. Fields that were not sent have what the code has.
func (p *page) showEdit(ctx context.Context, status int, f *form, v *codeView) error {
	shown := p.typedOptions(&v.Code)
	for name, values := range shown {
		if !f.has(name) {
			f.page.Request.Form[name] = values
		}
	}
	return p.showWith(ctx, status, editCodePage(p, f, v, shown.Encode()))
}

// optionFields are the fields of options; those in one group count together.
var optionFields = [][]string{
	{"maxRedemptions"}, {"startsAt"}, {"expiresAt"}, {"recipient"}, {"note"}, {"metadataName", "metadataValue"},
}

// leaveUntouched takes out what is still as the page showed it: what others have changed meanwhile stays.
// What they have changed to something else than it shall become now is said once, before it is lost.
func (f *form) leaveUntouched(now url.Values) {
	shown, err := url.ParseQuery(f.raw("shown"))
	if err != nil || !f.has("shown") {
		return
	}
	isEmpty := func(value string) bool { return value == "" } // rows that nothing was typed into
	filled := func(values []string) []string { return slices.DeleteFunc(slices.Clone(values), isEmpty) }
	differs := func(group []string, a, b url.Values) bool {
		return slices.ContainsFunc(group, func(name string) bool {
			return !slices.Equal(filled(a[name]), filled(b[name]))
		})
	}
	for _, group := range optionFields {
		typed := f.page.Request.Form
		isTouched := differs(group, typed, shown)
		if isTouched && differs(group, now, shown) && differs(group, now, typed) {
			field, last := group[0], group[len(group)-1]
			if field == "metadataName" {
				field = "metadata"
			}
			f.complain(field, "code.changed_meanwhile", "now", cmp.Or(strings.Join(now[last], ", "), "–"))
		}
		for _, name := range group {
			if !isTouched {
				f.page.Request.Form.Del(name)
			}
		}
	}
}

// typedOptions are the options of a code as the fields of a form show them.
func (p *page) typedOptions(c *codes.Code) url.Values {
	typed := url.Values{
		"maxRedemptions": {""}, "startsAt": {p.typedInstant(c.StartsAt)}, "expiresAt": {p.typedInstant(c.ExpiresAt)},
		"recipient": {c.Recipient}, "note": {c.Note},
	}
	if c.MaxRedemptions != nil {
		typed.Set("maxRedemptions", strconv.FormatInt(*c.MaxRedemptions, 10))
	}
	for _, name := range sortedKeys(c.Metadata) {
		typed.Add("metadataName", name)
		typed.Add("metadataValue", c.Metadata[name])
	}
	return typed
}

// editCode answers POST /console/w/{workspace}/codes/{code}/edit: fields that are not sent stay.
func (s *server) editCode(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	v, err := s.codeInPath(ctx, p)
	if err != nil {
		return err
	}
	f.leaveUntouched(p.typedOptions(&v.Code))
	change, undo := f.codeChange(&v.Code)
	if f.isGood() && len(undo) == 0 {
		p.sayNext("code.said_same", "")
		return p.see(templ.SafeURL(v.path(p)))
	}
	if f.isGood() {
		f.explain()
		_, err = s.deps.Codes.ChangeCode(ctx, &p.Actor, v.Value, change)
		if core.HasReason(err, core.ReasonCodeInUse) {
			f.complain("maxRedemptions", "code.limit_taken", "count", v.Redemptions+v.Reservations)
		} else if err != nil && !f.take(err) {
			return err
		}
	}
	if !f.isGood() {
		f.gatherMetadata()
		return p.showEdit(ctx, http.StatusUnprocessableEntity, f, v)
	}
	said := toast{Text: "code.said_changed", Args: []string{"code", v.Value}, Undo: p.undoOf(v.Value, v.path(p))}
	if undo.Has("metadataName") { // which the log does not tell of
		said.Undo, said.Fields = v.path(p, "edit"), undo
	}
	if !p.keepToast(said) { // the earlier values are too long
		p.sayNext(said.Text, "", said.Args...)
	}
	return p.see(templ.SafeURL(v.path(p)))
}

// codeChange reads how a code shall be changed, and which fields change it back.
func (f *form) codeChange(c *codes.Code) (change codes.CodeChange, undo url.Values) {
	undo = url.Values{}
	f.changeLimit(c, &change, undo)
	f.changeInstant("startsAt", c.StartsAt, &change.StartsAt, undo)
	f.changeInstant("expiresAt", c.ExpiresAt, &change.ExpiresAt, undo)
	f.changeText("recipient", c.Recipient, &change.Recipient, undo)
	f.changeText("note", c.Note, &change.Note, undo)
	f.changeMetadata(c, &change, undo)
	return change, undo
}

func (f *form) changeLimit(c *codes.Code, change *codes.CodeChange, undo url.Values) {
	limit := f.count("maxRedemptions")
	was := c.MaxRedemptions
	if !f.has("maxRedemptions") || limit == was || limit != nil && was != nil && *limit == *was {
		return
	}
	change.MaxRedemptions = codes.Limit{Given: true, Max: limit}
	undo.Set("maxRedemptions", "")
	if was != nil {
		undo.Set("maxRedemptions", strconv.FormatInt(*was, 10))
	}
}

// changeInstant leaves an instant with its seconds alone if the field shows it still.
func (f *form) changeInstant(name string, was *time.Time, field *core.Field[time.Time], undo url.Values) {
	if !f.has(name) || f.get(name) == f.page.typedInstant(was) {
		return
	}
	*field = core.Field[time.Time]{Given: true, Value: f.instant(name)}
	undo.Set(name, "")
	if was != nil {
		undo.Set(name, was.UTC().Format(time.RFC3339Nano))
	}
}

func (f *form) changeText(name, was string, field *core.Field[string], undo url.Values) {
	if text := f.get(name); f.has(name) && text != was {
		*field = core.Field[string]{Given: true, Value: &text}
		undo.Set(name, was)
	}
}

// changeMetadata makes the metadata what the form has: entries that it does not have are removed.
func (f *form) changeMetadata(c *codes.Code, change *codes.CodeChange, undo url.Values) {
	if !f.has("metadataName") {
		return
	}
	entries := map[string]*string{}
	now := f.metadata()
	for name, value := range now {
		if old, there := c.Metadata[name]; !there || old != value {
			entries[name] = &value
		}
	}
	for name := range c.Metadata {
		if _, there := now[name]; !there {
			entries[name] = nil
		}
	}
	if len(entries) == 0 {
		return
	}
	change.Metadata = core.Field[map[string]*string]{Given: true, Value: &entries}
	undo["metadataName"], undo["metadataValue"] = []string{""}, []string{""}
	for _, name := range sortedKeys(c.Metadata) {
		undo.Add("metadataName", name)
		undo.Add("metadataValue", c.Metadata[name])
	}
}

// has reports whether a field was sent.
func (f *form) has(name string) bool { return f.page.Request.Form.Has(name) }

// sortedKeys are the names of entries of metadata, in their order.
func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
