package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// WebhookError is why a request is not taken for a webhook of the server. It can be looked for with
// [errors.Is]. It is safe to tell the sender.
type WebhookError string

// Error is a sentence for people.
func (e WebhookError) Error() string { return "webhook refused: " + string(e) }

// Why a webhook is refused.
const (
	// WebhookIncomplete: the request was not sent as a webhook.
	WebhookIncomplete WebhookError = "webhook-id, webhook-timestamp or webhook-signature is missing or malformed"
	// WebhookTooOld: it may be a replay, or this clock is ahead.
	WebhookTooOld WebhookError = "it was signed more than 5 minutes ago"
	// WebhookTooNew: this clock, or the server's, is wrong.
	WebhookTooNew WebhookError = "it was signed more than 5 minutes in the future"
	// WebhookUnsigned: another secret signed it, or it was changed on its way.
	WebhookUnsigned WebhookError = "no signature is by a secret of this endpoint"
	// WebhookMalformed: it is signed, but the body is not an event.
	WebhookMalformed WebhookError = "the body is not an event"
)

// webhookTolerance is how many seconds a try's time may be off, as Standard Webhooks' own libraries have it.
const webhookTolerance = 5 * 60

// VerifyWebhook returns the event of a webhook that an endpoint with one of these secrets was sent. It
// needs the body byte for byte as it came. What it refuses is a [WebhookError]; any other error is about
// the secrets and does not repeat them.
//
// It does not know which webhooks came before: within five minutes, and after a lost answer, the same one
// can come again. Its event has the same ID then.
func VerifyWebhook(secrets []string, header http.Header, body []byte, now time.Time) (*Event, error) {
	keys, err := webhookKeys(secrets)
	if err != nil {
		return nil, err
	}
	id, sent := header.Get("Webhook-Id"), header.Get("Webhook-Timestamp")
	signatures := header.Get("Webhook-Signature")
	second, err := strconv.ParseUint(sent, 10, 62)
	if id == "" || signatures == "" || err != nil {
		return nil, WebhookIncomplete
	}
	switch age := now.Unix() - int64(second); {
	case age > webhookTolerance:
		return nil, WebhookTooOld
	case age < -webhookTolerance:
		return nil, WebhookTooNew
	}
	if !signedByAny(keys, id+"."+sent+".", body, strings.Split(signatures, " ")) {
		return nil, WebhookUnsigned
	}
	event := new(Event)
	if err := json.Unmarshal(body, event); err != nil {
		return nil, fmt.Errorf("%w: %w", WebhookMalformed, err)
	}
	return event, nil
}

func webhookKeys(secrets []string) ([][]byte, error) {
	if len(secrets) == 0 {
		return nil, errors.New("client: no webhook secret")
	}
	keys := make([][]byte, len(secrets))
	for i, secret := range secrets {
		encoded, found := strings.CutPrefix(secret, "whsec_")
		key, err := base64.StdEncoding.DecodeString(encoded)
		if !found || err != nil || len(key) == 0 {
			return nil, errors.New("client: a webhook secret is whsec_ and base64")
		}
		keys[i] = key
	}
	return keys, nil
}

// signedByAny takes as long whichever bytes of a signature are wrong.
func signedByAny(keys [][]byte, head string, body []byte, signatures []string) bool {
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(head))
		mac.Write(body)
		want := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		for _, signature := range signatures {
			if hmac.Equal([]byte(signature), want) {
				return true
			}
		}
	}
	return false
}
