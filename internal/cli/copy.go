package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"accesscodes/internal/app"
	"accesscodes/internal/config"
	"accesscodes/internal/store/transfer"
)

var copyColumns = []column[transfer.Result]{
	{"table", func(r transfer.Result) any { return r.Table }},
	{"rows", func(r transfer.Result) any { return r.Rows }},
	{"sha256", func(r transfer.Result) any { return r.Checksum }},
}

func newCopy() *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use: "copy", Short: "Copy everything from one database into another, such as from SQLite to PostgreSQL",
		Args: exactArgs(),
		Long: "Copy everything from one database into another, such as from SQLite to PostgreSQL or back.\n\n" +
			"Stop the servers of both first. The target must be empty. When all is copied, both are read to the end and\n" +
			"compared. A copy that was interrupted goes on where it stopped when the same command is run again; until it is\n" +
			"finished no server starts on the target. Nothing is changed in the source but its schema, if that is out of date.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd.Flags(), "from", "to"); err != nil {
				return err
			}
			for _, name := range []string{"from", "to"} {
				if _, err := config.ParseDatabase(cmd.Flag(name).Value.String()); err != nil {
					return usageError{fmt.Errorf("--%s %w", name, err)}
				}
			}
			shown := newProgress(cmd.ErrOrStderr())
			results, err := app.Copy(cmd.Context(), from, to, shown)
			shown.end()
			if err != nil {
				return err
			}
			return printList(cmd, copyColumns, results)
		},
	}
	cmd.Flags().StringVar(&from, "from", "",
		"`address` of the database to copy from: sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE; required")
	cmd.Flags().StringVar(&to, "to", "", "`address` of the database to copy into, of the same form; required")
	fileFlag(cmd.Flags(), "from", "`path` of a file that holds the address to copy from; instead of --from")
	fileFlag(cmd.Flags(), "to", "`path` of a file that holds the address to copy into; instead of --to")
	outputFlag(cmd.Flags())
	return cmd
}
