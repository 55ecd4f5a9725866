package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/store/pgtest"
)

// spreadBy names every table of ours, with the column that a distributed engine spreads
// it by. Those without one are small and lie whole on every node.
var spreadBy = map[string]string{
	"codes":           "canonical",
	"code_retries":    "retry_key",
	"deleted_retries": "retry_key",
	"users":           "user_id",
	"redemptions":     "canonical",
	"reservations":    "canonical",
	"installation":    "",
	"workspaces":      "",
	"api_keys":        "",
	"key_addresses":   "",
	"events":          "workspace_id",
	"event_positions": "workspace_id",
	"event_queue":     "workspace_id",
	"event_digests":   "workspace_id",
	"event_sweeps":    "workspace_id",
	"event_sequencer": "",
	"cursors":         "workspace_id",
	"jobs":            "workspace_id",
	"change_items":    "workspace_id",
	"change_people":   "workspace_id",
	"change_lists":    "workspace_id",
	"import_rejects":  "workspace_id",
	"overview_counts": "workspace_id",

	"webhook_endpoints": "workspace_id", "webhook_deliveries": "workspace_id",
	"members":         "",
	"memberships":     "",
	"sessions":        "",
	"member_devices":  "",
	"member_links":    "",
	"unfinished_copy": "",
}

// migrators are the tables of the library that migrates. They are never spread.
var migrators = []string{"goose_db_version", "goose_lock"}

func spread() (tables []string) {
	for table, column := range spreadBy {
		if column != "" {
			tables = append(tables, table)
		}
	}
	return tables
}

// lint returns what in a database a distributed engine would refuse, or would have to
// fetch from one node for all.
func lint(t *testing.T, conn *pgx.Conn) (findings []string) {
	t.Helper()
	ours := slices.DeleteFunc(names(t, conn, `
		SELECT CASE nspname WHEN 'public' THEN relname::text ELSE nspname || '.' || relname END
		FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
		WHERE relkind NOT IN ('i', 'I', 'S', 't', 'c') AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\_%'`),
		func(table string) bool { return slices.Contains(migrators, table) })
	for _, table := range ours {
		if _, known := spreadBy[table]; !known {
			findings = append(findings, "unknown table "+table)
		}
	}
	for table := range spreadBy {
		if !slices.Contains(ours, table) {
			findings = append(findings, "no table "+table)
		}
	}
	for table, column := range spreadBy {
		if column == "" {
			continue
		}
		// The columns behind INCLUDE do not make an index unique; an expression is column 0.
		for _, index := range names(t, conn, `
			SELECT indexrelid::regclass::text FROM pg_index
			WHERE indrelid = to_regclass($1) AND (indisunique OR indisexclusion) AND NOT EXISTS (
				SELECT 1 FROM pg_attribute
				WHERE attrelid = indrelid AND attname = $2
				AND attnum = ANY ((indkey::smallint[])[0:indnkeyatts-1]))`, table, column) {
			findings = append(findings, fmt.Sprintf("unique index %s without the column %s", index, column))
		}
	}
	return slices.Concat(
		findings,
		prefixed("column with a sequence ", names(t, conn, `
			SELECT attrelid::regclass || '.' || attname FROM pg_attribute a
			WHERE attrelid::regclass::text = ANY ($1) AND attnum > 0 AND (attidentity <> '' OR EXISTS (
				SELECT 1 FROM pg_attrdef d
				JOIN pg_depend ON classid = 'pg_attrdef'::regclass AND objid = d.oid AND refclassid = 'pg_class'::regclass
				JOIN pg_class s ON s.oid = refobjid AND s.relkind = 'S'
				WHERE adrelid = attrelid AND adnum = attnum))`, ours)),
		prefixed("sequence ", names(t, conn, `
			SELECT s.oid::regclass::text FROM pg_class s
			WHERE relkind = 'S' AND NOT EXISTS (
				SELECT 1 FROM pg_depend
				WHERE classid = 'pg_class'::regclass AND objid = s.oid AND deptype IN ('a', 'i')
				AND refobjid::regclass::text = ANY ($1))`, migrators)),
		prefixed("trigger ", names(t, conn, `
			SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal AND tgrelid::regclass::text = ANY ($1)`, ours)),
		prefixed("foreign key ", names(t, conn, `
			SELECT conname::text FROM pg_constraint
			WHERE contype = 'f' AND (conrelid::regclass::text = ANY ($1) OR confrelid::regclass::text = ANY ($1))`, spread())))
}

func names(t *testing.T, conn *pgx.Conn, query string, args ...any) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return all
}

func prefixed(prefix string, names []string) []string {
	for i, name := range names {
		names[i] = prefix + name
	}
	return names
}

func TestEveryTableCanBeSpread(t *testing.T) {
	for _, finding := range lint(t, connect(t, pgtest.Database(t))) {
		t.Error(finding)
	}
}

// TestWhatCannotBeSpreadIsFound: the test above can fail.
func TestWhatCannotBeSpreadIsFound(t *testing.T) {
	tests := []struct {
		name   string
		change string
		want   []string
	}{
		{
			"unique index",
			"CREATE UNIQUE INDEX bad ON codes (value)",
			[]string{"unique index bad without the column canonical"},
		},
		{
			"unique index that only carries the column", "CREATE UNIQUE INDEX bad ON codes (value) INCLUDE (canonical)",
			[]string{"unique index bad without the column canonical"},
		},
		{
			"unique index on an expression", "CREATE UNIQUE INDEX bad ON codes (lower(canonical))",
			[]string{"unique index bad without the column canonical"},
		},
		{
			"primary key", "ALTER TABLE code_retries DROP CONSTRAINT code_retries_pkey, ADD CONSTRAINT bad " +
				"PRIMARY KEY (canonical)",
			[]string{"unique index bad without the column retry_key"},
		},
		{
			"unique constraint", "ALTER TABLE code_retries ADD CONSTRAINT bad UNIQUE (canonical)",
			[]string{"unique index bad without the column retry_key"},
		},
		{
			"exclusion constraint", "ALTER TABLE codes ADD CONSTRAINT bad EXCLUDE (value WITH =)",
			[]string{"unique index bad without the column canonical"},
		},
		{
			"serial column",
			"ALTER TABLE codes ADD bad serial",
			[]string{"column with a sequence codes.bad", "sequence codes_bad_seq"},
		},
		{
			"identity column", "ALTER TABLE workspaces ADD bad bigint GENERATED ALWAYS AS IDENTITY",
			[]string{"column with a sequence workspaces.bad", "sequence workspaces_bad_seq"},
		},
		{
			"default from a sequence", "CREATE SEQUENCE bad; ALTER TABLE codes ALTER mark SET DEFAULT nextval('bad')",
			[]string{"column with a sequence codes.mark", "sequence bad"},
		},
		{
			"default from the migrations' sequence",
			"ALTER TABLE codes ALTER mark SET DEFAULT nextval('goose_db_version_id_seq')",
			[]string{"column with a sequence codes.mark"},
		},
		{
			"trigger", "CREATE TRIGGER bad BEFORE UPDATE ON workspaces FOR EACH ROW " +
				"EXECUTE FUNCTION suppress_redundant_updates_trigger()",
			[]string{"trigger bad"},
		},
		{
			"foreign key to a spread table",
			"ALTER TABLE code_retries ADD CONSTRAINT bad FOREIGN KEY (canonical) REFERENCES codes",
			[]string{"foreign key bad"},
		},
		{
			"foreign key from a spread table",
			"ALTER TABLE codes ADD CONSTRAINT bad FOREIGN KEY (workspace_id) REFERENCES workspaces",
			[]string{"foreign key bad"},
		},
		{"unknown table", "CREATE TABLE bad (id uuid PRIMARY KEY)", []string{"unknown table bad"}},
		{"unknown view", "CREATE VIEW bad AS SELECT 1", []string{"unknown table bad"}},
		{
			"table in another schema",
			"CREATE SCHEMA other; CREATE TABLE other.codes ()",
			[]string{"unknown table other.codes"},
		},
		{"table that is gone", "DROP TABLE code_retries", []string{"no table code_retries"}},
		{
			"sound index",
			"CREATE UNIQUE INDEX good ON codes (workspace_id, canonical); CREATE INDEX other ON codes (value)",
			nil,
		},
		{"sound foreign key", "ALTER TABLE api_keys ADD FOREIGN KEY (workspace_id) REFERENCES workspaces (id)", nil},
	}
	conn := connect(t, pgtest.Database(t))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := conn.PgConn().Exec(t.Context(), "BEGIN; "+test.change).ReadAll(); err != nil {
				t.Fatal(err)
			}
			defer exec(t, conn, "ROLLBACK")
			found := lint(t, conn)
			slices.Sort(found)
			if !slices.Equal(found, test.want) {
				t.Errorf("found %s; want %s", strings.Join(found, ", "), strings.Join(test.want, ", "))
			}
		})
	}
}
