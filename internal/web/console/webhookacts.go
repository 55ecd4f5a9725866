package console

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/webhook"
)

// testWebhook answers POST /webhooks/{id}/test, and leads to the page of what was sent.
func (s *server) testWebhook(ctx context.Context, p *page) error {
	row, err := s.endpointOf(ctx, p)
	if err != nil {
		return err
	}
	sent, now, err := s.deps.Webhooks.Test(ctx, &p.Actor, row.ID)
	if err != nil {
		return err
	}
	switch {
	case sent.Status != webhook.Succeeded:
		p.sayNext("webhooks.test_failed", "", "host", row.host())
	case now.DisabledAt != nil:
		p.sayNext("webhooks.test_off", "", "host", row.host())
	case row.TestedAt == nil:
		p.sayNext("webhooks.test_first", "", "host", row.host())
	default:
		p.sayNext("webhooks.test_arrived", "", "host", row.host())
	}
	return p.see(p.link("deliveries", sent.ID()))
}

// switchWebhook switches an endpoint on or off.
func (s *server) switchWebhook(ctx context.Context, p *page, on bool) (endpointRow, error) {
	row, err := s.endpointOf(ctx, p)
	if err != nil {
		return row, err
	}
	_, err = s.deps.Webhooks.Update(ctx, &p.Actor, row.ID, webhook.EndpointChange{Enabled: &on})
	return row, err
}

// switchWebhookOn answers POST /webhooks/{id}/on, and leads to what happened while it was off.
func (s *server) switchWebhookOn(ctx context.Context, p *page) error {
	row, err := s.switchWebhook(ctx, p, true)
	if err != nil {
		return err
	}
	switch {
	case row.TestedAt == nil:
		p.sayNext("webhooks.on_untested", "", "host", row.host())
	case row.DisabledAt != nil:
		p.sayNext("webhooks.on", "", "host", row.host())
		since := row.missesSince()
		return p.see(with(row.at(p, "resend"), "since", p.typedInstant(&since)))
	}
	return p.see(p.link("webhooks", row.ID.String()))
}

// missesSince is from when on an endpoint that is switched off has missed what it wants: events wait in the
// log while it fails, and are passed over when it is switched on again.
func (e *endpointRow) missesSince() time.Time {
	if e.FailingSince != nil && e.FailingSince.Before(*e.DisabledAt) {
		return *e.FailingSince
	}
	return *e.DisabledAt
}

// askToSwitchWebhookOff answers GET /webhooks/{id}/off.
func (s *server) askToSwitchWebhookOff(ctx context.Context, p *page) error {
	row, err := s.endpointOf(ctx, p)
	if err != nil {
		return err
	}
	return p.show(ctx, switchOffPage(p, &row))
}

// switchWebhookOff answers POST /webhooks/{id}/off.
func (s *server) switchWebhookOff(ctx context.Context, p *page) error {
	row, err := s.switchWebhook(ctx, p, false)
	if err != nil {
		return err
	}
	p.sayNext("webhooks.is_off", "", "host", row.host())
	return p.see(p.link("webhooks", row.ID.String()))
}

// askToDeleteWebhook answers GET /webhooks/{id}/delete.
func (s *server) askToDeleteWebhook(ctx context.Context, p *page) error {
	row, err := s.endpointOf(ctx, p)
	if err != nil {
		return err
	}
	return p.show(ctx, deleteWebhookPage(p, &row))
}

// deleteWebhook answers POST /webhooks/{id}/delete.
func (s *server) deleteWebhook(ctx context.Context, p *page) error {
	row, err := s.endpointOf(ctx, p)
	if err != nil {
		return err
	}
	if err := s.deps.Webhooks.Delete(ctx, &p.Actor, row.ID); err != nil {
		return err
	}
	p.sayNext("webhooks.deleted", "", "host", row.host())
	return p.see(p.link("webhooks"))
}

// askToRotateSecret answers GET /webhooks/{id}/rotate.
func (s *server) askToRotateSecret(ctx context.Context, p *page) error {
	row, err := s.endpointOf(ctx, p)
	if err != nil {
		return err
	}
	f := p.newForm()
	f.set("overlap", strconv.Itoa(overlaps[0]))
	return p.show(ctx, rotateSecretPage(p, &endpointFormView{row, f}))
}

// rotateSecret answers POST /webhooks/{id}/rotate: the new secret is in this answer alone.
func (s *server) rotateSecret(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	row, err := s.endpointOf(ctx, p)
	if err != nil {
		return err
	}
	hours, err := strconv.Atoi(f.get("overlap"))
	if err != nil || !slices.Contains(overlaps, hours) {
		return core.WrongParameter(noSuchChoice.Said())
	}
	e, secret, err := s.deps.Webhooks.RotateSecret(ctx, &p.Actor, row.ID, time.Duration(hours)*time.Hour)
	if err != nil {
		return err
	}
	return p.showSecret(ctx, e, secret)
}

// isOverlapping reports whether two secrets sign.
func (e *endpointRow) isOverlapping(p *page) bool {
	return e.OldUntil != nil && e.OldUntil.After(p.Now())
}

// secretEnd says when the present secret stops.
func (p *page) secretEnd(hours int) string {
	if hours == 0 {
		return p.Say("webhooks.at_once_why")
	}
	return p.Full(p.Now().Add(time.Duration(hours) * time.Hour))
}

// resendFailed answers POST /webhooks/{id}/resend-failed.
func (s *server) resendFailed(ctx context.Context, p *page) error {
	row, err := s.endpointOf(ctx, p)
	if err != nil {
		return err
	}
	count, err := s.deps.Webhooks.ResendFailed(ctx, &p.Actor, row.ID)
	if err != nil {
		return err
	}
	p.sayNext("webhooks.resent", "", "count", strconv.Itoa(count))
	return p.see(p.link("webhooks", row.ID.String()))
}

// sinceView is what the page shows on which an instant is chosen to send again from.
type sinceView struct {
	endpointRow
	form  *form
	since *time.Time // that was typed and is past
	count int        // about how many events that are
	more  bool       // there are more than count
}

// askToResendSince answers GET /webhooks/{id}/resend: with an instant, it says what would be sent again.
func (s *server) askToResendSince(ctx context.Context, p *page) error {
	row, err := s.endpointOf(ctx, p)
	if err != nil {
		return err
	}
	v := &sinceView{endpointRow: row, form: p.newForm()}
	v.since = v.form.past("since")
	if err := s.countSince(ctx, v); err != nil {
		return err
	}
	return p.show(ctx, resendSincePage(p, v))
}

// resendSince answers POST /webhooks/{id}/resend.
func (s *server) resendSince(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	row, err := s.endpointOf(ctx, p)
	if err != nil {
		return err
	}
	v := &sinceView{endpointRow: row, form: f}
	if v.since = f.past("since"); v.since == nil && f.isGood() {
		f.complain("since", "said.date_missing")
	}
	if v.since != nil {
		if _, err = s.deps.Webhooks.ResendSince(ctx, &p.Actor, row.ID, *v.since); err != nil && !f.take(err) {
			return err
		}
	}
	if !f.isGood() {
		return p.showWith(ctx, http.StatusUnprocessableEntity, resendSincePage(p, v))
	}
	p.sayNext("webhooks.resent_since", "", "time", p.Full(*v.since))
	return p.see(p.link("webhooks", row.ID.String()))
}

// past reads a field of a date and time that must be over.
func (f *form) past(name string) *time.Time {
	at := f.instant(name)
	if at != nil && at.After(f.page.Now()) {
		f.complain(name, "webhooks.in_future")
		return nil
	}
	return at
}

// countSince counts the events that the endpoint wants since an instant, in one look at the log.
func (s *server) countSince(ctx context.Context, v *sinceView) error {
	if v.since == nil {
		return nil
	}
	q := event.Query{Workspace: v.WorkspaceID, Types: v.Wants(), Limit: event.MaxLimit}
	found, err := s.deps.Events.Newest(ctx, q)
	if err != nil {
		return err
	}
	isOld := func(e event.Event) bool { return e.At.Before(*v.since) }
	v.count = slices.IndexFunc(found.Events, isOld)
	if v.count < 0 {
		v.count, v.more = len(found.Events), found.Next > found.Oldest
	}
	return nil
}
