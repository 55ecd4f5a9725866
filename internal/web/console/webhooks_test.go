package console

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/member"
	"accesscodes/internal/webhook"
)

var webhookSecretInPage = regexp.MustCompile(`whsec_[0-9A-Za-z+/=&#;]{40,}`)

// receiver is a program that gets webhooks.
type receiver struct {
	*httptest.Server
	status atomic.Int64
	got    chan http.Header
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{got: make(chan http.Header, 10)}
	r.status.Store(http.StatusNoContent)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		r.got <- req.Header
		w.WriteHeader(int(r.status.Load()))
		if r.status.Load() >= 400 {
			_, _ = io.WriteString(w, "<b>no</b> "+strings.Repeat("x", 5000))
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// endpoint adds an endpoint by its form and returns it.
func (v *visitor) endpoint(address string, kinds ...string) webhook.Endpoint {
	v.t.Helper()
	form := url.Values{"url": {address}, "which": {"all"}}
	if len(kinds) > 0 {
		form = url.Values{"url": {address}, "which": {"some"}, "kind": kinds}
	}
	v.answered("/console/w/acme/webhooks/new", form, http.StatusOK, "Copy the secret now")
	all, err := v.hooks.List(v.t.Context(), v.actor())
	if err != nil || len(all) == 0 {
		v.t.Fatalf("%d endpoints, %v", len(all), err)
	}
	return all[len(all)-1]
}

func TestAnEndpointIsMadeTestedRotatedAndDeleted(t *testing.T) {
	o, r := newOffice(t), newReceiver(t)
	const list = "/console/w/acme/webhooks"
	o.mara.sees(list, "there is no endpoint yet")
	made := o.mara.answered(list+"/new", url.Values{
		"url": {r.URL + "/x"}, "description": {"CRM"}, "which": {"some"}, "kind": {"code"},
		"type": {"redemption.created", "code.created"},
	}, http.StatusOK, "Copy the secret now", "Until a test has arrived")
	secret := webhookSecretInPage.FindString(made)
	if secret == "" {
		t.Fatal("no secret is shown")
	}
	all, err := o.hooks.List(t.Context(), o.mara.actor())
	if err != nil || len(all) != 1 || all[0].Types != "code.* redemption.created" {
		t.Fatalf("%+v, %v", all, err)
	}
	if page := o.mara.sees(list, "CRM", "Not tested yet", "Codes, redemption.created"); strings.Contains(page, secret) {
		t.Error("the list shows the secret")
	}
	path := list + "/" + all[0].ID.String()
	o.mara.sees(path, "Put the secret into the receiver", "Nothing was sent yet.", `action="`+path+`/test"`)

	if said := o.mara.does(path+"/test", url.Values{}); said.Text != "webhooks.test_first" {
		t.Errorf("%+v", said)
	}
	<-r.got
	o.mara.sees(path, ">On<", "endpoint.tested", ">204<")
	r.status.Store(http.StatusBadGateway)
	_, to, _ := o.mara.do(http.MethodPost, path+"/test", url.Values{})
	o.mara.sees(to, "It answered 502 Bad Gateway.", "the receiver does not", "&lt;b&gt;no&lt;/b&gt;", "webhook-id: ",
		"&#34;type&#34;: &#34;endpoint.tested&#34;", "Send another test")
	o.mara.sees(path, "Failing since", "is switched off")
	o.mara.sees(list, ">Failing<", "<span>failing</span>")
	o.mara.add("FAIR", codes.Options{})
	o.mara.sees("/console/w/acme", "Needs you", `href="`+path+`">Webhook endpoint `, ">Failing<", ">502<")

	rotated := o.mara.answered(path+"/rotate", url.Values{"overlap": {"24"}}, http.StatusOK, "Copy the secret now",
		"The old secret signs, too, until")
	if webhookSecretInPage.FindString(rotated) == secret {
		t.Error("the same secret again")
	}
	o.mara.sees(path, "two secrets, until")
	o.mara.sees(path+"/rotate", "The older one of them stops at once")
	o.mara.sees(path+"/delete", "can no longer be sent again", "cannot be undone")
	o.mara.sends(path+"/delete", list, url.Values{})
	o.mara.refused("GET", path, http.StatusNotFound)
	o.mara.sees("/console/w/acme/activity?what=endpoint", "added the webhook endpoint", "sent a test to", "a new secret",
		"deleted the webhook endpoint")
}

func TestAnEndpointThatCannotBeMadeLosesNothing(t *testing.T) {
	o := newOffice(t)
	const path = "/console/w/acme/webhooks/new"
	for _, c := range []struct{ address, complaint string }{
		{"crm", "Write a whole address"},
		{"https://ann:b@crm.example", "Leave out name and password"},
		{"https://crm.example/#a", "Leave out what is behind #"},
		{"https://0x7f.1/", "Write the host as a name"},
		{"https://crm.example/" + strings.Repeat("x", 2000), "too long"},
	} {
		o.mara.answered(path, url.Values{"url": {c.address}, "which": {"all"}}, http.StatusUnprocessableEntity, c.complaint)
	}
	form := url.Values{"url": {"https://crm.example/"}, "description": {"<i>"}, "which": {"some"}}
	o.mara.answered(path, form, http.StatusUnprocessableEntity, "Choose at least one kind", `value="&lt;i&gt;"`)
	form.Set("type", "code.eaten")
	o.mara.answered(path, form, http.StatusUnprocessableEntity, "Choose at least one kind")
	form.Set("kind", "code")
	o.mara.answered(path, form, http.StatusOK)
	o.mara.answered(path, form, http.StatusUnprocessableEntity, "There is an endpoint with this address")
	o.mara.speaksGerman()
	o.mara.answered(path, url.Values{"url": {"crm"}, "which": {"all"}}, http.StatusUnprocessableEntity,
		"Schreiben Sie eine vollständige Adresse")
}

func TestAnEndpointIsChangedAndSwitchedOffAndOn(t *testing.T) {
	o, r := newOffice(t), newReceiver(t)
	e := o.mara.endpoint(r.URL, "code", "batch")
	path := "/console/w/acme/webhooks/" + e.ID.String()
	edit := o.mara.sees(path+"/edit", `value="`+r.URL+`"`)
	for kind, want := range map[string]bool{"code": true, "batch": true, "user": false} {
		if strings.Contains(edit, `name="kind" value="`+kind+`" checked`) != want {
			t.Errorf("%s is ticked: %t", kind, !want)
		}
	}
	o.mara.does(path+"/test", url.Values{})
	form := url.Values{"url": {r.URL}, "description": {"Shop"}, "which": {"all"}}
	if said := o.mara.does(path+"/edit", form); said.Text != "webhooks.saved" {
		t.Errorf("%+v", said)
	}
	form.Set("url", r.URL+"/other")
	if said := o.mara.does(path+"/edit", form); said.Text != "webhooks.saved_untested" {
		t.Errorf("%+v", said)
	}
	o.mara.sees(path, "Not tested yet", "Shop", "Everything")
	o.mara.sees("/console/w/acme/activity?about=endpoint:"+e.ID.String(), "<b>webhook endpoint 127.0.0.1:",
		"Events: Codes, Batches → Everything", "It has another address")
	o.mara.answered(path+"/edit", url.Values{"url": {"x"}, "which": {"all"}}, http.StatusUnprocessableEntity,
		"Write a whole address")

	path = "/console/w/acme/webhooks/" + o.mara.endpoint(r.URL).ID.String()
	o.mara.does(path+"/test", url.Values{})
	o.mara.sees(path+"/off", "Other endpoints go on", "may not be recorded")
	o.mara.sends(path+"/off", path, url.Values{})
	o.mara.sees(path, "Switched off", "Switch it on")
	o.mara.sees(path+"/resend", "the endpoint is switched off")
	o.mara.answered(path+"/resend-failed", url.Values{}, http.StatusConflict, "Send a test to it, or switch it on, first")
	status, to, _ := o.mara.do(http.MethodPost, path+"/on", url.Values{})
	if status != http.StatusSeeOther || !strings.HasPrefix(to, path+"/resend?since=") {
		t.Fatalf("%d to %s", status, to)
	}
	failing := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	row := endpointRow{Endpoint: webhook.Endpoint{DisabledAt: new(failing.AddDate(0, 0, 5)), FailingSince: &failing}}
	if since := row.missesSince(); !since.Equal(failing) {
		t.Errorf("what has failed before it was switched off is not missed: %v", since)
	}
	o.mara.sees(to, "Send these ", "comes behind it") // the test, and that it was switched off and on
}

func TestWhatIsRecordedForAnEndpointIsSentAgain(t *testing.T) {
	o, r := newOffice(t), newReceiver(t)
	const activity, added = "/console/w/acme/activity", "codes that are added one by one"
	o.mara.sees(activity, added+", redemptions, reservations")
	hot := o.mara.endpoint(r.URL, "redemption", "reservation", "user")
	o.mara.does("/console/w/acme/webhooks/"+hot.ID.String()+"/test", url.Values{})
	if body := o.mara.sees(activity, added+". Look"); strings.Contains(body, added+", redemptions") {
		t.Errorf("redemptions are said not to be recorded:\n%s", body)
	}

	e := o.mara.endpoint(r.URL)
	path := "/console/w/acme/webhooks/" + e.ID.String()
	o.mara.does(path+"/test", url.Values{})
	r.status.Store(http.StatusInternalServerError)
	_, failed, _ := o.mara.do(http.MethodPost, path+"/test", url.Values{})
	id := failed[strings.LastIndex(failed, "/")+1:]
	if body := o.mara.sees(path+"?status=failed", ">500<", failed); strings.Contains(body, ">204<") {
		t.Error("what has arrived is among what failed")
	}
	o.mara.sees(path+"?status=pending", "There is no such delivery.")
	o.mara.sees(path+"?status=succeeded&cursor=1", "There is no such delivery.", "To the beginning")
	if said := o.mara.does("/console/w/acme/deliveries/"+id+"/resend", url.Values{}); said.Text != "delivery.resent" {
		t.Errorf("%+v", said)
	}
	o.mara.sees(failed, "It is sent in a moment.", `hx-trigger="every 2s"`)
	o.mara.sees(path+"?status=pending", "at once")
	o.mara.sends("/console/w/acme/search", failed, url.Values{"q": {id}})
	o.mara.sends("/console/w/acme/search", path, url.Values{"q": {e.ID.String()}})
	if said := o.mara.does(path+"/resend-failed", url.Values{}); said.Text != "webhooks.resent" {
		t.Errorf("%+v", said)
	}
}

func TestWhatAnEndpointWouldGetIsShownBefore(t *testing.T) {
	o, r := newOffice(t), newReceiver(t)
	o.mara.add("FAIR", codes.Options{})
	e := o.mara.endpoint(r.URL, "code", "endpoint")
	path := "/console/w/acme/webhooks/" + e.ID.String() + "/resend"
	o.mara.does("/console/w/acme/webhooks/"+e.ID.String()+"/test", url.Values{})
	if _, err := o.codes.RevokeCode(t.Context(), o.mara.actor(), "FAIR"); err != nil {
		t.Fatal(err)
	}
	since := url.QueryEscape(time.Now().UTC().Add(-time.Hour).Format("2006-01-02T15:04"))
	o.mara.sees(path+"?since="+since, "Send these 3 events again", "also those that have arrived before")
	future := time.Now().UTC().Add(time.Hour).Format("2006-01-02T15:04")
	o.mara.answered(path, url.Values{"since": {future}}, http.StatusUnprocessableEntity, "still to come")
	o.mara.answered(path, url.Values{}, http.StatusUnprocessableEntity, "Choose a date.")
	form := url.Values{"since": {time.Now().UTC().Add(-time.Hour).Format("2006-01-02T15:04")}}
	if said := o.mara.does(path, form); said.Text != "webhooks.resent_since" {
		t.Errorf("%+v", said)
	}
	now, err := o.hooks.Endpoint(t.Context(), o.mara.actor(), e.ID)
	if err != nil || now.Position >= 3 {
		t.Errorf("%d, %v", now.Position, err)
	}

	path = "/console/w/acme/webhooks/" + o.mara.endpoint("https://crm.example/in?a=1", "code").ID.String() + "/sample"
	body := o.mara.sees(path+"?type=code.revoked", "POST /in?a=1", "host: crm.example",
		"&#34;subject&#34;: &#34;FAIR&#34;")
	if strings.Contains(body, `value="batch.created"`) {
		t.Error("a type is offered that the endpoint does not get")
	}
	o.mara.sees(path+"?type=code.restored", "No event of the type code.restored is recorded yet", "endpoint.tested")
	o.mara.sees(path+"?type=batch.created", "No event of the type code.created is recorded yet")
}

func TestWebhooksAreForEditorsAndOwners(t *testing.T) {
	o := newOffice(t)
	path := "/console/w/acme/webhooks"
	e := o.mara.endpoint("https://crm.example/")
	o.join(t, "Priya", member.RoleEditor).sees(path, "crm.example")
	sam := o.join(t, "Sam", member.RoleSupport)
	sam.refused("GET", path+"/"+e.ID.String(), http.StatusForbidden)
	if line := sam.sees("/console/w/acme/activity", "crm.example"); strings.Contains(line, path) {
		t.Error("support is led to what it may not see")
	}
	sam.sends("/console/w/acme/search", "/console/w/acme/search?q="+e.ID.String(), url.Values{"q": {e.ID.String()}})
	o.mara.refused("GET", path+"/nothing", http.StatusNotFound)
	o.mara.refused("GET", "/console/w/acme/deliveries/nothing", http.StatusNotFound)
	o.mara.refused("POST", path+"/"+e.ID.String()+"/rotate", http.StatusBadRequest)
}
