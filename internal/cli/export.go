package cli

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"accesscodes/client"
)

func newExport() *cobra.Command {
	cmd := &cobra.Command{
		Use: "export", Short: "Write a whole list to a file, over the HTTP API of a server",
		Args: cobra.ArbitraryArgs, RunE: group,
		Long: "Write a whole list to a file, over the HTTP API of a server.\n\n" +
			"A file is written as a whole or not at all. Stdout has what came until an export broke off.",
	}
	serverFlags(cmd.PersistentFlags())
	cmd.AddCommand(newExportCodes(), newExportRedemptions(), newExportUsers(), newExportEvents())
	return cmd
}

// newExportOf is a command that writes a file as flags say.
func newExportOf(
	what, formats, example string,
	open func(context.Context, *client.Client, client.ExportFormat) (*client.Download, error),
) *cobra.Command {
	var format, out string
	cmd := &cobra.Command{
		Use: what + " --out FILE", Short: "Write all " + what + " to a file", Args: exactArgs(), Example: example,
		PreRunE: func(cmd *cobra.Command, _ []string) error { return require(cmd.Flags(), "out") },
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, _ []string) error {
			file, err := open(ctx, server, client.ExportFormat(format))
			if err != nil {
				return err
			}
			err = download(cmd, out, file)
			if isInterrupted(err) && out != "-" {
				return unfinished{err, "nothing was written to " + out + "; run the same command again"}
			}
			return err
		}),
	}
	cmd.Flags().StringVar(&format, "format", string(client.FormatCSV), formats)
	outFlag(cmd.Flags(), &out)
	return cmd
}

func outFlag(flags *pflag.FlagSet, out *string) {
	flags.StringVar(out, "out", "", "`file` to write to; - is stdout; required")
}

// download writes what the server sends.
func download(cmd *cobra.Command, out string, file *client.Download) error {
	defer func() { _ = file.Close() }() // never fails
	p := newProgress(cmd.ErrOrStderr())
	p.quiet = out == "-" // the terminal may be stdout, too
	p.start(state{stage: "received", bytes: true})
	defer p.end()
	return writeTo(cmd, out, func(to io.Writer) error {
		_, err := io.Copy(io.MultiWriter(to, p), file)
		if _, broken := errors.AsType[*client.NoAnswerError](err); broken {
			return brokenFile{err}
		}
		return err
	})
}

// brokenFile is the error of a file that broke off: the server has answered, but not to the end.
type brokenFile struct{ error }

// Unwrap returns the cause.
func (b brokenFile) Unwrap() error { return b.error }

// codeFilterFlags are the flags that choose codes.
type codeFilterFlags struct {
	filter        client.CodeFilter
	after, before string
}

func (f *codeFilterFlags) register(flags *pflag.FlagSet) {
	flags.StringVar((*string)(&f.filter.Type), "type", "", "only Normal, Premium or Upgrade")
	flags.StringVar((*string)(&f.filter.Status), "status", "", "only revoked, expired, scheduled, exhausted or active")
	flags.StringVar(&f.filter.BatchID, "batch", "", "only codes of the batch with this `id`")
	flags.StringVar(&f.filter.Query, "query", "", "only codes whose value, note or recipient begins with this `text`")
	flags.StringVar(&f.after, "created-after", "", "only codes made after this `time`, such as 2031-12-31T23:59:59Z")
	flags.StringVar(&f.before, "created-before", "", "only codes made before this `time`")
}

func (f *codeFilterFlags) read() (filter client.CodeFilter, err error) {
	filter = f.filter
	if filter.CreatedAfter, err = timeOf("created-after", f.after); err != nil {
		return filter, err
	}
	filter.CreatedBefore, err = timeOf("created-before", f.before)
	return filter, err
}

func newExportCodes() *cobra.Command {
	var f codeFilterFlags
	cmd := newExportOf("codes", "csv, ndjson or xlsx", "  accesscodes export codes --status active --out codes.csv",
		func(ctx context.Context, server *client.Client, format client.ExportFormat) (*client.Download, error) {
			filter, err := f.read()
			if err != nil {
				return nil, err
			}
			return server.ExportCodes(ctx, filter, format)
		})
	f.register(cmd.Flags())
	return cmd
}

func newExportRedemptions() *cobra.Command {
	var filter client.RedemptionFilter
	var after, before string
	cmd := newExportOf("redemptions", "csv or ndjson",
		"  accesscodes export redemptions --created-after 2031-01-01T00:00:00Z --out redemptions.csv",
		func(ctx context.Context, server *client.Client, format client.ExportFormat) (_ *client.Download, err error) {
			if filter.CreatedAfter, err = timeOf("created-after", after); err != nil {
				return nil, err
			}
			if filter.CreatedBefore, err = timeOf("created-before", before); err != nil {
				return nil, err
			}
			return server.ExportRedemptions(ctx, filter, format)
		})
	flags := cmd.Flags()
	flags.StringVar(&filter.Code, "code", "", "only redemptions of this `code`, however it is spelt")
	flags.StringVar(&filter.UserID, "user", "", "only redemptions by the user with this `id`")
	flags.StringVar(&after, "created-after", "", "only redemptions after this `time`, such as 2031-12-31T23:59:59Z")
	flags.StringVar(&before, "created-before", "", "only redemptions before this `time`")
	return cmd
}

func newExportUsers() *cobra.Command {
	var filter client.UserFilter
	cmd := newExportOf("users", "csv or ndjson", "  accesscodes export users --status Premium --out users.csv",
		func(ctx context.Context, server *client.Client, format client.ExportFormat) (*client.Download, error) {
			return server.ExportUsers(ctx, filter, format)
		})
	cmd.Flags().StringVar((*string)(&filter.Status), "status", "", "only Normal or Premium")
	cmd.Flags().StringVar(&filter.Query, "query", "", "only users whose id begins with this `text`")
	return cmd
}

func newExportEvents() *cobra.Command {
	var filter client.LoggedFilter
	var types, from, to string
	cmd := newExportOf("events", "ndjson or csv",
		"  accesscodes export events --from 2031-01-01T00:00:00Z --out log.ndjson",
		func(ctx context.Context, server *client.Client, format client.ExportFormat) (_ *client.Download, err error) {
			filter.Types = eventTypes(types)
			if filter.From, err = timeOf("from", from); err != nil {
				return nil, err
			}
			if filter.To, err = timeOf("to", to); err != nil {
				return nil, err
			}
			return server.ExportEvents(ctx, filter, format)
		})
	flags := cmd.Flags()
	format := flags.Lookup("format")
	format.DefValue = string(client.FormatNDJSON)
	_ = format.Value.Set(format.DefValue) // it takes every text
	eventFilterFlags(flags, &types, &filter.EventFilter)
	flags.StringVar(&from, "from", "", "only what happened from this `time` on, such as 2031-12-31T23:59:59Z")
	flags.StringVar(&to, "to", "", "only what happened before this `time`")
	return cmd
}
