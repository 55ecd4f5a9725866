package cli

import (
	"context"
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"accesscodes/internal/app"
	"accesscodes/internal/store/schema"
)

var migrationColumns = []column[schema.Migration]{
	{"version", func(m schema.Migration) any { return m.Version }},
	{"name", func(m schema.Migration) any { return m.Name }},
	{"status", func(m schema.Migration) any {
		if m.AppliedAt.IsZero() {
			return "pending"
		}
		return "applied"
	}},
	{"appliedAt", func(m schema.Migration) any {
		if m.AppliedAt.IsZero() {
			return nil
		}
		return m.AppliedAt
	}},
}

func newMigrate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's schema up to date, or show where it stands",
		Args:  cobra.ArbitraryArgs,
		RunE:  group,
	}
	databaseFlag(cmd.PersistentFlags(), new(string))
	outputFlag(cmd.PersistentFlags())
	cmd.AddCommand(
		newMigration(
			"up",
			"Bring the schema up to date and list what was done; so does every other command but migrate status",
			app.Migrate,
		),
		newMigration("status", "List every migration, applied and pending; changes nothing", app.MigrationStatus),
		newDistribute(),
	)
	return cmd
}

var placementColumns = []column[schema.Placement]{
	{"table", func(p schema.Placement) any { return p.Table }},
	{"placement", func(p schema.Placement) any { return p.Placement }},
	{"status", func(p schema.Placement) any {
		if p.Changed {
			return "done now"
		}
		return "as it was"
	}},
}

// maxShards is the largest number of shards that Citus takes.
const maxShards = 64000

func newDistribute() *cobra.Command {
	var shards int
	cmd := &cobra.Command{
		Use: "distribute", Short: "Spread the tables over the nodes of a Citus cluster", Args: exactArgs(),
		Long: "Spread the tables over the nodes of a Citus cluster, with the rows that they hold, and list where " +
			"each lies.\n\n" +
			"Codes, what became of them, and users are spread by hash over all nodes; the small tables are copied " +
			"whole to every node.\n" +
			"What is distributed already stays as it is. While a table is being distributed nobody can write to it.\n" +
			"Restart the servers afterwards. Where the extension citus is not installed, it fails.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			database, err := databaseOf(cmd)
			if err != nil {
				return err
			}
			if shards < 0 || shards > maxShards {
				return usageError{fmt.Errorf("--shards must be 1 to %d", maxShards)}
			}
			all, err := app.Distribute(cmd.Context(), database, shards)
			if err != nil {
				return err
			}
			return printList(cmd, placementColumns, all)
		},
	}
	cmd.Flags().IntVar(&shards, "shards", 0, "parts of a table, at most so many nodes can hold it; "+
		"few are faster, many leave room to grow (default: as the cluster's setting says, 32)")
	return cmd
}

func newMigration(
	use, short string,
	do func(ctx context.Context, database string) ([]schema.Migration, error),
) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			database, err := databaseOf(cmd)
			if err != nil {
				return err
			}
			all, err := do(cmd.Context(), database)
			if err != nil {
				return err
			}
			if err := printList(cmd, migrationColumns, all); err != nil {
				return err
			}
			if len(all) == 0 {
				cmd.PrintErrln("The schema is up to date: there was nothing to do.")
			}
			if missing := app.RequireDatabase(database); missing != nil { // which only status leaves so
				cmd.PrintErrln("Note: " + missing.Error() + ".")
			}
			if slices.ContainsFunc(all, func(m schema.Migration) bool { return m.AppliedAt.IsZero() }) {
				return nil // the codes are not as this program leaves them yet
			}
			return reportOldForms(cmd, database)
		},
	}
}

// reportOldForms names the codes that are left with their old forms: on stderr, so that what
// another program reads stays a list of migrations.
func reportOldForms(cmd *cobra.Command, database string) error {
	codes, err := app.OldFormCodes(cmd.Context(), database)
	if err != nil || len(codes) == 0 {
		return err
	}
	table := tabwriter.NewWriter(cmd.ErrOrStderr(), 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, oldFormsNotice) // Flush returns the error
	for _, code := range codes {
		_, _ = fmt.Fprintf(table, "  %s\t%s\t%+q\n", code.Slug, code.Value, code.Value)
	}
	return table.Flush()
}

// oldFormsNotice stands above the codes: each with its workspace, as it is shown, and
// character by character, because two of them can look the same.
const oldFormsNotice = "These codes mean the same as an older code. Each is found only if it is typed exactly as\n" +
	"it was made; see \"Codes that mean the same\" in docs/operations.md."
