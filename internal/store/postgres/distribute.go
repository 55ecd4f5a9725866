package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/store/schema"
)

// placement says where the rows of a table are stored on a distributed engine.
type placement struct {
	table  string
	column string // that rows are spread by; empty: the whole table lies on every node
	beside string // the table whose rows with the same value lie on the same node; empty: none
}

// placements has all tables. Tables that others refer to come first.
var placements = []placement{
	{table: "installation"},
	{table: "workspaces"},
	{table: "api_keys"},
	{table: "key_addresses"},
	{table: "codes", column: "canonical"},
	{table: "code_retries", column: "retry_key"},
	{table: "deleted_retries", column: "retry_key", beside: "code_retries"},
	{table: "users", column: "user_id"},
	{table: "redemptions", column: "canonical", beside: "codes"},
	{table: "reservations", column: "canonical", beside: "codes"},
	{table: "events", column: "workspace_id"},
	{table: "event_positions", column: "workspace_id", beside: "events"},
	{table: "event_queue", column: "workspace_id", beside: "events"},
	{table: "event_digests", column: "workspace_id", beside: "events"},
	{table: "event_sweeps", column: "workspace_id", beside: "events"},
	{table: "event_sequencer"},
	{table: "cursors", column: "workspace_id", beside: "events"},
	{table: "jobs", column: "workspace_id", beside: "events"},
	{table: "change_items", column: "workspace_id", beside: "events"},
	{table: "change_people", column: "workspace_id", beside: "events"},
	{table: "change_lists", column: "workspace_id", beside: "events"},
	{table: "import_rejects", column: "workspace_id", beside: "events"},
	{table: "overview_counts", column: "workspace_id", beside: "events"},
	{table: "webhook_endpoints", column: "workspace_id", beside: "events"},
	{table: "webhook_deliveries", column: "workspace_id", beside: "events"},
	{table: "members"},
	{table: "memberships"},
	{table: "sessions"},
	{table: "member_devices"},
	{table: "member_links"},
	{table: "unfinished_copy"},
}

func (p placement) String() string {
	if p.column == "" {
		return "reference table (whole on every node)"
	}
	return "distributed by " + p.column
}

// Distribute spreads the tables and their rows over the nodes of a Citus cluster, and returns what
// was done for each. A table that is distributed already stays as it is. It returns an error if the
// extension citus is not installed.
//
// While a table is being distributed, Citus blocks writes to it. shards is how many parts a table
// gets, at most so many nodes can hold it; 0: as many as the cluster's setting says.
func Distribute(ctx context.Context, address string, shards int) (done []schema.Placement, err error) {
	config, err := poolConfig(address)
	if err != nil {
		return nil, err
	}
	err = onConnection(ctx, config.ConnConfig, func(ctx context.Context, conn *pgx.Conn) error {
		if err := requireCitus(ctx, conn); err != nil {
			return err
		}
		if shards != 0 {
			if _, err := conn.Exec(ctx, "SELECT set_config('citus.shard_count', $1, false)", strconv.Itoa(shards)); err != nil {
				return err
			}
		}
		for _, p := range placements {
			changed, err := p.establish(ctx, conn)
			if err != nil {
				return fmt.Errorf("distribute the table %s: %w", p.table, err)
			}
			done = append(done, schema.Placement{Table: p.table, Placement: p.String(), Changed: changed})
		}
		return nil
	})
	return done, err
}

// establish places a table and reports whether its place has changed.
func (p placement) establish(ctx context.Context, q querier) (changed bool, err error) {
	switch how, err := p.current(ctx, q); {
	case err != nil || how == p.String():
		return false, err
	case how != "":
		return false, fmt.Errorf("it is a %s, and this program needs it as a %s; undistribute it first: SELECT "+
			"undistribute_table('%s')", how, p, p.table)
	}
	return true, p.apply(ctx, q)
}

func requireCitus(ctx context.Context, q querier) error {
	installed, err := hasCitus(ctx, q)
	if err == nil && !installed {
		err = errors.New("the extension citus is not installed in this database, so there is nothing to distribute " +
			"over: plain PostgreSQL keeps every table whole, and other distributed engines spread tables by themselves")
	}
	return err
}

// current returns the placement of a table; empty: it is an ordinary table.
func (p placement) current(ctx context.Context, q querier) (string, error) {
	var kind, column string
	err := q.QueryRow(ctx, "SELECT citus_table_type, distribution_column FROM citus_tables "+
		"WHERE table_name = $1::regclass", p.table).Scan(&kind, &column)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return "", nil
	case err != nil:
		return "", err
	case kind == "reference":
		return placement{}.String(), nil
	case kind == "distributed":
		return placement{column: column}.String(), nil
	default: // Citus has added it for foreign keys, without spreading it
		return "", nil
	}
}

func (p placement) apply(ctx context.Context, q querier) error {
	var err error
	if p.column == "" {
		_, err = q.Exec(ctx, "SELECT create_reference_table($1)", p.table)
	} else {
		_, err = q.Exec(ctx, "SELECT create_distributed_table($1, $2, colocate_with => $3)", p.table, p.column,
			cmp.Or(p.beside, "none"))
	}
	return err
}
