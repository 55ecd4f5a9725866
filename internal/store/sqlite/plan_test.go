package sqlite_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/sqlite"
)

// fillForPlans stores 10,000 codes of the workspace 1 and a few of another one, a fifth of
// which are redeemed and a tenth reserved, and as many users.
const fillForPlans = `
CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 10099) SELECT i FROM n;
CREATE TEMP VIEW c AS SELECT i, printf('CODE%05d', i * 7919 % 10100) AS canonical,
       CASE WHEN i < 10000 THEN x'00000000000000000000000000000001' ELSE x'00000000000000000000000000000002' END
       AS workspace FROM n;
INSERT INTO codes (canonical, workspace_id, value, type, max_redemptions, redemptions, reservations, starts_at,
expires_at, revoked_at,
                   note, recipient, batch_id, batch_index, created_at, created_by)
SELECT canonical, workspace, canonical, CASE i % 3 WHEN 0 THEN 'Normal' WHEN 1 THEN 'Premium' ELSE 'Upgrade' END,
       CASE WHEN i % 2 THEN 1 END, i % 5 = 0, i % 10 = 0, CASE WHEN i % 50 = 0 THEN i END,
       CASE WHEN i % 40 = 0 THEN i END, CASE WHEN i % 30 = 0 THEN i END,
       CASE WHEN i % 4 = 0 THEN 'Note ' || i END, CASE WHEN i % 4 = 1 THEN 'Person ' || i END,
       CASE WHEN i % 20 = 0 THEN x'00000000000000000000000000000003' END, CASE WHEN i % 20 = 0 THEN i / 20 END,
       1000000 + i / 3, zeroblob(16)
FROM c;
INSERT INTO redemptions (workspace_id, id, canonical, code, type, user_id, grants, user_ordinal, created_at, created_by)
SELECT workspace, randomblob(16), canonical, canonical, 'Normal', 'user ' || i, 'Normal', 1, i, zeroblob(16)
FROM c WHERE i % 5 = 0;
INSERT INTO reservations (workspace_id, id, canonical, code, user_id, state, expires_at, created_at, created_by)
SELECT workspace, randomblob(16), canonical, canonical, 'user ' || i, 'held', i, i, zeroblob(16) FROM c
WHERE i % 10 = 0;
INSERT INTO users (workspace_id, user_id, status, created_at, updated_at)
SELECT workspace, 'user ' || i, CASE WHEN i % 2 THEN 'Normal' ELSE 'Premium' END, i, i FROM c;`

// TestEveryListIsReadFromAnIndex: whatever the filter, the first rows that are read are
// the page's, and nothing is read as a whole and sorted but what a search found.
func TestEveryListIsReadFromAnIndex(t *testing.T) {
	path := filepath.Join(t.TempDir(), "codes.db")
	if _, err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	conn, err := zsqlite.OpenConn(path, zsqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := sqlitex.ExecuteScript(conn, fillForPlans, nil); err != nil {
		t.Fatal(err)
	}
	for _, statistics := range []string{"", "ANALYZE"} { // an operator may have taken some
		t.Run("statistics "+statistics, func(t *testing.T) {
			if err := sqlitex.ExecuteScript(conn, statistics, nil); err != nil {
				t.Fatal(err)
			}
			for _, c := range planCases() {
				checkPlan(t, conn, c)
			}
		})
	}
}

// planCase is a list and the index that it must be read from.
type planCase struct {
	name  string
	query sqlite.Query
	index string
	bound string // by which the index is limited, so that what lies beyond is not read
	sorts bool
}

func planCases() (all []planCase) {
	workspace, batch := core.ID{15: 1}, core.ID{15: 3}
	at, from, until := time.UnixMicro(5000), time.UnixMicro(1000500), time.UnixMicro(1003000)
	last := &codes.CodeKey{CreatedAt: time.UnixMicro(1001000), Canonical: "CODE"} // of the page before
	list := []struct {
		name   string
		filter codes.CodeFilter
		found  []string // by a search that finds few
		index  string
		bound  string
	}{
		{name: "all", index: "codes_listed", bound: "type=?"},
		{name: "batch", filter: codes.CodeFilter{BatchID: batch}, index: "codes_batch", bound: "batch_id=? AND type=?"},
		{name: "revoked", filter: codes.CodeFilter{Status: codes.StatusRevoked}, index: "codes_revoked", bound: "type=?"},
		{name: "expired", filter: codes.CodeFilter{Status: codes.StatusExpired}, index: "codes_expiring", bound: "type=?"},
		{
			name:   "scheduled",
			filter: codes.CodeFilter{Status: codes.StatusScheduled},
			index:  "codes_starting",
			bound:  "type=?",
		},
		{name: "exhausted", filter: codes.CodeFilter{Status: codes.StatusExhausted}, index: "codes_listed", bound: "type=?"},
		{name: "active", filter: codes.CodeFilter{Status: codes.StatusActive}, index: "codes_listed", bound: "type=?"},
		{name: "created after", filter: codes.CodeFilter{CreatedAfter: &from}, index: "codes_listed", bound: "created_at>?"},
		{
			name:   "created before",
			filter: codes.CodeFilter{CreatedBefore: &until},
			index:  "codes_listed",
			bound:  "created_at<?",
		},
		{
			name:   "created between",
			filter: codes.CodeFilter{CreatedAfter: &from, CreatedBefore: &until},
			index:  "codes_listed",
			bound:  "created_at>? AND created_at<?",
		},
		{name: "ending before", filter: codes.CodeFilter{ExpiresBefore: &until}, index: "codes_expiring", bound: "type=?"},
		{name: "a text that many have", filter: codes.CodeFilter{Query: "note"}, index: "codes_listed", bound: "type=?"},
		{
			name:   "a text that few have",
			filter: codes.CodeFilter{Query: "note 1"},
			found:  []string{"CODE00001", "CODE00002"},
			index:  "sqlite_autoindex_codes_1",
			bound:  "canonical=?",
		},
		{
			name:   "a batch that is revoked",
			filter: codes.CodeFilter{BatchID: batch, Status: codes.StatusRevoked},
			index:  "codes_batch",
			bound:  "batch_id=? AND type=?",
		},
	}
	for _, c := range list {
		q := &codes.CodeQuery{WorkspaceID: workspace, CodeFilter: c.filter, Limit: 50, At: at}
		next := *q
		next.After = last
		turned := next
		turned.OldestFirst = true
		for _, kind := range codes.Types() {
			all = append(
				all,
				planCase{"codes: " + c.name, sqlite.CodesQuery(q, kind, c.found, c.found != nil), c.index, c.bound, c.found != nil},
			)
			if c.found == nil {
				all = append(
					all,
					planCase{
						"codes: the next page of " + c.name,
						sqlite.CodesQuery(&next, kind, nil, false),
						c.index,
						"(created_at,canonical)<(?,?)",
						false,
					},
					planCase{
						"codes: the next page of " + c.name + ", oldest first",
						sqlite.CodesQuery(&turned, kind, nil, false),
						c.index,
						"(created_at,canonical)>(?,?)",
						false,
					},
				)
			}
		}
	}
	for i, query := range sqlite.Searches(&codes.CodeQuery{
		WorkspaceID: workspace,
		CodeFilter:  codes.CodeFilter{Query: "note 1"},
	}) {
		index, bound := "COVERING INDEX codes_listed", "workspace_id=? AND type=?" // of values
		if texts := i - len(codes.Types()); texts >= 0 {
			index, bound = []string{"codes_note", "codes_recipient"}[texts], "workspace_id=? AND <expr>>? AND <expr><?"
		}
		all = append(all, planCase{fmt.Sprint("search ", i), query, index, bound, false})
	}
	for i, query := range sqlite.OfBatch(workspace, batch, 100) {
		bound := []string{"batch_id=? AND batch_index>?", "batch_index>? AND batch_index<?"}[i]
		all = append(all, planCase{fmt.Sprint("of a batch ", i), query, "codes_of_batch", bound, false})
	}
	for i, query := range sqlite.OfUser(workspace, "user 1") {
		index := []string{"redemptions_user", "reservations_user"}[i]
		all = append(all, planCase{"of a user, " + index, query, index, "user_id=?", false})
	}
	const perCode, perUser, byKey = "redemptions_later", "redemptions_user", "PRIMARY KEY"
	for name, c := range map[string]struct {
		query codes.RedemptionQuery
		index string
		bound string
	}{
		"all":              {codes.RedemptionQuery{}, byKey, "workspace_id=?"},
		"the next page":    {codes.RedemptionQuery{After: core.ID{9}}, byKey, "id<?"},
		"code":             {codes.RedemptionQuery{Canonical: "CODE00001"}, perCode, "canonical=?"},
		"code's next page": {codes.RedemptionQuery{Canonical: "CODE00001", After: core.ID{9}}, perCode, "id<?"},
		"user":             {codes.RedemptionQuery{UserID: "user 1"}, perUser, "user_id=?"},
		// By the user, who has fewer than a code can have.
		"code and user":    {codes.RedemptionQuery{Canonical: "CODE00001", UserID: "user 1"}, perUser, "user_id=?"},
		"user's next page": {codes.RedemptionQuery{UserID: "user 1", After: core.ID{9}}, perUser, "id<?"},
		"created between":  {codes.RedemptionQuery{CreatedAfter: &from, CreatedBefore: &until}, byKey, "id>? AND id<?"},
		"code's between": {
			codes.RedemptionQuery{Canonical: "CODE00001", CreatedAfter: &from, CreatedBefore: &until},
			perCode,
			"canonical=? AND workspace_id=? AND id>? AND id<?",
		},
		"user's between": {
			codes.RedemptionQuery{UserID: "user 1", CreatedAfter: &from, CreatedBefore: &until},
			perUser,
			"id>? AND id<?",
		},
	} {
		c.query.WorkspaceID, c.query.Limit = workspace, 50
		all = append(all, planCase{"redemptions: " + name, sqlite.RedemptionsQuery(&c.query), c.index, c.bound, false})
	}
	for name, c := range map[string]struct {
		query codes.UserQuery
		bound string
	}{
		"all":           {codes.UserQuery{}, "workspace_id=?"},
		"the next page": {codes.UserQuery{After: "user 5"}, "user_id>?"},
		"prefix":        {codes.UserQuery{UserFilter: codes.UserFilter{Query: "user 1"}}, "user_id>? AND user_id<?"},
		"status":        {codes.UserQuery{UserFilter: codes.UserFilter{Status: codes.UserPremium}}, "workspace_id=?"},
	} {
		c.query.WorkspaceID, c.query.Limit = workspace, 50
		all = append(all, planCase{"users: " + name, sqlite.UsersQuery(&c.query), byKey, c.bound, false})
	}
	return all
}

func checkPlan(t *testing.T, conn *zsqlite.Conn, c planCase) {
	t.Helper()
	var plan []string
	err := sqlitex.ExecuteTransient(conn, "EXPLAIN QUERY PLAN "+c.query.Text, &sqlitex.ExecOptions{
		Args:       c.query.Args,
		ResultFunc: func(stmt *zsqlite.Stmt) error { plan = append(plan, stmt.ColumnText(3)); return nil },
	})
	if err != nil {
		t.Errorf("%s: %v", c.name, err)
		return
	}
	text := strings.Join(plan, "\n")
	if len(plan) > 2 && plan[0] == "MERGE (UNION ALL)" {
		plan = plan[2:] // of the list and what comes in between
	}
	if !strings.HasPrefix(plan[0], "SEARCH ") || !strings.Contains(plan[0], c.index+" (") {
		t.Errorf("%s: not by %s:\n%s", c.name, c.index, text)
	}
	if !strings.Contains(plan[0], c.bound) {
		t.Errorf("%s: not bounded by %s:\n%s", c.name, c.bound, text)
	}
	for _, table := range []string{"codes", "redemptions", "reservations", "users", "r"} {
		if strings.Contains(text, "SCAN "+table) {
			t.Errorf("%s: a table is read as a whole:\n%s", c.name, text)
		}
	}
	if strings.Contains(text, "TEMP B-TREE") != c.sorts {
		t.Errorf("%s: sorted %v, want %v:\n%s", c.name, !c.sorts, c.sorts, text)
	}
}
