package cli

import (
	"context"
	"iter"

	"github.com/spf13/cobra"

	"accesscodes/client"
)

// noun is a kind of thing that a server has many of.
type noun[T any] struct {
	argument string // what it is called in help: BATCH
	columns  []column[*T]
	table    []string // the columns of tables; nil: all
}

func (n noun[T]) print(cmd *cobra.Command, one *T) error {
	return printRows(cmd, n.columns, n.table, []*T{one})
}

// one is a command that asks one thing about one of them.
func (n noun[T]) one(
	name, short string, do func(*client.Client, context.Context, string) (*T, error),
) *cobra.Command {
	cmd := &cobra.Command{
		Use: name + " " + n.argument, Short: short, Args: exactArgs(n.argument),
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, args []string) error {
			one, err := do(server, ctx, args[0])
			if err != nil {
				return err
			}
			return n.print(cmd, one)
		}),
	}
	outputFlag(cmd.Flags())
	return cmd
}

// list is a command that lists them.
func (n noun[T]) list(short string, all func(*client.Client, context.Context) iter.Seq2[*T, error]) *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: short, Args: exactArgs(),
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, _ []string) error {
			return printUpTo(cmd, n.columns, n.table, limit, all(server, ctx))
		}),
	}
	limitFlag(cmd.Flags(), &limit)
	outputFlag(cmd.Flags())
	return cmd
}
