package plain

import (
	"context"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/member"
)

var members = newTable("members", []column[member.Member]{
	{"id", func(m *member.Member) any { return &m.ID }},
	{"email", func(m *member.Member) any { return &m.Email }},
	{"name", func(m *member.Member) any { return &m.Name }},
	{"password", func(m *member.Member) any { return &m.Password }},
	{"language", func(m *member.Member) any { return &m.Language }},
	{"operator", func(m *member.Member) any { return &m.Operator }},
	{"created_at", func(m *member.Member) any { return &m.CreatedAt }},
	{"seen_at", func(m *member.Member) any { return &m.LastSeenAt }},
})

// MemberByEmail implements [member.SessionStore].
func (s Store) MemberByEmail(ctx context.Context, email string) (member.Member, error) {
	return read(ctx, s.db, func(tx Tx) (member.Member, error) { return members.find(tx, "email = ?1", email) })
}

// Members implements [member.SeatStore].
func (s Store) Members(ctx context.Context) ([]member.Member, error) {
	return read(ctx, s.db, func(tx Tx) ([]member.Member, error) { return members.all(tx, "ORDER BY email") })
}

// HasMembers implements [member.LinkStore].
func (s Store) HasMembers(ctx context.Context) (bool, error) { return read(ctx, s.db, hasMembers) }

func hasMembers(tx Tx) (some bool, err error) {
	err = tx.Query("SELECT 1 FROM members LIMIT 1", nil, func(Row) error { some = true; return nil })
	return some, err
}

// UpdateMember implements [member.SessionStore].
func (s Store) UpdateMember(ctx context.Context, m member.Member) error {
	return s.db.Write(ctx, Idempotent, func(tx Tx) error { return updateMember(tx, &m) })
}

func updateMember(tx Tx, m *member.Member) error {
	return change(tx, "UPDATE members SET name = ?2, password = ?3, language = ?4, operator = ?5 WHERE id = ?1",
		m.ID, m.Name, m.Password, m.Language, m.Operator)
}

// RecordMemberEvents implements [member.SessionStore].
func (s Store) RecordMemberEvents(ctx context.Context, events ...*event.Event) error {
	return s.db.Write(ctx, Once, func(tx Tx) error { return tx.AddEvents(events...) })
}

// DeleteMember implements [member.SeatStore].
func (s Store) DeleteMember(ctx context.Context, id core.ID, events ...*event.Event) (bool, error) {
	return unlessOwnerless(s.db.Write(ctx, Once, func(tx Tx) error {
		if err := lockMember(tx, id); err != nil {
			return err
		}
		seats, err := seatsOf(tx, id)
		if err != nil {
			return err
		}
		for _, seat := range seats {
			if err := deleteSeat(tx, seat.Workspace.ID, id); err != nil {
				return err
			}
		}
		for _, table := range []string{"sessions", "member_devices"} {
			if _, err := tx.Exec("DELETE FROM "+table+" WHERE member_id = ?1", id); err != nil {
				return err
			}
		}
		if _, err := tx.Exec("DELETE FROM members WHERE id = ?1", id); err != nil {
			return err
		}
		return tx.AddEvents(events...)
	}))
}

// lockMember locks a person by writing them unchanged; nobody is [core.ErrNotFound].
func lockMember(tx Tx, id core.ID) error {
	return change(tx, "UPDATE members SET email = email WHERE id = ?1", id)
}

// PrunePeople implements [member.SessionStore].
func (s Store) PrunePeople(ctx context.Context, now time.Time) (int, error) {
	return write(ctx, s.db, Idempotent, func(tx Tx) (int, error) {
		deleted := 0
		for _, ended := range []struct {
			sql string
			at  time.Time
		}{
			{"DELETE FROM sessions WHERE expires_at <= ?1", now},
			{"DELETE FROM sessions WHERE seen_at <= ?1", now.Add(-member.SessionIdle)},
			{"DELETE FROM member_links WHERE expires_at <= ?1", now},
			{"DELETE FROM member_devices WHERE seen_at <= ?1", now.Add(-member.DeviceLife)},
		} {
			gone, err := tx.Exec(ended.sql, ended.at)
			if err != nil {
				return 0, err
			}
			deleted += int(gone)
		}
		return deleted, nil
	})
}
