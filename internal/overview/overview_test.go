package overview

import (
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

var noon = time.Date(2031, 2, 3, 12, 0, 0, 0, time.UTC)

func TestDaysOfUTC(t *testing.T) {
	for at, want := range map[time.Time]int64{
		time.Unix(0, 0):                     0,
		time.Unix(-1, 0):                    -1,
		time.Unix(-daySeconds, 0):           -1,
		time.Unix(-daySeconds-1, 0):         -2,
		time.Unix(daySeconds-1, 999_999_99): 0,
		time.Unix(daySeconds, 0):            1,
	} {
		if got := dayOf(at); got != want {
			t.Errorf("dayOf(%v) = %d, want %d", at.UTC(), got, want)
		}
	}
}

func TestFollowingID(t *testing.T) {
	for id, want := range map[core.ID]core.ID{
		{15: 1}:                     {15: 2},
		{13: 7, 14: 0xff, 15: 0xff}: {13: 8},
	} {
		if got := following(id); got != want {
			t.Errorf("following(%v) = %v, want %v", id, got, want)
		}
	}
}

// TestBatchesThatEndFirstAreKept: however many batches end soon, the first ones are counted wholly.
func TestBatchesThatEndFirstAreKept(t *testing.T) {
	p := newPass(noon)
	for i := range 1000 {
		for range 3 {
			p.addEnding(core.ID{14: byte(i >> 8), 15: byte(i)}, noon.Add(time.Duration(2000-i)*time.Minute))
		}
	}
	if len(p.Ending) > endingKept {
		t.Errorf("%d batches are kept", len(p.Ending))
	}
	shown := firstEnding(p.Ending)
	if len(shown) != endingShown {
		t.Fatalf("%d batches", len(shown))
	}
	for i, e := range shown {
		if want := noon.Add(time.Duration(1001+i) * time.Minute); !e.At.Equal(want) || e.Codes != 3 {
			t.Errorf("batch %d ends at %v with %d codes, want %v with 3", i, e.At, e.Codes, want)
		}
	}
}

func TestOldRedemptionsAreForgotten(t *testing.T) {
	r := newRedeemed(noon)
	for _, age := range []time.Duration{0, 23 * time.Hour, 24 * time.Hour, 25 * time.Hour, 40 * 24 * time.Hour} {
		r.add(&codes.Redemption{ID: core.FirstID(noon.Add(-age)), Type: codes.TypeNormal, CreatedAt: noon.Add(-age)})
	}
	r.forget(noon)
	if got := r.since(noon.Add(-24 * time.Hour))[codes.TypeNormal]; got != 3 {
		t.Errorf("%d redemptions in 24 hours, want 3", got)
	}
	if len(r.Days) != 2 || len(r.Slots[codes.TypeNormal]) != 3 {
		t.Errorf("%d days and %d slots are kept", len(r.Days), len(r.Slots[codes.TypeNormal]))
	}
	r.forget(noon.Add(days * 24 * time.Hour))
	if len(r.Days) != 0 || len(r.Slots[codes.TypeNormal]) != 0 || r.Counted != 5 {
		t.Errorf("still known: %+v", r)
	}
}

// TestWhenToCount: a look counts what is new or small, a worker the rest, and not all the time.
func TestWhenToCount(t *testing.T) {
	hour := noon.Add(time.Hour)
	passed := func(took time.Duration, settled, next time.Time) progress {
		return progress{Result: &tally{At: noon}, Took: took, SettledAt: settled, Next: next}
	}
	large := passed(time.Second, hour, noon.Add(pauseAfter(time.Second)))
	tests := []struct {
		name         string
		is           progress
		after        time.Duration
		look, worker bool
	}{
		{"new", progress{}, 0, true, true},
		{"begun", progress{Pass: &pass{Took: lookTime - 1}, SettledAt: hour}, 0, true, true},
		{"begun and large", progress{Pass: &pass{Took: lookTime}, SettledAt: hour}, 0, false, true},
		{"small and fresh", passed(smallTook, hour, hour), time.Second, false, false},
		{"small and old", passed(smallTook, hour, hour), freshFor, true, false},
		{"large", large, 49 * time.Second, false, false},
		{"large and old", large, 50 * time.Second, false, true},
		{"redemptions", passed(time.Second, noon, hour), settleEvery, false, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := &count{progress: test.is}
			at := noon.Add(test.after)
			if look, worker := c.isForLook(at), c.isDue(at); look != test.look || worker != test.worker {
				t.Errorf("a look counts: %v, a worker: %v; want %v, %v", look, worker, test.look, test.worker)
			}
		})
	}
}
