package console

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
	"accesscodes/internal/logtest"
	"accesscodes/internal/member"
	"accesscodes/internal/overview"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/webhook"
	"accesscodes/internal/why"
)

const password = "correct horse battery staple"

// office is a console over a new database with the workspaces acme and other. Mara owns acme and runs
// the installation.
type office struct {
	url     string
	store   *sqlite.Store
	codes   *codes.Services
	tenancy *tenancy.Service
	people  *member.People
	events  *event.Service
	batches *bulk.Batches
	changes *bulk.Changes
	imports *bulk.Imports
	exports *bulk.Exports
	runner  *job.Runner
	log     *logtest.Output
	end     func() // waits for all requests, and then the console answers no more
	rests   bool   // jobs wait until the runner is told to work
	why     *why.Service
	hooks   *webhook.Service
	acme    tenancy.Workspace
	other   tenancy.Workspace
	mara    *visitor
}

// visitor is a browser in which somebody has signed in.
type visitor struct {
	*office
	t       *testing.T
	session string
	who     member.Who
}

func newTestID() (core.ID, error) {
	id, err := uuid.NewV7()
	return core.ID(id), err
}

func newOffice(t *testing.T) *office {
	t.Helper()
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "codes.db")
	if _, err := sqlite.Migrate(ctx, path); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := &office{store: store, log: new(logtest.Output)}
	entropy := core.SystemEntropy()
	if err := tenancy.EnsureSecret(ctx, store, entropy); err != nil {
		t.Fatal(err)
	}
	o.codes = codes.NewServices(codes.Deps{Store: store, Now: time.Now, Entropy: entropy, NewID: newTestID})
	o.tenancy = tenancy.NewService(tenancy.Deps{
		Store: store, Now: time.Now, Entropy: entropy, NewID: newTestID, Actor: event.System(),
	})
	o.events = event.NewService(store, time.Now, 400*24*time.Hour)
	o.people, err = member.New(member.Deps{Store: store, Now: time.Now, Entropy: entropy, NewID: newTestID})
	if err != nil {
		t.Fatal(err)
	}
	format := core.Format{Prefix: "ACME", Groups: 2, GroupLength: 4}
	o.acme, err = o.tenancy.CreateWorkspace(ctx, "acme", "Acme Inc.", format)
	if err != nil {
		t.Fatal(err)
	}
	o.openWorkshop(t)
	if o.hooks, err = newHooks(store); err != nil {
		t.Fatal(err)
	}
	o.serve(t)
	o.mara = o.setUp(t)
	format.Prefix = "OTHER"
	o.other, err = o.tenancy.CreateWorkspace(ctx, "other", "Other", format)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// newHooks makes the service of webhooks, which may reach receivers on this machine.
func newHooks(store *sqlite.Store) (*webhook.Service, error) {
	secrets, err := webhook.NewSecrets(nil)
	return webhook.NewService(webhook.Deps{
		Store: store, Log: store, Secrets: secrets, Schedule: webhook.DefaultSchedule(),
		Client: webhook.NewClient(webhook.ClientConfig{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}),
		Render: func(e *event.Event) ([]byte, error) {
			return json.Marshal(map[string]any{"id": e.ID.String(), "type": e.Type, "subject": e.Subject.ID})
		},
		Now: time.Now, Entropy: core.SystemEntropy(), NewID: newTestID, Wake: func(core.ID) {},
	}), err
}

// openWorkshop makes what jobs need. A job is done before whoever asks for it has the answer, unless
// the workshop rests.
func (o *office) openWorkshop(t *testing.T) {
	entropy := core.SystemEntropy()
	o.runner = job.NewRunner(job.RunnerConfig{
		Store: o.store, Node: core.ID{15: 1}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Workers: map[job.Kind]job.Worker{
			bulk.KindBatch:  bulk.NewBatchWorker(o.store, o.codes, time.Now, entropy),
			bulk.KindChange: bulk.NewChangeWorker(o.store, o.store, time.Now, entropy),
		},
	})
	wake := func() {
		if !o.rests {
			o.work(t)
		}
	}
	o.batches = bulk.NewBatches(bulk.Deps{
		Store: o.store, Jobs: o.store, Source: o.codes, Taken: o.store.CodesTaken, Before: o.tenancy.Predecessors,
		Now: time.Now, Entropy: entropy, NewID: newTestID, Wake: wake,
	})
	o.changes = bulk.NewChanges(bulk.ChangesDeps{
		Store: o.store, Reads: o.store, Jobs: o.store, Forms: o.codes.FormsOf,
		Now: time.Now, Entropy: entropy, NewID: newTestID, Wake: wake,
	})
	o.imports = bulk.NewImports(bulk.ImportsDeps{
		Store: o.store, DryRun: o.store.DryRun, Jobs: o.store, Forms: o.codes.FormOfNew,
		Before: o.tenancy.Predecessors, Now: time.Now, Entropy: entropy, NewID: newTestID,
	})
	o.exports = bulk.NewExports(bulk.ExportDeps{
		Lists: o.codes, Batches: o.batches, Events: o.events, Log: o.store, Now: time.Now, Entropy: entropy,
	})
	o.why = why.NewService(why.Deps{
		Codes: o.codes, Log: o.events, Batches: o.batches, Changes: o.changes, Imports: o.imports,
		Keys: o.tenancy, Now: time.Now,
	})
}

// work does what there is to do.
func (o *office) work(t *testing.T) {
	t.Helper()
	for worked := true; worked; {
		var err error
		if worked, err = o.runner.TakeTurn(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}
}

func (o *office) serve(t *testing.T) {
	pages, err := New(Deps{
		Codes: o.codes, Tenancy: o.tenancy, Events: o.events, Batches: o.batches, Changes: o.changes, Why: o.why,
		Imports: o.imports, Exports: o.exports, Webhooks: o.hooks,
		Counts:   overview.New(overview.Deps{Store: o.store, Now: time.Now}),
		Sessions: o.people.Sessions, Links: o.people.Links, Members: o.people.Members,
		Installation: func(context.Context) (Installation, error) {
			return Installation{Engine: "sqlite", EngineVersion: "3.99", Bytes: 20 << 20, Away: []string{"node-7"}}, nil
		},
		UnfinishedJobs: o.store.UnfinishedJobs, CountUnfinished: o.store.CountUnfinished,
		Now: time.Now, Version: "1.2.3",
		Log: slog.New(slog.NewJSONHandler(o.log, nil)), Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(pages)
	t.Cleanup(func() {
		pages.Drain()
		server.Close()
		if err := o.store.Close(); err != nil {
			t.Error(err)
		}
	})
	o.url, o.end = server.URL, server.Close
}

// setUp lets Mara set the installation up.
func (o *office) setUp(t *testing.T) *visitor {
	token, err := o.people.Links.SetUp(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return o.accept(t, token, member.NewPerson{Email: "mara@acme.example", Name: "Mara Lindt", Password: password})
}

func (o *office) accept(t *testing.T, token string, p member.NewPerson) *visitor {
	t.Helper()
	in, err := o.people.Links.Accept(t.Context(), token, p)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{office: o, t: t, session: in.Token, who: in.Who}
}

// join lets somebody join acme.
func (o *office) join(t *testing.T, name string, role member.Role) *visitor {
	t.Helper()
	token, err := o.people.Links.InviteAs(t.Context(), event.System(), "", member.Invitation{
		Email: name + "@acme.example", Role: role, Workspace: &o.acme,
	})
	if err != nil {
		t.Fatal(err)
	}
	return o.accept(t, token, member.NewPerson{Name: name, Password: password})
}

// actor is the person in acme.
func (v *visitor) actor() *core.Actor {
	actor, _, seated := v.who.Actor("acme")
	if !seated {
		v.t.Fatal("no seat")
	}
	return &actor
}

func (v *visitor) do(method, path string, form url.Values) (status int, location, body string) {
	v.t.Helper()
	kind := ""
	if form != nil {
		kind = "application/x-www-form-urlencoded"
	}
	return v.asks(method, path, kind, strings.NewReader(form.Encode()))
}

// posts sends a body of a media type.
func (v *visitor) posts(path, kind string, sent io.Reader) (status int, location, body string) {
	v.t.Helper()
	return v.asks(http.MethodPost, path, kind, sent)
}

func (v *visitor) asks(method, path, kind string, sent io.Reader) (status int, location, body string) {
	v.t.Helper()
	answer, body := v.asksFor(method, path, kind, sent)
	return answer.StatusCode, answer.Header.Get("Location"), body
}

func (v *visitor) asksFor(method, path, kind string, sent io.Reader) (answer *http.Response, body string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, v.url+path, sent)
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin") // as from a page of the console
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	req.AddCookie(&http.Cookie{Name: sessionCookie, Value: v.session})
	answer, err = http.DefaultTransport.RoundTrip(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer, string(text)
}

// sees opens a page and wants a text on it.
func (v *visitor) sees(path string, texts ...string) string {
	v.t.Helper()
	status, _, body := v.do(http.MethodGet, path, nil)
	if status != http.StatusOK {
		v.t.Fatalf("%s: %d\n%s", path, status, body)
	}
	v.has(path, body, texts...)
	return body
}

func (v *visitor) has(where, body string, texts ...string) {
	v.t.Helper()
	for _, text := range texts {
		if !strings.Contains(body, text) {
			v.t.Errorf("%s does not say %q:\n%s", where, text, body)
		}
	}
}

// sends sends a form and wants to be sent to a page.
func (v *visitor) sends(path, to string, form url.Values) {
	v.t.Helper()
	if status, location, body := v.do(http.MethodPost, path, form); status != http.StatusSeeOther || location != to {
		v.t.Fatalf("%s: %d to %q, want %q\n%s", path, status, location, to, body)
	}
}

// does sends a form that does something, and returns what the next page says about it.
func (v *visitor) does(path string, form url.Values) (said toast) {
	v.t.Helper()
	answer, body := v.asksFor(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	if answer.StatusCode != http.StatusSeeOther {
		v.t.Fatalf("%s: %d\n%s", path, answer.StatusCode, body)
	}
	for _, c := range answer.Cookies() {
		if text, err := base64.RawURLEncoding.DecodeString(c.Value); c.Name == toastCookie && err == nil {
			if err := json.Unmarshal(text, &said); err != nil {
				v.t.Fatal(err)
			}
			return said
		}
	}
	v.t.Fatalf("%s: nothing is said about it", path)
	return said
}

// answered sends a form and wants a status and texts.
func (v *visitor) answered(path string, form url.Values, want int, texts ...string) string {
	v.t.Helper()
	status, _, body := v.do(http.MethodPost, path, form)
	if status != want {
		v.t.Fatalf("%s: %d, want %d\n%s", path, status, want, body)
	}
	v.has(path, body, texts...)
	return body
}

// refused wants an address to be refused.
func (v *visitor) refused(method, path string, want int) {
	v.t.Helper()
	var form url.Values
	if method == http.MethodPost {
		form = url.Values{}
	}
	if status, _, body := v.do(method, path, form); status != want {
		v.t.Errorf("%s %s: %d, want %d\n%s", method, path, status, want, body)
	}
}
