package transfer_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/store/transfer"
)

// targets open an empty store and a way past it, for statements of both engines.
var targets = map[string]func(t *testing.T) (s store, exec func(statement string)){
	"sqlite": func(t *testing.T) (store, func(string)) {
		path := filepath.Join(t.TempDir(), "codes.db")
		_, err := sqlite.Migrate(t.Context(), path)
		must(t, err)
		return openSQLite(t, path), func(statement string) {
			conn, err := zsqlite.OpenConn(path, zsqlite.OpenReadWrite)
			must(t, err)
			must(t, sqlitex.ExecuteTransient(conn, statement, nil))
			must(t, conn.Close())
		}
	},
	"postgres": func(t *testing.T) (store, func(string)) {
		address := pgtest.Database(t)
		return openPostgres(t, address), func(statement string) {
			conn, err := pgx.Connect(t.Context(), address)
			must(t, err)
			_, err = conn.Exec(t.Context(), statement)
			must(t, err)
			must(t, conn.Close(t.Context()))
		}
	},
}

// changes are statements that leave a table as many rows as it has, and one of them different.
var changes = map[string]string{
	"installation":    "UPDATE installation SET secret = substr(secret, 2)",
	"workspaces":      "UPDATE workspaces SET suspended_at = NULL WHERE slug = 'other'",
	"api_keys":        "UPDATE api_keys SET expires_at = created_at WHERE name = 'key 1'",
	"codes":           "UPDATE codes SET max_redemptions = 8 WHERE max_redemptions = 7",
	"deleted_retries": "UPDATE deleted_retries SET fingerprint = retry_key",
	"users":           "UPDATE users SET status = 'Premium' WHERE user_id = 'User-9'",
	"redemptions":     "UPDATE redemptions SET code = 'many-4299' WHERE code = 'MANY-4299'", // in the last page
	"reservations":    "UPDATE reservations SET state = 'held' WHERE state = 'lapsed'",

	"jobs":               "UPDATE jobs SET fence = fence + 1",
	"change_items":       "UPDATE change_items SET was = became",
	"change_people":      "UPDATE change_people SET change_id = workspace_id",
	"import_rejects":     "UPDATE import_rejects SET line = line + 1",
	"members":            "UPDATE members SET operator = NOT operator",
	"memberships":        "UPDATE memberships SET role = 'viewer'",
	"sessions":           "UPDATE sessions SET agent = ''",
	"member_devices":     "UPDATE member_devices SET seen_at = (SELECT expires_at FROM sessions)",
	"member_links":       "UPDATE member_links SET operator = NOT operator",
	"change_lists":       "UPDATE change_lists SET codes = 'others'",
	"events":             "UPDATE events SET type = 'code.restored' WHERE position = 1",
	"event_positions":    "UPDATE event_positions SET newest = newest + 1",
	"webhook_endpoints":  "UPDATE webhook_endpoints SET fence = fence + 1",
	"webhook_deliveries": "UPDATE webhook_deliveries SET tries = tries + 1",
	"cursors":            "UPDATE cursors SET position = position + 1",
	"event_digests":      "UPDATE event_digests SET digest = chain",
	"key_addresses":      "UPDATE key_addresses SET address = '192.0.2.2'",
	"event_queue":        "UPDATE event_queue SET user_id = NULL WHERE user_id = 'queued'",
}

// TestCopyNoticesARowThatIsDifferent: each side has as many rows as the other, so what is in
// them must tell. The last table is changed first, because the first that differs is reported.
func TestCopyNoticesARowThatIsDifferent(t *testing.T) {
	for source, openSource := range engines {
		for target, openTarget := range targets {
			t.Run(source+" to "+target, func(t *testing.T) {
				from := openSource(t)
				fill(t, from)
				to, exec := openTarget(t)
				for _, table := range slices.Backward(transfer.Tables()) {
					late := &betweenStages{meddle: func() { exec(changes[table.Name]) }}
					_, err := transfer.Copy(t.Context(), from, to, late)
					requireDiffers(t, err, from, to, table)
				}
			})
		}
	}
}

// requireDiffers requires a copy to have failed because of what is in a table, and the target
// not to pass for a finished copy.
func requireDiffers(t *testing.T, err error, from, to store, table transfer.Table) {
	t.Helper()
	if !errors.Is(err, transfer.ErrDiffers) || !strings.Contains(err.Error(), "table "+table.Name+":") {
		t.Fatalf("the table %s was changed: got %v", table.Name, err)
	}
	want, err := from.Count(t.Context(), table)
	must(t, err)
	if got, err := to.Count(t.Context(), table); got != want || err != nil {
		t.Errorf("the table %s has %d rows, %v; want as many as in the source, %d", table.Name, got, err, want)
	}
	if source, err := to.UnfinishedCopy(t.Context()); source == "" || err != nil {
		t.Errorf("the table %s was changed, and the target passes for a finished copy: %v", table.Name, err)
	}
}

// betweenStages is a progress that meddles when all is copied and nothing is compared yet.
type betweenStages struct {
	seen
	meddle func()
}

func (b *betweenStages) Begin(stage string, rows int64) {
	b.seen.Begin(stage, rows)
	if b.stages == 2 {
		b.meddle()
	}
}
