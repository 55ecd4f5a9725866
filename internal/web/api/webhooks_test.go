package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// receiver is a server of a customer, which answers with a status.
func receiver(t *testing.T, status int) (url string, got func() string) {
	t.Helper()
	bodies := make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		bodies <- string(body)
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() string { return <-bodies }
}

// testedAnswer is what the tests here read of answers about endpoints.
type testedAnswer struct {
	Endpoint struct{ ID, Status string }
	Delivery struct{ ID, Status string }
	Secret   string
}

// createEndpoint makes an endpoint of acme's.
func (f *fixture) createEndpoint(t *testing.T, url string) (made testedAnswer) {
	t.Helper()
	f.call(t, "POST", "/webhook-endpoints", `{"url":"`+url+`"}`).mustBeOK(t).into(t, &made)
	return made
}

// testEndpoint sends a test.
func (f *fixture) testEndpoint(t *testing.T, id string) (tested testedAnswer) {
	t.Helper()
	f.call(t, "POST", "/webhook-endpoints/"+id+"/test", "").mustBeOK(t).into(t, &tested)
	return tested
}

// TestATestTellsWhatTheFeedTells: the body is the event as GET /events shows it.
func TestATestTellsWhatTheFeedTells(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		url, got := receiver(t, http.StatusInternalServerError)
		tested := f.testEndpoint(t, f.createEndpoint(t, url).Endpoint.ID)
		var log struct{ Data []json.RawMessage }
		f.call(t, "GET", "/events?types=endpoint.tested", "").mustBeOK(t).into(t, &log)
		sent := got()
		if len(log.Data) != 1 || string(log.Data[0]) != sent {
			t.Errorf("the log has %s", log.Data)
		}
		var delivery struct {
			EventID string
			Request struct {
				URL, Body string
				Headers   map[string]string
			}
		}
		f.call(t, "GET", "/webhook-deliveries/"+tested.Delivery.ID, "").mustBeOK(t).into(t, &delivery)
		if r := delivery.Request; r.Body != sent || r.URL != url || r.Headers["webhook-id"] != delivery.EventID ||
			r.Headers["webhook-signature"] != "" {
			t.Errorf("the delivery says that this was sent: %+v", r)
		}
		if tested.Endpoint.Status != "untested" || tested.Delivery.Status != "failed" {
			t.Errorf("after an answer of 500: %+v", tested)
		}
	})
}

// sayWebhooks are answers of the routes about webhook endpoints, of which one is tested and one is not.
func sayWebhooks(tested testedAnswer, untested, nobody string) (all []said) {
	say := func(name, method, path, body string, status int, reason core.Reason, goodRequest bool) {
		all = append(
			all,
			said{name: name, method: method, path: path, body: body, status: status, reason: reason, goodRequest: goodRequest},
		)
	}
	const routes = "/webhook-endpoints"
	one, none := routes+"/"+tested.Endpoint.ID, routes+"/"+nobody
	say("good", "POST", routes, `{"url":"https://example.com/","description":"n","types":["code.*"]}`, 200, "", true)
	say("no address", "POST", routes, `{}`, 400, core.ReasonMissingField, false)
	say("a path", "POST", routes, `{"url":"/webhooks"}`, 400, core.ReasonInvalidValue, true)
	say("a password", "POST", routes, `{"url":"https://me:secret@example.com/"}`, 400, core.ReasonInvalidValue, true)
	say("decimal", "POST", routes, `{"url":"https://2130706433/"}`, 400, core.ReasonInvalidValue, true)
	say("no such type", "POST", routes, `{"url":"https://example.com/","types":["code"]}`,
		400, core.ReasonInvalidValue, true)
	say("unknown field", "POST", routes, `{"url":"https://example.com/","secret":"s"}`, 400, kit.ReasonUnknownField, false)
	say("good", "GET", routes, "", 200, "", true)
	say("good", "GET", one, "", 200, "", true)
	say("none", "GET", none, "", 404, core.ReasonEndpointNotFound, true)
	say("good", "PATCH", one, `{"description":null,"types":null}`, 200, "", true)
	say("off", "PATCH", one, `{"enabled":false}`, 200, "", true)
	say("on", "PATCH", one, `{"enabled":true}`, 200, "", true)
	say("none", "PATCH", none, `{"enabled":true}`, 404, core.ReasonEndpointNotFound, true)
	say("good", "GET", one+"/deliveries?status=succeeded&limit=1", "", 200, "", true)
	say("no status", "GET", one+"/deliveries?status=lost", "", 400, core.ReasonInvalidParameter, false)
	say("no cursor", "GET", one+"/deliveries?cursor=x", "", 400, core.ReasonInvalidCursor, true)
	say("none", "GET", none+"/deliveries", "", 404, core.ReasonEndpointNotFound, true)
	delivery := "/webhook-deliveries/" + tested.Delivery.ID
	say("good", "GET", delivery, "", 200, "", true)
	say("none", "GET", "/webhook-deliveries/"+nobody+"-1", "", 404, core.ReasonDeliveryNotFound, true)
	say("good", "POST", delivery+"/resend", "", 200, "", true)
	say("none", "POST", "/webhook-deliveries/"+nobody+"-1/resend", "", 404, core.ReasonDeliveryNotFound, true)
	say("failed ones", "POST", one+"/resend", `{"failed":true}`, 200, "", true)
	say("good", "POST", one+"/resend", `{"since":"2031-02-03T00:00:00Z"}`, 200, "", true)
	say("nothing", "POST", one+"/resend", `{"failed":false}`, 400, core.ReasonMissingField, true)
	say("none", "POST", none+"/resend", `{"failed":true}`, 404, core.ReasonEndpointNotFound, true)
	say("untested", "POST", routes+"/"+untested+"/resend", `{"failed":true}`, 409, core.ReasonEndpointNotEnabled, true)
	say("good", "POST", one+"/rotate-secret", `{"overlapSeconds":60}`, 200, "", true)
	say("too long", "POST", one+"/rotate-secret", `{"overlapSeconds":2592001}`, 400, core.ReasonInvalidValue, false)
	say("none", "POST", none+"/rotate-secret", "", 404, core.ReasonEndpointNotFound, true)
	say("good", "POST", one+"/test", "", 200, "", true)
	say("none", "POST", none+"/test", "", 404, core.ReasonEndpointNotFound, true)
	say("good", "DELETE", one, "", 204, "", true)
	say("none", "DELETE", one, "", 404, core.ReasonEndpointNotFound, true)
	return all
}
