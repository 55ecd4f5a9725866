package console

import (
	"context"
	"net/http"
	"strconv"

	"accesscodes/internal/bulk"
)

// presets are numbers of codes that people want most.
var presets = []int64{100, 1_000, 10_000, 100_000}

// shownSamples is how many samples of codes a page shows.
const shownSamples = 3

// many is how many codes somebody wants; 0: the field has no number.
func (f *form) many() int64 {
	if n := f.count("count"); n != nil {
		return *n
	}
	return 0
}

// newMany is the view of a new batch.
func (s *server) newMany(p *page, f *form) (*newView, error) {
	v := &newView{form: f, options: f.issueRequest()}
	format := f.format()
	v.guess = s.guess(format, f.many())
	if v.guess == nil {
		return v, nil
	}
	values := s.deps.Codes.Values(format)
	for range shownSamples {
		value, err := values.Next()
		if err != nil {
			return nil, err
		}
		v.values = append(v.values, value)
	}
	return v, nil
}

// askForMany answers GET /console/w/{workspace}/new/many. It is asked again while somebody types.
func (s *server) askForMany(ctx context.Context, p *page) error {
	f := p.newCodesForm()
	f.set("count", "1000")
	f.set("name", "") // a batch is not called as the workspace
	f.setFormat(p.workspace)
	if preset := f.get("preset"); preset != "" {
		p.Request.Form.Set("count", preset)
	}
	if n := f.count("count"); n != nil {
		p.Request.Form.Set("count", strconv.FormatInt(*n, 10))
	}
	v, err := s.newMany(p, f)
	if err != nil {
		return err
	}
	f.wrong = map[string]string{} // nothing was sent yet
	return p.show(ctx, newManyPage(p, v))
}

// createMany answers POST /console/w/{workspace}/new/many.
func (s *server) createMany(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	v, err := s.newMany(p, f)
	if err != nil {
		return err
	}
	var made bulk.Batch
	if f.isGood() {
		format := f.format()
		groups, length := int64(format.Groups), int64(format.GroupLength)
		made, _, err = s.deps.Batches.Create(ctx, &p.Actor, bulk.NewBatch{
			IssueRequest: v.options, Name: f.get("name"), Count: f.many(),
			Format: bulk.FormatChoice{Prefix: &format.Prefix, Groups: &groups, GroupLength: &length},
		})
		if err != nil && !f.take(err) {
			return err
		}
	}
	if !f.isGood() {
		f.gatherFormat()
		f.gatherMetadata()
		return p.showWith(ctx, http.StatusUnprocessableEntity, newManyPage(p, v))
	}
	return p.see(p.link("batches", made.ID.String()))
}

// doesMany is what the button makes. Only a script can keep it true while somebody types.
func (v *newView) doesMany(p *page) string {
	if v.form.many() <= 0 || !v.isType() {
		return p.Say("new.do_many")
	}
	return p.Say("new.do_so_many", "count", v.form.many(), "type", p.Say("type."+string(v.options.Type)))
}

// gatherFormat says beside the fields of the format what is wrong with it.
func (f *form) gatherFormat() {
	if f.wrong["format"] != "" {
		f.wrong["groups"] = f.wrong["format"]
	}
	for _, name := range []string{"prefix", "groups", "groupLength"} {
		if wrong := f.wrong["format."+name]; wrong != "" {
			f.wrong[name] = wrong
		}
	}
}

// opensFormat reports whether the fields of the format are shown at once.
func (v *newView) opensFormat(p *page) bool {
	return v.form.format() != p.workspace.Format || v.form.wrong["groups"]+v.form.wrong["prefix"]+
		v.form.wrong["groupLength"] != ""
}
