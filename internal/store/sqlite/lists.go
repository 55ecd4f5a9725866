package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// Codes implements [codes.ListStore]. Each type is read from an index that is in the order
// of the list, and the pages are merged.
func (s *Store) Codes(ctx context.Context, q *codes.CodeQuery) (list []codes.Code, err error) {
	err = s.scan(ctx, func(conn *sqlite.Conn) error {
		found, isFew, err := search(conn, q)
		if err != nil {
			return err
		}
		for _, t := range q.Types() {
			query, args := codesQuery(q, t, found, isFew)
			err := sqlitex.Execute(conn, query, &sqlitex.ExecOptions{Args: args, ResultFunc: func(stmt *sqlite.Stmt) error {
				code, err := scanCode(stmt)
				list = append(list, code.Code)
				return err
			}})
			if err != nil {
				return fmt.Errorf("list codes: %w", err)
			}
		}
		return nil
	})
	slices.SortFunc(list, codes.CompareInLists)
	return list[:min(len(list), q.Limit)], err
}

// codesQuery lists the codes of one type. found, if isFew, are the canonical forms of all that
// the search finds.
func codesQuery(q *codes.CodeQuery, t codes.Type, found []string, isFew bool) (string, []any) {
	at := q.At.UnixMicro()
	w := where{args: []any{at}} // the first parameter of codeColumns
	index := "codes_listed"
	w.add("workspace_id = ?", q.WorkspaceID[:])
	if !q.BatchID.IsZero() {
		index = "codes_batch"
		w.add("batch_id = ?", q.BatchID[:])
	}
	w.add("type = ?", string(t))
	if q.After != nil {
		w.add("(created_at, canonical) < (?, ?)", q.After.CreatedAt.UnixMicro(), q.After.Canonical)
	}
	if q.CreatedAfter != nil {
		w.add("created_at > ?", q.CreatedAfter.UnixMicro())
	}
	if q.CreatedBefore != nil {
		w.add("created_at < ?", q.CreatedBefore.UnixMicro())
	}
	if partial := addStatus(&w, q.Status); partial != "" && index == "codes_listed" {
		index = partial
	}
	switch {
	case q.Query == "":
	case isFew:
		index = "sqlite_autoindex_codes_1" // of the primary key
		w.add("canonical IN (SELECT value FROM json_each(?))", jsonList(found))
	default:
		addSearch(&w, q)
	}
	return "SELECT " + codeColumns + " FROM codes INDEXED BY " + index + " WHERE " + w.text() +
		" ORDER BY created_at DESC, canonical DESC LIMIT ?", append(w.args, q.Limit)
}

// addStatus adds the condition of a status, as [codes.Code.StatusAt] has it, and returns the
// index of the codes that may have it, if there is one.
func addStatus(w *where, status codes.Status) (index string) {
	const (
		expired   = "expires_at <= ?1"
		scheduled = "starts_at > ?1"
		exhausted = "redemptions + CASE reservations WHEN 0 THEN 0 ELSE (" + liveReservations + ") END >= max_redemptions"
	)
	no := func(condition string) string { return "(" + condition + ") IS NOT TRUE" }
	switch status {
	case codes.StatusRevoked:
		w.add("revoked_at IS NOT NULL")
		return "codes_revoked"
	case codes.StatusExpired:
		w.add("revoked_at IS NULL AND " + expired)
		return "codes_expiring"
	case codes.StatusScheduled:
		w.add("revoked_at IS NULL AND " + no(expired) + " AND " + scheduled)
		return "codes_starting"
	case codes.StatusExhausted:
		w.add("revoked_at IS NULL AND " + no(expired) + " AND " + no(scheduled) + " AND " + exhausted)
	case codes.StatusActive:
		w.add("revoked_at IS NULL AND " + no(expired) + " AND " + no(scheduled) + " AND " + no(exhausted))
	}
	return ""
}

// fewFound is up to how many codes a search is answered by sorting them all. Of more, the
// list is read in its order and those that do not match are passed over: so many match that
// a page is soon full.
const fewFound = 2000

// search returns the canonical forms of the codes that a query's text finds, if they are few.
func search(conn *sqlite.Conn, q *codes.CodeQuery) (found []string, isFew bool, err error) {
	if q.Query == "" {
		return nil, false, nil
	}
	for _, s := range searches(q) {
		rows := 0
		err := sqlitex.Execute(conn, s.query, &sqlitex.ExecOptions{Args: s.args, ResultFunc: func(stmt *sqlite.Stmt) error {
			rows++
			if columnID(stmt, 1) == q.WorkspaceID {
				found = append(found, stmt.ColumnText(0))
			}
			return nil
		}})
		if err != nil {
			return nil, false, fmt.Errorf("search codes: %w", err)
		}
		if rows > fewFound {
			return nil, false, nil
		}
	}
	slices.Sort(found)
	return slices.Compact(found), true, nil
}

// lookup is a query with its arguments.
type lookup struct {
	query string
	args  []any
}

// searches are the queries of a search. That for values sees those of other workspaces, too,
// because the index is over all.
func searches(q *codes.CodeQuery) (all []lookup) {
	add := func(condition, column, prefix string, args ...any) {
		low, high := core.PrefixRange(prefix)
		condition, args = condition+column+" >= ?", append(args, low)
		if high != "" {
			condition, args = condition+" AND "+column+" < ?", append(args, high)
		}
		all = append(all, lookup{"SELECT canonical, workspace_id FROM codes WHERE " + condition + " LIMIT ?", append(args, fewFound+1)})
	}
	if canonical := core.Canonical(q.Query); canonical != "" {
		add("", "canonical", canonical)
	}
	if q.OldForm != "" {
		add("", "canonical", q.OldForm)
	}
	folded := core.FoldASCII(q.Query)
	add("workspace_id = ? AND note IS NOT NULL AND ", "lower(note)", folded, q.WorkspaceID[:])
	add("workspace_id = ? AND recipient IS NOT NULL AND ", "lower(recipient)", folded, q.WorkspaceID[:])
	return all
}

// addSearch adds the condition that a row matches.
func addSearch(w *where, q *codes.CodeQuery) {
	folded := core.FoldASCII(q.Query)
	conditions := "substr(lower(note), 1, ?) = ? OR substr(lower(recipient), 1, ?) = ?"
	length := len([]rune(folded))
	args := []any{length, folded, length, folded}
	for _, form := range []string{core.Canonical(q.Query), q.OldForm} {
		if form != "" {
			conditions, args = conditions+" OR substr(canonical, 1, ?) = ?", append(args, len([]rune(form)), form)
		}
	}
	w.add("("+conditions+")", args...)
}

// jsonList is texts as one argument, so that there are not as many statements as numbers of
// texts: statements are kept.
func jsonList(texts []string) string {
	list, _ := json.Marshal(texts) // which cannot fail for strings
	return string(list)
}
