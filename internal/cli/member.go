package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"accesscodes/internal/app"
	"accesscodes/internal/core"
	"accesscodes/internal/member"
)

// seated is a person as the list shows them: in one workspace, or in all.
type seated struct {
	member.Member
	role member.Role // empty: the list is of all workspaces
}

var memberColumns = []column[seated]{
	{"email", func(m seated) any { return m.Email }},
	{"name", func(m seated) any { return m.Name }},
	{"role", func(m seated) any { return orNil(string(m.role)) }},
	{"operator", func(m seated) any { return m.Operator }},
	{"createdAt", func(m seated) any { return m.CreatedAt }},
	{"lastSeenAt", func(m seated) any { return m.LastSeenAt }},
	{"id", func(m seated) any { return m.ID.String() }},
}

func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func newMember() *cobra.Command {
	cmd := &cobra.Command{
		Use: "member", Short: "Let people sign in to the console, straight on the database",
		Args: cobra.ArbitraryArgs, RunE: group,
		Long: "Let people sign in to the console, straight on the database. It works while servers run on it.",
	}
	databaseFlag(cmd.PersistentFlags(), new(string))
	cmd.AddCommand(newMemberInvite(), newMemberReset(), newMemberList(), newMemberRemove())
	return cmd
}

// onPeople makes a command's work out of something done with the people of the database.
func onPeople(
	do func(ctx context.Context, cmd *cobra.Command, office *app.Administration, args []string) error,
) func(*cobra.Command, []string) error {
	return on(app.OpenAdministration, do, app.RequireDatabase)
}

func newMemberInvite() *cobra.Command {
	var slug, role string
	var operator bool
	cmd := &cobra.Command{
		Use: "invite EMAIL", Short: "Print a link by which somebody joins; it works once, within 7 days",
		Args:    exactArgs("EMAIL"),
		Example: "  accesscodes member invite priya@example.org --workspace acme --role editor",
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			if operator {
				return nil
			}
			return require(cmd.Flags(), "workspace")
		},
		RunE: onPeople(func(ctx context.Context, cmd *cobra.Command, office *app.Administration, args []string) error {
			asked := member.Invitation{Email: args[0], Role: member.Role(role), Operator: operator}
			if slug != "" {
				w, err := office.Tenancy.Workspace(ctx, slug)
				if err != nil {
					return err
				}
				asked.Workspace = &w
			}
			token, err := office.People.Links.InviteAs(ctx, office.By, "", asked)
			if err != nil {
				return err
			}
			return printLink(ctx, cmd, office, token, "7 days")
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&slug, "workspace", "", "`slug` of the workspace to join")
	flags.StringVar(&role, "role", string(member.RoleViewer), "owner, editor, support or viewer")
	flags.BoolVar(&operator, "operator", false, "they run the installation, too")
	return cmd
}

// printLink prints a one-time link alone on stdout, for $(…), and what to know about it on stderr.
func printLink(ctx context.Context, cmd *cobra.Command, office *app.Administration, token, life string) error {
	base, err := office.Tenancy.PublicURL(ctx)
	if err != nil {
		return err
	}
	hint := ""
	if base == "" {
		base = "http://127.0.0.1:8080"
		hint = " Put the server's own address in front if it is another one (serve --public-url remembers it)."
	}
	_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "This link works once, within %s.%s\n", life, hint) // it only informs
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s/console/link/%s\n", base, token)
	return err
}

func newMemberReset() *cobra.Command {
	return &cobra.Command{
		Use: "reset EMAIL", Short: "Print a link by which somebody chooses a new password; it works once, within a day",
		Args: exactArgs("EMAIL"),
		RunE: onPeople(func(ctx context.Context, cmd *cobra.Command, office *app.Administration, args []string) error {
			token, err := office.People.Links.Reset(ctx, args[0])
			if err != nil {
				return err
			}
			return printLink(ctx, cmd, office, token, "a day")
		}),
	}
}

func newMemberList() *cobra.Command {
	var slug string
	cmd := &cobra.Command{
		Use: "list", Short: "List who can sign in, of one workspace or of all", Args: exactArgs(),
		RunE: onPeople(func(ctx context.Context, cmd *cobra.Command, office *app.Administration, _ []string) error {
			all, err := peopleOf(ctx, office, slug)
			if err != nil {
				return err
			}
			return printList(cmd, memberColumns, all)
		}),
	}
	cmd.Flags().StringVar(&slug, "workspace", "", "only the members of this workspace, by its `slug`")
	outputFlag(cmd.Flags())
	return cmd
}

func peopleOf(ctx context.Context, office *app.Administration, slug string) (all []seated, err error) {
	if slug == "" {
		members, err := office.People.Members.All(ctx)
		for i := range members {
			all = append(all, seated{Member: members[i]})
		}
		return all, err
	}
	w, err := office.Tenancy.Workspace(ctx, slug)
	if err != nil {
		return nil, err
	}
	in, err := office.People.Members.In(ctx, w.ID)
	for i := range in {
		all = append(all, seated{in[i].Member, in[i].Role})
	}
	return all, err
}

func newMemberRemove() *cobra.Command {
	var slug string
	cmd := &cobra.Command{
		Use: "remove EMAIL", Short: "Take somebody out of a workspace, or delete their account", Args: exactArgs("EMAIL"),
		RunE: onPeople(func(ctx context.Context, cmd *cobra.Command, office *app.Administration, args []string) error {
			var workspace core.ID
			if slug != "" {
				w, err := office.Tenancy.Workspace(ctx, slug)
				if err != nil {
					return err
				}
				workspace = w.ID
			}
			if err := office.People.Members.RemoveAs(ctx, office.By, args[0], workspace); err != nil {
				return err
			}
			from := "the installation"
			if slug != "" {
				from = "the workspace " + slug
			}
			_, err := fmt.Fprintf(cmd.ErrOrStderr(), "Removed %s from %s.\n", args[0], from)
			return err
		}),
	}
	cmd.Flags().StringVar(&slug, "workspace", "", "take them out of this workspace alone, by its `slug`")
	return cmd
}
