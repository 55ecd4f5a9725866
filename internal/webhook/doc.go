// Package webhook tells addresses of the customer's about events, signed per Standard Webhooks 1.0.0.
package webhook
