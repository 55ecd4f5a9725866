package webhook

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"accesscodes/internal/event"
)

// secretsOf returns the secrets that sign at an instant. An old secret that cannot be read is left out:
// a new one was made because of that.
func (s *Service) secretsOf(e *Endpoint, now time.Time) ([]string, error) {
	secret, err := s.deps.Secrets.open(e.ID, e.Secret)
	if err != nil {
		return nil, err
	}
	secrets := []string{secret}
	if e.OldUntil != nil && now.Before(*e.OldUntil) {
		if old, err := s.deps.Secrets.open(e.ID, e.OldSecret); err == nil {
			secrets = append(secrets, old)
		}
	}
	return secrets, nil
}

// attempt sends an event to an endpoint.
func (s *Service) attempt(ctx context.Context, l *line, e *Endpoint, about *event.Event) Attempt {
	at := s.now()
	header, body, err := s.sign(e, about, at)
	if err != nil {
		return Attempt{At: at, Error: err.Error()}
	}
	a := l.post(ctx, at, e.URL, header, body)
	if s.deps.Observe != nil && !a.interrupted {
		s.deps.Observe(a.Succeeded(), a.Took)
	}
	return a
}

// sign returns the request that tells an endpoint about an event.
func (s *Service) sign(e *Endpoint, about *event.Event, at time.Time) (http.Header, []byte, error) {
	body, err := s.deps.Render(about)
	if err != nil {
		return nil, nil, err
	}
	secrets, err := s.secretsOf(e, at)
	if err != nil {
		return nil, nil, err
	}
	signatures, err := Signatures(secrets, about.ID.String(), at, body)
	if err != nil {
		return nil, nil, err
	}
	return http.Header{
		"Content-Type":      {"application/json"},
		"Webhook-Id":        {about.ID.String()},
		"Webhook-Timestamp": {strconv.FormatInt(at.Unix(), 10)},
		"Webhook-Signature": {signatures},
	}, body, nil
}
