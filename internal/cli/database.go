package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"accesscodes/internal/app"
	"accesscodes/internal/config"
	"accesscodes/internal/tenancy"
)

func databaseFlag(flags *pflag.FlagSet, database *string) {
	flags.StringVar(database, "database", config.DefaultDatabase,
		"`address` of the database: sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE")
	fileFlag(flags, "database", "`path` of a file that holds the address, which then is not in ps; instead of --database")
}

// work is what a command does with a service.
type work func(ctx context.Context, cmd *cobra.Command, service *tenancy.Service, args []string) error

// onDatabase makes a command's work out of something done with a service that is
// opened straight on the database of the --database flag.
func onDatabase(do work) func(*cobra.Command, []string) error {
	return on(app.OpenTenancy, do, func(string) error { return nil })
}

// onExistingDatabase is onDatabase for commands about what is in a database already: a mistyped
// path must not look like an empty one.
func onExistingDatabase(do work) func(*cobra.Command, []string) error {
	return on(app.OpenTenancy, do, app.RequireDatabase)
}

// on makes a command's work out of something done with a service that is opened on the database.
func on[S any](
	open func(ctx context.Context, database string) (S, func() error, error),
	do func(ctx context.Context, cmd *cobra.Command, service S, args []string) error,
	check func(database string) error,
) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) (err error) {
		database, err := databaseOf(cmd)
		if err != nil {
			return err
		}
		if err := check(database); err != nil {
			return err
		}
		service, closeService, err := open(cmd.Context(), database)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closeService()) }()
		return do(cmd.Context(), cmd, service, args)
	}
}

func databaseOf(cmd *cobra.Command) (string, error) {
	database, err := cmd.Flags().GetString("database")
	if err != nil {
		return "", err
	}
	if _, err := config.ParseDatabase(database); err != nil {
		return "", usageError{fmt.Errorf("--database %w", err)}
	}
	return database, nil
}
