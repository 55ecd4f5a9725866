package app

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"accesscodes/internal/config"
	"accesscodes/internal/core"
	"accesscodes/internal/web/api"
	"accesscodes/internal/webhook"
)

// newWebhooks returns the service of webhook endpoints, and the sender of this node.
func newWebhooks(
	store bareStore, cfg config.Serve, registry *prometheus.Registry, log *slog.Logger,
) (*webhook.Service, *webhook.Sender, error) {
	secrets, err := readSecrets(cfg.SecretFile)
	if err != nil {
		return nil, nil, err
	}
	node, err := newID()
	if err != nil {
		return nil, nil, fmt.Errorf("name this node: %w", err)
	}
	allow, _ := cfg.WebhookNetworks() // Validate has seen them
	schedule := webhook.DefaultSchedule()
	if given, _ := cfg.WebhookSchedule(); given != nil {
		schedule = given
	}
	client := webhook.ClientConfig{Allow: allow, Agent: "accesscodes"}
	if cfg.WebhookProxy {
		client.Proxy = http.ProxyFromEnvironment
	}
	var sender *webhook.Sender
	service := webhook.NewService(webhook.Deps{
		Store: store, Log: store, Secrets: secrets, Schedule: schedule, Render: api.RenderEvent,
		Client: webhook.NewClient(client), Now: time.Now, Entropy: core.SystemEntropy(), NewID: newID,
		Wake: func(endpoint core.ID) { sender.Wake(endpoint) }, Observe: newWebhookMetrics(registry),
	})
	sender = webhook.NewSender(service, node, log)
	return service, sender, nil
}

// newWebhookMetrics counts attempts to send events, and measures them.
func newWebhookMetrics(registry *prometheus.Registry) func(succeeded bool, took time.Duration) {
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "accesscodes_webhook_attempt_duration_seconds",
		Help:    "Time that an attempt to send an event to a webhook endpoint took, by what came of it.",
		Buckets: prometheus.ExponentialBuckets(.005, 3, 8),
	}, []string{"outcome"})
	registry.MustRegister(durations)
	return func(succeeded bool, took time.Duration) {
		outcome := "failed"
		if succeeded {
			outcome = "succeeded"
		}
		durations.WithLabelValues(outcome).Observe(took.Seconds())
	}
}

// minSecret is the shortest content of a secret file, in bytes.
const minSecret = 16

// readSecrets returns the encryption by what a file holds; without a file, there is none.
func readSecrets(file string) (*webhook.Secrets, error) {
	if file == "" {
		return webhook.NewSecrets(nil)
	}
	secret, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--secret-file: %w", err)
	}
	if len(secret) < minSecret {
		return nil, fmt.Errorf("--secret-file %s holds %d bytes; make it with: head -c 32 /dev/urandom > %s",
			file, len(secret), file)
	}
	return webhook.NewSecrets(secret)
}
