package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"accesscodes/client"
)

var cursorNoun = noun[client.Cursor]{"NAME", []column[*client.Cursor]{
	{"name", func(c *client.Cursor) any { return c.Name }},
	{"position", func(c *client.Cursor) any { return c.Position }},
	{"behind", func(c *client.Cursor) any { return c.Behind }},
	{"updatedAt", func(c *client.Cursor) any { return c.UpdatedAt }},
}, nil}

func newCursor() *cobra.Command {
	cmd := &cobra.Command{
		Use: "cursor", Short: "See and move how far consumers of events are, over the HTTP API of a server",
		Args: cobra.ArbitraryArgs, RunE: group,
	}
	serverFlags(cmd.PersistentFlags())
	cmd.AddCommand(
		newCursorList(), cursorNoun.one("get", "See how far a consumer is", (*client.Client).GetCursor),
		newCursorSet(), newCursorDelete(),
	)
	return cmd
}

func newCursorList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List cursors, in the order of their names", Args: exactArgs(),
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, _ []string) error {
			all, err := server.ListCursors(ctx)
			if err != nil {
				return err
			}
			rows := make([]*client.Cursor, len(all.Data))
			for i := range all.Data {
				rows[i] = &all.Data[i]
			}
			return printList(cmd, cursorNoun.columns, rows)
		}),
	}
	outputFlag(cmd.Flags())
	return cmd
}

func newCursorSet() *cobra.Command {
	var position int64
	var only string
	cmd := &cobra.Command{
		Use: "set NAME", Short: "Move a cursor, also back, or make it", Args: exactArgs("NAME"),
		Long: "Move a cursor, also back, to have events dealt with again, or make it. A consumer that is running\n" +
			"notices, and ends. Without --position a new cursor begins at the newest position, and one that\n" +
			"exists stays where it is.",
		Example: "  accesscodes cursor set crm --position 0",
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, args []string) error {
			var request client.PutCursorRequest
			if cmd.Flags().Changed("position") {
				request.Position = client.Set(position)
			}
			if only == none {
				request.IfPosition = client.Null[int64]()
			} else if only != "" {
				before, err := strconv.ParseInt(only, 10, 64)
				if err != nil {
					return usageError{fmt.Errorf("--if-position %q is not a whole number or none", only)}
				}
				request.IfPosition = client.Set(before)
			}
			cursor, err := server.PutCursor(ctx, args[0], request)
			if err != nil {
				return err
			}
			return cursorNoun.print(cmd, cursor)
		}),
	}
	cmd.Flags().Int64Var(&position, "position", 0,
		"the `position` up to which everything is dealt with; 0: nothing is")
	cmd.Flags().StringVar(&only, "if-position", "",
		"do nothing unless it is at this `position` until now, or there is none of this name")
	outputFlag(cmd.Flags())
	return cmd
}

func newCursorDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME", Short: "Delete a cursor; events are not touched", Args: exactArgs("NAME"),
		RunE: onServer(func(ctx context.Context, _ *cobra.Command, server *client.Client, args []string) error {
			return server.DeleteCursor(ctx, args[0])
		}),
	}
}
