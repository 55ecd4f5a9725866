package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"accesscodes/client"
)

// codeOptions are the flags of what a code may have beside its value and its type.
type codeOptions struct {
	maxRedemptions, startsAt, expiresAt string
	note, recipient                     string
	metadata                            []string
}

// register registers the flags.
func (o *codeOptions) register(flags *pflag.FlagSet) {
	flags.StringVar(&o.maxRedemptions, "max-redemptions", "",
		"how often it can be redeemed: a `number`, or none for no limit")
	flags.StringVar(&o.startsAt, "starts-at", "", "from when on it can be redeemed: a `time` as for --expires-at")
	flags.StringVar(&o.expiresAt, "expires-at", "",
		"until when it can be redeemed: a `time` such as 2031-12-31T23:59:59Z, 90d for in 90 days, or none")
	flags.StringVar(&o.note, "note", "", "`text` for your own people")
	flags.StringVar(&o.recipient, "recipient", "", "`who` it is given to")
	flags.StringArrayVar(&o.metadata, "metadata", nil, "`NAME=VALUE` of your own; may be given several times")
}

// limit reads --max-redemptions.
func (o *codeOptions) limit(flags *pflag.FlagSet) (client.Field[int64], error) {
	if !flags.Changed("max-redemptions") {
		return client.Field[int64]{}, nil
	}
	if o.maxRedemptions == none {
		return client.Null[int64](), nil
	}
	number, err := strconv.ParseInt(o.maxRedemptions, 10, 64)
	if err != nil {
		return client.Field[int64]{}, usageError{
			fmt.Errorf("--max-redemptions %q is not a whole number, or none for no limit", o.maxRedemptions),
		}
	}
	return client.Set(number), nil
}

// moment reads a flag with a time that may be left out; zero: none.
func moment(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := instant(flag, text)
	if err != nil || at == nil {
		return time.Time{}, err
	}
	return *at, nil
}

// request reads the flags as those of a request that may have a code's value.
func (o *codeOptions) request(flags *pflag.FlagSet) (r client.AddCodeRequest, err error) {
	for name, text := range map[string]string{"starts-at": o.startsAt, "expires-at": o.expiresAt} {
		if flags.Changed(name) && text == "" { // a forgotten end would let a code live for ever
			return r, usageError{fmt.Errorf("--%s is empty; none means none", name)}
		}
	}
	if r.MaxRedemptions, err = o.limit(flags); err != nil {
		return r, err
	}
	if r.StartsAt, err = moment("starts-at", o.startsAt); err != nil {
		return r, err
	}
	if r.ExpiresAt, err = moment("expires-at", o.expiresAt); err != nil {
		return r, err
	}
	r.Metadata, err = metadata("metadata", o.metadata)
	r.Note, r.Recipient = o.note, o.recipient
	return r, err
}

// issueFlags are the flags of commands that make a code.
type issueFlags struct {
	codeOptions
	kind, idempotencyKey string
}

func (f *issueFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.kind, "type", "", "Normal, Premium or Upgrade; required")
	f.codeOptions.register(flags)
	flags.StringVar(&f.idempotencyKey, "idempotency-key", "",
		"`name` of this request, such as an order's number: the same one again makes no second code")
}

func (f *issueFlags) read(flags *pflag.FlagSet) (client.AddCodeRequest, error) {
	r, err := f.request(flags)
	r.Type, r.IdempotencyKey = client.Type(f.kind), f.idempotencyKey
	return r, cmp.Or(require(flags, "type"), err)
}

func newCodeAdd() *cobra.Command {
	var f issueFlags
	cmd := &cobra.Command{
		Use: "add CODE --type TYPE", Short: "Add a code with a value that you choose", Args: exactArgs("CODE"),
		Example: "  accesscodes code add WELCOME2031 --type Premium --max-redemptions 100 --expires-at 90d",
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, args []string) error {
			request, err := f.read(cmd.Flags())
			if err != nil {
				return err
			}
			request.Code = args[0]
			code, err := server.AddCode(ctx, request)
			if err != nil {
				return err
			}
			return codeNoun.print(cmd, code)
		}),
	}
	f.register(cmd.Flags())
	outputFlag(cmd.Flags())
	return cmd
}

func newCodeGenerate() *cobra.Command {
	var f issueFlags
	cmd := &cobra.Command{
		Use: "generate --type TYPE", Short: "Generate a unique random code and print it, alone", Args: exactArgs(),
		Example: "  CODE=$(accesscodes code generate --type Normal)",
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, _ []string) error {
			r, err := f.read(cmd.Flags())
			if err != nil {
				return err
			}
			code, err := server.GenerateCode(ctx, client.GenerateCodeRequest{
				Type: r.Type, MaxRedemptions: r.MaxRedemptions, StartsAt: r.StartsAt, ExpiresAt: r.ExpiresAt, Note: r.Note,
				Recipient: r.Recipient, Metadata: r.Metadata, IdempotencyKey: r.IdempotencyKey,
			})
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), code.Code)
			return err
		}),
	}
	f.register(cmd.Flags())
	return cmd
}

// codeChanges are the flags of what can be changed about a code.
var codeChanges = []string{
	"max-redemptions", "starts-at", "expires-at", "note", "recipient", "metadata", "remove-metadata",
}

func newCodeUpdate() *cobra.Command {
	var o codeOptions
	var remove []string
	cmd := &cobra.Command{
		Use:   "update CODE [--note TEXT] [--expires-at TIME] …",
		Short: "Change a code's options; its value and type never change", Args: exactArgs("CODE"),
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.ContainsFunc(codeChanges, cmd.Flags().Changed) {
				return usageError{fmt.Errorf("there is nothing to change; see %s --help", cmd.CommandPath())}
			}
			return nil
		},
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, args []string) error {
			change, err := o.change(cmd.Flags(), remove)
			if err != nil {
				return err
			}
			code, err := server.ChangeCode(ctx, args[0], change)
			if err != nil {
				return err
			}
			return codeNoun.print(cmd, code)
		}),
	}
	o.registerChanges(cmd.Flags(), &remove)
	outputFlag(cmd.Flags())
	return cmd
}

// registerChanges registers the flags of what can be changed.
func (o *codeOptions) registerChanges(flags *pflag.FlagSet, remove *[]string) {
	o.register(flags)
	flags.StringArrayVar(remove, "remove-metadata", nil, "`NAME` of metadata to remove; may be given several times")
	for _, name := range codeChanges {
		flags.Lookup(name).Usage += "; unchanged if not given"
	}
}

// change reads the flags that were given as a change. A text that is empty is taken away.
func (o *codeOptions) change(flags *pflag.FlagSet, remove []string) (c client.ChangeCodeRequest, err error) {
	r, err := o.request(flags)
	if err != nil {
		return c, err
	}
	c.MaxRedemptions = r.MaxRedemptions
	c.StartsAt = changed(flags, "starts-at", r.StartsAt)
	c.ExpiresAt = changed(flags, "expires-at", r.ExpiresAt)
	c.Note = changed(flags, "note", r.Note)
	c.Recipient = changed(flags, "recipient", r.Recipient)
	if flags.Changed("metadata") || flags.Changed("remove-metadata") {
		patch := map[string]*string{}
		for name, value := range r.Metadata {
			patch[name] = &value
		}
		for _, name := range remove {
			if _, both := patch[name]; both {
				return c, usageError{fmt.Errorf("--remove-metadata %q is in --metadata, too", name)}
			}
			patch[name] = nil
		}
		c.Metadata = client.Set(patch)
	}
	return c, nil
}

// changed is a value if its flag was given; a zero one takes it away.
func changed[T comparable](flags *pflag.FlagSet, flag string, value T) client.Field[T] {
	switch {
	case !flags.Changed(flag):
		return client.Field[T]{}
	case value == *new(T):
		return client.Null[T]()
	default:
		return client.Set(value)
	}
}
