package client_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/client"
	"accesscodes/internal/webhook"
)

const (
	webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	otherSecret   = "whsec_bm90IHRoZSBzZWNyZXQgb2YgdGhpcyBlbmRwb2ludA=="
	webhookBody   = `{"id":"01a20ecb-8a5e-70b9-a04e-2c5dbd4ee6d0","type":"code.revoked","position":42,` +
		`"subject":{"kind":"code","id":"ACME-Ä"},"data":{"previous":{"revokedAt":null}}}`
)

var webhookTime = time.Date(2131, 2, 3, 4, 5, 6, 0, time.UTC)

// signedWebhook is the header of a webhook that these secrets sign.
func signedWebhook(t *testing.T, body string, secrets ...string) http.Header {
	t.Helper()
	id := "01a20ecb-8a5e-70b9-a04e-2c5dbd4ee6d0"
	signatures, err := webhook.Signatures(secrets, id, webhookTime, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	header.Set("webhook-id", id)
	header.Set("webhook-timestamp", strconv.FormatInt(webhookTime.Unix(), 10))
	header.Set("webhook-signature", signatures)
	return header
}

func TestVerifyWebhook(t *testing.T) {
	want := &client.Event{
		ID: "01a20ecb-8a5e-70b9-a04e-2c5dbd4ee6d0", Type: client.EventCodeRevoked, Position: 42,
		Subject: client.EventSubject{Kind: "code", ID: "ACME-Ä"}, Data: []byte(`{"previous":{"revokedAt":null}}`),
	}
	for name, c := range map[string]struct {
		signed, known []string
		later         time.Duration
	}{
		"one secret":              {[]string{webhookSecret}, []string{webhookSecret}, 0},
		"the second signature":    {[]string{otherSecret, webhookSecret}, []string{webhookSecret}, 0},
		"the first signature":     {[]string{webhookSecret, otherSecret}, []string{webhookSecret}, 0},
		"the second secret known": {[]string{webhookSecret}, []string{otherSecret, webhookSecret}, 0},
		"five minutes late":       {[]string{webhookSecret}, []string{webhookSecret}, 5 * time.Minute},
		"five minutes early":      {[]string{webhookSecret}, []string{webhookSecret}, -5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			header := signedWebhook(t, webhookBody, c.signed...)
			got, err := client.VerifyWebhook(c.known, header, []byte(webhookBody), webhookTime.Add(c.later))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("another event (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVerifyWebhookRefuses(t *testing.T) {
	const (
		id        = "webhook-id"
		timestamp = "webhook-timestamp"
		signature = "webhook-signature"
	)
	later := strconv.FormatInt(webhookTime.Unix()+1, 10)
	for name, c := range map[string]struct {
		header, value string // what differs from a good one
		body          string
		after         time.Duration
		want          client.WebhookError
	}{
		"no id":                    {header: id, want: client.WebhookIncomplete},
		"no timestamp":             {header: timestamp, want: client.WebhookIncomplete},
		"no signature":             {header: signature, want: client.WebhookIncomplete},
		"a timestamp in words":     {header: timestamp, value: "now", want: client.WebhookIncomplete},
		"a timestamp with a sign":  {header: timestamp, value: "+" + later, want: client.WebhookIncomplete},
		"a timestamp that is huge": {header: timestamp, value: later + "0000000", want: client.WebhookTooNew},
		"a replay":                 {after: 5*time.Minute + time.Second, want: client.WebhookTooOld},
		"from the future":          {after: -5*time.Minute - time.Second, want: client.WebhookTooNew},
		"a replay as if sent now":  {header: timestamp, value: later, want: client.WebhookUnsigned},
		"another id":               {header: id, value: "01a2", want: client.WebhookUnsigned},
		"another body":             {body: webhookBody + " ", want: client.WebhookUnsigned},
		"a signature of nothing":   {header: signature, value: "v1, v1 , =", want: client.WebhookUnsigned},
	} {
		t.Run(name, func(t *testing.T) {
			header := signedWebhook(t, webhookBody, webhookSecret)
			if c.header != "" {
				header.Set(c.header, c.value)
			}
			body := []byte(webhookBody)
			if c.body != "" {
				body = []byte(c.body)
			}
			got, err := client.VerifyWebhook([]string{webhookSecret}, header, body, webhookTime.Add(c.after))
			if got != nil || !errors.Is(err, c.want) {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
		})
	}
}

func TestVerifyWebhookRefusesOtherVersions(t *testing.T) {
	header := signedWebhook(t, webhookBody, webhookSecret)
	good := header.Get("webhook-signature")
	header.Set("webhook-signature", strings.Replace(good, "v1,", "v2,", 1))
	got, err := client.VerifyWebhook([]string{webhookSecret}, header, []byte(webhookBody), webhookTime)
	if got != nil || !errors.Is(err, client.WebhookUnsigned) {
		t.Errorf("got %v, %v, want it refused", got, err)
	}
}

func TestVerifyWebhookRefusesAnotherSecret(t *testing.T) {
	header := signedWebhook(t, webhookBody, otherSecret)
	got, err := client.VerifyWebhook([]string{webhookSecret}, header, []byte(webhookBody), webhookTime)
	if got != nil || !errors.Is(err, client.WebhookUnsigned) {
		t.Errorf("got %v, %v, want it refused", got, err)
	}
}

func TestVerifyWebhookRefusesWhatIsNoEvent(t *testing.T) {
	header := signedWebhook(t, "{", webhookSecret)
	got, err := client.VerifyWebhook([]string{webhookSecret}, header, []byte("{"), webhookTime)
	if got != nil || !errors.Is(err, client.WebhookMalformed) {
		t.Errorf("got %v, %v, want it refused", got, err)
	}
}

// An empty secret would be a key that everybody knows.
func TestVerifyWebhookNeedsSecrets(t *testing.T) {
	header := signedWebhook(t, webhookBody, webhookSecret)
	for name, secrets := range map[string][]string{
		"none":                      nil,
		"an empty one":              {""},
		"one without a key":         {"whsec_"},
		"one without its beginning": {strings.TrimPrefix(webhookSecret, "whsec_")},
		"no base64":                 {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!!"},
		"a good and an empty one":   {webhookSecret, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := client.VerifyWebhook(secrets, header, []byte(webhookBody), webhookTime)
			var refused client.WebhookError
			if got != nil || err == nil || errors.As(err, &refused) {
				t.Fatalf("got %v, %v, want an error about the secrets", got, err)
			}
			if strings.Contains(err.Error(), "MfKQ9r8") {
				t.Errorf("the error repeats the secret: %v", err)
			}
		})
	}
}

func ExampleVerifyWebhook() {
	secrets := []string{os.Getenv("WEBHOOK_SECRET")}
	http.HandleFunc("POST /webhooks", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "the body cannot be read", http.StatusBadRequest)
			return
		}
		event, err := client.VerifyWebhook(secrets, r.Header, body, time.Now())
		var refused client.WebhookError
		switch {
		case errors.As(err, &refused):
			http.Error(w, refused.Error(), http.StatusUnauthorized)
			return
		case err != nil:
			log.Print(err) // of the secret
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		fmt.Println(event.Type, event.Subject.ID) // store it; ignore an event.ID that you have
		w.WriteHeader(http.StatusNoContent)
	})
}
