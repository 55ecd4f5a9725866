package event_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// TestAFeedGoesOn: with what is added between two calls, past what is not meant, and after an error.
func TestAFeedGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		service := event.NewService(m, time.Now, 0)
		feed, err := service.Follow(event.Query{Workspace: acme, Types: []event.Type{event.CodeRevoked}})
		if err != nil {
			t.Fatal(err)
		}
		defer feed.Close()
		next := func(wait time.Duration, events int, position int64, want error) {
			t.Helper()
			begin := time.Now()
			page, err := feed.Next(t.Context(), wait)
			if len(page.Events) != events || page.Next != position || !errors.Is(err, want) {
				t.Errorf("%+v, %v; want %d events up to %d, %v", page, err, events, position, want)
			}
			if took := time.Since(begin); took > 2*interval && took != wait {
				t.Errorf("it took %s", took)
			}
		}
		next(0, 0, 0, nil)
		m.add(event.KeyRevoked)
		next(time.Minute, 0, 1, nil)
		m.add(event.CodeRevoked)
		next(time.Minute, 1, 2, nil)
		m.add(event.CodeRevoked)
		m.add(event.CodeRevoked)
		time.Sleep(time.Second) // of the bubble: the follower has looked
		next(time.Minute, 2, 4, nil)
		away := errors.New("away")
		m.mu.Lock()
		m.err = away
		m.mu.Unlock()
		next(time.Minute, 0, 0, away)
		m.add(event.CodeRevoked)
		next(time.Minute, 0, 0, away)
		m.mu.Lock()
		m.err = nil
		m.mu.Unlock()
		next(time.Minute, 1, 5, nil)
		service.Drain()
		next(time.Minute, 0, 5, nil)
	})
}

func TestFeedsAreCounted(t *testing.T) {
	service := event.NewService(newMemory(), time.Now, 0)
	var feeds []*event.Feed
	for range event.MaxWaiting {
		feed, err := service.Follow(event.Query{Workspace: acme})
		if err != nil {
			t.Fatal(err)
		}
		feeds = append(feeds, feed)
	}
	if _, err := service.Follow(event.Query{Workspace: acme}); !core.HasReason(err, core.ReasonOverloaded) {
		t.Errorf("one more: %v", err)
	}
	feeds[0].Close()
	last, err := service.Follow(event.Query{Workspace: acme})
	if err != nil {
		t.Fatal(err)
	}
	for _, feed := range append(feeds[1:], last) {
		feed.Close()
	}
	_, err = service.Follow(event.Query{Workspace: acme, Limit: -1})
	if !core.HasReason(err, core.ReasonInvalidParameter) {
		t.Errorf("a wrong query: %v", err)
	}
}
