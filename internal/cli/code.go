package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"accesscodes/client"
)

var codeNoun = noun[client.Code]{"CODE", codeColumns, []string{
	"code", "type", "status", "maxRedemptions", "redemptions", "expiresAt", "note",
}}

// codeColumns are the columns of codes.
var codeColumns = []column[*client.Code]{
	{"code", func(c *client.Code) any { return c.Code }},
	{"type", func(c *client.Code) any { return c.Type }},
	{"status", func(c *client.Code) any { return c.Status }},
	{"maxRedemptions", func(c *client.Code) any { return numberOrNil(c.MaxRedemptions) }},
	{"redemptions", func(c *client.Code) any { return c.Redemptions }},
	{"reservations", func(c *client.Code) any { return c.Reservations }},
	{"startsAt", func(c *client.Code) any { return c.StartsAt }},
	{"expiresAt", func(c *client.Code) any { return c.ExpiresAt }},
	{"revokedAt", func(c *client.Code) any { return c.RevokedAt }},
	{"note", func(c *client.Code) any { return textOrNil(c.Note) }},
	{"recipient", func(c *client.Code) any { return textOrNil(c.Recipient) }},
	{"metadata", func(c *client.Code) any { return entries(c.Metadata) }},
	{"batchId", func(c *client.Code) any { return textOrNil(c.BatchID) }},
	{"batchIndex", func(c *client.Code) any { return numberOrNil(c.BatchIndex) }},
	{"createdAt", func(c *client.Code) any { return c.CreatedAt }},
	{"createdBy", func(c *client.Code) any { return textOrNil(c.CreatedBy) }},
}

// entries is metadata: an object in JSON, and its text in a cell.
type entries map[string]string

// String implements [fmt.Stringer].
func (e entries) String() string {
	text, _ := json.Marshal(map[string]string(e)) // texts can always be marshaled
	return string(text)
}

func textOrNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func numberOrNil(number *int64) any {
	if number == nil {
		return nil
	}
	return *number
}

func newCode() *cobra.Command {
	cmd := &cobra.Command{
		Use: "code", Short: "Make, find, use and change codes, over the HTTP API of a server",
		Args: cobra.ArbitraryArgs, RunE: group,
		Long: "Make, find, use and change codes, over the HTTP API of a server.\n\n" +
			"CODE is understood however it is spelt: case, spaces and dashes do not count.",
	}
	serverFlags(cmd.PersistentFlags())
	cmd.AddCommand(
		newCodeAdd(), newCodeGenerate(), newCodeUpdate(), newCodeDelete(),
		codeNoun.one("get", "Show a code", (*client.Client).GetCode),
		codeNoun.one("revoke", "Take a code back, so that it cannot be redeemed any more", (*client.Client).RevokeCode),
		codeNoun.one("restore", "Undo that a code was revoked", (*client.Client).RestoreCode),
		newCodeList(), newCodeValidate(), newCodeRedeem(), newQR(),
	)
	return cmd
}

func newCodeDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete CODE", Short: "Delete a code that was never redeemed nor reserved", Args: exactArgs("CODE"),
		RunE: onServer(func(ctx context.Context, _ *cobra.Command, server *client.Client, args []string) error {
			return server.DeleteCode(ctx, args[0])
		}),
	}
}

// listed is how many codes a list has unless more are asked for: a person reads no million.
const listed = 50

func newCodeList() *cobra.Command {
	var f codeFilterFlags
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List codes, newest first", Args: exactArgs(),
		Example: "  accesscodes code list --query SPRING --status active\n" +
			"  accesscodes code list --limit 0 --output csv >codes.csv",
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, _ []string) error {
			filter, err := f.read()
			if err != nil {
				return err
			}
			return printUpTo(cmd, codeColumns, codeNoun.table, limit, server.Codes(ctx, filter))
		}),
	}
	flags := cmd.Flags()
	f.register(flags)
	limitFlag(flags, &limit)
	outputFlag(flags)
	return cmd
}

func limitFlag(flags *pflag.FlagSet, limit *int) {
	flags.IntVar(limit, "limit", listed, "how many at most; 0: all")
}

// printUpTo prints rows up to the --limit flag, and says whether there are more.
func printUpTo[T any](
	cmd *cobra.Command, columns []column[T], inTable []string, limit int, rows iter.Seq2[T, error],
) error {
	if limit < 0 {
		return usageError{fmt.Errorf("--limit %d is less than 0", limit)}
	}
	more := false
	err := printSeq(cmd, columns, inTable, upTo(limit, &more, rows))
	if more {
		cmd.PrintErrf("There are more than these %d; --limit 0 lists all.\n", limit)
	}
	return err
}

// upTo leaves out what comes behind a limit, and notes whether there is anything; 0: no limit.
func upTo[T any](limit int, more *bool, all iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		count := 0
		for one, err := range all {
			if err == nil && limit > 0 && count == limit {
				*more = true
				return
			}
			if count++; !yield(one, err) {
				return
			}
		}
	}
}
