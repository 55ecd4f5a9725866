package cli_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// withReceiver is a program as [withServer] returns it, and a server that is told what happens: it answers with
// a status and says what it got.
func withReceiver(t *testing.T) (p *program, url string, status *atomic.Int64, got chan string) {
	t.Helper()
	status, got = new(atomic.Int64), make(chan string, 100)
	status.Store(http.StatusNoContent)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(int(status.Load()))
		got <- string(body)
	}))
	t.Cleanup(receiver.Close)
	return withServer(t, "--webhook-allow", "127.0.0.0/8"), receiver.URL, status, got
}

// The rows of lists of webhooks, as JSON shows them.
type (
	endpointRow struct {
		ID, URL, Status, LastError string
		Types                      []string
		Description                *string
		LastStatus                 int
		OldSecretUntil             *time.Time
	}
	deliveryRow struct {
		ID, Type, Status, LastError, URL, Body string
		Headers                                map[string]string
		LastStatus                             int
		Attempts                               []struct{ Status int }
	}
)

// shown runs a command that asks a server and reads its rows.
func shown[Row any](t *testing.T, p *program, line string) (rows []Row) {
	t.Helper()
	out := p.do(t, line+" -o json").stdout
	if err := json.Unmarshal([]byte(out), &rows); err != nil {
		t.Fatalf("%s: %v in %s", line, err, out)
	}
	return rows
}

func TestWebhook(t *testing.T) {
	p, url, status, _ := withReceiver(t)
	made := p.do(t, "webhook create --url "+url+"/x --types code.*,user.erased --description the_CRM")
	endpoint := ids.FindString(made.stderr)
	secret := strings.TrimSuffix(made.stdout, "\n")
	if !strings.HasPrefix(secret, "whsec_") || len(secret) != 50 ||
		!strings.HasSuffix(made.stderr, "then: accesscodes webhook test "+endpoint+"\n") {
		t.Errorf("%+v", made)
	}
	is := func(what, status string, last int) (e endpointRow) {
		t.Helper()
		if all := shown[endpointRow](t, p, "webhook list"); len(all) == 1 {
			e = all[0]
		}
		if e.ID != endpoint || e.Status != status || e.LastStatus != last {
			t.Errorf("%s, it is %+v", what, e)
		}
		return e
	}
	e := is("new", "untested", 0)
	if e.URL != url+"/x" || strings.Join(e.Types, " ") != "code.* user.erased" || *e.Description != "the CRM" {
		t.Errorf("%+v", e)
	}
	status.Store(http.StatusBadGateway)
	if r := p.exec(t, "webhook", "test", endpoint); r.code != 1 || !strings.Contains(r.stderr, "502 Bad Gateway") {
		t.Errorf("a test that does not arrive: %+v", r)
	}
	is("after a test that did not arrive", "untested", 502)
	status.Store(http.StatusOK)
	p.do(t, "webhook test "+endpoint)
	is("after a test that arrived", "enabled", 200)
	p.do(t, "webhook disable "+endpoint)
	is("switched off", "disabled", 200)
	p.do(t, "webhook enable "+endpoint)
	p.do(t, "webhook update "+endpoint+" --types= --description=")
	if e := is("changed", "enabled", 200); len(e.Types) != 0 {
		t.Errorf("it wants only %q", e.Types)
	}
	rotated := p.do(t, "webhook rotate "+endpoint+" --overlap 2h")
	if again := strings.TrimSuffix(rotated.stdout, "\n"); again == secret || len(again) != len(secret) ||
		!strings.Contains(rotated.stderr, "until ") || is("rotated", "enabled", 200).OldSecretUntil == nil {
		t.Errorf("%+v", rotated)
	}
	p.do(t, "webhook delete "+endpoint)
	if all := shown[endpointRow](t, p, "webhook list"); len(all) != 0 {
		t.Errorf("after it was deleted: %+v", all)
	}
}

func TestWhatWasSentIsSentAgain(t *testing.T) {
	p, url, status, got := withReceiver(t)
	endpoint := ids.FindString(p.do(t, "webhook create --url "+url+" --types code.revoked").stderr)
	p.do(t, "webhook test "+endpoint)
	<-got
	status.Store(http.StatusTeapot)
	p.do(t, "code add FAIR --type Normal")
	p.do(t, "code revoke FAIR")
	body := <-got
	deliveries := "webhook deliveries " + endpoint
	await := func(what, state string, attempts int) (d deliveryRow) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
			if d = shown[deliveryRow](t, p, deliveries+" --limit 1")[0]; d.Status == state && len(d.Attempts) >= attempts {
				return d
			}
		}
		t.Fatalf("%s: %+v", what, d)
		return d
	}
	d := await("refused", "pending", 1)
	if one := shown[deliveryRow](t, p, "webhook delivery "+d.ID)[0]; one.Body != body || one.URL != url ||
		one.Type != "code.revoked" || one.Headers["webhook-id"] == "" ||
		one.LastStatus != http.StatusTeapot || !strings.Contains(one.LastError, "418") {
		t.Errorf("%+v", one)
	}
	status.Store(http.StatusOK)
	for i, what := range []string{"--failed", "--delivery " + d.ID, "--since 1h"} {
		p.do(t, "webhook resend "+endpoint+" "+what)
		for <-got != body { // since an hour, the test comes again, too
		}
		await(what, "succeeded", i+2)
	}
	for _, c := range []struct{ line, want string }{
		{"webhook resend " + endpoint, "give one of --failed, --delivery and --since"},
		{"webhook resend " + endpoint + " --failed --since 1h", "give one of"},
		{"webhook resend " + endpoint + " --delivery other-1", "is not one of the endpoint"},
		{"webhook create", "--url is required"},
		{"webhook update " + endpoint, "there is nothing to change"},
		{"webhook rotate " + endpoint + " --overlap soon", "is not a time such as 7d"},
	} {
		if r := p.exec(t, strings.Fields(c.line)...); r.code != 2 || !strings.Contains(r.stderr, c.want) {
			t.Errorf("%s: %+v", c.line, r)
		}
	}
}
