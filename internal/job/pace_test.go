package job

import (
	"slices"
	"testing"
	"time"
)

func TestStepsTakeAsLongAsTheyShould(t *testing.T) {
	const perThing = 20 * time.Microsecond // so that 1,000 are a step
	p := NewPace(nil)
	if p.Size() != minSize {
		t.Errorf("the first step is of %d things", p.Size())
	}
	for range 10 {
		p.Took(time.Duration(p.Size()) * perThing)
	}
	if p.Size() != 1000 {
		t.Errorf("a step is of %d things", p.Size())
	}
	for range 100 {
		p.Took(0)
	}
	if p.Size() != maxSize {
		t.Errorf("a step that takes no time is of %d things", p.Size())
	}
	for range 2 {
		p.Failed()
	}
	if p.Size() != maxSize/4 {
		t.Errorf("after two failures a step is of %d things", p.Size())
	}
	for range 100 {
		p.Took(time.Hour)
	}
	if p.Size() != minSize {
		t.Errorf("a step that takes for ever is of %d things", p.Size())
	}
}

// TestRequestsGoFirst: after a step, a job rests as long as the step took if there are requests, and longer
// while some wait.
func TestRequestsGoFirst(t *testing.T) {
	const took = 20 * time.Millisecond
	for name, test := range map[string]struct {
		waiting []int // requests, each time it is asked
		active  bool  // some were answered meanwhile
		want    int   // rests
	}{
		"nobody is there":         {},
		"some are answered":       {active: true, want: 1},
		"some wait for a short":   {waiting: []int{3, 3, 0}, want: 1},
		"some wait, then no more": {waiting: []int{3, 3, 3, 3, 0}, want: 2},
		"some wait for ever":      {waiting: slices.Repeat([]int{1}, 100), want: 4},
	} {
		t.Run(name, func(t *testing.T) {
			done, waiting := uint64(0), test.waiting
			load := func() (uint64, int) {
				if test.active {
					done++
				}
				if len(waiting) == 0 {
					return done, 0
				}
				now := waiting[0]
				waiting = waiting[1:]
				return done, now
			}
			rests := 0
			NewPace(load).GiveWay(took, func(d time.Duration) {
				if rests++; d != took {
					t.Errorf("it rests for %s", d)
				}
			})
			if rests != test.want {
				t.Errorf("it rests %d times, want %d", rests, test.want)
			}
		})
	}
}
