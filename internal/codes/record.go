package codes

import (
	"context"
	"maps"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// hotSource is the source of what can cause nothing but hot events: where nobody listens it is
// nil, which costs nothing.
func (b *base) hotSource(actor *core.Actor) *event.Source {
	if !actor.Listens {
		return nil
	}
	return b.recorder.Of(actor)
}

// record adds an event to what the book stores. The caller has asked the source whether it is
// recorded.
func (s *Execution) record(source *event.Source, t event.Type, about event.Subject, user string, data event.Data) {
	e, err := source.Make(t, s.At, about, user, data)
	if err != nil {
		s.unit.err = err
		return
	}
	s.unit.events = append(s.unit.events, e)
}

// recordTaken records that a use was taken, and what came of it.
func (s *Execution) recordTaken(c *TrackedCode, r *Redemption) {
	source := s.command.Source
	if !source.RecordsCaused() {
		return
	}
	data := event.Data{"redemptionId": r.ID.String(), "type": string(r.Type), "grants": string(r.Grants)}
	if !r.ReservationID.IsZero() {
		data["reservationId"] = r.ReservationID.String()
	}
	s.record(source, event.RedemptionCreated, c.subject(), r.UserID, data)
	user := event.Data{"status": string(r.Grants), "redemptionId": r.ID.String()}
	if r.Before == Unregistered {
		s.record(source, event.UserRegistered, event.User(), r.UserID, user)
	} else {
		user.Change("status", string(r.Before), string(r.Grants))
		s.record(source, event.UserUpgraded, event.User(), r.UserID, user)
	}
	if c.isUsedUp() {
		s.recordExhausted(c)
	}
}

// recordExhausted records that the last use of a code was taken. Uses that are held for a
// short time do not count: they may be given back by the clock alone.
func (s *Execution) recordExhausted(c *TrackedCode) {
	if s.command.Source.Records(event.CodeExhausted) {
		s.record(s.command.Source, event.CodeExhausted, c.subject(), "", event.Data{"redemptions": c.Redemptions})
	}
}

// recordGivenBack records that a redemption was rolled back, and what it made of its user.
func (s *Execution) recordGivenBack(c *TrackedCode, r *Redemption, was UserStatus) {
	source := s.command.Source
	if !source.Records(event.RedemptionRolledBack) {
		return
	}
	data := event.Data{"redemptionId": r.ID.String(), "type": string(r.Type)}
	if r.Reason != "" {
		data["reason"] = r.Reason
	}
	s.record(source, event.RedemptionRolledBack, c.subject(), r.UserID, data)
	if r.UserID != "" && was != r.Before {
		user := event.Data{"redemptionId": r.ID.String()}
		user.Change("status", statusOrNone(was), statusOrNone(r.Before))
		s.record(source, event.UserChanged, event.User(), r.UserID, user)
	}
}

// statusOrNone is a status as events show it.
func statusOrNone(status UserStatus) any {
	if status == Unregistered {
		return nil
	}
	return string(status)
}

// reservationEvents are the events of what a reservation can become.
var reservationEvents = map[ReservationState]event.Type{
	ReservationHeld:      event.ReservationCreated,
	ReservationConfirmed: event.ReservationConfirmed,
	ReservationReleased:  event.ReservationReleased,
	ReservationLapsed:    event.ReservationLapsed,
}

// recordReservation records what has become of a reservation.
func (s *Execution) recordReservation(c *TrackedCode, r *Reservation) {
	source, t := s.command.Source, reservationEvents[r.State]
	if !source.Records(t) {
		return
	}
	if t == event.ReservationLapsed {
		source = source.By(event.System())
	}
	s.record(source, t, c.subject(), r.UserID, reservationData(r))
}

func reservationData(r *Reservation) event.Data {
	data := event.Data{"reservationId": r.ID.String()}
	switch r.State {
	case ReservationHeld:
		data["expiresAt"] = r.ExpiresAt
	case ReservationConfirmed:
		data["redemptionId"] = r.RedemptionID.String()
	}
	return data
}

// Lapsed returns the event about a reservation that the program has found lapsed at an
// instant. The store has looked up that its workspace listens.
func Lapsed(
	ctx context.Context,
	recorder *event.Recorder,
	canonical string,
	r Reservation,
	at time.Time,
) (*event.Event, error) {
	r.State = ReservationLapsed
	source := recorder.Source(r.WorkspaceID, event.System(), true)
	return source.Make(event.ReservationLapsed, at, event.Code(r.Code, canonical), r.UserID, reservationData(&r))
}

// Put returns the event about a user who was stored with another status than before, or nil
// if it is the same one.
func (u *User) Put(source *event.Source, before UserStatus) (*event.Event, error) {
	if source == nil || before == u.Status {
		return nil, nil
	}
	if before == Unregistered {
		return source.Make(
			event.UserRegistered,
			u.UpdatedAt,
			event.User(),
			u.ID,
			event.Data{"status": string(u.Status)},
		)
	}
	data := event.Data{}
	data.Change("status", string(before), string(u.Status))
	return source.Make(event.UserChanged, u.UpdatedAt, event.User(), u.ID, data)
}

func (e *TrackedCode) subject() event.Subject { return event.Code(e.Value, e.Canonical) }

// isUsedUp reports whether every use was taken for good.
func (c *Code) isUsedUp() bool { return c.MaxRedemptions != nil && c.Redemptions >= *c.MaxRedemptions }

// recordRevoked records that a code was taken back, or restored.
func (s *Execution) recordRevoked(c *TrackedCode, was *time.Time) {
	t := event.CodeRevoked
	if c.RevokedAt == nil {
		t = event.CodeRestored
	}
	if source := s.command.Source; source.Records(t) {
		data := event.Data{}
		data.Change("revokedAt", event.TimeOrNone(was), event.TimeOrNone(c.RevokedAt))
		s.record(source, t, c.subject(), "", data)
	}
}

// recordChanged records what is different about a code's options.
func (s *Execution) recordChanged(c *TrackedCode, before *Code) {
	if source := s.command.Source; source.Records(event.CodeUpdated) {
		if data := before.differences(&c.Code); len(data) > 0 {
			s.record(source, event.CodeUpdated, c.subject(), "", data)
		}
	}
	if c.isUsedUp() && !before.isUsedUp() {
		s.recordExhausted(c)
	}
}

// differences are the options that another state of the code has otherwise. Of metadata only
// whether it differs is told.
func (c *Code) differences(to *Code) event.Data {
	data := event.Data{}
	for i := range fields {
		f := &fields[i]
		if f.Option == nil {
			continue
		}
		if metadata, ok := f.Of(c).(*core.Metadata); ok {
			if !maps.Equal(*metadata, *f.Of(to).(*core.Metadata)) {
				data[f.Name+"Changed"] = true
			}
		} else if was, is := orNone(f.Of(c)), orNone(f.Of(to)); was != is {
			data.Change(f.Name, was, is)
		}
	}
	return data
}

// orNone is the value of an option as events show it.
func orNone(field any) any {
	switch v := field.(type) {
	case **int64:
		return event.NumberOrNone(*v)
	case **time.Time:
		return event.TimeOrNone(*v)
	case *core.OptionalText:
		return event.TextOrNone(string(*v))
	default:
		return nil
	}
}

// recordRemoved records that a code was deleted.
func (s *Execution) recordRemoved(c *TrackedCode) {
	if source := s.command.Source; source.Records(event.CodeDeleted) {
		s.record(source, event.CodeDeleted, c.subject(), "", event.Data{"type": string(c.Type)})
	}
}

// recordCreated gives a code that is to be inserted the event about that.
func (n *NewCode) recordCreated() (err error) {
	if !n.source.Records(event.CodeCreated) {
		return nil
	}
	n.Event, err = n.source.Make(event.CodeCreated, n.CreatedAt, event.Code(n.Value, n.Canonical), "", event.Data{
		"type": string(n.Type), "maxRedemptions": event.NumberOrNone(n.MaxRedemptions),
		"startsAt": event.TimeOrNone(n.StartsAt), "expiresAt": event.TimeOrNone(n.ExpiresAt),
	})
	return err
}
