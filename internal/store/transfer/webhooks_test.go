package transfer_test

import (
	"testing"
	"time"

	"accesscodes/internal/event"
	"accesscodes/internal/store/storetest"
	"accesscodes/internal/webhook"
)

// addWebhook stores an endpoint that a node sends for, with a delivery that waits.
func addWebhook(t *testing.T, s storetest.Store, c contents) {
	t.Helper()
	later := now.Add(time.Hour)
	e := webhook.Endpoint{
		ID: newID(t), WorkspaceID: c.workspaces[0].ID, URL: "https://example.com/", Description: "ours", Types: "code.*",
		Secret: "whsec_AAAA", OldSecret: "whsec_BBBB", OldUntil: &later, CreatedAt: now, TestedAt: &now,
		FailingSince: &now, Failures: 2, LastAt: &now, LastStatus: 500, LastError: "it answered 500",
	}
	inserted, err := s.InsertEndpoint(t.Context(), e)
	must(t, err)
	if !inserted {
		t.Fatal("the endpoint was not stored")
	}
	claims, err := s.ClaimEndpoints(t.Context(), newID(t), time.Hour, 1)
	must(t, err)
	if len(claims) != 1 {
		t.Fatalf("%d endpoints were claimed", len(claims))
	}
	d := webhook.Delivery{
		WorkspaceID: e.WorkspaceID, EndpointID: e.ID, Position: 1, EventID: newID(t), Type: event.CodeRevoked,
		Subject: event.Subject{Kind: event.SubjectCode, ID: "A"}, Status: webhook.Pending, Tries: 1, NextAt: &later,
		CreatedAt: now, Attempts: []webhook.Attempt{{At: now, Took: time.Second, Status: 500, Error: "it answered 500"}},
		Answer: "no",
	}
	_, err = s.KeepEndpoint(t.Context(), claims[0].Lease, false, func(*webhook.Endpoint) (webhook.Changed, error) {
		return webhook.Changed{Deliveries: []webhook.Delivery{d}}, nil
	})
	must(t, err)
}
