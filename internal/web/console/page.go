package console

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"accesscodes/internal/bulk"
	"accesscodes/internal/core"
	"accesscodes/internal/member"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/web/console/text"
	"accesscodes/internal/web/kit"
)

// page is one request of a browser: who asks, where, and in which language.
type page struct {
	*kit.Call
	*text.Texts
	server    *server
	route     Route
	who       *member.Who       // nil: nobody is signed in
	workspace tenancy.Workspace // that the path names, if it names one
	nonce     string            // of this page's scripts
	toast     *toast            // what the page before wants said
	making    string            // how far the batches are that are being made; empty: none is
	failing   []endpointRow     // webhook endpoints that do not get what they want
	secret    bool              // the page shows a secret: it is not compressed, since its length would tell of it
}

// endpoint runs a handler for whoever asks.
func (s *server) endpoint(rt Route) kit.Endpoint {
	return func(ctx context.Context, c *kit.Call) error {
		p := s.newPage(rt, c)
		c.Data = p
		p.secure(c.Writer.Header())
		if err := s.origin.Check(c.Request); err != nil {
			return &core.Error{
				Kind: core.KindForbidden, Reason: core.ReasonOtherOrigin,
				Detail: "this form was sent from another address than " + c.Request.Host,
			}
		}
		if tenancy.HoldsKey(c.Request.URL.RawQuery) { // somebody pasted a key where it shows
			p.sayNext("search.secret", "")
			return p.see(templ.SafeURL(c.Request.URL.EscapedPath()))
		}
		if rt.Open {
			return rt.handle(ctx, p)
		}
		if err := p.admit(ctx); err != nil {
			return p.askToSignIn(err)
		}
		if rt.Method == http.MethodPost && !rt.Streams {
			// A form may arrive slowly: who sent it may have lost the right meanwhile.
			if _, err := p.readForm(); err != nil {
				return err
			}
			if err := p.admit(ctx); err != nil {
				return p.askToSignIn(err)
			}
		}
		return rt.handle(ctx, p)
	}
}

// admit finds out who asks and whether they may.
func (p *page) admit(ctx context.Context) error {
	if err := p.identify(ctx); err != nil {
		return err
	}
	return p.enter()
}

func (s *server) newPage(rt Route, c *kit.Call) *page {
	p := &page{Call: c, server: s, route: rt, nonce: rand.Text()}
	p.Texts = p.texts("")
	return p
}

// texts are the texts for the viewer, who may have chosen a language.
func (p *page) texts(language string) *text.Texts {
	zone, _ := url.QueryUnescape(p.cookie("accesscodes-zone")) // one that cannot be read is unknown
	return text.For(text.Viewer{
		Language: language, Accepts: p.Request.Header.Get("Accept-Language"), Zone: zone, Now: p.server.deps.Now(),
	})
}

// enter finds the workspace that the path names and what the person may do there.
func (p *page) enter() error {
	if p.route.Operates && !p.who.Member.Operator {
		return &core.Error{
			Kind: core.KindForbidden, Reason: core.ReasonRoleNotAllowed, Detail: operatorsOnly.Said().Detail,
			Said: operatorsOnly.Said(),
		}
	}
	slug := p.Request.PathValue("workspace")
	if slug == "" {
		return nil
	}
	actor, workspace, seated := p.who.Actor(slug)
	if !seated {
		return core.NotFound(core.ReasonWorkspaceNotFound, "there is no such workspace")
	}
	actor.RequestID = p.RequestID
	p.Actor, p.workspace = actor, workspace
	if p.route.Needs == "" {
		return nil
	}
	return actor.Require(p.route.Needs)
}

// may reports whether the person may do something in this workspace.
func (p *page) may(needs core.Permission) bool { return p.Actor.May(needs) }

// path is an address in this workspace: parts are joined with slashes and escaped.
func (p *page) path(parts ...string) string { return workspacePath(p.workspace.Slug, parts...) }

func workspacePath(slug string, parts ...string) string {
	path := "/console/w/" + url.PathEscape(slug)
	for _, part := range parts {
		path += "/" + url.PathEscape(part)
	}
	return path
}

// link is path as templates take it.
func (p *page) link(parts ...string) templ.SafeURL { return templ.SafeURL(p.path(parts...)) }

// with adds a query of pairs of names and values to an address; empty values are left out.
func with(address string, pairs ...string) templ.SafeURL {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	if len(query) == 0 {
		return templ.SafeURL(address)
	}
	return templ.SafeURL(address + "?" + query.Encode())
}

// hx are attributes of htmx, which count only beside the page's nonce.
func (p *page) hx(pairs ...string) templ.Attributes {
	attributes := templ.Attributes{"hx-nonce": p.nonce}
	for i := 0; i+1 < len(pairs); i += 2 {
		attributes["hx-"+pairs[i]] = pairs[i+1]
	}
	return attributes
}

// isDialog reports whether the page is loaded into the dialog of another one.
func (p *page) isDialog() bool { return p.Request.Header.Get("HX-Target") == "dialog#dialog" } // element and id

// show answers with a page.
func (p *page) show(ctx context.Context, c templ.Component) error {
	return p.showWith(ctx, http.StatusOK, c)
}

// showWith answers with a page and a status.
func (p *page) showWith(ctx context.Context, status int, c templ.Component) error {
	if !p.isDialog() && p.Request.Header.Get("HX-Request") == "" {
		p.takeToast()
		p.remember()
	}
	p.noteMaking(ctx)
	p.noteWebhooks(ctx)
	var b bytes.Buffer
	if err := c.Render(ctx, &b); err != nil {
		return err
	}
	header := p.Writer.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Vary", "Accept-Encoding, Accept-Language, Cookie, HX-Request, HX-Target")
	body := b.Bytes()
	if !p.secret && len(body) > 1<<10 && p.AcceptsGzip() {
		header.Set("Content-Encoding", "gzip")
		body = packed(body)
	}
	p.Write(status, "text/html; charset=utf-8", body)
	return nil
}

// noteMaking finds out how far batches are, for the menu. A page that cannot tell is as good.
func (p *page) noteMaking(ctx context.Context) {
	if p.workspace.ID.IsZero() || p.isDialog() || !p.may(core.PermissionFollow) {
		return
	}
	jobs, err := p.server.deps.UnfinishedJobs(ctx, p.workspace.ID)
	if err != nil {
		return
	}
	var done, total int64
	for _, j := range jobs {
		if j.Kind == bulk.KindBatch {
			done, total = done+j.Done, total+j.Total
		}
	}
	if total > 0 {
		p.making = p.Percent(done, total)
	}
}

func packed(body []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // a level that there is
	_, _ = w.Write(body)                            // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// secure sets what keeps a browser from running, framing or telling what it should not.
func (p *page) secure(header http.Header) {
	header.Set("Content-Security-Policy", strings.Join([]string{
		"default-src 'none'", "script-src 'nonce-" + p.nonce + "'", "style-src 'self'", "font-src 'self'",
		"img-src 'self'", "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
		"require-trusted-types-for 'script'", "trusted-types htmx",
	}, "; "))
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	if p.Request.TLS != nil {
		header.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// see sends the browser to another page.
func (p *page) see(address templ.SafeURL) error {
	if p.Request.Header.Get("HX-Request") != "" { // fetch would follow a redirection by itself
		p.Writer.Header().Set("HX-Redirect", string(address))
		p.Write(http.StatusOK, "text/html; charset=utf-8", nil)
		return nil
	}
	p.Redirect(string(address))
	return nil
}
