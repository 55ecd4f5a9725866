package console

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/web/console/text"
	"accesscodes/internal/webhook"
)

// deliveriesShown is how many deliveries a page shows.
const deliveriesShown = 50

// webhookView is what the page of an endpoint shows.
type webhookView struct {
	endpointRow
	status     webhook.DeliveryStatus // only of deliveries that have it; empty: of all
	deliveries []webhook.Delivery
	older      templ.SafeURL // empty: there are none
	isPart     bool          // newer ones are left out
}

// webhook answers GET /webhooks/{id}.
func (s *server) webhook(ctx context.Context, p *page) error {
	row, err := s.endpointOf(ctx, p)
	if err != nil {
		return err
	}
	f := p.question()
	v := &webhookView{endpointRow: row, isPart: f.get("cursor") != ""}
	if status := webhook.DeliveryStatus(f.get("status")); slices.Contains(webhook.DeliveryStatuses(), status) {
		v.status = status
	}
	list, err := s.deps.Webhooks.Deliveries(ctx, &p.Actor, row.ID, v.status, core.PageRequest{
		Limit: deliveriesShown, Cursor: f.get("cursor"),
	})
	if err != nil {
		return err
	}
	if v.deliveries = list.Items; list.Next != "" {
		v.older = with(row.at(p), "status", string(v.status), "cursor", list.Next)
	}
	return p.show(ctx, webhookPage(p, v))
}

// arrived counts what has arrived of the newest deliveries.
func (v *webhookView) arrived() (count int) {
	for i := range v.newest() {
		if v.deliveries[i].Status == webhook.Succeeded {
			count++
		}
	}
	return count
}

// newestDrawn is how many deliveries are drawn.
const newestDrawn = 30

// newest are the deliveries that are drawn.
func (v *webhookView) newest() []webhook.Delivery {
	return v.deliveries[:min(len(v.deliveries), newestDrawn)]
}

// deliveryRow is a delivery as pages show it.
type deliveryRow struct{ *webhook.Delivery }

// last is the last attempt; nil: there was none yet.
func (d deliveryRow) last() *webhook.Attempt {
	if len(d.Attempts) == 0 {
		return nil
	}
	return &d.Attempts[len(d.Attempts)-1]
}

// at is when it was sent last.
func (d deliveryRow) at() time.Time {
	if last := d.last(); last != nil {
		return last.At
	}
	return d.CreatedAt
}

// isSoon reports whether it is sent again in so short a while that the page can wait for it.
func (d deliveryRow) isSoon(p *page) bool {
	return d.Status == webhook.Pending && d.NextAt != nil && d.NextAt.Sub(p.Now()) < 30*time.Second
}

// state is what became of a delivery, as a sentence.
func (p *page) deliveryState(d deliveryRow) string {
	last := d.last()
	switch {
	case d.Status == webhook.Succeeded && last != nil:
		return p.Say("delivery.arrived", "time", p.Full(last.At))
	case d.Status == webhook.Failed:
		return p.Say("delivery.failed")
	case d.NextAt == nil || d.isSoon(p):
		return p.Say("delivery.soon")
	default:
		return p.Say("delivery.waits", "in", p.Until(*d.NextAt), "time", p.Full(*d.NextAt))
	}
}

// deliveryClass is the class of the stylesheet for what became of a delivery.
func deliveryClass(status webhook.DeliveryStatus) string {
	switch status {
	case webhook.Succeeded:
		return "ok"
	case webhook.Failed:
		return "failed"
	default:
		return "queued"
	}
}

// attemptClass is the class of the stylesheet for what came of an attempt.
func attemptClass(a *webhook.Attempt) string {
	if a.Succeeded() {
		return "ok"
	}
	return "failed"
}

// took is how long an attempt has taken.
func (p *page) took(d time.Duration) string {
	if d < 10*time.Second {
		return p.Say("delivery.milliseconds", "count", d.Milliseconds())
	}
	return p.Duration(d)
}

// answeredWith says what came of an attempt. What is no answer is said as it was recorded, in English.
func (p *page) answeredWith(status int, recorded string) string {
	answer := strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
	switch {
	case status >= 300 && status < 400:
		return p.Say("delivery.redirected", "answer", answer)
	case status >= 200 && status < 300 && recorded == "":
		return p.Say("delivery.accepted", "answer", answer)
	case status >= 300:
		return p.Say("delivery.answered", "answer", answer)
	default:
		return text.AsSentence(recorded)
	}
}

// isRecordedInEnglish reports whether answeredWith says an attempt in other words than the page's.
func isRecordedInEnglish(status int, recorded string) bool { return status < 300 && recorded != "" }

// adviceOn says what to do about an answer that is no success.
func (p *page) adviceOn(status int) string {
	switch {
	case status == http.StatusGone:
		return p.Say("delivery.advice.gone")
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return p.Say("delivery.advice.missing")
	case status == http.StatusTooManyRequests:
		return p.Say("delivery.advice.busy")
	case status >= 300 && status < 400:
		return p.Say("delivery.advice.redirect")
	case status >= 400 && status < 500:
		return p.Say("delivery.advice.refused")
	case status >= 502 && status <= 504:
		return p.Say("delivery.advice.proxy")
	case status >= 500:
		return p.Say("delivery.advice.broken")
	default:
		return p.Say("delivery.advice.unreached")
	}
}

// deliveryView is what the page of a delivery shows.
type deliveryView struct {
	deliveryRow
	endpoint endpointRow
	request  *webhook.Request // nil: the event is not kept any more
}

// deliveryOf finds the delivery that the path names.
func (s *server) deliveryOf(ctx context.Context, p *page) (webhook.Delivery, error) {
	return s.deps.Webhooks.Delivery(ctx, &p.Actor, p.Request.PathValue("id"))
}

// delivery answers GET /deliveries/{id}.
func (s *server) delivery(ctx context.Context, p *page) error {
	d, err := s.deliveryOf(ctx, p)
	if err != nil {
		return err
	}
	v := &deliveryView{deliveryRow: deliveryRow{&d}}
	e, err := s.deps.Webhooks.Endpoint(ctx, &p.Actor, d.EndpointID)
	if err != nil {
		return err
	}
	v.endpoint.Endpoint = e
	if v.request, err = s.deps.Webhooks.Request(ctx, &p.Actor, &d); err != nil {
		return err
	}
	return p.show(ctx, deliveryPage(p, v))
}

// resendDelivery answers POST /deliveries/{id}/resend.
func (s *server) resendDelivery(ctx context.Context, p *page) error {
	d, err := s.deps.Webhooks.Resend(ctx, &p.Actor, p.Request.PathValue("id"))
	if err != nil {
		return err
	}
	p.sayNext("delivery.resent", "")
	return p.see(p.link("deliveries", d.ID()))
}

// written is a request as it goes over the wire, with its JSON laid out.
func written(r *webhook.Request) string {
	var b strings.Builder
	u, err := url.Parse(r.URL)
	if err == nil {
		b.WriteString("POST " + u.RequestURI() + "\nhost: " + u.Host + "\n")
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		b.WriteString(strings.ToLower(name) + ": " + strings.Join(r.Header[name], ", ") + "\n")
	}
	b.WriteString("webhook-signature: v1,…\n\n")
	var body bytes.Buffer
	if err := json.Indent(&body, r.Body, "", "  "); err != nil {
		return b.String() + string(r.Body)
	}
	return b.String() + body.String()
}

// sampleView is what the page of a sample shows.
type sampleView struct {
	endpointRow
	chosen  event.Type
	request *webhook.Request
	isOther bool // no event of the type is kept: the sample is about another one
}

// groups are the types that the endpoint gets, by kinds.
func (v *sampleView) groups() (groups []typeGroup) {
	wanted := v.Wants()
	for _, g := range typeGroups() {
		if wanted != nil {
			g.types = slices.DeleteFunc(g.types, func(t event.Type) bool { return !slices.Contains(wanted, t) })
		}
		if len(g.types) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// webhookSample answers GET /webhooks/{id}/sample.
func (s *server) webhookSample(ctx context.Context, p *page) error {
	row, err := s.endpointOf(ctx, p)
	if err != nil {
		return err
	}
	v := &sampleView{endpointRow: row, chosen: event.Type(p.question().get("type"))}
	groups := v.groups()
	if !slices.ContainsFunc(groups, func(g typeGroup) bool { return slices.Contains(g.types, v.chosen) }) {
		v.chosen = groups[0].types[0]
	}
	if v.request, err = s.deps.Webhooks.Sample(ctx, &p.Actor, row.ID, v.chosen); err != nil {
		return err
	}
	var about struct {
		Type event.Type `json:"type"`
	}
	_ = json.Unmarshal(v.request.Body, &about) // what was just written can be read
	v.isOther = about.Type != v.chosen
	return p.show(ctx, samplePage(p, v))
}

// findWebhook finds the page of an endpoint or of a delivery by its id; empty: there is none.
func (s *server) findWebhook(ctx context.Context, p *page, typed string) (templ.SafeURL, error) {
	if !p.may(core.PermissionWebhooks) {
		return "", nil
	}
	var err error
	var found templ.SafeURL
	if id, wrong := core.ParseID(typed); wrong == nil {
		found = p.link("webhooks", id.String())
		_, err = s.deps.Webhooks.Endpoint(ctx, &p.Actor, id)
	} else if _, _, wrong := webhook.ParseDeliveryID(typed); wrong == nil {
		found = p.link("deliveries", typed)
		_, err = s.deps.Webhooks.Delivery(ctx, &p.Actor, typed)
	}
	if core.IsKind(err, core.KindNotFound) {
		return "", nil
	}
	return found, err
}
