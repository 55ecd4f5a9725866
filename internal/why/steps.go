package why

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// step is one change of a code's fields.
type step struct {
	Entry
	difference
	// begin is the earliest instant at which it may have been made: a change of many takes a while.
	begin time.Time
}

// difference is how a code was before and after a step.
type difference struct {
	fields   []string // names, see [codes.Fields]
	was, is  codes.Code
	metadata bool // it has changed, and nothing more is known of that
}

// steps are what is known of a code's past.
type steps struct {
	all    []step        // the oldest first
	events []event.Event // about the code, the oldest first
	more   bool          // there are more events than were looked through
	bulk   time.Time     // from then on, all that changes of many did to the code is known; zero: ever
}

// stepsOf returns how a code has changed: what the log tells of it alone, and what changes of many did.
func (s *Service) stepsOf(ctx context.Context, actor *core.Actor, code *codes.Code, names Names) (*steps, error) {
	known := &steps{}
	var err error
	known.events, known.more, err = s.eventsAbout(ctx, actor, event.SubjectCode, code.Form(),
		event.CodeCreated, event.CodeUpdated, event.CodeRevoked, event.CodeRestored, event.RedemptionRestored,
		event.ReservationCreated, event.ReservationConfirmed, event.ReservationReleased, event.ReservationLapsed)
	if err != nil {
		return nil, err
	}
	for i := range known.events {
		switch e := &known.events[i]; e.Type {
		case event.CodeUpdated, event.CodeRevoked, event.CodeRestored:
			made, err := stepOf(e, names)
			if err != nil {
				return nil, err
			}
			known.all = append(known.all, made)
		}
	}
	effects, since, err := s.deps.Changes.EffectsOn(ctx, actor, code)
	if err != nil {
		return nil, err
	}
	known.bulk = since
	for i := range effects {
		known.all = append(known.all, stepsOfEffect(&effects[i], names)...)
	}
	slices.SortStableFunc(known.all, func(a, b step) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Position, b.Position))
	})
	return known, nil
}

// stepOf is what an event tells.
func stepOf(e *event.Event, names Names) (step, error) {
	made := step{begin: e.At, Entry: Entry{
		Kind: entryKinds[e.Type], At: e.At, By: e.Actor.ID, ByKind: e.Actor.Kind, ByName: names.of(&e.Actor),
		Position: e.Position,
	}}
	var data struct {
		eventData
		Previous map[string]json.RawMessage
	}
	var now map[string]json.RawMessage
	if err := readData(e, &data, &now); err != nil {
		return made, err
	}
	made.Reason, made.ReplacedBy, made.metadata = data.Reason, data.ReplacedBy, data.MetadataChanged
	for _, f := range codes.Fields() {
		was, changed := data.Previous[f.Name]
		if !changed || !f.Changes {
			continue
		}
		for _, to := range []struct {
			code *codes.Code
			text json.RawMessage
		}{{&made.was, was}, {&made.is, now[f.Name]}} {
			if err := json.Unmarshal(to.text, f.Of(to.code)); err != nil {
				return made, fmt.Errorf("read %s of the event %s: %w", f.Name, e.ID, err)
			}
		}
		made.fields = append(made.fields, f.Name)
	}
	switch {
	case made.ReplacedBy != "" && !made.metadata: // where it is named
		made.Kind = EntryReplacedForOne
	case made.ReplacedBy != "":
		made.Kind = EntryReplaced
	case made.Kind == EntryChanged:
		made.Changes = made.changes()
	}
	return made, nil
}

// readData reads the data of an event into several values.
func readData(e *event.Event, to ...any) error {
	for _, v := range to {
		if err := json.Unmarshal([]byte(e.Data), v); err != nil {
			return fmt.Errorf("read the data of the event %s: %w", e.ID, err)
		}
	}
	return nil
}

// stepsOfEffect are what a change of many did to a code, and its undoing.
func stepsOfEffect(e *bulk.Effect, names Names) []step {
	done := step{
		begin:      e.CreatedAt,
		difference: difference{fields: e.Fields, was: e.Was, is: e.Is},
		Entry: Entry{
			At: e.CreatedAt, By: e.Actor.ID, ByKind: e.Actor.Kind, ByName: names.of(&e.Actor),
			Reason: e.Reason, ChangeID: e.ID, Count: e.Changed,
		},
	}
	if e.Ended != nil {
		done.At = *e.Ended
	}
	if revoked := e.Is.RevokedAt; revoked != nil && e.Do.Revoke {
		done.At, done.begin = *revoked, *revoked
	}
	done.settle()
	all := []step{done}
	if by, at := e.UndoneBy(); e.Reversed && at != nil {
		back := step{begin: *at, difference: difference{fields: e.Fields, was: e.Is, is: e.Was}, Entry: Entry{
			At: *at, By: by.ID, ByKind: by.Kind, ByName: names.of(&by), ChangeID: e.ID, Count: e.Changed, Undoing: true,
		}}
		back.settle()
		all = append(all, back)
	}
	return all
}

// settle finds out what kind of entry a step of many is.
func (s *step) settle() {
	switch {
	case len(s.fields) == 0 && s.Undoing:
		s.Kind = EntryUndeleted
	case len(s.fields) == 0:
		s.Kind = EntryDeleted
	case slices.Contains(s.fields, "revokedAt") && s.is.RevokedAt != nil:
		s.Kind = EntryRevoked
	case slices.Contains(s.fields, "revokedAt"):
		s.Kind = EntryRestored
	default:
		s.Kind, s.Changes = EntryChanged, s.changes()
	}
}

// changes are the options that differ.
func (d *difference) changes() (all []FieldChange) {
	for _, f := range codes.Fields() {
		_, isMetadata := f.Of(&d.is).(*core.Metadata)
		switch {
		case f.Option == nil:
		case isMetadata && (d.metadata || slices.Contains(d.fields, f.Name)):
			all = append(all, FieldChange{Field: f.Name})
		case slices.Contains(d.fields, f.Name):
			all = append(all, FieldChange{f.Name, optionOf(f.Of(&d.was)), optionOf(f.Of(&d.is))})
		}
	}
	return all
}

// optionOf is the value of an option; nil: it has none.
func optionOf(field any) any {
	switch v := field.(type) {
	case **int64:
		if *v != nil {
			return **v
		}
	case **time.Time:
		if *v != nil {
			return **v
		}
	case *core.OptionalText:
		if *v != "" {
			return string(*v)
		}
	}
	return nil
}

// undo gives the fields of a code the values from before the step.
func (d *difference) undo(c *codes.Code) {
	for _, f := range codes.Fields() {
		if !slices.Contains(d.fields, f.Name) {
			continue
		}
		switch v := f.Of(c).(type) {
		case **int64:
			*v = *f.Of(&d.was).(**int64)
		case **time.Time:
			*v = *f.Of(&d.was).(**time.Time)
		case *core.OptionalText:
			*v = *f.Of(&d.was).(*core.OptionalText)
		case *core.Metadata:
			*v = maps.Clone(*f.Of(&d.was).(*core.Metadata))
		}
	}
}

// ChangesIn returns what an event says was changed, in the order of the names: times of codes are times,
// other values texts and whole numbers.
func ChangesIn(e *event.Event) ([]FieldChange, error) {
	if e.Subject.Kind == event.SubjectCode {
		made, err := stepOf(e, nil)
		return made.Changes, err
	}
	var data struct{ Previous map[string]any }
	var now map[string]any
	if err := readData(e, &data, &now); err != nil {
		return nil, err
	}
	var all []FieldChange
	for _, name := range slices.Sorted(maps.Keys(data.Previous)) {
		all = append(all, FieldChange{name, plainValue(data.Previous[name]), plainValue(now[name])})
	}
	return all, nil
}

// plainValue is a value of JSON as [FieldChange] has it.
func plainValue(value any) any {
	switch v := value.(type) {
	case float64:
		return int64(v)
	case string:
		if at, err := time.Parse(time.RFC3339Nano, v); err == nil { // of a key: nobody writes such a name
			return at
		}
	}
	return value
}
