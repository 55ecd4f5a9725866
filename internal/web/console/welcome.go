package console

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

func (s *server) welcomeRoutes() []Route {
	return []Route{
		get("/welcome", core.PermissionAdminister, s.welcome),
		post("/welcome", core.PermissionAdminister, s.saveFormat),
	}
}

// formatView is what a page about the format of codes shows: the form and a sample of what it says.
type formatView struct {
	form   *form
	sample string
	guess  *guess // of one among supposedCodes; nil: the format is none
}

// supposedCodes is how many live codes a new workspace is supposed to have one day.
const supposedCodes = 10_000

// The sizes of a format that the pages offer.
var (
	groupChoices  = []int{2, 3, 4, 5, 6}
	lengthChoices = []int{3, 4, 5, 6, 7, 8}
)

// format reads a format from a form.
func (f *form) format() core.Format {
	groups, _ := strconv.Atoi(f.get("groups"))      // no number is no good size, which is said
	length, _ := strconv.Atoi(f.get("groupLength")) // likewise
	return core.Format{Prefix: strings.ToUpper(f.get("prefix")), Groups: groups, GroupLength: length}
}

// setFormat fills in the format of a workspace.
func (f *form) setFormat(w tenancy.Workspace) {
	f.set("prefix", w.Format.Prefix)
	f.set("groups", strconv.Itoa(w.Format.Groups))
	f.set("groupLength", strconv.Itoa(w.Format.GroupLength))
}

// sampleLetters are drawn from when a page shows what codes look like; it is no code.
const sampleLetters = "7KQWM2XNR4TZH9PLC6FD3VGB8SYJ5AEU"

// sampleOf is what a code of a format looks like.
func sampleOf(format core.Format) string {
	var errs core.FieldErrors
	format.Check(&errs)
	if errs.Err() != nil {
		return ""
	}
	var groups []string
	if format.Prefix != "" {
		groups = append(groups, format.Prefix)
	}
	letters := strings.Repeat(sampleLetters, 3)
	for i := range format.Groups {
		groups = append(groups, letters[i*format.GroupLength:(i+1)*format.GroupLength])
	}
	return strings.Join(groups, "-")
}

func (p *page) formatView(f *form) *formatView {
	return &formatView{f, sampleOf(f.format()), p.server.guess(f.format(), supposedCodes)}
}

// welcome answers GET /console/w/{workspace}/welcome: the second step of setting up.
func (s *server) welcome(ctx context.Context, p *page) error {
	f := p.newForm()
	f.set("name", p.workspace.Name)
	f.setFormat(p.workspace)
	return p.show(ctx, welcomePage(p, p.formatView(f)))
}

// firstView is what the last step of setting up shows. Without a secret, the key was made before.
type firstView struct{ code, secret, url string }

// firstCode is the Idempotency-Key of a workspace's first code: however often the form is sent, in however
// many tabs, one code is made, and whoever made it gets the key.
const firstCode = "console-welcome"

// saveFormat answers POST /console/w/{workspace}/welcome: it keeps the format and makes the first code,
// and a key for the next ones, which is shown only in this answer.
func (s *server) saveFormat(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	name, format := f.get("name"), f.format()
	administration := s.deps.Tenancy.By(&p.Actor)
	_, err = administration.UpdateWorkspace(ctx, p.workspace.Slug, tenancy.WorkspaceChange{
		Name: &name, Prefix: &format.Prefix, Groups: &format.Groups, GroupLength: &format.GroupLength,
	})
	if err != nil {
		if !f.take(err) {
			return err
		}
		return p.showWith(ctx, http.StatusUnprocessableEntity, welcomePage(p, p.formatView(f)))
	}
	p.Actor.Format = format
	made, err := s.deps.Codes.GenerateCode(ctx, &p.Actor, codes.IssueRequest{
		Type: codes.TypeNormal, IdempotencyKey: firstCode,
	})
	if err != nil {
		if !f.take(err) {
			return err
		}
		return p.showWith(ctx, http.StatusUnprocessableEntity, welcomePage(p, p.formatView(f)))
	}
	if made.Replayed {
		return p.show(ctx, firstPage(p, firstView{code: made.Code.Value}))
	}
	_, secret, err := administration.CreateKey(ctx, p.workspace.Slug, tenancy.NewKey{
		Name: p.Say("setup.key_name", "date", s.deps.Now().UTC().Format(time.DateOnly)), Role: tenancy.RoleIssue,
	})
	if err != nil {
		return err
	}
	p.secret = true
	return p.show(ctx, firstPage(p, firstView{made.Code.Value, secret, p.apiURL()}))
}

// apiURL is where a backend reaches the API.
func (p *page) apiURL() string {
	if p.server.deps.PublicURL != "" {
		return p.server.deps.PublicURL
	}
	if p.Secured {
		return "https://" + p.Request.Host
	}
	return "http://" + p.Request.Host
}

// curl is the line with which a backend makes a code.
func (v firstView) curl() string {
	return curlOf(v.url+"/tenant-codes/generate", v.secret, `{"type":"Normal"}`)
}
