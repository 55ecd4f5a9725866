package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// Codes implements [codes.ListStore]. Each type is read from an index in the order of the list, and
// the pages are merged.
func (s *Store) Codes(ctx context.Context, q *codes.CodeQuery) (list []codes.Code, err error) {
	err = s.list(ctx, func(conn *sqlite.Conn) error {
		found, isFew, err := search(conn, q)
		if err != nil {
			return err
		}
		for _, t := range q.Types() {
			query, args := codesQuery(q, t, found, isFew)
			budget := core.NewBudget(q.MaxBytes)
			err := untilEnough(conn, query, args, func(stmt *sqlite.Stmt) (isEnough bool, err error) {
				code, err := scanCode(stmt)
				if err != nil {
					return false, err
				}
				list = append(list, code.Code)
				return budget.Spend(code.Size()), nil
			})
			if err != nil {
				return fmt.Errorf("list codes: %w", err)
			}
		}
		return nil
	})
	slices.SortFunc(list, q.Compare)
	return list[:min(len(list), q.Limit)], err
}

// CountCodes implements [codes.ListStore].
func (s *Store) CountCodes(ctx context.Context, q *codes.CodeQuery) (count int, err error) {
	err = s.list(ctx, func(conn *sqlite.Conn) error {
		for _, t := range q.Types() {
			query, args := countQuery(q, t, q.Limit-count)
			if err := one(conn, query, args, func(stmt *sqlite.Stmt) { count += stmt.ColumnInt(0) }); err != nil {
				return fmt.Errorf("count codes: %w", err)
			}
		}
		return nil
	})
	return count, err
}

func countQuery(q *codes.CodeQuery, t codes.Type, limit int) (string, []any) {
	var w where
	index := addPlace(&w, q, t)
	return "SELECT count(*) FROM (SELECT 1 FROM codes INDEXED BY " + index + " WHERE " + w.text() + " LIMIT ?)",
		append(w.args, limit)
}

// errEnough ends a query whose further rows are not needed.
var errEnough = errors.New("enough was read")

// untilEnough runs a query until scan says that it has read enough.
func untilEnough(
	conn *sqlite.Conn,
	query string,
	args []any,
	scan func(*sqlite.Stmt) (isEnough bool, err error),
) error {
	err := sqlitex.Execute(conn, query, &sqlitex.ExecOptions{Args: args, ResultFunc: func(stmt *sqlite.Stmt) error {
		isEnough, err := scan(stmt)
		if err == nil && isEnough {
			err = errEnough
		}
		return err
	}})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// codesQuery lists the codes of one type. If isFew, found are the canonical forms of all codes that
// the search finds.
func codesQuery(q *codes.CodeQuery, t codes.Type, found []string, isFew bool) (string, []any) {
	w := where{args: []any{q.At.UnixMicro()}} // the first parameter of codeColumns
	index := addPlace(&w, q, t)
	if partial := addStatus(&w, q.Status); partial != "" && index == listedIndex {
		index = partial
	}
	if isEnding := addEnds(&w, q); isEnding && index == listedIndex {
		index = "codes_expiring"
	}
	switch {
	case q.Query == "":
	case isFew:
		index = "sqlite_autoindex_codes_1" // the index of the primary key
		w.add("canonical IN (SELECT value FROM json_each(?))", jsonList(found))
	default:
		addSearch(&w, q)
	}
	if q.Except != "" {
		w.add("canonical <> ?", q.Except)
	}
	return "SELECT " + codeColumns + " FROM codes INDEXED BY " + index + " WHERE " + w.text() + listOrder(q), append(
		w.args,
		q.Limit,
	)
}

// listedIndex has the codes of each type in the order of lists.
const listedIndex = "codes_listed"

// listOrder is the order of lists of codes, with a limit.
func listOrder(q *codes.CodeQuery) string {
	if q.OldestFirst {
		return " ORDER BY created_at, canonical LIMIT ?"
	}
	return " ORDER BY created_at DESC, canonical DESC LIMIT ?"
}

// addPlace adds the conditions that limit a page to its place in the list of a type, and returns the
// index with this order.
func addPlace(w *where, q *codes.CodeQuery, t codes.Type) (index string) {
	index = listedIndex
	w.add("workspace_id = ?", q.WorkspaceID[:])
	if !q.BatchID.IsZero() {
		index = "codes_batch"
		w.add("batch_id = ?", q.BatchID[:])
	}
	w.add("type = ?", string(t))
	if q.After != nil {
		isAfter := "(created_at, canonical) < (?, ?)"
		if q.OldestFirst {
			isAfter = "(created_at, canonical) > (?, ?)"
		}
		w.add(isAfter, q.After.CreatedAt.UnixMicro(), q.After.Canonical)
	}
	if q.CreatedAfter != nil {
		w.add("created_at > ?", q.CreatedAfter.UnixMicro())
	}
	if q.CreatedBefore != nil {
		w.add("created_at < ?", q.CreatedBefore.UnixMicro())
	}
	return index
}

// addEnds adds the conditions on the end of codes, and reports whether there are any.
func addEnds(w *where, q *codes.CodeQuery) bool {
	if q.ExpiresAfter != nil {
		w.add("expires_at > ?", q.ExpiresAfter.UnixMicro())
	}
	if q.ExpiresBefore != nil {
		w.add("expires_at < ?", q.ExpiresBefore.UnixMicro())
	}
	return q.ExpiresAfter != nil || q.ExpiresBefore != nil
}

// addStatus adds the condition of a status, as [codes.Code.StatusAt] defines it, and returns the
// index of the codes that may have it, if there is one.
func addStatus(w *where, status codes.Status) (index string) {
	const (
		expired   = "expires_at <= ?1"
		scheduled = "starts_at > ?1"
		exhausted = "redemptions + " + liveReservations + " >= max_redemptions"
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

// fewFound is the largest number of found codes that a search sorts all at once. With more, it reads
// the list in its order and skips the codes that do not match: so many match that a page is soon
// full.
const fewFound = 2000

// search returns the canonical forms of the codes that a query's text finds, if they are few.
func search(conn *sqlite.Conn, q *codes.CodeQuery) (found []string, isFew bool, err error) {
	if q.Query == "" {
		return nil, false, nil
	}
	for _, s := range searches(q) {
		err := sqlitex.Execute(conn, s.query, &sqlitex.ExecOptions{Args: s.args, ResultFunc: func(stmt *sqlite.Stmt) error {
			found = append(found, stmt.ColumnText(0))
			return nil
		}})
		if err != nil {
			return nil, false, fmt.Errorf("search codes: %w", err)
		}
		if len(found) > fewFound {
			return nil, false, nil
		}
	}
	slices.Sort(found)
	return slices.Compact(found), true, nil
}

func isEmpty(text string) bool { return text == "" }

// lookup is a query with its arguments.
type lookup struct {
	query string
	args  []any
}

// searches returns the queries of a search. None reads an entry of another workspace, so that the
// cost of a search tells nothing about others. Therefore all values of the workspace are compared,
// in the index of the list: 0.2 s for a million. An index by workspace and value would be written at
// a scattered place for each new code: 18,000 codes a second became 12,000 and fewer.
func searches(q *codes.CodeQuery) (all []lookup) {
	add := func(w where, index, column, prefix string) {
		low, high := core.PrefixRange(prefix)
		w.add(column+" >= ?", low)
		if high != "" {
			w.add(column+" < ?", high)
		}
		all = append(all, lookup{
			"SELECT canonical FROM codes INDEXED BY " + index + " WHERE " + w.text() + " LIMIT ?", append(w.args, fewFound+1),
		})
	}
	for _, form := range slices.DeleteFunc([]string{core.Canonical(q.Query), q.OldForm}, isEmpty) {
		for _, t := range q.Types() {
			var w where
			index := addPlace(&w, q, t)
			add(w, index, "canonical", form)
		}
	}
	folded := core.FoldASCII(q.Query)
	for _, column := range []string{"note", "recipient"} {
		var w where
		w.add("workspace_id = ? AND "+column+" IS NOT NULL", q.WorkspaceID[:])
		add(w, "codes_"+column, "lower("+column+")", folded)
	}
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

// jsonList returns texts as one argument, so that the statement is the same for any number of texts:
// statements are cached.
func jsonList(texts []string) string {
	list, _ := json.Marshal(texts) // this cannot fail for strings
	return string(list)
}
