package console

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"accesscodes/internal/core"
	"accesscodes/internal/member"
	"accesscodes/internal/web/kit"
)

func (s *server) signInRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/console/sign-in", Open: true, handle: s.askWho},
		{Method: "POST", Path: "/console/sign-in", Open: true, handle: s.signIn},
		{Method: "POST", Path: "/console/sign-out", handle: s.signOut},
	}
}

const signInPath = "/console/sign-in"

// identify finds out who sent the request.
func (p *page) identify(ctx context.Context) error {
	who, err := p.server.deps.Sessions.Authenticate(ctx, p.cookie(p.sessionName()))
	if err != nil {
		return err
	}
	p.who = &who
	p.Texts = p.texts(who.Member.Language)
	return nil
}

// askToSignIn lets somebody whose session has ended go on where they were: a page is opened again, a
// form that was sent is kept.
func (p *page) askToSignIn(err error) error {
	if !core.IsKind(err, core.KindUnauthenticated) {
		return err
	}
	next := p.Request.URL.RequestURI()
	if p.Request.Method == http.MethodGet {
		if p.isPreview() { // the form stays as it is being filled in; whoever sends it is asked
			p.AnswerNothing()
			return nil
		}
		if next == "/console" {
			next = ""
		}
		return p.see(with(signInPath, "next", next))
	}
	kept, keepErr := p.keptForm()
	if keepErr != nil {
		return keepErr
	}
	return p.showWith(context.WithoutCancel(p.Request.Context()), http.StatusUnauthorized,
		signInPage(p, &signInView{form: p.newForm(), Next: next, Kept: kept, Ended: true}))
}

// keptForm is a form that was sent, as a query; a file is not kept.
func (p *page) keptForm() (string, error) {
	if !strings.HasPrefix(p.route.Path, "/console/w/") || strings.HasSuffix(p.route.Path, "/search") {
		return "", nil // passwords, and what may be a key
	}
	kind, _, _ := mime.ParseMediaType(p.Request.Header.Get("Content-Type"))
	if kind != "application/x-www-form-urlencoded" {
		return "", nil
	}
	if _, err := p.readForm(); err != nil {
		return "", err
	}
	return p.Request.PostForm.Encode(), nil
}

// keptLabel is the label of a field of a form that was kept; empty: it is not shown.
func (p *page) keptLabel(name string) string {
	if name == "code" {
		return p.Say("new.own_value")
	}
	if label := "event.field." + name; p.Has(label) {
		return p.Say(label)
	}
	return ""
}

// signInView is what the page of signing in shows.
type signInView struct {
	form  *form
	Next  string // where to go then
	Kept  string // a form that was sent to Next when the session had ended
	Ended bool
}

// askWho answers GET /console/sign-in.
func (s *server) askWho(ctx context.Context, p *page) error {
	if p.identify(ctx) == nil {
		return p.see("/console/")
	}
	v := &signInView{form: p.newForm(), Next: localPath(p.Request.URL.Query().Get("next"))}
	return p.show(ctx, signInPage(p, v))
}

// signIn answers POST /console/sign-in.
func (s *server) signIn(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	v := &signInView{form: f, Next: localPath(f.raw("next")), Kept: f.raw("kept")}
	if !p.isSafe() {
		return p.showWith(ctx, http.StatusForbidden, signInPage(p, v))
	}
	in, err := s.deps.Sessions.SignIn(ctx, member.Credentials{
		Email: f.get("email"), Password: f.raw("password"),
		Address: p.Client, Agent: p.Request.UserAgent(), Device: p.cookie(deviceCookie),
	})
	if err != nil {
		refusal, known := errors.AsType[*core.Error](err)
		if !known || refusal.Kind != core.KindUnauthenticated && refusal.Kind != core.KindTooMany {
			return err
		}
		p.NoteRefusal(refusal.Reason)
		f.failure = p.problemWords(kit.ProblemOf(err))
		status := http.StatusUnauthorized
		if refusal.Kind == core.KindTooMany {
			kit.ProblemOf(err).SetHeader(p.Writer.Header())
			status = http.StatusTooManyRequests
		}
		return p.showWith(ctx, status, signInPage(p, v))
	}
	if err := p.startSession(ctx, &in); err != nil {
		return err
	}
	if v.Kept != "" && !in.Again { // typed by whoever was signed in before: that is for nobody else
		p.sayNext("signin.kept_of_another", "")
		return p.see("/console/")
	}
	if v.Kept != "" && strings.HasPrefix(v.Next, "/console/w/") {
		p.who = &in.Who
		p.Texts = p.texts(in.Member.Language)
		kept, err := url.ParseQuery(v.Kept)
		if err != nil {
			return core.WrongParameter(keptUnreadable.Said())
		}
		return p.show(ctx, goOnPage(p, templ.SafeURL(v.Next), kept))
	}
	if v.Next != "" {
		return p.see(templ.SafeURL(v.Next))
	}
	return p.see("/console/")
}

// signOut answers POST /console/sign-out.
func (s *server) signOut(ctx context.Context, p *page) error {
	if err := s.deps.Sessions.SignOut(ctx, p.who); err != nil {
		return err
	}
	p.endSession()
	p.Writer.Header().Set("Clear-Site-Data", `"cache"`)
	p.sayNext("signin.signed_out", "")
	return p.see(signInPath)
}
