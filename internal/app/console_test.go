package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/config"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/member"
	"accesscodes/internal/store/grouped"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/web/console"
	"accesscodes/internal/webhook"
)

// site is a whole console with two workspaces that have one of everything.
type site struct {
	*parts
	store       *watchedStore
	url         string
	routes      []console.Route
	acme, other things
	people      map[string]string // sessions by who somebody is: a role in acme, "operator", "foreign"
}

// things is one of everything in a workspace.
type things struct {
	workspace tenancy.Workspace
	actor     core.Actor
	ids       map[string]string // by what fills a path: see fill
	code      string
}

const sitePassword = "correct horse battery staple"

func newSite(t *testing.T, proxies ...netip.Prefix) *site {
	t.Helper()
	ctx, log := t.Context(), slog.New(slog.DiscardHandler)
	cfg := config.DefaultServe()
	cfg.Database = "sqlite:" + filepath.Join(t.TempDir(), "x.db")
	bare, err := openStore(ctx, cfg.Database, openOptions{server: true})
	check(t, err)
	store := &watchedStore{bareStore: bare}
	gathered := grouped.New(store, grouped.Options{})
	p, err := newParts(ctx, cfg, store, gathered, prometheus.NewRegistry(), log)
	check(t, err)
	pages, err := p.console(ctx, cfg.Database, "", surroundings{log, prometheus.NewRegistry(), proxies, "test"})
	check(t, err)
	server := httptest.NewServer(pages)
	p.runner.Start()
	t.Cleanup(func() {
		pages.Drain()
		server.Close()
		check(t, p.runner.Stop())
		gathered.Close()
		check(t, store.Close())
	})
	s := &site{parts: p, store: store, url: server.URL, routes: pages.Routes(), people: map[string]string{}}
	s.acme, s.other = s.newThings(t, "acme"), s.newThings(t, "other")
	s.letPeopleIn(t)
	return s
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newThings makes a workspace with one of everything but people.
func (s *site) newThings(t *testing.T, slug string) things {
	t.Helper()
	ctx := t.Context()
	prefix := strings.ToUpper(slug)
	w, err := s.tenancy.CreateWorkspace(ctx, slug, "Of "+slug, core.Format{Prefix: prefix, Groups: 3, GroupLength: 5})
	check(t, err)
	owner := core.Actor{
		Kind: core.ActorKey, ID: core.ID{1}, Name: "test", WorkspaceID: w.ID, Workspace: slug, Format: w.Format,
		Permissions: slices.Concat(member.RoleOwner.Permissions(), []core.Permission{core.PermissionRedeem}),
	}
	all := things{workspace: w, actor: owner, ids: map[string]string{}, code: prefix + "-SECRET-VALUE"}
	_, err = s.codes.AddCode(ctx, &owner, all.code, codes.IssueRequest{Type: codes.TypePremium})
	check(t, err)
	redeemed, err := s.codes.Redeem(ctx, &owner, codes.RedeemRequest{Code: all.code, UserID: "user of " + slug})
	check(t, err)
	key, _, err := s.tenancy.By(&owner).CreateKey(ctx, slug, tenancy.NewKey{Name: "CRM", Role: tenancy.RoleRead})
	check(t, err)
	var batch bulk.NewBatch
	batch.Type, batch.Count, batch.Name = codes.TypeNormal, 3, "Batch of "+slug
	made, _, err := s.batches.Create(ctx, &owner, batch)
	check(t, err)
	restoring := bulk.NewChange{Codes: []string{all.code}, Do: codes.Act{Restore: true}}
	change, _, err := s.changes.Create(ctx, &owner, restoring)
	check(t, err)
	file := "code,type\n" + prefix + "-IMPORTED,Normal\nx,Wrong\n"
	imported, _, err := s.imports.Run(ctx, &owner, bulk.NewImport{
		ImportSpec: bulk.ImportSpec{Format: bulk.FileFormat("csv"), OnExisting: bulk.FailOnExisting},
		Body:       strings.NewReader(file), Interrupt: func() {}, Check: func(context.Context) error { return nil },
	})
	check(t, err)
	endpoint, tested := s.newEndpoint(t, &owner)
	s.wait(t, func() bool {
		b, err := s.batches.Batch(ctx, &owner, made.ID)
		check(t, err)
		c, err := s.changes.Change(ctx, &owner, change.ID)
		check(t, err)
		return b.IsEnded() && c.IsEnded()
	})
	all.ids = map[string]string{
		"codes/{code}": all.code, "users/{id}": "user of " + slug, "redemption": redeemed.Redemption.ID.String(),
		"keys/{id}": key.ID.String(), "batches/{id}": made.ID.String(), "changes/{id}": change.ID.String(),
		"imports/{id}": imported.ID.String(), "webhooks/{id}": endpoint, "deliveries/{id}": tested,
	}
	return all
}

// newEndpoint makes a webhook endpoint that cannot be reached, and returns its id and that of a delivery.
func (s *site) newEndpoint(t *testing.T, owner *core.Actor) (endpoint, delivery string) {
	t.Helper()
	asked := webhook.NewEndpoint{URL: "https://127.0.0.1:1/of-" + owner.Workspace}
	made, _, err := s.hooks.Create(t.Context(), owner, asked)
	check(t, err)
	sent, _, err := s.hooks.Test(t.Context(), owner, made.ID)
	check(t, err)
	return made.ID.String(), sent.ID()
}

// wait asks again and again until something is so.
func (s *site) wait(t *testing.T, isSo func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !isSo(); {
		if time.Now().After(end) {
			t.Fatal("it did not become so")
		}
		select {
		case <-t.Context().Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// letPeopleIn lets somebody of each kind sign in.
func (s *site) letPeopleIn(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	token, err := s.parts.people.Links.SetUp(ctx)
	check(t, err)
	who, err := s.parts.people.Links.Accept(ctx, token, member.NewPerson{
		Email: "operator@example.org", Name: "Otto Operator", Password: sitePassword,
	})
	check(t, err)
	s.people["operator"] = who.Token
	// Paths name the guests: what is done to them in a walk keeps nobody from walking on.
	seats := map[string]things{"foreign": s.other, "guest": s.acme, "guest of other": s.other}
	for _, role := range member.Roles() {
		seats[string(role)] = s.acme
	}
	for name, in := range seats {
		role := member.Role(name)
		if !slices.Contains(member.Roles(), role) {
			role = member.RoleOwner
		}
		link, err := s.parts.people.Links.InviteAs(ctx, event.System(), "", member.Invitation{
			Email: strings.ReplaceAll(name, " ", ".") + "@example.org", Role: role, Workspace: &in.workspace,
		})
		check(t, err)
		person, err := s.parts.people.Links.Accept(ctx, link, member.NewPerson{Name: name, Password: sitePassword})
		check(t, err)
		s.people[name] = person.Token
		if strings.HasPrefix(name, "guest") {
			in.ids["members/{id}"] = person.Member.ID.String()
			in.ids["sessions/{id}"] = person.Session.ID.String()
		}
	}
	for _, in := range []things{s.acme, s.other} {
		_, err := s.parts.people.Links.InviteAs(ctx, event.System(), "", member.Invitation{
			Email: "new@example.org", Role: member.RoleViewer, Workspace: &in.workspace,
		})
		check(t, err)
		open, err := s.parts.people.Members.Invitations(ctx, &in.actor)
		check(t, err)
		in.ids["invitations/{id}"] = open[0].ID.String()
	}
	// The operator owns both after setting up; codes are seen only as a member.
	for _, in := range []things{s.acme, s.other} {
		onServer := in.actor // nobody: only people are asked whether they own the workspace
		onServer.ID = core.ID{}
		check(t, s.parts.people.Members.Remove(ctx, &onServer, who.Member.ID))
	}
}

// fill puts the things of a workspace into the path of a route.
func fill(t *testing.T, path string, slug string, of things) string {
	t.Helper()
	filled := []string{}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		name, isPlace := strings.CutPrefix(segment, "{")
		switch name = strings.TrimSuffix(name, "}"); {
		case !isPlace:
			filled = append(filled, segment)
		case name == "workspace":
			filled = append(filled, slug)
		case name == "slug":
			filled = append(filled, of.workspace.Slug)
		case name == "what":
			filled = append(filled, "codes")
		case of.ids[name] != "":
			filled = append(filled, url.PathEscape(of.ids[name]))
		case of.ids[segments[i-1]+"/{"+name+"}"] != "":
			filled = append(filled, url.PathEscape(of.ids[segments[i-1]+"/{"+name+"}"]))
		default:
			t.Errorf("nothing fills {%s} of %s", name, path)
			filled = append(filled, "x")
		}
	}
	return strings.Join(filled, "/")
}

// answer is what a browser of somebody gets.
type answer struct {
	status         int
	location, body string
	header         http.Header
}

// ask sends a request as the browser of somebody; nobody is "".
func (s *site) ask(t *testing.T, session, method, path string, form url.Values, header ...string) answer {
	t.Helper()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(context.Background(), method, s.url+path, body)
	check(t, err)
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	if session != "" {
		r.AddCookie(&http.Cookie{Name: "accesscodes-session", Value: session})
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	check(t, err)
	text, err := io.ReadAll(response.Body)
	check(t, err)
	check(t, response.Body.Close())
	return answer{response.StatusCode, response.Header.Get("Location"), string(text), response.Header}
}

// TestEveryPageIsForWhomItIsFor walks all routes as everybody: each role sees and does exactly its share,
// whatever is sent directly.
func TestEveryPageIsForWhomItIsFor(t *testing.T) {
	s := newSite(t)
	for _, rt := range s.routes {
		if rt.Open {
			continue
		}
		path := fill(t, rt.Path, "acme", s.acme)
		t.Run(rt.Method+" "+rt.Path, func(t *testing.T) {
			s.checkNobody(t, rt, path)
			if !strings.Contains(rt.Path, "{workspace}") {
				s.checkOutside(t, rt, path)
				return
			}
			for _, who := range []string{"foreign", "operator"} {
				if got := s.ask(t, s.people[who], rt.Method, path, nil); got.status != http.StatusNotFound {
					t.Errorf("%s, who is no member: %d", who, got.status)
				}
			}
			for _, role := range slices.Backward(member.Roles()) { // who may least comes first
				got := s.ask(t, s.people[string(role)], rt.Method, path, nil)
				allowed := rt.Needs == "" || role.Allows(rt.Needs)
				isRefused := got.status == http.StatusForbidden || got.status == http.StatusUnauthorized
				if allowed == isRefused || got.status >= 500 {
					t.Errorf("%s: %d, allowed: %v", role, got.status, allowed)
				}
			}
		})
	}
}

// checkNobody: who is not signed in is asked to.
func (s *site) checkNobody(t *testing.T, rt console.Route, path string) {
	t.Helper()
	for _, session := range []string{"", strings.Repeat("x", 43)} {
		got := s.ask(t, session, rt.Method, path, nil)
		isAsked := got.status == http.StatusUnauthorized
		if rt.Method == http.MethodGet {
			isAsked = got.status == http.StatusSeeOther && strings.HasPrefix(got.location, "/console/sign-in")
		}
		if !isAsked || !strings.Contains(path, s.acme.code) && strings.Contains(got.body, s.acme.code) {
			t.Errorf("nobody: %d to %q", got.status, got.location)
		}
	}
}

// checkOutside walks a page that belongs to no workspace. What ends sessions is tried elsewhere.
func (s *site) checkOutside(t *testing.T, rt console.Route, path string) {
	t.Helper()
	if rt.Operates {
		for _, who := range []string{"owner", "foreign", "viewer"} {
			if got := s.ask(t, s.people[who], rt.Method, path, nil); got.status != http.StatusForbidden {
				t.Errorf("%s, who runs nothing: %d", who, got.status)
			}
		}
	}
	if rt.Method == http.MethodGet {
		if got := s.ask(t, s.people["operator"], rt.Method, path, nil); got.status >= 400 {
			t.Errorf("operator: %d", got.status)
		}
	}
}

// TestNothingOfAnotherWorkspaceIsShown: an owner of acme asks for the things of the other workspace.
func TestNothingOfAnotherWorkspaceIsShown(t *testing.T) {
	s := newSite(t)
	owner := s.people["owner"]
	for _, rt := range s.routes {
		if rt.Open {
			continue
		}
		path := fill(t, rt.Path, "acme", s.other)
		if path == fill(t, rt.Path, "acme", s.acme) || !strings.Contains(rt.Path, "{workspace}") {
			if rt.Method == http.MethodGet && strings.HasPrefix(path, "/console/w/") {
				got := s.ask(t, owner, rt.Method, path, nil)
				if strings.Contains(got.body, s.other.code) || strings.Contains(got.body, "Batch of other") {
					t.Errorf("%s shows what is another workspace's", path)
				}
			}
			continue
		}
		got := s.ask(t, owner, rt.Method, path, url.Values{})
		if strings.Contains(rt.Path, "/users/{id}") { // ids of users are each workspace's own
			if strings.Contains(got.body, s.other.code) {
				t.Errorf("%s %s shows what is another workspace's", rt.Method, path)
			}
			continue
		}
		if got.status != http.StatusNotFound {
			t.Errorf("%s %s: %d", rt.Method, path, got.status)
		}
	}
	for what, still := range map[string]func() error{
		"the code": func() error { _, err := s.codes.GetCode(t.Context(), &s.other.actor, s.other.code); return err },
		"its user": func() error { _, err := s.codes.GetUser(t.Context(), &s.other.actor, "user of other"); return err },
		"its key": func() error {
			key, err := s.tenancy.FindKey(t.Context(), s.other.ids["keys/{id}"])
			if err == nil && key.RevokedAt != nil {
				err = fmt.Errorf("it was revoked")
			}
			return err
		},
	} {
		if err := still(); err != nil {
			t.Errorf("%s of the other workspace: %v", what, err)
		}
	}
}
