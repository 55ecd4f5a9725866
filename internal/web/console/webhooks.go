package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"accesscodes/internal/core"
	"accesscodes/internal/webhook"
)

func (s *server) webhookRoutes() []Route {
	const needs = core.PermissionWebhooks
	return []Route{
		get("/webhooks", needs, s.webhooks),
		get("/webhooks/new", needs, s.newWebhook),
		post("/webhooks/new", needs, s.createWebhook),
		get("/webhooks/{id}", needs, s.webhook),
		get("/webhooks/{id}/edit", needs, s.editWebhook),
		post("/webhooks/{id}/edit", needs, s.saveWebhook),
		get("/webhooks/{id}/sample", needs, s.webhookSample),
		post("/webhooks/{id}/test", needs, s.testWebhook),
		post("/webhooks/{id}/on", needs, s.switchWebhookOn),
		get("/webhooks/{id}/off", needs, s.askToSwitchWebhookOff),
		post("/webhooks/{id}/off", needs, s.switchWebhookOff),
		get("/webhooks/{id}/rotate", needs, s.askToRotateSecret),
		post("/webhooks/{id}/rotate", needs, s.rotateSecret),
		get("/webhooks/{id}/delete", needs, s.askToDeleteWebhook),
		post("/webhooks/{id}/delete", needs, s.deleteWebhook),
		post("/webhooks/{id}/resend-failed", needs, s.resendFailed),
		get("/webhooks/{id}/resend", needs, s.askToResendSince),
		post("/webhooks/{id}/resend", needs, s.resendSince),
		get("/deliveries/{id}", needs, s.delivery),
		post("/deliveries/{id}/resend", needs, s.resendDelivery),
	}
}

// unsentShown is how far deliveries that wait or have failed are counted.
const unsentShown = 1000

// endpointRow is one endpoint in the list, with how many of its deliveries have not arrived.
type endpointRow struct {
	webhook.Endpoint
	pending, failed int
}

// host is the name under which people know an endpoint.
func (e *endpointRow) host() string { return hostOf(e.URL) }

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	return u.Host
}

// isOn reports whether the endpoint is told about events.
func (e *endpointRow) isOn() bool { return e.Status() == webhook.Enabled }

// unsent is how many deliveries can be sent again.
func (e *endpointRow) unsent() int { return e.pending + e.failed }

// isCounted reports whether all of them were counted.
func (e *endpointRow) isCounted() bool { return max(e.pending, e.failed) < unsentShown }

// States of endpoints as pages say them.
const (
	endpointUntested = "untested"
	endpointOn       = "on"
	endpointFailing  = "failing"
	endpointOff      = "off"
	endpointGone     = "gone"
	endpointGivenUp  = "given_up"
)

// state is how an endpoint is.
func (e *endpointRow) state() string {
	switch {
	case e.DisabledAt == nil && e.TestedAt == nil:
		return endpointUntested
	case e.DisabledAt == nil && e.Failures > 0:
		return endpointFailing
	case e.DisabledAt == nil:
		return endpointOn
	case e.DisabledReason == webhook.Gone:
		return endpointGone
	case e.DisabledReason == webhook.Failing:
		return endpointGivenUp
	default:
		return endpointOff
	}
}

// stateClass is the class of the stylesheet for how an endpoint is.
func (e *endpointRow) stateClass() string {
	switch e.state() {
	case endpointUntested:
		return "scheduled"
	case endpointOn:
		return "ok"
	case endpointOff:
		return "expired"
	default:
		return "failed"
	}
}

// needsSomebody reports whether an endpoint does not get what it wants, and nobody has asked for that.
func (e *endpointRow) needsSomebody() bool {
	state := e.state()
	return state == endpointFailing || state == endpointGone || state == endpointGivenUp
}

// row counts what has not arrived at an endpoint.
func (s *server) endpointRow(ctx context.Context, e webhook.Endpoint) (row endpointRow, err error) {
	row.Endpoint = e
	row.pending, row.failed, err = s.deps.Webhooks.Unsent(ctx, &e)
	return row, err
}

// webhooksView is what the list of endpoints shows.
type webhooksView struct {
	rows []endpointRow
	form *form
}

// webhooks answers GET /webhooks.
func (s *server) webhooks(ctx context.Context, p *page) error {
	all, err := s.deps.Webhooks.List(ctx, &p.Actor)
	if err != nil {
		return err
	}
	v := &webhooksView{form: p.newWebhookForm()}
	for i := range all {
		row, err := s.endpointRow(ctx, all[i])
		if err != nil {
			return err
		}
		v.rows = append(v.rows, row)
	}
	return p.show(ctx, webhooksPage(p, v))
}

// newWebhookForm is the form for an endpoint: it wants everything.
func (p *page) newWebhookForm() *form {
	f := p.newForm()
	f.set("which", typesAll)
	return f
}

// newWebhook answers GET /webhooks/new.
func (s *server) newWebhook(ctx context.Context, p *page) error {
	return p.show(ctx, newWebhookPage(p, p.newWebhookForm()))
}

// createWebhook answers POST /webhooks/new: the secret is in this answer alone.
func (s *server) createWebhook(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	asked := webhook.NewEndpoint{URL: f.get("url"), Description: f.get("description")}
	asked.Types, asked.Unread = f.typePatterns()
	if err := s.refuseSameWebhook(ctx, p, f, &asked); err != nil {
		return err
	}
	var made webhook.Endpoint
	var secret string
	if f.isGood() {
		if made, secret, err = s.deps.Webhooks.Create(ctx, &p.Actor, asked); err != nil && !f.take(err) {
			return err
		}
	}
	if !f.isGood() {
		return p.showWith(ctx, http.StatusUnprocessableEntity, newWebhookPage(p, f))
	}
	return p.showSecret(ctx, made, secret)
}

// refuseSameWebhook complains if an endpoint that is not switched off has the address and wants the same:
// each event would come twice. So a form that is sent twice makes one endpoint.
func (s *server) refuseSameWebhook(ctx context.Context, p *page, f *form, asked *webhook.NewEndpoint) error {
	all, err := s.deps.Webhooks.List(ctx, &p.Actor)
	for i := range all {
		e := &all[i]
		if e.DisabledAt == nil && e.URL == asked.URL && slices.Equal(e.Patterns(), asked.Types) {
			f.complain("url", "webhooks.url_taken")
		}
	}
	return err
}

// secretView is what the page of a new secret shows.
type secretView struct {
	endpointRow
	secret string
}

// isFirst reports whether the endpoint was just made.
func (v *secretView) isFirst() bool { return v.OldUntil == nil }

// showSecret shows a secret that was just made.
func (p *page) showSecret(ctx context.Context, e webhook.Endpoint, secret string) error {
	p.secret = true
	return p.show(ctx, secretPage(p, &secretView{endpointRow{Endpoint: e}, secret}))
}

// endpointOf finds the endpoint that the path names.
func (s *server) endpointOf(ctx context.Context, p *page) (row endpointRow, err error) {
	missing := webhook.EndpointNotFound()
	id, err := p.PathID("id", missing.Reason, missing.Detail)
	if err != nil {
		return row, err
	}
	e, err := s.deps.Webhooks.Endpoint(ctx, &p.Actor, id)
	if err != nil {
		return row, err
	}
	return s.endpointRow(ctx, e)
}

// at is an address of an endpoint's pages.
func (e *endpointRow) at(p *page, parts ...string) string {
	return p.path(append([]string{"webhooks", e.ID.String()}, parts...)...)
}

// endpointFormView is what the page shows on which an endpoint is changed.
type endpointFormView struct {
	endpointRow
	form *form
}

// editWebhook answers GET /webhooks/{id}/edit.
func (s *server) editWebhook(ctx context.Context, p *page) error {
	row, err := s.endpointOf(ctx, p)
	if err != nil {
		return err
	}
	f := p.newForm()
	f.set("url", row.URL)
	f.set("description", row.Description)
	f.setTypes(row.Patterns())
	return p.show(ctx, editWebhookPage(p, &endpointFormView{row, f}))
}

// saveWebhook answers POST /webhooks/{id}/edit.
func (s *server) saveWebhook(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	row, err := s.endpointOf(ctx, p)
	if err != nil {
		return err
	}
	types, wrong := f.typePatterns()
	if before := row.Patterns(); slices.Equal(slices.Sorted(slices.Values(types)), slices.Sorted(slices.Values(before))) {
		types = before // in the order that a program has given
	}
	e, err := s.deps.Webhooks.Update(ctx, &p.Actor, row.ID, webhook.EndpointChange{
		URL: new(f.get("url")), Description: new(f.get("description")), Types: &types, Unread: wrong,
	})
	if err != nil {
		if !f.take(err) {
			return err
		}
		return p.showWith(ctx, http.StatusUnprocessableEntity, editWebhookPage(p, &endpointFormView{row, f}))
	}
	said := "webhooks.saved"
	if e.URL != row.URL {
		said = "webhooks.saved_untested"
	}
	p.sayNext(said, "")
	return p.see(p.link("webhooks", row.ID.String()))
}

// noteWebhooks finds out which endpoints fail, for the menu. A page that cannot tell is as good.
func (p *page) noteWebhooks(ctx context.Context) {
	if p.workspace.ID.IsZero() || p.isDialog() || !p.may(core.PermissionWebhooks) {
		return
	}
	all, _ := p.server.deps.Webhooks.List(ctx, &p.Actor)
	for i := range all {
		if row := (endpointRow{Endpoint: all[i]}); row.needsSomebody() {
			p.failing = append(p.failing, row)
		}
	}
}

// answerWord is an answer in a table: its status, or that there was none.
func (p *page) answerWord(status int) string {
	if status == 0 {
		return p.Say("webhooks.no_answer")
	}
	return strconv.Itoa(status)
}

// unsentNumber is a number of deliveries.
func (p *page) unsentNumber(n int) string {
	if n >= unsentShown {
		return p.Say("webhooks.or_more", "number", n)
	}
	return p.Number(int64(n))
}
