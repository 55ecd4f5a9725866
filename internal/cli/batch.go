package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"accesscodes/client"
)

var batchNoun = noun[client.Batch]{"BATCH", batchColumns, []string{
	"id", "name", "count", "type", "status", "done", "redeemed", "failure",
}}

// batchColumns are the columns of batches.
var batchColumns = []column[*client.Batch]{
	{"id", func(b *client.Batch) any { return b.ID }},
	{"name", func(b *client.Batch) any { return textOrNil(b.Name) }},
	{"count", func(b *client.Batch) any { return b.Count }},
	{"type", func(b *client.Batch) any { return textOrNil(string(b.Type)) }},
	{"status", func(b *client.Batch) any { return b.Status }},
	{"done", func(b *client.Batch) any { return b.Progress.Done }},
	{"redeemed", func(b *client.Batch) any { return numberOrNil(b.Redeemed) }},
	{"prefix", ofFormat(func(f *client.CodeFormat) any { return f.Prefix })},
	{"groups", ofFormat(func(f *client.CodeFormat) any { return f.Groups })},
	{"groupLength", ofFormat(func(f *client.CodeFormat) any { return f.GroupLength })},
	{"maxRedemptions", func(b *client.Batch) any { return numberOrNil(b.MaxRedemptions) }},
	{"startsAt", func(b *client.Batch) any { return b.StartsAt }},
	{"expiresAt", func(b *client.Batch) any { return b.ExpiresAt }},
	{"note", func(b *client.Batch) any { return textOrNil(b.Note) }},
	{"recipient", func(b *client.Batch) any { return textOrNil(b.Recipient) }},
	{"metadata", func(b *client.Batch) any { return entries(b.Metadata) }},
	{"createdAt", func(b *client.Batch) any { return b.CreatedAt }},
	{"startedAt", func(b *client.Batch) any { return b.StartedAt }},
	{"finishedAt", func(b *client.Batch) any { return b.FinishedAt }},
	{"createdBy", func(b *client.Batch) any { return textOrNil(b.CreatedBy) }},
	{"failure", func(b *client.Batch) any { return textOrNil(b.Failure) }},
}

// ofFormat is a cell about the format of a batch; nil: its codes were imported, so there is none.
func ofFormat(cell func(*client.CodeFormat) any) func(*client.Batch) any {
	return func(b *client.Batch) any {
		if b.Format == (client.CodeFormat{}) {
			return nil
		}
		return cell(&b.Format)
	}
}

func newBatch() *cobra.Command {
	cmd := &cobra.Command{
		Use: "batch", Short: "Make, follow, download and print many codes, over the HTTP API of a server",
		Args: cobra.ArbitraryArgs, RunE: group,
	}
	serverFlags(cmd.PersistentFlags())
	cmd.AddCommand(
		newBatchCreate(), newBatchDownload(), newPrint(),
		batchNoun.list("List batches, newest first", (*client.Client).Batches),
		batchNoun.one("get", "Show how far a batch is", (*client.Client).GetBatch),
		batchNoun.one("cancel", "Stop a batch; the codes that it has stay", (*client.Client).CancelBatch),
	)
	return cmd
}

func newBatchDownload() *cobra.Command {
	var format, out string
	var from int64
	cmd := &cobra.Command{
		Use: "download BATCH --out FILE", Short: "Write the codes of a batch to a file", Args: exactArgs("BATCH"),
		Long: "Write the codes of a batch to a file. When the connection breaks, it goes on behind the last code. What is\n" +
			"there when it is ended is kept in FILE.BATCH.part, and the same command goes on with that.",
		Example: "  accesscodes batch download 01a21984-0043-7bc5-9b11-4aeae8b30511 --out codes.csv",
		PreRunE: func(cmd *cobra.Command, _ []string) error { return require(cmd.Flags(), "out") },
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, args []string) error {
			file := batchFile{
				cmd: cmd, server: server, batch: args[0], format: client.ExportFormat(format), from: from, out: out,
			}
			return file.write(ctx)
		}),
	}
	cmd.Flags().Int64Var(&from, "from", 0, "the `index` of the code to begin with")
	cmd.Flags().StringVar(&format, "format", string(client.FormatCSV), "csv or ndjson")
	outFlag(cmd.Flags(), &out)
	return cmd
}

// batchFlags are what a batch is asked for with.
type batchFlags struct {
	issueFlags
	count               int64
	name, prefix        string
	groups, groupLength int
}

func (f *batchFlags) register(flags *pflag.FlagSet) {
	flags.Int64Var(&f.count, "count", 0, "how many codes, up to 10000000; required")
	flags.StringVar(&f.name, "name", "", "`text` for your own people")
	flags.StringVar(&f.prefix, "prefix", "", "letters and digits in front of each code; the workspace's if not given")
	flags.IntVar(&f.groups, "groups", 0, "groups of characters in each code; 0: as the workspace has")
	flags.IntVar(&f.groupLength, "group-length", 0, "characters in each group; 0: as the workspace has")
	f.issueFlags.register(flags)
}

func (f *batchFlags) read(flags *pflag.FlagSet) (b client.CreateBatchRequest, err error) {
	r, err := f.issueFlags.read(flags)
	if err := cmp.Or(require(flags, "count"), err); err != nil {
		return b, err
	}
	b = client.CreateBatchRequest{
		Count: f.count, Type: r.Type, Name: f.name, MaxRedemptions: r.MaxRedemptions, StartsAt: r.StartsAt,
		ExpiresAt: r.ExpiresAt, Note: r.Note, Recipient: r.Recipient, Metadata: r.Metadata,
		IdempotencyKey: r.IdempotencyKey, Format: client.FormatChoice{Groups: f.groups, GroupLength: f.groupLength},
	}
	if flags.Changed("prefix") {
		b.Format.Prefix = client.Set(f.prefix)
	}
	return b, nil
}

func newBatchCreate() *cobra.Command {
	var f batchFlags
	var wait bool
	var out string
	cmd := &cobra.Command{
		Use: "create --count COUNT --type TYPE", Short: "Have many random codes made", Args: exactArgs(),
		Example: "  accesscodes batch create --count 10000 --type Premium --name 'spring fair' --out codes.csv",
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, _ []string) error {
			request, err := f.read(cmd.Flags())
			if err != nil {
				return err
			}
			if err := checkFolder(out); err != nil { // before there are codes for which there is no place
				return err
			}
			batch, err := server.CreateBatch(ctx, request)
			if err != nil {
				return err
			}
			if wait || out != "" {
				if batch, err = follow(ctx, cmd, server, batch.ID, out); err != nil {
					return err
				}
			}
			if out == "" {
				return batchNoun.print(cmd, batch)
			}
			file := batchFile{cmd: cmd, server: server, batch: batch.ID, format: client.FormatCSV, out: out}
			return file.write(ctx)
		}),
	}
	f.register(cmd.Flags())
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until the codes are there")
	cmd.Flags().StringVar(&out, "out", "", "wait, and write the codes as CSV to this `file`; - is stdout")
	outputFlag(cmd.Flags())
	return cmd
}

// follow waits until a batch has its codes. Its id is told first, and with what goes wrong it can be
// looked for.
func follow(
	ctx context.Context, cmd *cobra.Command, server *client.Client, id, out string,
) (*client.Batch, error) {
	cmd.PrintErrf("batch %s\n", id)
	batch, err := watchBatch(ctx, cmd, server, id)
	if err != nil {
		next := "to see how far it is: " + commandLine(cmd, "batch", "get", id)
		if out != "" {
			next = "for its codes: " + commandLine(cmd, "batch", "download", id, "--out", out)
		}
		return nil, unfinished{err, "the batch goes on without this command; " + next}
	}
	if batch.Status != client.BatchSucceeded {
		return nil, errors.New(cmp.Or(batch.Failure, fmt.Sprintf("the batch is %s", batch.Status)))
	}
	return batch, nil
}

// watchBatch shows how far a batch is until it has ended.
func watchBatch(
	ctx context.Context, cmd *cobra.Command, server *client.Client, id string,
) (*client.Batch, error) {
	p := newProgress(cmd.ErrOrStderr())
	defer p.end()
	begun := false
	return watch(cmd, func() iter.Seq2[*client.Batch, error] { return server.FollowBatch(ctx, id) },
		func(batch *client.Batch) {
			if done := batch.Progress.Done; !begun {
				begun = true
				p.start(state{stage: "codes", done: done, since: done, total: batch.Count})
			}
			p.set(batch.Progress.Done)
		})
}
