package postgres

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// Codes implements [codes.ListStore]. Each type is read from an index in the order of the list, and
// the pages are merged.
func (s *Store) Codes(ctx context.Context, q *codes.CodeQuery) (list []codes.Code, err error) {
	err = s.list(ctx, func(ctx context.Context, db querier) error {
		list = nil
		found, isFew, err := search(ctx, db, q)
		if err != nil {
			return err
		}
		batch := new(pgx.Batch)
		for _, t := range q.Types() {
			query, args := codesQuery(q, t, found, isFew)
			budget := core.NewBudget(q.MaxBytes)
			batch.Queue(query, args...).Query(func(rows pgx.Rows) error {
				return untilEnough(rows, scanCode, func(c *storedCode) (isEnough bool) {
					list = append(list, c.Code)
					return budget.Spend(c.Size())
				})
			})
		}
		if err := db.SendBatch(ctx, batch).Close(); err != nil {
			return fmt.Errorf("list codes: %w", err)
		}
		return nil
	})
	slices.SortFunc(list, q.Compare)
	return list[:min(len(list), q.Limit)], err
}

// CountCodes implements [codes.ListStore].
func (s *Store) CountCodes(ctx context.Context, q *codes.CodeQuery) (count int, err error) {
	err = s.list(ctx, func(ctx context.Context, db querier) error {
		count = 0
		for _, t := range q.Types() {
			var some int
			query, args := countQuery(q, t, q.Limit-count)
			if err := db.QueryRow(ctx, query, args...).Scan(&some); err != nil {
				return fmt.Errorf("count codes: %w", err)
			}
			count += some
		}
		return nil
	})
	return count, err
}

func countQuery(q *codes.CodeQuery, t codes.Type, limit int) (string, []any) {
	var w where
	addPlace(&w, q, t)
	found := "SELECT 1 FROM codes c WHERE " + w.text() + " LIMIT " + strconv.Itoa(limit)
	return "SELECT count(*) FROM (" + found + ") AS found", w.args
}

// untilEnough reads rows until take says that it has enough. Further rows are neither decoded nor
// kept.
func untilEnough[T any](rows pgx.Rows, scan pgx.RowToFunc[T], take func(T) (isEnough bool)) error {
	defer rows.Close()
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return err
		}
		if take(row) {
			break
		}
	}
	rows.Close()
	return rows.Err()
}

// codesQuery lists the codes of one type. If isFew, found are the canonical forms of all codes that
// the search finds.
func codesQuery(q *codes.CodeQuery, t codes.Type, found []string, isFew bool) (string, []any) {
	w := where{args: []any{q.At}} // the first parameter of codeColumns
	addPlace(&w, q, t)
	addStatus(&w, q.Status)
	addEnds(&w, q)
	switch {
	case q.Query == "":
	case isFew:
		w.add("c.canonical = ANY ($)", found)
	default:
		addSearch(&w, q)
	}
	if q.Except != "" {
		w.add("c.canonical <> $", q.Except)
	}
	return "SELECT " + codeColumns + ", " + liveReservations + " FROM codes c WHERE " + w.text() +
		listOrder(q) + strconv.Itoa(q.Limit), w.args
}

// listOrder is the order of lists of codes, as far as the limit.
func listOrder(q *codes.CodeQuery) string {
	if q.OldestFirst {
		return " ORDER BY c.created_at, c.canonical LIMIT "
	}
	return " ORDER BY c.created_at DESC, c.canonical DESC LIMIT "
}

// addPlace adds the conditions that limit a page to its place in the list of a type.
func addPlace(w *where, q *codes.CodeQuery, t codes.Type) {
	w.add("c.workspace_id = $", [16]byte(q.WorkspaceID))
	if !q.BatchID.IsZero() {
		w.add("c.batch_id = $", [16]byte(q.BatchID))
	}
	w.add("c.type = $", string(t))
	if q.After != nil {
		isAfter := "(c.created_at, c.canonical) < ($, $)"
		if q.OldestFirst {
			isAfter = "(c.created_at, c.canonical) > ($, $)"
		}
		w.add(isAfter, q.After.CreatedAt, q.After.Canonical)
	}
	if q.CreatedAfter != nil {
		w.add("c.created_at > $", *q.CreatedAfter)
	}
	if q.CreatedBefore != nil {
		w.add("c.created_at < $", *q.CreatedBefore)
	}
}

// addEnds adds the conditions on the end of codes.
func addEnds(w *where, q *codes.CodeQuery) {
	if q.ExpiresAfter != nil {
		w.add("c.expires_at > $", *q.ExpiresAfter)
	}
	if q.ExpiresBefore != nil {
		w.add("c.expires_at < $", *q.ExpiresBefore)
	}
}

// addStatus adds the condition of a status, as [codes.Code.StatusAt] defines it.
func addStatus(w *where, status codes.Status) {
	no := func(condition string) string { return "(" + condition + ") IS NOT TRUE" }
	at := w.args[0]
	expired := func(condition func(string) string) { w.add(condition("c.expires_at <= $"), at) }
	scheduled := func(condition func(string) string) { w.add(condition("c.starts_at > $"), at) }
	is := func(condition string) string { return condition }
	const exhausted = "c.redemptions + " + liveReservations + " >= c.max_redemptions"
	if status == codes.StatusRevoked {
		w.add("c.revoked_at IS NOT NULL")
		return
	}
	if status != "" {
		w.add("c.revoked_at IS NULL")
	}
	switch status {
	case codes.StatusExpired:
		expired(is)
	case codes.StatusScheduled:
		expired(no)
		scheduled(is)
	case codes.StatusExhausted, codes.StatusActive:
		expired(no)
		scheduled(no)
		if status == codes.StatusActive {
			w.conditions = append(w.conditions, no(exhausted))
		} else {
			w.conditions = append(w.conditions, exhausted)
		}
	}
}

// fewFound is the largest number of found codes that a search sorts all at once. With more, it reads
// the list in its order and skips the codes that do not match: so many match that a page is soon
// full.
const fewFound = 2000

// search returns the canonical forms of the codes that a query's text finds, if they are few.
func search(ctx context.Context, db querier, q *codes.CodeQuery) (found []string, isFew bool, err error) {
	if q.Query == "" {
		return nil, false, nil
	}
	for _, s := range searches(q) {
		rows, err := db.Query(ctx, s.query, s.args...)
		matches, err := rowsOf(rows, err, pgx.RowTo[string])
		if err != nil {
			return nil, false, fmt.Errorf("search codes: %w", err)
		}
		if found = append(found, matches...); len(found) > fewFound {
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

// Notes and recipients as the indexes have them: only ASCII letters are lowered.
const (
	foldedNote      = `lower(note COLLATE "C")`
	foldedRecipient = `lower(recipient COLLATE "C")`
)

// searches returns the queries of a search. None reads an entry of another workspace, so that the
// cost of a search tells nothing about others. Therefore all values of the workspace are compared,
// in the index of the list; "IS TRUE" keeps the conditions out of the index of all values. An index
// by workspace and value would be written at a scattered place for each new code: 4,100 codes a
// second became 2,900.
func searches(q *codes.CodeQuery) (all []lookup) {
	add := func(w where, condition func(string) string, column, prefix string) {
		low, high := core.PrefixRange(prefix)
		w.add(condition(column+" >= $"), low)
		if high != "" {
			w.add(condition(column+" < $"), high)
		}
		all = append(all, lookup{
			"SELECT canonical FROM codes c WHERE " + w.text() + " LIMIT " + strconv.Itoa(fewFound+1), w.args,
		})
	}
	for _, form := range slices.DeleteFunc([]string{core.Canonical(q.Query), q.OldForm}, isEmpty) {
		for _, t := range q.Types() {
			var w where
			addPlace(&w, q, t)
			add(w, func(condition string) string { return "(" + condition + ") IS TRUE" }, "c.canonical", form)
		}
	}
	folded := core.FoldASCII(q.Query)
	for column, text := range map[string]string{"note": foldedNote, "recipient": foldedRecipient} {
		var w where
		w.add("c.workspace_id = $ AND c."+column+" IS NOT NULL", [16]byte(q.WorkspaceID))
		add(w, func(condition string) string { return condition }, text, folded)
	}
	return all
}

// addSearch adds the condition that a row matches.
func addSearch(w *where, q *codes.CodeQuery) {
	folded := core.FoldASCII(q.Query)
	length := len([]rune(folded))
	condition, args := "left("+foldedNote+", $) = $ OR left("+foldedRecipient+", $) = $",
		[]any{length, folded, length, folded}
	for _, form := range []string{core.Canonical(q.Query), q.OldForm} {
		if form != "" {
			condition, args = condition+" OR left(canonical, $) = $", append(args, len([]rune(form)), form)
		}
	}
	w.add("("+condition+")", args...)
}
