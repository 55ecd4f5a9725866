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

// UpdateProfile implements [member.SessionStore].
func (s Store) UpdateProfile(ctx context.Context, id core.ID, name, language string, events ...*event.Event) error {
	return s.db.Write(ctx, Once, func(tx Tx) error {
		err := change(tx, "UPDATE members SET name = ?2, language = ?3 WHERE id = ?1", id, name, language)
		if err != nil {
			return err
		}
		return tx.AddEvents(events...)
	})
}

// ChangePassword implements [member.SessionStore].
func (s Store) ChangePassword(ctx context.Context, id core.ID, from, to string, kept core.ID) (bool, error) {
	return write(ctx, s.db, Once, func(tx Tx) (bool, error) {
		changed, err := tx.Exec("UPDATE members SET password = ?3 WHERE id = ?1 AND password = ?2", id, from, to)
		if err != nil || changed == 0 {
			return false, err
		}
		_, err = tx.Exec("DELETE FROM sessions WHERE member_id = ?1 AND id <> ?2", id, kept)
		return true, err
	})
}

// insertMember returns [member.ErrAddressTaken] if somebody has the address.
func insertMember(tx Tx, m *member.Member) error {
	inserted, err := members.insert(tx, m, "ON CONFLICT (email) DO NOTHING")
	if err == nil && !inserted {
		err = member.ErrAddressTaken
	}
	return err
}

// acceptAs changes a person who uses a link and exists already.
func acceptAs(tx Tx, a *member.Acceptance) error {
	if a.Link.Operator {
		if err := change(tx, "UPDATE members SET operator = ?2 WHERE id = ?1", a.Member.ID, true); err != nil {
			return err
		}
	}
	if !a.EndSessions {
		return lockMember(tx, a.Member.ID)
	}
	err := change(tx, "UPDATE members SET password = ?2 WHERE id = ?1", a.Member.ID, a.Member.Password)
	if err != nil {
		return err
	}
	if _, err := tx.Exec("DELETE FROM sessions WHERE member_id = ?1", a.Member.ID); err != nil {
		return err
	}
	_, err = tx.Exec("DELETE FROM member_devices WHERE member_id = ?1", a.Member.ID)
	return err
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
			if err := deleteSeat(tx, core.ID{}, seat.Workspace.ID, id); err != nil {
				return err
			}
		}
		for _, sql := range []string{
			"DELETE FROM sessions WHERE member_id = ?1", "DELETE FROM member_devices WHERE member_id = ?1",
			"DELETE FROM member_links WHERE created_by = ?1", // nobody comes back by a link of one's own
			"DELETE FROM member_links WHERE email IN (SELECT email FROM members WHERE id = ?1)",
		} {
			if _, err := tx.Exec(sql, id); err != nil {
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
