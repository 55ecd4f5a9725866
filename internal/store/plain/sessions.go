package plain

import (
	"context"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/member"
)

var sessions = newTable("sessions", []column[storedSession]{
	{"id", func(s *storedSession) any { return &s.ID }},
	{"token", func(s *storedSession) any { return s.token[:] }},
	{"member_id", func(s *storedSession) any { return &s.MemberID }},
	{"created_at", func(s *storedSession) any { return &s.CreatedAt }},
	{"seen_at", func(s *storedSession) any { return &s.SeenAt }},
	{"expires_at", func(s *storedSession) any { return &s.ExpiresAt }},
	{"address", func(s *storedSession) any { return &s.Address }},
	{"agent", func(s *storedSession) any { return &s.Agent }},
})

// storedSession is a session with the hash by which it is found.
type storedSession struct {
	member.Session
	token member.TokenHash
}

// KnowsDevice implements [member.SessionStore].
func (s Store) KnowsDevice(ctx context.Context, id core.ID, device member.TokenHash) (bool, error) {
	return read(ctx, s.db, func(tx Tx) (known bool, err error) {
		err = tx.Query("SELECT 1 FROM member_devices WHERE member_id = ?1 AND token = ?2", []any{id, device[:]},
			func(Row) error { known = true; return nil })
		return known, err
	})
}

// InsertSession implements [member.SessionStore].
func (s Store) InsertSession(
	ctx context.Context, session member.Session, token, device member.TokenHash, events ...*event.Event,
) error {
	return s.db.Write(ctx, Once, func(tx Tx) error {
		if err := insertSession(tx, session, token, device); err != nil {
			return err
		}
		return tx.AddEvents(events...)
	})
}

func insertSession(tx Tx, session member.Session, token, device member.TokenHash) error {
	if _, err := sessions.insert(tx, &storedSession{session, token}, ""); err != nil {
		return err
	}
	_, err := tx.Exec("INSERT INTO member_devices (member_id, token, seen_at) VALUES (?1, ?2, ?3)",
		session.MemberID, device[:], session.CreatedAt)
	if err != nil {
		return err
	}
	return seen(tx, session.MemberID, session.CreatedAt)
}

// seen notes when a person was last seen.
func seen(tx Tx, id core.ID, at time.Time) error {
	return change(tx, "UPDATE members SET seen_at = ?2 WHERE id = ?1", id, at)
}

// SessionByToken implements [member.SessionStore].
func (s Store) SessionByToken(ctx context.Context, token member.TokenHash) (member.Who, error) {
	return read(ctx, s.db, func(tx Tx) (who member.Who, err error) {
		found, err := sessions.find(tx, "token = ?1", token[:])
		if err != nil {
			return who, err
		}
		who.Session = found.Session
		if who.Member, err = members.find(tx, "id = ?1", found.MemberID); err != nil {
			return who, err
		}
		who.Seats, err = seatsOf(tx, found.MemberID)
		return who, err
	})
}

// TouchSession implements [member.SessionStore].
func (s Store) TouchSession(ctx context.Context, session, id core.ID, at time.Time) error {
	return s.db.Write(ctx, Idempotent, func(tx Tx) error {
		_, err := tx.Exec("UPDATE sessions SET seen_at = ?2 WHERE id = ?1 AND seen_at < ?2", session, at)
		if err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE members SET seen_at = ?2 WHERE id = ?1", id, at)
		return err
	})
}

// Sessions implements [member.SessionStore].
func (s Store) Sessions(ctx context.Context, id core.ID, at time.Time) ([]member.Session, error) {
	return read(ctx, s.db, func(tx Tx) ([]member.Session, error) {
		found, err := sessions.all(tx, "WHERE member_id = ?1 ORDER BY created_at DESC, id DESC", id)
		if err != nil {
			return nil, err
		}
		var active []member.Session
		for i := range found {
			if found[i].ActiveAt(at) {
				active = append(active, found[i].Session)
			}
		}
		return active, nil
	})
}

// DeleteSession implements [member.SessionStore].
func (s Store) DeleteSession(ctx context.Context, id, session core.ID) error {
	return s.db.Write(ctx, Once, func(tx Tx) error {
		return change(tx, "DELETE FROM sessions WHERE id = ?2 AND member_id = ?1", id, session)
	})
}

// DeleteOtherSessions implements [member.SessionStore].
func (s Store) DeleteOtherSessions(ctx context.Context, id, kept core.ID) error {
	return s.db.Write(ctx, Idempotent, func(tx Tx) error {
		_, err := tx.Exec("DELETE FROM sessions WHERE member_id = ?1 AND id <> ?2", id, kept)
		return err
	})
}
