package postgres_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
)

// fillForPlans stores 60,000 codes of the workspace 1 and a few of another one, a fifth of
// which are redeemed and a tenth reserved, and as many users.
func fillForPlans() []string {
	const c = `(SELECT i, 'CODE' || i * 7919 % 60100 AS canonical, ('00000000-0000-0000-0000-00000000000' ||
		CASE WHEN i < 60000 THEN 1 ELSE 2 END)::uuid AS workspace,
		'2031-02-03 04:05:06Z'::timestamptz + i / 3 * interval '1 ms' AS at, gen_random_uuid() AS id
		FROM generate_series(0, 60099) i) c`
	return []string{
		`INSERT INTO codes (canonical, workspace_id, value, type, max_redemptions, redemptions, reservations,
			starts_at, expires_at, revoked_at,
			note, recipient, batch_id, batch_index, created_at, created_by, mark)
		SELECT canonical, workspace, canonical, CASE i % 3 WHEN 0 THEN 'Normal' WHEN 1 THEN 'Premium' ELSE 'Upgrade' END,
			CASE WHEN i % 2 = 1 THEN 1 END, (i % 5 = 0)::int, (i % 10 = 0)::int,
			CASE WHEN i % 50 = 0 THEN at END, CASE WHEN i % 40 = 0 THEN at END, CASE WHEN i % 30 = 0 THEN at END,
			CASE WHEN i % 4 = 0 THEN 'Note ' || i END, CASE WHEN i % 4 = 1 THEN 'Person ' || i END,
			CASE WHEN i % 20 = 0 THEN '00000000-0000-0000-0000-000000000003'::uuid END,
			CASE WHEN i % 20 = 0 THEN i / 20 END, at, id, i
		FROM ` + c,
		`INSERT INTO redemptions (canonical, id, workspace_id, code, type, user_id, grants, user_ordinal,
			created_at, created_by)
		SELECT canonical, id, workspace, canonical, 'Normal', 'user ' || i, 'Normal', 1, at, id
		FROM ` + c + ` WHERE i % 5 = 0`,
		`INSERT INTO reservations (canonical, id, workspace_id, code, user_id, state, expires_at, created_at, created_by)
		SELECT canonical, id, workspace, canonical, 'user ' || i, 'held', at, at, id FROM ` + c + ` WHERE i % 10 = 0`,
		`INSERT INTO users SELECT workspace, 'user ' || i, ` +
			`CASE WHEN i % 2 = 1 THEN 'Normal' ELSE 'Premium' END, at, at FROM ` + c,
		"ANALYZE",
	}
}

// TestEveryListIsReadFromAnIndex: whatever the filter, no table is read as a whole.
func TestEveryListIsReadFromAnIndex(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.Database(t))
	exec(t, conn, fillForPlans()...)
	exec(t, conn, "SET enable_seqscan = off") // as the store has it
	for _, c := range planCases() {
		for kind, explain := range map[string]func(*testing.T, *pgx.Conn, postgres.Query) string{
			"custom":  explain,
			"generic": explainGeneric,
		} {
			plan := explain(t, conn, c.query)
			if strings.Contains(plan, "Seq Scan") {
				t.Errorf("%s, %s plan: a table is read as a whole:\n%s", c.name, kind, plan)
			}
			if !strings.Contains(plan, c.index) {
				t.Errorf("%s, %s plan: not by %s:\n%s", c.name, kind, c.index, plan)
			}
			if !regexp.MustCompile(`Index Cond: .*` + c.bound).MatchString(plan) {
				t.Errorf("%s, %s plan: not bounded by %s:\n%s", c.name, kind, c.bound, plan)
			}
		}
	}
}

// explain returns the plan for these arguments.
func explain(t *testing.T, conn *pgx.Conn, q postgres.Query) string {
	t.Helper()
	rows, err := conn.Query(t.Context(), "EXPLAIN "+q.Text, q.Args...)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", q.Text, err)
	}
	return strings.Join(lines, "\n")
}

// explainGeneric returns the plan that a statement has when it has been prepared and used a
// few times, which is for any arguments.
func explainGeneric(t *testing.T, conn *pgx.Conn, q postgres.Query) string {
	t.Helper()
	exec(t, conn, "SET plan_cache_mode = force_generic_plan")
	if _, err := conn.PgConn().Exec(t.Context(), "PREPARE listed AS "+q.Text).ReadAll(); err != nil {
		t.Fatalf("%s: %v", q.Text, err)
	}
	arguments := ""
	if len(q.Args) > 0 {
		arguments = " (" + strings.TrimSuffix(strings.Repeat("NULL, ", len(q.Args)), ", ") + ")"
	}
	results, err := conn.PgConn().Exec(t.Context(), "EXPLAIN EXECUTE listed"+arguments).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", q.Text, err)
	}
	exec(t, conn, "DEALLOCATE listed")
	var lines []string
	for _, row := range results[0].Rows {
		lines = append(lines, string(row[0]))
	}
	return strings.Join(lines, "\n")
}

// planCase is a list and the index that it must be read from.
type planCase struct {
	name  string
	query postgres.Query
	index string
	bound string // a pattern: by what the index is limited, so that what lies beyond is not read
}

func planCases() (all []planCase) {
	workspace, batch := core.ID{15: 1}, core.ID{15: 3}
	at := time.Date(2031, 2, 3, 4, 5, 16, 0, time.UTC) // half of them were made before
	from, until := at.Add(-5*time.Second), at.Add(5*time.Second)
	last := &codes.CodeKey{CreatedAt: at, Canonical: "CODE"} // of the page before
	list := []struct {
		name   string
		filter codes.CodeFilter
		found  []string // by a search that finds few
		index  string
		bound  string
	}{
		{name: "all", index: "codes_listed", bound: `type =`},
		{name: "batch", filter: codes.CodeFilter{BatchID: batch}, index: "codes_batch", bound: `batch_id = .*type =`},
		{name: "revoked", filter: codes.CodeFilter{Status: codes.StatusRevoked}, index: "codes_revoked", bound: `type =`},
		{name: "expired", filter: codes.CodeFilter{Status: codes.StatusExpired}, index: "codes_expiring", bound: `type =`},
		{
			name:   "scheduled",
			filter: codes.CodeFilter{Status: codes.StatusScheduled},
			index:  "codes_starting",
			bound:  `type =`,
		},
		{name: "exhausted", filter: codes.CodeFilter{Status: codes.StatusExhausted}, index: "codes_listed", bound: `type =`},
		{name: "active", filter: codes.CodeFilter{Status: codes.StatusActive}, index: "codes_listed", bound: `type =`},
		{name: "created after", filter: codes.CodeFilter{CreatedAfter: &from}, index: "codes_listed", bound: `created_at >`},
		{
			name:   "created before",
			filter: codes.CodeFilter{CreatedBefore: &until},
			index:  "codes_listed",
			bound:  `created_at <`,
		},
		{
			name:   "created between",
			filter: codes.CodeFilter{CreatedAfter: &from, CreatedBefore: &until},
			index:  "codes_listed",
			bound:  `created_at > .*created_at <`,
		},
		{name: "a text that many have", filter: codes.CodeFilter{Query: "note"}, index: "codes_listed", bound: `type =`},
		{
			name:   "a text that few have",
			filter: codes.CodeFilter{Query: "note 1"},
			found:  []string{"CODE1", "CODE2"},
			index:  "codes_pkey",
			bound:  `canonical = ANY`,
		},
		{
			name:   "a batch that is revoked",
			filter: codes.CodeFilter{BatchID: batch, Status: codes.StatusRevoked},
			index:  "codes_",
			bound:  `type =`,
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
				planCase{"codes: " + c.name, postgres.CodesQuery(q, kind, c.found, c.found != nil), c.index, c.bound},
			)
			if c.found == nil {
				all = append(
					all,
					planCase{
						"codes: the next page of " + c.name,
						postgres.CodesQuery(&next, kind, nil, false),
						c.index,
						`ROW\(created_at, canonical\) <`,
					},
					planCase{
						"codes: the next page of " + c.name + ", oldest first",
						postgres.CodesQuery(&turned, kind, nil, false),
						c.index,
						`ROW\(created_at, canonical\) >`,
					},
				)
			}
		}
	}
	for i, query := range postgres.Searches(&codes.CodeQuery{
		WorkspaceID: workspace,
		CodeFilter:  codes.CodeFilter{Query: "note 1"},
	}) {
		if i < len(codes.Types()) { // of values
			all = append(all, planCase{fmt.Sprint("search ", i), query, "codes_listed", `workspace_id = .*type =`})
		} else {
			all = append(all, planCase{fmt.Sprint("search ", i), query, "codes_", `workspace_id = .*>= .* <`})
		}
	}
	for table, query := range postgres.Named("CODE1") {
		all = append(all, planCase{"named " + table, query, table + "_pkey", `canonical = .*id =`})
	}
	for i, query := range postgres.OfBatch(workspace, batch, 100) {
		all = append(all, planCase{fmt.Sprint("of a batch ", i), query, "codes_of_batch", `batch_id = .*batch_index >=`})
	}
	for name, c := range map[string]struct {
		query codes.RedemptionQuery
		index string
		bound string
	}{
		"all":              {codes.RedemptionQuery{}, "redemptions_listed", `workspace_id =`},
		"the next page":    {codes.RedemptionQuery{After: core.ID{9}}, "redemptions_listed", `\(id <`},
		"code":             {codes.RedemptionQuery{Canonical: "CODE1"}, "redemptions_pkey", `canonical =`},
		"code's next page": {codes.RedemptionQuery{Canonical: "CODE1", After: core.ID{9}}, "redemptions_pkey", `\(id <`},
		"user":             {codes.RedemptionQuery{UserID: "user 1"}, "redemptions_user", `user_id =`},
		"code and user": {
			codes.RedemptionQuery{Canonical: "CODE1", UserID: "user 1"},
			"redemptions_",
			`(user_id|canonical) =`,
		},
		"user's next page": {codes.RedemptionQuery{UserID: "user 1", After: core.ID{9}}, "redemptions_user", `\(id <`},
		"created between": {
			codes.RedemptionQuery{CreatedAfter: &from, CreatedBefore: &until},
			"redemptions_listed",
			`\(id < .*id >=`,
		},
		"user's between": {
			codes.RedemptionQuery{UserID: "user 1", CreatedAfter: &from, CreatedBefore: &until},
			"redemptions_user",
			`\(id < .*id >=`,
		},
	} {
		c.query.WorkspaceID, c.query.Limit = workspace, 50
		all = append(all, planCase{"redemptions: " + name, postgres.RedemptionsQuery(&c.query), c.index, c.bound})
	}
	for name, c := range map[string]struct {
		query codes.UserQuery
		bound string
	}{
		"all":           {codes.UserQuery{}, `workspace_id =`},
		"the next page": {codes.UserQuery{After: "user 5"}, `user_id >`},
		"prefix":        {codes.UserQuery{UserFilter: codes.UserFilter{Query: "user 1"}}, `user_id >= .*user_id <`},
		"status":        {codes.UserQuery{UserFilter: codes.UserFilter{Status: codes.UserPremium}}, `workspace_id =`},
	} {
		c.query.WorkspaceID, c.query.Limit = workspace, 50
		all = append(all, planCase{"users: " + name, postgres.UsersQuery(&c.query), "users_pkey", c.bound})
	}
	return all
}

// TestWhatCommandsNeedIsFoundByItsIndexInANewDatabase: the plans that are made while the tables are
// empty are kept, and must be right for full ones.
func TestWhatCommandsNeedIsFoundByItsIndexInANewDatabase(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.Database(t))
	exec(t, conn, "SET enable_seqscan = off")
	const ofUser = `Index Cond: .*user_id = asked\.of_user`
	const theirs = `_user .*\n.*Index Cond: \(\(user_id = asked\.of_user\) AND \(workspace_id >= .*\) ` +
		`AND \(workspace_id <= `
	for name, query := range postgres.UserQueries(codes.UserRef{WorkspaceID: core.ID{1}, ID: "ada"}, "CODE1", false) {
		by := ofUser
		if strings.HasSuffix(name, "theirs") {
			by = theirs
		}
		if plan := explainGeneric(t, conn, query); !regexp.MustCompile(by).MatchString(plan) {
			t.Errorf("%s: not by the user's id and workspace:\n%s", name, plan)
		}
	}
	for table, query := range postgres.Named("CODE") {
		if plan := explainGeneric(t, conn, query); !regexp.MustCompile(`Index Cond: .*canonical = .*id =`).MatchString(plan) {
			t.Errorf("%s: not by the code and the id:\n%s", table, plan)
		}
	}
	byCode := regexp.MustCompile(`Index Cond: \(canonical = ANY`)
	lapsed := regexp.MustCompile(`reservations_held.*\n.*(\n.*)?Index Cond: .*canonical = .*expires_at <=`)
	if plan := explainGeneric(t, conn, postgres.CountLapsed("CODE", time.Now())); !lapsed.MatchString(plan) {
		t.Errorf("reservations that have lapsed: not by the code and their end:\n%s", plan)
	}
	plan := explainGeneric(t, conn, postgres.CodesNamed(core.ID{1}, "CODE", time.Now()))
	if !byCode.MatchString(plan) || !lapsed.MatchString(plan) {
		t.Errorf("a code and its reservations that have lapsed: not by the code:\n%s", plan)
	}
	if plan := explainGeneric(t, conn, postgres.LockCodes(core.ID{1}, "CODE", false)); !byCode.MatchString(plan) {
		t.Errorf("a code, for a command: not by its value:\n%s", plan)
	}
}
