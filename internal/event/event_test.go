package event_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

var at = time.Date(2031, 2, 3, 4, 5, 6, 789_012_000, time.UTC)

func source(entropy byte, hot core.EventSet) *event.Source {
	recorder := event.NewRecorder(bytes.NewReader(bytes.Repeat([]byte{entropy}, 1000)))
	return recorder.Of(&core.Actor{
		Kind: core.ActorKey, ID: core.ID{15: 9}, Name: "back<end>", WorkspaceID: acme,
		Listens: hot, RequestID: "request-7",
	})
}

func TestADigestCoversTheSaltAndEverythingThatIsShown(t *testing.T) {
	make := func() *event.Event {
		data := event.Data{"z": nil, "a": int64(1)}
		data.Change("note", "old", "<new> & „Ü“")
		e, err := source(7, event.AllHot).Make(event.CodeUpdated, at, event.Code("One", "ONE"), "ada", data)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	e := make()
	if want := `{"a":1,"note":"<new> & „Ü“","previous":{"note":"old"},"z":null}`; e.Data != want {
		t.Errorf("data %s, want %s", e.Data, want)
	}
	if id := e.ID.String(); !strings.HasPrefix(id, "01c0") || id[14] != '7' || !strings.Contains("89ab", id[19:20]) {
		t.Errorf("%s is no UUIDv7 of 2031", id)
	}
	if e.RequestID != "request-7" || len(e.Salt) != 16 {
		t.Errorf("%+v", e)
	}
	if again := make(); again.Digest != e.Digest {
		t.Error("the same event has another digest")
	}
	for name, change := range map[string]func(*event.Event){
		"salt":         func(e *event.Event) { e.Salt = bytes.Repeat([]byte{8}, 16) },
		"no salt":      func(e *event.Event) { e.Salt = nil },
		"id":           func(e *event.Event) { e.ID[3]++ },
		"workspace":    func(e *event.Event) { e.Workspace[3]++ },
		"type":         func(e *event.Event) { e.Type = event.CodeRevoked },
		"at":           func(e *event.Event) { e.At = e.At.Add(time.Microsecond) },
		"actor":        func(e *event.Event) { e.Actor.Kind = core.ActorCLI },
		"actor's id":   func(e *event.Event) { e.Actor.ID = core.ID{} },
		"actor's name": func(e *event.Event) { e.Actor.Name = "" },
		"subject":      func(e *event.Event) { e.Subject.ID = "Two" },
		"kind":         func(e *event.Event) { e.Subject.Kind = event.SubjectKey },
		"user":         func(e *event.Event) { e.UserID = "" },
		"request":      func(e *event.Event) { e.RequestID = "" },
		"data":         func(e *event.Event) { e.Data = strings.Replace(e.Data, "old", "older", 1) },
	} {
		changed := make()
		change(changed)
		if sum, err := changed.Sum(); err != nil || sum == e.Digest {
			t.Errorf("%s: the digest is the same (%v)", name, err)
		}
	}
	e.Position = 9 // which it gets later
	if sum, err := e.Sum(); err != nil || sum != e.Digest {
		t.Errorf("the digest covers the position (%v)", err)
	}
}

func TestWhatIsHotIsRecordedOnlyWhereSomebodyListens(t *testing.T) {
	var hot []event.Type
	for _, kind := range event.Types() {
		if !source(1, event.AllHot).Records(kind) || (*event.Source)(nil).Records(kind) {
			t.Errorf("%s is not recorded where somebody listens, or is by nobody", kind)
		}
		if !source(1, 0).Records(kind) {
			hot = append(hot, kind)
		}
	}
	want := []event.Type{
		event.CodeCreated, event.CodeExhausted, event.RedemptionCreated,
		event.ReservationCreated, event.ReservationConfirmed, event.ReservationReleased, event.ReservationLapsed,
	}
	if !slices.Equal(hot, want) {
		t.Errorf("hot are %v, want %v", hot, want)
	}
	caused := event.UserUpgraded
	if !source(1, event.AllHot).RecordsCaused(caused) || source(1, 0).RecordsCaused(caused) ||
		(*event.Source)(nil).RecordsCaused(caused) {
		t.Error("what hot events cause is recorded otherwise")
	}
}

// TestOneHotTypeIsRecordedAlone: an endpoint that wants one costs nothing for the others.
func TestOneHotTypeIsRecordedAlone(t *testing.T) {
	for _, wanted := range event.Types() {
		set := event.ReadHotSet(event.WriteHotSet(event.HotSet([]event.Type{wanted, event.KeyCreated})))
		s := source(1, set)
		for _, other := range event.Types() {
			if other.Hot() && s.Records(other) != (other == wanted) {
				t.Errorf("where %s is wanted, %s is recorded otherwise", wanted, other)
			}
			if s.RecordsCaused(other) != (other == wanted && set != 0) {
				t.Errorf("where %s is wanted, %s of a redemption is recorded otherwise", wanted, other)
			}
		}
	}
}

func TestAnEventThatCannotBeMadeIsAnError(t *testing.T) {
	broken := errors.New("no entropy")
	_, err := event.NewRecorder(iotest.ErrReader(broken)).Source(acme, event.System(), 0).
		Make(event.CodeRevoked, at, event.Code("A", "A"), "", event.Data{})
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if _, err := source(1, event.AllHot).Make(event.CodeRevoked, at, event.Code("A", "A"), "",
		event.Data{"a": func() {}}); err == nil {
		t.Error("data that are no JSON are no error")
	}
}

func TestFullDataNameThePersonWhereTheSubjectDoesNot(t *testing.T) {
	for _, c := range []struct {
		kind             event.Type
		data, user, want string
	}{
		{event.RedemptionCreated, `{"a":1}`, `a"b`, `{"userId":"a\"b","a":1}`},
		{event.ReservationLapsed, `{}`, "ada", `{"userId":"ada"}`},
		{event.RedemptionRolledBack, `{}`, "", `{"userId":null}`},
		{event.UserChanged, `{"a":1}`, "ada", `{"a":1}`},
	} {
		e := event.Event{Type: c.kind, Data: c.data, UserID: c.user}
		if got, err := e.FullData(); got != c.want || err != nil {
			t.Errorf("%s: %s, %v, want %s", c.kind, got, err, c.want)
		}
	}
}

func TestAQueryThatIsNotFoundByAnIndexLooksAtAWindow(t *testing.T) {
	code := &event.SubjectName{Kind: event.SubjectCode, Key: "A"}
	for _, c := range []struct {
		query                event.Query
		oldest, head         int64
		wantAfter, wantReach int64
	}{
		{event.Query{}, 1, 5, 0, 5},
		{event.Query{}, 1, 1_000_000, 0, event.Window},
		{event.Query{}, 700_000, 1_000_000, 699_999, 699_999 + event.Window},
		{event.Query{After: 800_000}, 700_000, 1_000_000, 800_000, 800_000 + event.Window},
		{event.Query{Subject: code}, 700_000, 1_000_000, 699_999, 1_000_000},
		{event.Query{Backwards: true}, 1, 5, 0, 5},
		{event.Query{Backwards: true}, 1, 0, 0, 0},
		{event.Query{Backwards: true}, 700_000, 1_000_000, 1_000_000 - event.Window, 1_000_000},
		{event.Query{Backwards: true, Before: 700_010}, 700_000, 1_000_000, 699_999, 700_009},
		{event.Query{Backwards: true, Before: 2_000_000}, 700_000, 1_000_000, 1_000_000 - event.Window, 1_000_000},
		{event.Query{Backwards: true, Subject: code}, 700_000, 1_000_000, 699_999, 1_000_000},
	} {
		after, reach := c.query.Range(c.oldest, c.head)
		if after != c.wantAfter || reach != c.wantReach {
			t.Errorf("%+v: from %d to %d, want from %d to %d", c.query, after, reach, c.wantAfter, c.wantReach)
		}
	}
}
