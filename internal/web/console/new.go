package console

import (
	"context"
	"crypto/rand"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

func (s *server) newRoutes() []Route {
	return []Route{
		get("/new", core.PermissionIssue, s.askForOne),
		post("/new", core.PermissionIssue, s.createOne),
		get("/new/many", core.PermissionIssue, s.askForMany),
		post("/new/many", core.PermissionIssue, s.createMany),
	}
}

// newView is what the pages show on which codes are made.
type newView struct {
	form     *form
	options  codes.IssueRequest // as far as they could be read
	values   []string           // of samples
	existing string             // the value of a code of this workspace that exists already
	guess    *guess             // nil: it cannot be said
}

// leastMetadataRows is for how many entries of metadata a form has fields at least.
const leastMetadataRows = 3

// issueRequest reads the options of new codes. What cannot be read is complained about.
func (f *form) issueRequest() codes.IssueRequest {
	req := codes.IssueRequest{Type: codes.Type(f.get("type")), IdempotencyKey: f.get("retry")}
	req.MaxRedemptions = codes.Limit{Given: true, Max: f.count("maxRedemptions")}
	req.StartsAt, req.ExpiresAt = f.instant("startsAt"), f.endOfDay("expiresAt")
	req.Recipient, req.Note = f.get("recipient"), f.get("note")
	req.Metadata = f.metadata()
	return req
}

// metadata reads pairs of names and values; pairs without a name and a value are none.
func (f *form) metadata() map[string]string {
	names, values := f.all("metadataName"), f.all("metadataValue")
	entries := map[string]string{}
	for i, name := range names {
		name = strings.TrimSpace(name)
		value := ""
		if i < len(values) {
			value = values[i]
		}
		switch _, twice := entries[name]; {
		case name == "" && strings.TrimSpace(value) == "":
		case name == "":
			f.complain("metadata", "new.metadata_nameless")
		case twice:
			f.complain("metadata", "new.metadata_twice", "name", name)
		default:
			entries[name] = value
		}
	}
	if len(entries) == 0 {
		return nil
	}
	return entries
}

// entry is one of several values of a field; "": there are not so many.
func (f *form) entry(name string, i int) string {
	if all := f.all(name); i < len(all) {
		return all[i]
	}
	return ""
}

// metadataRows is for how many entries there are fields: one is always free.
func (f *form) metadataRows() int {
	rows := len(f.all("metadataName"))
	if rows > 0 && f.entry("metadataName", rows-1) != "" {
		rows++
	}
	return max(rows, leastMetadataRows)
}

// separator is what stands between groups of three digits, in one country or another.
var separator = regexp.MustCompile(`[.,'’\s](\d{3})`)

// count reads a whole number, with or without separators; nil: the field is empty.
func (f *form) count(name string) *int64 {
	typed := separator.ReplaceAllString(f.get(name), "$1")
	if typed == "" {
		return nil
	}
	n, err := strconv.ParseInt(typed, 10, 64)
	if err != nil {
		f.complain(name, "form.no_number")
		return nil
	}
	return &n
}

// newCodesForm fills in what most codes have.
func (p *page) newCodesForm() *form {
	f := p.newForm()
	f.set("type", string(codes.TypeNormal))
	f.set("maxRedemptions", "1")
	f.set("how", howRandom)
	f.set("retry", rand.Text())
	return f
}

// The ways in which a code gets its value.
const (
	howRandom = "random"
	howOwn    = "own"
)

// newOne is the view of a new code as the address says.
func (s *server) newOne(p *page) *newView { return s.oneOf(p, p.newCodesForm()) }

// oneOf is the view of a new code.
func (s *server) oneOf(p *page, f *form) *newView {
	v := &newView{form: f, options: f.issueRequest()}
	if f.get("how") == howOwn {
		v.values = []string{f.get("code")}
	} else {
		v.values = []string{sampleOf(p.workspace.Format)}
		v.guess = s.guess(p.workspace.Format, 1)
	}
	return v
}

// askForOne answers GET /console/w/{workspace}/new. It is asked again while somebody types, for what
// they are making.
func (s *server) askForOne(ctx context.Context, p *page) error {
	v := s.newOne(p)
	v.form.wrong = map[string]string{} // nothing was sent yet
	return p.show(ctx, newOnePage(p, v))
}

// createOne answers POST /console/w/{workspace}/new.
func (s *server) createOne(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	v := s.oneOf(p, f)
	var made codes.Issued
	if f.isGood() {
		if f.get("how") == howOwn {
			made, err = s.deps.Codes.AddCode(ctx, &p.Actor, f.get("code"), v.options)
		} else {
			made, err = s.deps.Codes.GenerateCode(ctx, &p.Actor, v.options)
		}
	}
	if err != nil && !f.take(err) {
		return err
	}
	if core.HasReason(err, core.ReasonCodeAlreadyExists) {
		if err := s.sayExisting(ctx, p, v); err != nil {
			return err
		}
	}
	if !f.isGood() {
		f.gatherMetadata()
		return p.showWith(ctx, http.StatusUnprocessableEntity, newOnePage(p, v))
	}
	p.sayNext("new.made", p.path("codes", made.Code.Value, "delete"), "code", made.Code.Value)
	return p.see(p.link("codes", made.Code.Value))
}

// sayExisting says which code has the value already, if it is one of this workspace.
func (s *server) sayExisting(ctx context.Context, p *page, v *newView) error {
	there, err := s.deps.Codes.GetCode(ctx, &p.Actor, v.form.get("code"))
	switch {
	case err == nil:
		v.existing = there.Value
		v.form.wrong["code"] = p.Say("new.exists", "code", there.Value)
	case core.IsKind(err, core.KindNotFound):
		v.form.wrong["code"] = p.Say("new.taken")
	default:
		return err
	}
	return nil
}

// gatherMetadata says beside the fields of metadata what is wrong with one of them.
func (f *form) gatherMetadata() {
	for name, what := range f.wrong {
		if strings.HasPrefix(name, "metadata.") && f.wrong["metadata"] == "" {
			f.wrong["metadata"] = what
		}
	}
}

// does says what the codes that are being made do, as a sentence.
func (v *newView) does(p *page) string {
	name, uses := "new.does."+string(v.options.Type), v.options.MaxRedemptions.Max
	what := ""
	if uses == nil {
		what = p.Say("new.does_any." + string(v.options.Type))
	} else {
		what = p.Say(name, "count", *uses)
	}
	starts, ends := v.options.StartsAt, v.options.ExpiresAt
	switch {
	case starts != nil && ends != nil:
		return p.Say("new.between", "what", what, "start", p.Date(*starts), "end", p.Date(*ends))
	case starts != nil:
		return p.Say("new.starting", "what", what, "start", p.Date(*starts))
	case ends != nil:
		return p.Say("new.until", "what", what, "end", p.Date(*ends))
	default:
		return p.Say("new.always", "what", what)
	}
}

// isType reports whether the type that was chosen is one.
func (v *newView) isType() bool {
	var errs core.FieldErrors
	v.options.Type.Check(&errs)
	return errs.Err() == nil
}

// endHint says what the end of a day means.
func endHint(p *page) string { return p.Say("new.end_hint", "zone", zoneName(p.Zone())) }

// zoneName is what people call a time zone: "Berlin".
func zoneName(zone *time.Location) string {
	name := zone.String()
	return strings.ReplaceAll(name[strings.LastIndex(name, "/")+1:], "_", " ")
}
