package plain

import (
	"context"

	"accesscodes/internal/bulk"
	"accesscodes/internal/core"
)

var importRejects = newTable("import_rejects", []column[bulk.RejectedLine]{
	{"import_id", func(l *bulk.RejectedLine) any { return &l.ImportID }},
	{"workspace_id", func(l *bulk.RejectedLine) any { return &l.WorkspaceID }},
	{"number", func(l *bulk.RejectedLine) any { return &l.Number }},
	{"line", func(l *bulk.RejectedLine) any { return &l.Line }},
	{"raw", func(l *bulk.RejectedLine) any { return &l.Raw }},
	{"reason", func(l *bulk.RejectedLine) any { return (*string)(&l.Reason) }},
	{"detail", func(l *bulk.RejectedLine) any { return &l.Detail }},
	{"said", func(l *bulk.RejectedLine) any { return &l.Said }},
})

// Rejects is a [bulk.Rejects] within a transaction.
type Rejects struct{ tx Tx }

var _ bulk.Rejects = Rejects{}

// NewRejects returns what keeps rejected lines in a transaction.
func NewRejects(tx Tx) Rejects { return Rejects{tx} }

// Keep implements [bulk.Rejects].
func (r Rejects) Keep(lines []bulk.RejectedLine) error {
	_, err := insertMany(r.tx, "import_rejects", importRejects.list(""), lines, func(l *bulk.RejectedLine) []any {
		return importRejects.fields(l)
	}, "")
	return err
}

// RejectedLines implements [bulk.ImportStore].
func (s Store) RejectedLines(
	ctx context.Context, workspace, id core.ID, from int64, limit int,
) (lines []bulk.RejectedLine, err error) {
	err = s.db.List(ctx, func(tx Tx) (err error) {
		lines, err = importRejects.all(tx, "WHERE import_id = ?1 AND workspace_id = ?2 AND number >= ?3 "+
			"ORDER BY number LIMIT ?4", id, workspace, from, limit)
		return err
	})
	return orZero(lines, err)
}

// ForgetRejected implements [bulk.ImportStore].
func (s Store) ForgetRejected(ctx context.Context, workspace, id core.ID) (int, error) {
	deleted, err := write(ctx, s.db, Idempotent, func(tx Tx) (int64, error) {
		return deleteFirst(tx, "import_rejects", "import_id", "number", id, workspace)
	})
	return int(deleted), err
}

// PruneRejected implements [bulk.ImportStore]. The oldest import with rows loses some of them.
func (s Store) PruneRejected(ctx context.Context, below core.ID) (int, error) {
	some, err := read(ctx, s.db, func(tx Tx) (some bool, err error) {
		sql := "SELECT 1 FROM import_rejects WHERE import_id < ?1 LIMIT 1"
		err = tx.Query(sql, []any{below}, func(Row) error { some = true; return nil })
		return some, err
	})
	if err != nil || !some {
		return 0, err
	}
	pruned, err := write(ctx, s.db, Idempotent, func(tx Tx) (int64, error) {
		return pruneTable(tx, "import_rejects", "import_id", "number", below)
	})
	return int(pruned), err
}
