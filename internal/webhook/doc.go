// Package webhook tells addresses of the customer's about events, signed per Standard Webhooks 1.0.0.
//
// An endpoint is a position in the log of events that moves on: what is behind it is read, sent, and
// noted as a delivery. A delivery that failed is sent again by a schedule of its own, so the position
// need not wait for it. Any node sends for an endpoint, one at a time, by a lease. The package knows
// nothing of SQL, or of how an event is written as JSON.
package webhook
