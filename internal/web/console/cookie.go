package console

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"accesscodes/internal/core"
	"accesscodes/internal/member"
)

// Names of cookies. Over TLS the session has the prefix with which browsers keep other hosts and plain
// HTTP from setting it (RFC 6265bis §4.1.3.2).
const (
	sessionCookie       = "accesscodes-session"
	securePrefix        = "__Host-"
	deviceCookie        = "accesscodes-device" // of a browser in which somebody has signed in before
	toastCookie         = "accesscodes-toast"
	workspaceCookie     = "accesscodes-workspace" // where somebody was last, by its slug
	deviceLife          = 400 * 24 * time.Hour    // the longest that browsers keep a cookie
	toastLife           = time.Minute
	maxToast            = 2 << 10
	loopbackHost        = "localhost"
	loopbackHostsSuffix = ".localhost" // RFC 6761 §6.3
)

func (p *page) cookie(name string) string {
	found, err := p.Request.Cookie(name)
	if err != nil {
		return ""
	}
	return found.Value
}

// ownName is the name of a cookie that no other host of the domain can set, where there is TLS.
func (p *page) ownName(name string) string {
	if p.Secured {
		return securePrefix + name
	}
	return name
}

// sessionName is the name of the session's cookie here.
func (p *page) sessionName() string { return p.ownName(sessionCookie) }

// setCookie sets a cookie that scripts cannot read; empty values take it away.
func (p *page) setCookie(name, path, value string, life time.Duration) {
	c := &http.Cookie{
		Name: name, Value: value, Path: path, HttpOnly: true, Secure: p.Secured, SameSite: http.SameSiteLaxMode,
		MaxAge: int(life / time.Second),
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(p.Writer, c)
}

// startSession lets the browser keep a session until it is closed or the session ends, and be known next
// time. The session that the browser had until now ends: nobody could sign out of it any more.
func (p *page) startSession(ctx context.Context, in *member.SignedIn) error {
	sessions := p.server.deps.Sessions
	before, err := sessions.Authenticate(ctx, p.cookie(p.sessionName()))
	switch {
	case err == nil:
		err = sessions.SignOut(ctx, &before)
	case core.IsKind(err, core.KindUnauthenticated):
		err = nil
	}
	if err != nil {
		return err
	}
	p.setCookie(p.sessionName(), "/", in.Token, 0)
	p.setCookie(deviceCookie, "/console", in.Device, deviceLife)
	return nil
}

// remember has the browser remember in which workspace somebody is.
func (p *page) remember() {
	if slug := p.workspace.Slug; slug != "" && p.cookie(workspaceCookie) != slug {
		p.setCookie(workspaceCookie, "/console", slug, 0)
	}
}

// stay keeps somebody in the workspace where they were, on a page that belongs to none.
func (p *page) stay() {
	if actor, workspace, seated := p.who.Actor(p.cookie(workspaceCookie)); seated {
		p.Actor, p.workspace = actor, workspace
	}
}

func (p *page) endSession() { p.setCookie(p.sessionName(), "/", "", 0) }

// isSafe reports whether passwords can be sent here: over TLS, or within the machine.
func (p *page) isSafe() bool {
	if p.Secured {
		return true
	}
	host := p.Request.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host == loopbackHost || strings.HasSuffix(host, loopbackHostsSuffix) {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// toast is a short message on the next page, perhaps with a way back. It is kept in a cookie, so it
// names a text and holds nothing but numbers and names to put into it.
type toast struct {
	Text string   `json:"t"`
	Args []string `json:"a,omitempty"`
	Undo string   `json:"u,omitempty"` // an address of this console that takes a POST
	// Fields are sent to Undo: what people wrote does not belong into an address.
	Fields url.Values `json:"f,omitempty"`
}

// sayNext has the next page say something. args are pairs, see [text.Texts.Say]. undo is an address that
// takes it back; empty: there is none.
func (p *page) sayNext(name, undo string, args ...string) {
	p.keepToast(toast{Text: name, Args: args, Undo: undo})
}

// keepToast keeps a message for the next page, and reports whether it fits. One that is lost harms nobody.
func (p *page) keepToast(t toast) bool {
	body, err := json.Marshal(t)
	if err != nil || len(body) >= maxToast {
		return false
	}
	p.setCookie(p.ownName(toastCookie), "/", base64.RawURLEncoding.EncodeToString(body), toastLife)
	return true
}

// takeToast takes the message for this page.
func (p *page) takeToast() {
	kept := p.cookie(p.ownName(toastCookie))
	if kept == "" {
		return
	}
	p.setCookie(p.ownName(toastCookie), "/", "", 0)
	var t toast
	body, err := base64.RawURLEncoding.DecodeString(kept)
	if err != nil || json.Unmarshal(body, &t) != nil || !p.Has(t.Text) || !isUndo(t.Undo) {
		return
	}
	p.toast = &t
}

// args are what stands at the places of the text. A count is a number, so that the text has its form.
func (t *toast) args() []any {
	all := make([]any, len(t.Args))
	for i, arg := range t.Args {
		all[i] = arg
		if count, err := strconv.ParseInt(arg, 10, 64); err == nil && i > 0 && t.Args[i-1] == "count" {
			all[i] = count
		}
	}
	return all
}

// undo is the address that takes back what the message tells of.
func (t *toast) undo() templ.SafeURL { return templ.SafeURL(t.Undo) }

// undos are how addresses end that take something back.
var undos = []string{"/undo", "/revoke", "/restore", "/delete", "/resume", "/edit", "/settings"}

// isUndo reports whether an address may stand behind a button that says Undo: a cookie can be set by
// others. None is fine.
func isUndo(address string) bool {
	target, _, _ := strings.Cut(address, "?")
	return address == "" || localPath(address) == address && slices.ContainsFunc(undos, func(end string) bool {
		return strings.HasSuffix(target, end)
	})
}

// localPath returns an address if it is one of the console's own, without a host; else "".
func localPath(address string) string {
	target, _, _ := strings.Cut(address, "?")
	inside := target == "/console" || target == "/console/" ||
		strings.HasPrefix(target, "/console/") && path.Clean(target) == target
	if !inside || strings.ContainsAny(address, "\\\r\n\t") {
		return ""
	}
	return address
}
