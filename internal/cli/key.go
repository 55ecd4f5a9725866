package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"accesscodes/internal/tenancy"
)

var keyColumns = []column[tenancy.Key]{
	{"id", func(k tenancy.Key) any { return k.ID.String() }},
	{"key", func(k tenancy.Key) any { return k.Display }},
	{"name", func(k tenancy.Key) any { return k.Name }},
	{"role", func(k tenancy.Key) any { return k.Role }},
	{"status", func(k tenancy.Key) any { return keyStatus(&k) }},
	{"createdAt", func(k tenancy.Key) any { return k.CreatedAt }},
	{"expiresAt", func(k tenancy.Key) any { return k.ExpiresAt }},
	{"revokedAt", func(k tenancy.Key) any { return k.RevokedAt }},
	{"lastUsedAt", func(k tenancy.Key) any { return k.LastUsedAt }},
	{"replacedBy", func(k tenancy.Key) any { return replacement(&k) }},
}

// replacement is the id of the key that took over; nil: none did.
func replacement(k *tenancy.Key) any {
	if k.ReplacedBy.IsZero() {
		return nil
	}
	return k.ReplacedBy.String()
}

func keyStatus(k *tenancy.Key) string {
	switch {
	case k.RevokedAt != nil:
		return "revoked"
	case !k.ActiveAt(time.Now()):
		return "expired"
	default:
		return "active"
	}
}

func newKey() *cobra.Command {
	cmd := &cobra.Command{
		Use: "key", Short: "Create, list, revoke and rotate API keys, straight on the database",
		Args: cobra.ArbitraryArgs, RunE: group,
		Long: "Create, list, revoke and rotate API keys, straight on the database. It works while servers run on it;\n" +
			"a new key works at once, a revoked one stops working within 5 seconds.",
	}
	databaseFlag(cmd.PersistentFlags(), new(string))
	cmd.AddCommand(newKeyCreate(), newKeyList(), newKeyRevoke(), newKeyRotate())
	return cmd
}

func newKeyCreate() *cobra.Command {
	var workspace, name, role, expires string
	var expiresAt *time.Time
	cmd := &cobra.Command{
		Use: "create --workspace SLUG --name NAME", Short: "Create a key and print it, which happens only this once",
		Args:    exactArgs(),
		Example: "  accesscodes key create --workspace acme --name CRM --role issue --expires 90d",
		PreRunE: func(cmd *cobra.Command, _ []string) (err error) {
			if err := require(cmd.Flags(), "workspace", "name"); err != nil {
				return err
			}
			if cmd.Flags().Changed("expires") {
				expiresAt, err = expiry(expires)
			}
			return err
		},
		RunE: onExistingDatabase(func(ctx context.Context, cmd *cobra.Command, service *tenancy.Service, _ []string) error {
			key, secret, err := service.CreateKey(
				ctx,
				workspace,
				tenancy.NewKey{Name: name, Role: tenancy.Role(role), ExpiresAt: expiresAt},
			)
			if err != nil {
				return err
			}
			return printSecret(cmd, &key, secret)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&workspace, "workspace", "", "`slug` of the workspace that the key belongs to")
	flags.StringVar(&name, "name", "", "`name` to show in lists")
	flags.StringVar(
		&role,
		"role",
		string(tenancy.RoleFull),
		"full, issue (add, generate), redeem (validate, redeem, reserve) or read (look up, validate)",
	)
	flags.StringVar(&expires, "expires", "", "how long the key works, such as 90d or 12h; without it, until it is revoked")
	return cmd
}

// printSecret prints a key's secret alone on stdout, for $(…), and what to know about
// it on stderr.
func printSecret(cmd *cobra.Command, key *tenancy.Key, secret string) error {
	until := "until it is revoked"
	if key.ExpiresAt != nil {
		until = "until " + key.ExpiresAt.Format(time.RFC3339)
	}
	_, _ = fmt.Fprintf(
		cmd.ErrOrStderr(),
		"Key %s with the role %s works %s. It is shown only this once:\n",
		key.ID,
		key.Role,
		until,
	)
	_, err := fmt.Fprintln(cmd.OutOrStdout(), secret)
	return err
}

// expiry reads a life like 90d and returns when it ends. An empty one is a mistake: a key whose
// life was forgotten would live for ever.
func expiry(life string) (*time.Time, error) {
	length, err := parseDays(life)
	if err != nil || length <= 0 {
		return nil, usageError{fmt.Errorf("--expires %q is not a positive time such as 90d or 12h", life)}
	}
	at := time.Now().Add(length)
	return &at, nil
}

// parseDays is time.ParseDuration with whole days.
func parseDays(text string) (time.Duration, error) {
	const day = 24 * time.Hour
	if years, ok := strings.CutSuffix(text, "y"); ok {
		n, err := strconv.ParseUint(years, 10, 8) // more than 292 do not fit
		return time.Duration(n) * 365 * day, err
	}
	days, ok := strings.CutSuffix(text, "d")
	if !ok {
		return time.ParseDuration(text)
	}
	n, err := strconv.ParseUint(days, 10, 16)
	return time.Duration(n) * day, err
}

func newKeyList() *cobra.Command {
	var workspace string
	cmd := &cobra.Command{
		Use: "list --workspace SLUG", Short: "List a workspace's keys, oldest first, without their secrets",
		Args:    exactArgs(),
		PreRunE: func(cmd *cobra.Command, _ []string) error { return require(cmd.Flags(), "workspace") },
		RunE: onExistingDatabase(func(ctx context.Context, cmd *cobra.Command, service *tenancy.Service, _ []string) error {
			all, err := service.Keys(ctx, workspace)
			if err != nil {
				return err
			}
			return printList(cmd, keyColumns, all)
		}),
	}
	cmd.Flags().StringVar(&workspace, "workspace", "", "`slug` of the workspace")
	outputFlag(cmd.Flags())
	return cmd
}

func newKeyRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use: "revoke KEY", Short: "Make a key useless for good; KEY is its id, or - for a key on stdin",
		Args: exactArgs("KEY"),
		Long: "Make a key useless for good. " + keyHelp,
		RunE: onKey(func(ctx context.Context, cmd *cobra.Command, service *tenancy.Service, key tenancy.Key) error {
			key, err := service.RevokeKey(ctx, key.ID)
			if err != nil {
				return err
			}
			return printList(cmd, keyColumns, []tenancy.Key{key})
		}),
	}
	outputFlag(cmd.Flags())
	return cmd
}

func newKeyRotate() *cobra.Command {
	var overlap string
	var length time.Duration
	cmd := &cobra.Command{
		Use: "rotate KEY", Short: "Replace a key: print a new one and let the old one work a while longer",
		Args: exactArgs("KEY"),
		Long: "Replace a key: print a new one with the same name, role and expiry, and let the old one work\n" +
			"for the overlap longer. A key can be rotated only once; after that rotate the new one.\n\n" + keyHelp,
		PreRunE: func(*cobra.Command, []string) (err error) {
			length, err = parseDays(overlap)
			if err != nil || length < 0 {
				return usageError{fmt.Errorf("--overlap %q is not a time such as 24h or 7d", overlap)}
			}
			return nil
		},
		RunE: onKey(func(ctx context.Context, cmd *cobra.Command, service *tenancy.Service, old tenancy.Key) error {
			key, secret, err := service.RotateKey(ctx, old.ID, length)
			if err != nil {
				return err
			}
			return printSecret(cmd, &key, secret)
		}),
	}
	cmd.Flags().
		StringVar(&overlap, "overlap", "24h", "how long the old key still works, such as 24h or 7d; 0h ends it at once")
	return cmd
}
