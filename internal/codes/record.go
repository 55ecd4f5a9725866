package codes

import (
	"context"
	"maps"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// hotSource returns the source for commands that cause only hot events. It is nil if the workspace
// does not listen to hot events, and nil costs nothing.
func (b *base) hotSource(actor *core.Actor) *event.Source {
	if actor.Listens == 0 {
		return nil
	}
	return b.recorder.Of(actor)
}

// record adds an event to those that the unit of work stores. The caller has checked that the source
// records it.
func (x *Execution) record(source *event.Source, t event.Type, about event.Subject, user string, data event.Data) {
	e, err := source.Make(t, x.At, about, user, data)
	if err != nil {
		x.unit.err = err
		return
	}
	x.unit.events = append(x.unit.events, e)
}

// recordTaken records that a use was taken, and what that changed.
func (x *Execution) recordTaken(c *TrackedCode, r *Redemption) {
	source := x.command.Source
	if source == nil {
		return
	}
	if source.Records(event.RedemptionCreated) {
		data := event.Data{"redemptionId": r.ID.String(), "type": string(r.Type), "grants": string(r.Grants)}
		if !r.ReservationID.IsZero() {
			data["reservationId"] = r.ReservationID.String()
		}
		x.record(source, event.RedemptionCreated, c.subject(), r.UserID, data)
	}
	x.recordGranted(source, r)
	if c.isUsedUp() {
		x.recordExhausted(c)
	}
}

// recordGranted records what a redemption has made of its user.
func (x *Execution) recordGranted(source *event.Source, r *Redemption) {
	t, user := event.UserRegistered, event.Data{"status": string(r.Grants), "redemptionId": r.ID.String()}
	if r.Before != Unregistered {
		t = event.UserUpgraded
		user.Change("status", string(r.Before), string(r.Grants))
	}
	if source.RecordsCaused(t) {
		x.record(source, t, event.User(), r.UserID, user)
	}
}

// recordExhausted records that the last use of a code was taken. Reserved uses do not count: they
// may come back when their time is over.
func (x *Execution) recordExhausted(c *TrackedCode) {
	if x.command.Source.Records(event.CodeExhausted) {
		x.record(x.command.Source, event.CodeExhausted, c.subject(), "", event.Data{"redemptions": c.Redemptions})
	}
}

// recordGivenBack records that a redemption was rolled back, and how that changed its user.
func (x *Execution) recordGivenBack(c *TrackedCode, r *Redemption, was UserStatus) {
	source := x.command.Source
	if !source.Records(event.RedemptionRolledBack) {
		return
	}
	data := event.Data{"redemptionId": r.ID.String(), "type": string(r.Type)}
	if r.Reason != "" {
		data["reason"] = r.Reason
	}
	x.record(source, event.RedemptionRolledBack, c.subject(), r.UserID, data)
	x.recordStatus(r, was)
}

// recordReinstated records that a redemption stands again, and how that changed its user.
func (x *Execution) recordReinstated(c *TrackedCode, r *Redemption, was UserStatus) {
	if source := x.command.Source; source.Records(event.RedemptionRestored) {
		data := event.Data{"redemptionId": r.ID.String(), "type": string(r.Type), "grants": string(r.Grants)}
		x.record(source, event.RedemptionRestored, c.subject(), r.UserID, data)
		x.recordStatus(r, was)
	}
}

// recordStatus records how a rollback, or its undoing, has changed the user of a redemption.
func (x *Execution) recordStatus(r *Redemption, was UserStatus) {
	if r.UserID == "" {
		return
	}
	if is := x.unit.user(UserRef{r.WorkspaceID, r.UserID}).Status; was != is {
		user := event.Data{"redemptionId": r.ID.String()}
		user.Change("status", statusOrNone(was), statusOrNone(is))
		x.record(x.command.Source, event.UserChanged, event.User(), r.UserID, user)
	}
}

// statusOrNone returns a status as events show it.
func statusOrNone(status UserStatus) any {
	if status == Unregistered {
		return nil
	}
	return string(status)
}

// reservationEvents are the events for each state of a reservation.
var reservationEvents = map[ReservationState]event.Type{
	ReservationHeld:      event.ReservationCreated,
	ReservationConfirmed: event.ReservationConfirmed,
	ReservationReleased:  event.ReservationReleased,
	ReservationLapsed:    event.ReservationLapsed,
}

// recordReservation records the new state of a reservation.
func (x *Execution) recordReservation(c *TrackedCode, r *Reservation) {
	source, t := x.command.Source, reservationEvents[r.State]
	if !source.Records(t) {
		return
	}
	if t == event.ReservationLapsed {
		source = source.By(event.System())
	}
	x.record(source, t, c.subject(), r.UserID, reservationData(r))
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

// Lapsed returns the event about a reservation that the program has found lapsed at an instant. The
// store has checked that its workspace listens.
func Lapsed(
	ctx context.Context,
	recorder *event.Recorder,
	canonical string,
	r Reservation,
	at time.Time,
) (*event.Event, error) {
	r.State = ReservationLapsed
	source := recorder.Source(r.WorkspaceID, event.System(), event.AllHot)
	return source.Make(event.ReservationLapsed, at, event.Code(r.Code, canonical), r.UserID, reservationData(&r))
}

// Put returns the event about a user who was stored with a new status, or nil if the status is the
// same as before.
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

// recordChangedOrRevoked records how a code has changed, in one event.
func (x *Execution) recordChangedOrRevoked(c *TrackedCode, before *Code) {
	if sameTime(before.RevokedAt, c.RevokedAt) {
		x.recordChanged(c, before)
	} else {
		x.recordRevoked(c, before)
	}
}

// recordRevoked records that a code was taken back, or restored, and which options have changed with that.
func (x *Execution) recordRevoked(c *TrackedCode, before *Code) {
	t := event.CodeRevoked
	if c.RevokedAt == nil {
		t = event.CodeRestored
	}
	if source := x.command.Source; source.Records(t) {
		data := before.differences(&c.Code)
		data.Change("revokedAt", event.TimeOrNone(before.RevokedAt), event.TimeOrNone(c.RevokedAt))
		x.record(source, t, c.subject(), "", data)
	}
}

// recordChanged records which options of a code have changed.
func (x *Execution) recordChanged(c *TrackedCode, before *Code) {
	if source := x.command.Source; source.Records(event.CodeUpdated) {
		if data := before.differences(&c.Code); len(data) > 0 {
			x.record(source, event.CodeUpdated, c.subject(), "", data)
		}
	}
	if c.isUsedUp() && !before.isUsedUp() {
		x.recordExhausted(c)
	}
}

// differences returns the options that differ in another state of the code. For metadata it only
// says that they differ.
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

// orNone returns the value of an option as events show it.
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
func (x *Execution) recordRemoved(c *TrackedCode) {
	if source := x.command.Source; source.Records(event.CodeDeleted) {
		x.record(source, event.CodeDeleted, c.subject(), "", event.Data{"type": string(c.Type)})
	}
}

// recordCreated gives a new code the events about its creation: also that about the code that it replaces
// for one person.
func (n *NewCode) recordCreated() error {
	n.Events = nil // of an earlier value
	if n.source.Records(event.CodeCreated) {
		err := n.record(event.CodeCreated, event.Code(n.Value, n.Canonical), n.creationData())
		if err != nil {
			return err
		}
	}
	if n.shared == nil {
		return nil
	}
	return n.record(event.CodeUpdated, event.Code(n.shared.Value, n.shared.Form()), event.Data{"replacedBy": n.Value})
}

func (n *NewCode) record(t event.Type, about event.Subject, data event.Data) error {
	e, err := n.source.Make(t, n.CreatedAt, about, "", data)
	n.Events = append(n.Events, e)
	return err
}

// creationData is the data of the event about the creation of the code.
func (c *Code) creationData() event.Data {
	return event.Data{
		"type": string(c.Type), "maxRedemptions": event.NumberOrNone(c.MaxRedemptions),
		"startsAt": event.TimeOrNone(c.StartsAt), "expiresAt": event.TimeOrNone(c.ExpiresAt),
	}
}

// recordReplaced records that another code has replaced a code, which was revoked at an instant; nil: it
// was not.
func (x *Execution) recordReplaced(c *TrackedCode, was *time.Time, by *Execution) {
	source := x.command.Source
	if made := by.code(); source.Records(event.CodeCreated) {
		x.record(source, event.CodeCreated, made.subject(), "", made.creationData())
	}
	t, data := event.CodeUpdated, event.Data{"replacedBy": by.code().Value, "metadataChanged": true}
	if was == nil {
		t = event.CodeRevoked
		data.Change("revokedAt", nil, event.TimeOrNone(c.RevokedAt))
	}
	if source.Records(t) {
		x.record(source, t, c.subject(), "", data)
	}
}
