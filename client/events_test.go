package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/client"
)

func TestEventsFollowsTheLog(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := s.client(t)
	const before, meanwhile = 3, 3
	for i := range before {
		must(c.PutUser(t.Context(), "user"+strconv.Itoa(i), client.UserNormal))(t)
	}
	var got []string
	filter := client.EventFilter{Types: []client.EventType{"user.*"}}
	for event, err := range c.Events(t.Context(), 0, filter) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, event.Subject.ID)
		if len(got) >= before { // the end of what there is: make more
			must(c.PutUser(t.Context(), "user"+strconv.Itoa(len(got)), client.UserNormal))(t)
		}
		if len(got) == before+meanwhile {
			break
		}
	}
	want := []string{"user0", "user1", "user2", "user3", "user4", "user5"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
}

func TestAnEvent(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var id string
	c := s.client(t, client.WithObserver(func(a client.Attempt) {
		if a.Operation == "changeCode" {
			id = a.RequestID
		}
	}))
	code := must(c.AddCode(t.Context(), client.AddCodeRequest{Code: "SPRING", Type: client.TypeNormal}))(t)
	must(c.ChangeCode(t.Context(), "SPRING", client.ChangeCodeRequest{Note: client.Set("new")}))(t)
	query := client.EventQuery{
		Filter: client.EventFilter{Types: []client.EventType{client.EventCodeUpdated}, Subject: "code:spring", Actor: "key"},
		Limit:  1, Wait: 30 * time.Second,
	}
	part := client.EventPage{}
	for len(part.Data) == 0 {
		part = *must(c.ListEvents(t.Context(), query))(t)
		query.After = part.Next
	}
	e := part.Data[0]
	var data struct {
		Note     string
		Previous struct{ Note *string }
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		t.Fatal(err)
	}
	if e.Type != client.EventCodeUpdated || e.Subject != (client.EventSubject{Kind: "code", ID: "SPRING"}) ||
		e.Actor.Kind != "key" || e.Actor.ID != code.CreatedBy || e.RequestID != id || part.Next < e.Position ||
		data.Note != "new" || data.Previous.Note != nil {
		t.Errorf("%+v with %s", e, e.Data)
	}
}

func TestEventsGoesOnAfterAnErrorThatPasses(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	must(s.client(t).PutUser(t.Context(), "user", client.UserNormal))(t)
	var p patient
	c := newClient(t, front(t, s, page(502), page(502)), s.key, p.option(), client.WithRetries(1))
	filter := client.EventFilter{Types: []client.EventType{client.EventUserRegistered}}
	var got []string
	for event, err := range c.Events(t.Context(), 0, filter) {
		if err != nil {
			got = append(got, "error")
			continue
		}
		got = append(got, event.Subject.ID)
		break
	}
	if !slices.Equal(got, []string{"error", "user"}) || len(p.waits) != 2 {
		t.Errorf("%v, waits %v", got, p.waits)
	}
}

func TestWhatEndsEvents(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	read, stopReading := context.WithCancel(t.Context())
	reader := newClient(t, s.url, s.key, client.WithObserver(func(client.Attempt) { stopReading() }))
	failing, stopWaiting := context.WithCancel(t.Context())
	waiter := newClient(t, front(t, s, page(502)), s.key, client.WithRetries(0),
		client.WithObserver(func(client.Attempt) { stopWaiting() }))
	canceled := func(err error) bool { return errors.Is(err, context.Canceled) }
	for name, test := range map[string]struct {
		client *client.Client
		ctx    context.Context
		after  int64
		ends   func(error) bool
		errors int
	}{
		"a position that there is not": {
			s.client(t), t.Context(), 1 << 40,
			func(err error) bool { return errors.Is(err, client.ReasonInvalidParameter) }, 1,
		},
		"a wrong key": {
			newClient(t, s.url, "ack_wrong"), t.Context(), 0,
			func(err error) bool { return errors.Is(err, client.ReasonInvalidAPIKey) }, 1,
		},
		"its context": {reader, read, 0, canceled, 1},
		"its context, while it waits after an error": {waiter, failing, 0, canceled, 2},
	} {
		var failed []error
		for _, err := range test.client.Events(test.ctx, test.after, client.EventFilter{}) {
			if err != nil {
				failed = append(failed, err)
			}
		}
		if len(failed) != test.errors || !test.ends(failed[len(failed)-1]) {
			t.Errorf("%s: %v", name, failed)
		}
	}
}
