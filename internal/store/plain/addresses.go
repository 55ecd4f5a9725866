package plain

import (
	"context"
	"fmt"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

// addressAccuracy is how far the time at which an address was last used may be off. So a use from a known
// address is hardly ever written.
const addressAccuracy = 24 * time.Hour

// NoteAddresses implements [tenancy.KeyStore].
func (s Store) NoteAddresses(
	ctx context.Context, key core.ID, addresses []string, now, since time.Time,
	record func(address string) (*event.Event, error),
) error {
	known, err := read(ctx, s.db, func(tx Tx) (map[string]time.Time, error) { return addressesOf(tx, key, nil) })
	if err != nil {
		return err
	}
	var due []string
	for _, address := range addresses {
		if used, is := known[address]; !is || used.Before(now.Add(-addressAccuracy)) {
			due = append(due, address)
		}
	}
	if len(due) == 0 {
		return nil
	}
	return s.db.Write(ctx, Idempotent, func(tx Tx) error {
		var events []*event.Event
		for _, address := range due {
			isNew, err := noteAddress(tx, key, address, now, since)
			if err != nil {
				return err
			}
			if !isNew || len(known) == 0 {
				continue
			}
			e, err := record(address)
			if err != nil {
				return err
			}
			events = append(events, e)
		}
		if err := forgetAddresses(tx, key); err != nil {
			return err
		}
		return tx.AddEvents(events...)
	})
}

// addressesOf returns the addresses of a key with the times at which they were last used. each is called with
// them, the last used first; it may be nil.
func addressesOf(tx Tx, key core.ID, each func(address string)) (map[string]time.Time, error) {
	known := map[string]time.Time{}
	const sql = "SELECT address, last_used FROM key_addresses WHERE key_id = ?1 ORDER BY last_used DESC, address"
	err := tx.Query(sql, []any{key}, func(row Row) error {
		var address string
		var used time.Time
		err := row.Scan(&address, &used)
		if known[address] = used; each != nil {
			each(address)
		}
		return err
	})
	return known, err
}

// noteAddress stores that an address was used now, and reports whether it was not since an instant. Of two
// nodes that store the same one, only one gets this answer.
func noteAddress(tx Tx, key core.ID, address string, now, since time.Time) (isNew bool, err error) {
	inserted, err := tx.Exec(`INSERT INTO key_addresses (key_id, address, last_used) VALUES (?1, ?2, ?3)
		ON CONFLICT (key_id, address) DO NOTHING`, key, address, now)
	if err != nil || inserted == 1 {
		return inserted == 1, err
	}
	const old = "UPDATE key_addresses SET last_used = ?3 WHERE key_id = ?1 AND address = ?2 AND last_used < ?4"
	returned, err := tx.Exec(old, key, address, now, since)
	if err != nil || returned == 1 {
		return returned == 1, err
	}
	_, err = tx.Exec(old, key, address, now, now)
	return false, err
}

// forgetAddresses deletes the addresses of a key that are too many.
func forgetAddresses(tx Tx, key core.ID) error {
	count := 0
	var over []string
	_, err := addressesOf(tx, key, func(address string) {
		if count++; count > tenancy.MaxAddresses {
			over = append(over, address)
		}
	})
	if err != nil {
		return err
	}
	for _, address := range over {
		if _, err := tx.Exec("DELETE FROM key_addresses WHERE key_id = ?1 AND address = ?2", key, address); err != nil {
			return fmt.Errorf("forget an address: %w", err)
		}
	}
	return nil
}
