package event_test

import (
	"strings"
	"testing"
	"time"

	"accesscodes/internal/event"
)

const day = 24 * time.Hour

// policy keeps most for 90 days.
var policy = event.Retention{All: 90 * day, Types: []event.TypeRetention{
	{Types: "code.*", Keep: 730 * day},
	{Types: "code.created", Keep: 7 * day},
	{Types: "session.*", Keep: 30 * day},
	{Types: "key.*", Keep: 0},
}}

func TestTheLongestMatchSaysHowLongATypeIsKept(t *testing.T) {
	for kind, want := range map[event.Type]time.Duration{
		event.CodeRevoked: 730 * day, event.CodeCreated: 7 * day, event.SessionFailed: 30 * day, event.UserChanged: 90 * day,
		event.KeyUsed: 0,
	} {
		if got := policy.Keep(kind); got != want {
			t.Errorf("%s is kept for %v, want %v", kind, got, want)
		}
	}
	now := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	for at, want := range map[time.Time]bool{now.Add(-30 * day): false, now.Add(-30*day - 1): true} {
		if got := policy.Expired(event.SessionStarted, at, now); got != want {
			t.Errorf("from %v: expired %v", at, got)
		}
	}
	if policy.Expired(event.KeyCreated, time.Time{}, now) {
		t.Error("what is kept forever has expired")
	}
}

// TestWhatIsPrunedEarly: all that ends, if some events are kept forever, else all but the longest.
func TestWhatIsPrunedEarly(t *testing.T) {
	limited := event.Retention{All: policy.All, Types: policy.Types[:3]}
	for _, test := range []struct {
		keep     event.Retention
		early    int
		shortest time.Duration
	}{
		{event.Retention{}, 0, 0},
		{event.Retention{All: day}, 0, day},
		{limited, 3, 7 * day},
		{policy, 4, 7 * day},
		{event.Retention{Types: policy.Types[:1]}, 1, 730 * day},
	} {
		if got := test.keep.Early(); len(got) != test.early || test.keep.Shortest() != test.shortest {
			t.Errorf("%v: early %v, shortest %v", test.keep, got, test.keep.Shortest())
		}
	}
}

func TestRetentionsThatMakeNoSense(t *testing.T) {
	for _, test := range []struct {
		types string
		keep  time.Duration
		want  string
	}{
		{"code.*", day, "is named twice"},
		{"user.changed", 0, ""},
		{"user.*", -day, "must not be negative"},
		{"nosuch.*", day, "there are no events"},
		{"*", day, "there are no events"},
		{"user", day, "there are no events"},
		{"user.ch*", day, "there are no events"},
	} {
		keep := event.Retention{Types: append([]event.TypeRetention{{test.types, test.keep}}, policy.Types...)}
		if err := keep.Check(); (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s for %v: %v", test.types, test.keep, err)
		}
	}
	if err := policy.Check(); err != nil {
		t.Error(err)
	}
}

func TestForHowLongAllOfAKindIsKept(t *testing.T) {
	service := event.NewService(nil, time.Now, policy.All, policy.Types...)
	for kinds, want := range map[string]time.Duration{
		"code": 7 * day, "key": 0, "user session": 30 * day, "user key": 90 * day,
	} {
		if got := service.KeptFor(strings.Fields(kinds)...); got != want {
			t.Errorf("%s: %v, want %v", kinds, got, want)
		}
	}
}

func TestMarks(t *testing.T) {
	m := event.Mark{Position: 12, Chain: event.Chain{1, 31: 255}}
	if got, err := event.ParseMark(m.String()); got != m || err != nil {
		t.Errorf("%s is read as %v, %v", m, got, err)
	}
	for _, text := range []string{"", "12", "12:", "x:" + m.Chain.String(), "-1:" + m.Chain.String(), m.String() + "00"} {
		if got, err := event.ParseMark(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}
