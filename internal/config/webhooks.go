package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// maxWebhookRetries is how many times at most a webhook is sent again.
const maxWebhookRetries = 50

// maxRetryWait is the longest wait before a webhook is sent again.
const maxRetryWait = 7 * 24 * time.Hour

// validateWebhooks says what is wrong with how webhooks are sent.
func (c Serve) validateWebhooks() (errs []error) {
	if _, err := c.WebhookNetworks(); err != nil {
		errs = append(errs, fmt.Errorf("--webhook-allow %w", err))
	}
	if _, err := c.WebhookSchedule(); err != nil {
		errs = append(errs, fmt.Errorf("--webhook-retries %w", err))
	}
	return errs
}

// WebhookNetworks returns the private networks that webhooks may reach.
func (c Serve) WebhookNetworks() ([]netip.Prefix, error) { return parseNetworks(c.WebhookAllow) }

// WebhookSchedule returns how long to wait after each failure of a webhook; nil: as usual.
func (c Serve) WebhookSchedule() (waits []time.Duration, err error) {
	if c.WebhookRetries == "" {
		return nil, nil
	}
	for text := range strings.SplitSeq(c.WebhookRetries, ",") {
		wait, err := time.ParseDuration(strings.TrimSpace(text))
		if err != nil || wait <= 0 || wait > maxRetryWait {
			return nil, fmt.Errorf("%q is not a time such as 5s, 30m or 24h, at most %s", text, maxRetryWait)
		}
		waits = append(waits, wait)
	}
	if len(waits) > maxWebhookRetries {
		return nil, errors.New("has too many times")
	}
	return waits, nil
}
