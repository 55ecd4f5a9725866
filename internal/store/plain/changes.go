package plain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"accesscodes/internal/bulk"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
)

var changeItems = newTable("change_items", []column[bulk.ChangeItem]{
	{"change_id", func(i *bulk.ChangeItem) any { return &i.ChangeID }},
	{"workspace_id", func(i *bulk.ChangeItem) any { return &i.WorkspaceID }},
	{"number", func(i *bulk.ChangeItem) any { return &i.Number }},
	{"canonical", func(i *bulk.ChangeItem) any { return &i.Canonical }},
	{"was", func(i *bulk.ChangeItem) any { return &i.Was }},
	{"became", func(i *bulk.ChangeItem) any { return &i.Is }},
})

const thatChange = "change_id = ?1 AND workspace_id = ?2"

// Ledger is a [bulk.Ledger] within a transaction.
type Ledger struct {
	tx                Tx
	workspace, change core.ID
}

var _ bulk.Ledger = Ledger{}

// NewLedger returns the ledger of the change that a lease is for.
func NewLedger(tx Tx, lease job.Lease) Ledger { return Ledger{tx, lease.WorkspaceID, lease.JobID} }

// rowsAtOnce is how many rows one statement inserts: as many as there are of these, so that there are few
// statements, which are prepared once, and few round trips.
var rowsAtOnce = []int{50, 8, 1}

// Add implements [bulk.Ledger].
func (l Ledger) Add(items []bulk.ChangeItem) error {
	_, err := insertMany(l.tx, "change_items", changeItems.list(""), items, func(i *bulk.ChangeItem) []any {
		return changeItems.fields(i)
	}, "")
	return err
}

// Count implements [bulk.Ledger].
func (l Ledger) Count(people []bulk.Person) (int64, error) {
	slices.SortFunc(people, func(a, b bulk.Person) int { return strings.Compare(string(a[:]), string(b[:])) })
	people = slices.Compact(people) // one statement cannot meet a row twice
	return insertMany(l.tx, "change_people", "change_id, workspace_id, person", people, func(p *bulk.Person) []any {
		return []any{l.change, l.workspace, p[:]}
	}, " ON CONFLICT (change_id, workspace_id, person) DO NOTHING")
}

// ForgetChange implements [bulk.ChangeStore].
func (s Store) ForgetChange(ctx context.Context, workspace, change core.ID) (int, error) {
	deleted, err := write(ctx, s.db, Idempotent, func(tx Tx) (int64, error) {
		people, err := deleteFirst(tx, "change_people", "change_id", "person", change, workspace)
		if err != nil || people > 0 {
			return people, err
		}
		return deleteFirst(tx, "change_lists", "change_id", "workspace_id", change, workspace)
	})
	return int(deleted), err
}

// Unforgotten implements [bulk.ChangeStore].
func (s Store) Unforgotten(ctx context.Context, after core.ID) (workspace, change core.ID, err error) {
	if after.IsZero() { // which would be stored as NULL
		after = core.FirstID(time.Time{})
	}
	err = s.db.Read(ctx, func(tx Tx) error {
		found := false
		for _, table := range []string{"change_people", "change_lists"} {
			err := tx.Query("SELECT workspace_id, change_id FROM "+table+
				" WHERE change_id > ?1 ORDER BY change_id LIMIT 1", []any{after}, func(row Row) error {
				var w, c core.ID
				err := row.Scan(&w, &c)
				if !found || bytes.Compare(c[:], change[:]) < 0 {
					workspace, change, found = w, c, true
				}
				return err
			})
			if err != nil {
				return err
			}
		}
		if !found {
			return core.ErrNotFound
		}
		return nil
	})
	return workspace, change, err
}

// insertMany inserts rows, and returns how many there were new.
func insertMany[T any](
	tx Tx, table, columns string, rows []T, values func(*T) []any, onConflict string,
) (added int64, err error) {
	for len(rows) > 0 {
		count := rowsAtOnce[slices.IndexFunc(rowsAtOnce, func(count int) bool { return count <= len(rows) })]
		var args []any
		for i := range rows[:count] {
			args = append(args, values(&rows[i])...)
		}
		sql := "INSERT INTO " + table + " (" + columns + ") VALUES " + valueLists(count, len(args)/count) + onConflict
		some, err := tx.Exec(sql, args...)
		if err != nil {
			return added, fmt.Errorf("insert into %s: %w", table, err)
		}
		added, rows = added+some, rows[count:]
	}
	return added, nil
}

// valueLists returns (?1, ?2), (?3, ?4) and so on.
func valueLists(rows, columns int) string {
	lists := make([]string, rows)
	for r := range lists {
		params := make([]string, columns)
		for c := range params {
			params[c] = fmt.Sprintf("?%d", r*columns+c+1)
		}
		lists[r] = "(" + strings.Join(params, ", ") + ")"
	}
	return strings.Join(lists, ", ")
}

// ListCodes implements [bulk.ChangeStore].
func (s Store) ListCodes(ctx context.Context, workspace, change core.ID, list string) error {
	return s.db.Write(ctx, Idempotent, func(tx Tx) error {
		_, err := tx.Exec("INSERT INTO change_lists (change_id, workspace_id, codes) VALUES (?1, ?2, ?3) "+
			"ON CONFLICT (change_id, workspace_id) DO NOTHING", change, workspace, list)
		return err
	})
}

// ListedCodes implements [bulk.ChangeStore].
func (s Store) ListedCodes(ctx context.Context, workspace, change core.ID) (string, error) {
	return read(ctx, s.db, func(tx Tx) (list string, err error) {
		err = one(tx, "SELECT codes FROM change_lists WHERE "+thatChange, []any{change, workspace},
			func(row Row) error { return row.Scan(&list) })
		return list, err
	})
}

// ChangeItems implements [bulk.ChangeStore].
func (s Store) ChangeItems(
	ctx context.Context, workspace, change core.ID, from int64, limit int,
) ([]bulk.ChangeItem, error) {
	return read(ctx, s.db, func(tx Tx) ([]bulk.ChangeItem, error) {
		return changeItems.all(tx, "WHERE "+thatChange+" AND number >= ?3 ORDER BY number LIMIT ?4",
			change, workspace, from, limit)
	})
}

// PruneChanges implements [bulk.ChangeStore]. The oldest change with rows loses some of them.
func (s Store) PruneChanges(ctx context.Context, below core.ID) (int, error) {
	for _, table := range []struct{ name, row string }{
		{"change_items", "number"}, {"change_people", "person"}, {"change_lists", "workspace_id"},
	} {
		some, err := read(ctx, s.db, func(tx Tx) (some bool, err error) {
			sql := "SELECT 1 FROM " + table.name + " WHERE change_id < ?1 LIMIT 1"
			err = tx.Query(sql, []any{below}, func(Row) error { some = true; return nil })
			return some, err
		})
		if err != nil {
			return 0, err
		}
		if some {
			pruned, err := write(ctx, s.db, Idempotent, func(tx Tx) (int64, error) {
				return pruneTable(tx, table.name, "change_id", table.row, below)
			})
			return int(pruned), err
		}
	}
	return 0, nil
}

// pruneTable deletes the first rows of the oldest job below an id. of is the column of the job's id.
func pruneTable(tx Tx, table, of, row string, below core.ID) (int64, error) {
	var id, workspace core.ID
	sql := "SELECT " + of + ", workspace_id FROM " + table + " WHERE " + of + " < ?1 ORDER BY " + of + " LIMIT 1"
	err := one(tx, sql, []any{below}, func(r Row) error { return r.Scan(&id, &workspace) })
	if err != nil {
		return 0, ignoreNotFound(err)
	}
	return deleteFirst(tx, table, of, row, id, workspace)
}

// deleteFirst deletes the first rows of a job.
func deleteFirst(tx Tx, table, of, row string, id, workspace core.ID) (int64, error) {
	that := of + " = ?1 AND workspace_id = ?2"
	return tx.Exec("DELETE FROM "+table+" WHERE "+that+" AND "+row+" IN (SELECT "+row+" FROM "+table+
		" WHERE "+that+" ORDER BY "+row+" LIMIT ?3)", id, workspace, prunedAtOnce)
}

func ignoreNotFound(err error) error {
	if errors.Is(err, core.ErrNotFound) {
		return nil
	}
	return err
}
