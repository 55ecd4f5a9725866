package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/webhook"
)

// later is a time that has not come for any delivery.
func later(minutes int) *time.Time { return new(now.Add(time.Duration(minutes) * time.Minute)) }

func (h *hooks) mustDelivery(t *testing.T, e *webhook.Endpoint, position int64) webhook.Delivery {
	t.Helper()
	d, err := h.Delivery(t.Context(), h.workspace, e.ID, position)
	must(t, err)
	return d
}

func testDeliveries(t *testing.T, h *hooks) {
	e, other := h.insert(t, "", 1), h.insert(t, "", 1)
	first := h.delivery(t, &e, 1, later(5))
	h.put(t, e.ID, first, h.delivery(t, &e, 2, nil), h.delivery(t, &e, 3, later(1)), h.delivery(t, &e, 4, later(1)))
	failed := h.delivery(t, &e, 5, nil)
	failed.Status = webhook.Failed
	h.put(t, e.ID, failed)
	h.put(t, other.ID, h.delivery(t, &other, 1, later(0)))
	if got := h.mustDelivery(t, &e, 1); fmt.Sprintf("%+v", got.Attempts) != fmt.Sprintf("%+v", first.Attempts) ||
		got.Answer != first.Answer || got.EventID != first.EventID || !got.NextAt.Equal(*first.NextAt) ||
		got.Subject != first.Subject || !got.CreatedAt.Equal(now) || got.Tries != 1 || got.Type != first.Type {
		t.Errorf("stored: %+v, want %+v", got, first)
	}
	if stored, _ := h.Endpoint(t.Context(), h.workspace, e.ID); stored.NextAt == nil || !stored.NextAt.Equal(*later(1)) {
		t.Errorf("the next is due at %v", stored.NextAt)
	}
	for minute, want := range map[int]string{0: "", 1: "3 4 ", 5: "3 4 1 "} {
		due, err := h.DueDeliveries(t.Context(), &e, *later(minute), 10)
		if err != nil || positions(due) != want {
			t.Errorf("due after %d minutes: %s, want %s, %v", minute, positions(due), want, err)
		}
	}
	lists := map[string]webhook.DeliveryQuery{
		"5 4 ":   {Limit: 2},
		"3 2 1 ": {Limit: 10, Before: 4},
		"4 3 1 ": {Limit: 10, Status: webhook.Pending},
		"1 ":     {Limit: 10, Status: webhook.Pending, Before: 3},
		"5 ":     {Limit: 10, Status: webhook.Failed},
		"2 ":     {Limit: 10, Status: webhook.Succeeded},
	}
	for want, q := range lists {
		q.WorkspaceID, q.EndpointID = h.workspace, e.ID
		list, err := h.Deliveries(t.Context(), &q)
		if err != nil || positions(list) != want {
			t.Errorf("%+v: %s, want %s, %v", q, positions(list), want, err)
		}
	}
	first.Status, first.NextAt, first.Answer, first.CreatedAt = webhook.Succeeded, nil, "at last", *later(9)
	h.put(t, e.ID, first)
	if got := h.mustDelivery(t, &e, 1); got.Status != webhook.Succeeded || got.NextAt != nil || got.Answer != "at last" ||
		!got.CreatedAt.Equal(now) {
		t.Errorf("stored again: %+v", got)
	}
	stranger := hooksOf(h.Store, newWorkspace(t, h.Store).ID)
	if _, err := h.Delivery(t.Context(), stranger.workspace, e.ID, 1); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("another workspace's: %v", err)
	}
	list, err := h.Deliveries(t.Context(), &webhook.DeliveryQuery{
		WorkspaceID: stranger.workspace, EndpointID: e.ID, Limit: 10,
	})
	if err != nil || len(list) != 0 {
		t.Errorf("another workspace's: %v, %v", list, err)
	}
}

func testDeliveryRetries(t *testing.T, h *hooks) {
	e := h.insert(t, "", 9)
	failed := h.delivery(t, &e, 3, nil)
	failed.Status, failed.Tries = webhook.Failed, 10
	h.put(t, e.ID, h.delivery(t, &e, 1, later(60)), h.delivery(t, &e, 2, nil), failed, h.delivery(t, &e, 4, nil))
	count := func(pending, failed int) {
		t.Helper()
		p, f, err := h.CountUnsent(t.Context(), h.workspace, e.ID, 10)
		if err != nil || p != pending || f != failed {
			t.Errorf("%d wait and %d have failed, want %d and %d, %v", p, f, pending, failed, err)
		}
	}
	count(1, 1)
	retry := func(position int64, want int) {
		t.Helper()
		retried, err := h.RetryDeliveries(t.Context(), h.workspace, e.ID, position, now)
		if err != nil || retried != want {
			t.Errorf("%d are due, want %d, %v", retried, want, err)
		}
	}
	h.happen(t, "A", "B", "C", "D", "E", "F", "G", "H", "I", "J")
	lease := h.claims(t, core.ID{15: 1}, time.Hour)[e.ID].Lease
	retry(2, 1)
	if got := h.mustDelivery(t, &e, 2); got.Status != webhook.Pending || !got.NextAt.Equal(now) {
		t.Errorf("what had arrived: %+v", got)
	}
	kept, err := h.KeepEndpoint(t.Context(), lease, false, endpointChange(unchanged))
	if err != nil || kept.NextAt == nil || !kept.NextAt.Equal(now) {
		t.Errorf("the node sees %v as due, %v", kept.NextAt, err)
	}
	retry(0, 2)
	retry(0, 0)
	retry(99, 0)
	count(3, 0)
	if got := h.mustDelivery(t, &e, 3); got.Status != webhook.Pending || got.Tries != 0 || len(got.Attempts) != 1 {
		t.Errorf("what had failed: %+v", got)
	}
	due, err := h.DueDeliveries(t.Context(), &e, now, 10)
	if err != nil || positions(due) != "1 2 3 " {
		t.Errorf("due: %s, %v", positions(due), err)
	}
	if p, _, err := h.CountUnsent(t.Context(), h.workspace, e.ID, 2); err != nil || p != 2 {
		t.Errorf("counted up to 2: %d, %v", p, err)
	}
	stranger := newWorkspace(t, h.Store).ID
	if _, err := h.RetryDeliveries(t.Context(), stranger, e.ID, 0, now); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("another workspace's: %v", err)
	}
}

func testDeliveryTidying(t *testing.T, h *hooks) {
	t.Run("answers about a person", func(t *testing.T) {
		e := h.insert(t, "", 1)
		must(t, h.RecordEvents(t.Context(), h.event(t, "HERS", "ada"), h.event(t, "HIS", "bob")))
		head := h.head(t)
		h.put(t, e.ID, h.delivery(t, &e, head-1, nil), h.delivery(t, &e, head, nil))
		_, err := h.EraseUser(t.Context(), h.workspace, "ada", h.event(t, "ERASED", ""))
		must(t, err)
		if hers := h.mustDelivery(t, &e, head-1); hers.Answer != "" {
			t.Errorf("an answer about her: %q", hers.Answer)
		}
		if his := h.mustDelivery(t, &e, head); his.Answer == "" {
			t.Error("an answer about another person is gone")
		}
	})
	t.Run("pruning", func(t *testing.T) {
		e, gone := h.insert(t, "", 1), h.insert(t, "", 1)
		old, young := h.delivery(t, &e, 1, nil), h.delivery(t, &e, 2, nil)
		young.CreatedAt = *later(60)
		h.put(t, e.ID, old, young)
		h.put(t, gone.ID, h.delivery(t, &gone, 1, nil), h.delivery(t, &gone, 2, later(100)))
		h.change(t, gone.ID, func(e *webhook.Endpoint) { e.DeletedAt = new(now) })
		for rounds := 0; ; rounds++ {
			pruned, err := h.PruneDeliveries(t.Context(), *later(30))
			must(t, err)
			if pruned == 0 {
				break
			}
			if rounds > 10 {
				t.Fatal("there is always something more")
			}
		}
		for id, want := range map[core.ID]string{e.ID: "2 ", gone.ID: ""} {
			list, err := h.Deliveries(t.Context(), &webhook.DeliveryQuery{
				WorkspaceID: h.workspace, EndpointID: id, Limit: 10,
			})
			if err != nil || positions(list) != want {
				t.Errorf("left: %s, want %s, %v", positions(list), want, err)
			}
		}
		if _, err := h.Endpoint(t.Context(), h.workspace, gone.ID); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("the deleted endpoint: %v", err)
		}
	})
}
