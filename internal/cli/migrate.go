package cli

import (
	"context"

	"github.com/spf13/cobra"

	"accesscodes/internal/access"
	"accesscodes/internal/app"
)

var migrationColumns = []column[access.Migration]{
	{"version", func(m access.Migration) any { return m.Version }},
	{"name", func(m access.Migration) any { return m.Name }},
	{"status", func(m access.Migration) any {
		if m.AppliedAt.IsZero() {
			return "pending"
		}
		return "applied"
	}},
	{"appliedAt", func(m access.Migration) any {
		if m.AppliedAt.IsZero() {
			return nil
		}
		return m.AppliedAt
	}},
}

func newMigrate() *cobra.Command {
	cmd := &cobra.Command{Use: "migrate", Short: "Bring the database's schema up to date, or show where it stands", Args: cobra.ArbitraryArgs, RunE: group}
	databaseFlag(cmd.PersistentFlags(), new(string))
	outputFlag(cmd.PersistentFlags())
	cmd.AddCommand(
		newMigration("up", "Bring the schema up to date and list what was done; every other command does so too", app.Migrate),
		newMigration("status", "List every migration, applied and pending; changes nothing", app.MigrationStatus))
	return cmd
}

func newMigration(use, short string, do func(ctx context.Context, database string) ([]access.Migration, error)) *cobra.Command {
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
			return printList(cmd, migrationColumns, all)
		},
	}
}
