package webhook_test

import (
	"strings"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/webhook"
)

// sealing lets a world encrypt secrets by what a file holds.
func sealing(t *testing.T, content string) func(*world) {
	return func(w *world) {
		var err error
		w.deps.Secrets, err = webhook.NewSecrets([]byte(content))
		must(t, err)
	}
}

// with lets the world go on as a server that was started otherwise.
func (w *world) with(option func(*world)) {
	option(w)
	w.deps.Client = webhook.NewClient(w.config)
	w.Service = webhook.NewService(w.deps)
}

func (w *world) rotate(t *testing.T, id core.ID, overlap time.Duration) (secret string) {
	t.Helper()
	_, secret, err := w.RotateSecret(t.Context(), &w.actor, id, overlap)
	must(t, err)
	return secret
}

// tested sends a test and returns the request.
func (w *world) tested(t *testing.T, r *receiver, id core.ID) received {
	t.Helper()
	r.forget()
	w.test(t, id)
	return r.got()[0]
}

func TestBothSecretsSignDuringARotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, w)
	e, first := w.create(t, r.URL)
	requireSigned := func(when string, by, notBy []string) {
		t.Helper()
		got := w.tested(t, r, e.ID)
		if len(got.signatures()) != len(by) {
			t.Errorf("%s there are %d signatures", when, len(got.signatures()))
		}
		for _, secret := range by {
			if !got.isSignedBy(t, secret) {
				t.Errorf("%s a secret has not signed", when)
			}
		}
		for _, secret := range notBy {
			if got.isSignedBy(t, secret) {
				t.Errorf("%s a secret has signed that must not", when)
			}
		}
	}
	requireSigned("before", []string{first}, nil)
	second := w.rotate(t, e.ID, time.Hour)
	requireSigned("during the overlap", []string{second, first}, nil)
	w.pass(time.Hour)
	requireSigned("after the overlap", []string{second}, []string{first})
	third := w.rotate(t, e.ID, 0)
	requireSigned("without an overlap", []string{third}, []string{first, second})
	if stored := w.endpoint(t, e.ID); stored.OldSecret != "" || stored.OldUntil != nil {
		t.Errorf("without an overlap the old secret is kept: %+v", stored)
	}
}

func TestSecretsAreSealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sealing(t, "a secret of sixteen"))
	r := newReceiver(t, w)
	e, secret := w.create(t, r.URL)
	if !strings.HasPrefix(e.Secret, "sealed:") || strings.Contains(w.endpoint(t, e.ID).Secret, secret[6:20]) {
		t.Errorf("stored: %s", e.Secret)
	}
	if got := w.tested(t, r, e.ID); !got.isSignedBy(t, secret) {
		t.Error("the secret has not signed")
	}
	for _, content := range []string{"another of sixteen", ""} {
		w.with(sealing(t, content))
		d, _, err := w.Test(t.Context(), &w.actor, e.ID)
		must(t, err)
		if a := d.Attempts[0]; a.Status != 0 || !strings.Contains(a.Error, "--secret-file") {
			t.Errorf("with the file %q: %+v", content, a)
		}
	}
	secret = w.rotate(t, e.ID, time.Hour) // the remedy, also while the old secret cannot be read
	if got := w.tested(t, r, e.ID); !got.isSignedBy(t, secret) || len(got.signatures()) != 1 {
		t.Error("a new secret does not help")
	}
	if moved := w.endpoint(t, e.ID); moved.Secret != secret {
		t.Errorf("without a file it is stored as %s", moved.Secret)
	}
}

func TestASealedSecretIsOfOneEndpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sealing(t, "a secret of sixteen"))
	r := newReceiver(t, w)
	e, _ := w.create(t, r.URL)
	other, _ := w.create(t, r.URL)
	w.change(t, e.ID, func(e *webhook.Endpoint) { e.Secret = other.Secret })
	d, _, err := w.Test(t.Context(), &w.actor, e.ID)
	must(t, err)
	if d.Attempts[0].Error == "" {
		t.Error("another endpoint's secret signs")
	}
}

// change changes an endpoint behind the service's back.
func (w *world) change(t *testing.T, id core.ID, change func(*webhook.Endpoint)) {
	t.Helper()
	changed := func(e *webhook.Endpoint) (webhook.Changed, error) {
		change(e)
		return webhook.Changed{}, nil
	}
	_, err := w.store.ChangeEndpoint(t.Context(), w.actor.WorkspaceID, id, changed)
	must(t, err)
}
