package event_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// sparse is a log with few events that match, far from one another.
type sparse struct {
	event.Store
	matches []int64 // ascending
	head    int64
	reads   int
	skew    int64 // of the positions that times are taken to have
}

func (s *sparse) Events(_ context.Context, q *event.Query) (event.Page, error) {
	s.reads++
	after, reach := q.Range(1, s.head)
	var found []event.Event
	for _, position := range slices.Backward(s.matches) {
		if position > after && position <= reach && len(found) < q.Limit {
			found = append(found, event.Event{Position: position})
		}
	}
	return q.NewPage(found, after, reach, s.head, 1), nil
}

// PositionBefore: every second, something has happened, and the clocks of nodes differ.
func (s *sparse) PositionBefore(_ context.Context, _ core.ID, at time.Time) (int64, error) {
	return min(max(at.Unix()-1+s.skew, 0), s.head), nil
}

func TestTheNewestEventsOfATimeAreLookedForNearIt(t *testing.T) {
	const w = event.Window
	for _, skew := range []int64{0, w / 2, -w / 2} {
		store := &sparse{matches: []int64{3, 50 * w}, head: 100*w + 7, skew: skew}
		service := event.NewService(store, time.Now, 0)
		for _, c := range []struct {
			seconds int64
			want    int
		}{{3, 1}, {50 * w, 1}, {70 * w, 0}, {1000 * w, 0}} {
			store.reads = 0
			at := time.Unix(c.seconds, 0)
			q := event.Query{From: at.Add(-time.Minute), To: at.Add(time.Minute)}
			if err := service.Near(t.Context(), &q); err != nil {
				t.Fatal(err)
			}
			page, err := service.Newest(t.Context(), q)
			if err != nil || len(page.Events) != c.want || page.Next > max(page.Oldest, q.After+1) || store.reads > 3 {
				t.Errorf("around second %d: %d events, next %d after %d, %d reads, %v",
					c.seconds, len(page.Events), page.Next, q.After, store.reads, err)
			}
		}
	}
}

func TestTheNewestEventsAreFoundAcrossWindows(t *testing.T) {
	const w = event.Window
	store := &sparse{matches: []int64{3, w + 5, 2*w + 1, 2*w + 2, 100 * w}, head: 100*w + 7}
	service := event.NewService(store, time.Now, 0)
	for _, c := range []struct {
		before    int64
		limit     int
		want      []int64
		wantNext  int64
		wantReads int
	}{
		{0, 1, []int64{100 * w}, 100 * w, 1},
		{0, 2, []int64{100 * w}, 80*w + 8, 20}, // there are more, but so far down that the caller is asked to go on
		{20 * w, 3, []int64{2*w + 2, 2*w + 1, w + 5}, w + 5, 19},
		{w, 3, []int64{3}, 1, 1},
		{1, 3, nil, 1, 1},
	} {
		store.reads = 0
		page, err := service.Newest(t.Context(), event.Query{Before: c.before, Limit: c.limit})
		var got []int64
		for _, e := range page.Events {
			got = append(got, e.Position)
		}
		if err != nil || !slices.Equal(got, c.want) || page.Next != c.wantNext || store.reads != c.wantReads {
			t.Errorf("before %d: %v, next %d after %d reads (%v), want %v, %d, %d",
				c.before, got, page.Next, store.reads, err, c.want, c.wantNext, c.wantReads)
		}
	}
}
