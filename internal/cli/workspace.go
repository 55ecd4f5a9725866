package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

var workspaceColumns = []column[tenancy.Workspace]{
	{"slug", func(w tenancy.Workspace) any { return w.Slug }},
	{"name", func(w tenancy.Workspace) any { return w.Name }},
	{"prefix", func(w tenancy.Workspace) any { return w.Format.Prefix }},
	{"groups", func(w tenancy.Workspace) any { return w.Format.Groups }},
	{"groupLength", func(w tenancy.Workspace) any { return w.Format.GroupLength }},
	{"suspendedAt", func(w tenancy.Workspace) any { return w.SuspendedAt }},
	{"createdAt", func(w tenancy.Workspace) any { return w.CreatedAt }},
	{"id", func(w tenancy.Workspace) any { return w.ID.String() }},
	{"events", func(w tenancy.Workspace) any { return string(w.Events) }},
}

func newWorkspace() *cobra.Command {
	cmd := &cobra.Command{
		Use: "workspace", Short: "Create and change workspaces, straight on the database", Args: cobra.ArbitraryArgs,
		RunE: group,
		Long: "Create and change workspaces, straight on the database. It works while servers run on it;\n" +
			"they follow within 5 seconds.",
	}
	databaseFlag(cmd.PersistentFlags(), new(string))
	outputFlag(cmd.PersistentFlags())
	cmd.AddCommand(newWorkspaceCreate(), newWorkspaceList(), newWorkspaceShow(), newWorkspaceUpdate(),
		newWorkspaceSuspension("suspend", "Refuse every key of a workspace until it is resumed; nothing is deleted", true),
		newWorkspaceSuspension("resume", "Undo suspend", false))
	return cmd
}

// formatFlags are the flags about a workspace that create and update share.
type formatFlags struct {
	name, prefix        string
	groups, groupLength int
}

func (f *formatFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.name, "name", "", "`name` to show")
	flags.StringVar(&f.prefix, "prefix", "", "what generated codes begin with: 0 to 16 of A-Z and 0-9")
	flags.IntVar(&f.groups, "groups", core.DefaultGroups, "groups of random characters in a generated code: 2 to 6")
	flags.IntVar(&f.groupLength, "group-length", core.DefaultGroupLength, "characters in a group: 3 to 8")
}

func newWorkspaceCreate() *cobra.Command {
	var f formatFlags
	cmd := &cobra.Command{
		Use: "create SLUG --name NAME --prefix PREFIX", Short: "Create a workspace", Args: exactArgs("SLUG"),
		Example: "  accesscodes workspace create acme --name 'Acme Inc.' --prefix ACME",
		PreRunE: func(cmd *cobra.Command, _ []string) error { return require(cmd.Flags(), "name") },
		RunE: onDatabase(func(ctx context.Context, cmd *cobra.Command, service *tenancy.Service, args []string) error {
			w, err := service.CreateWorkspace(
				ctx,
				args[0],
				f.name,
				core.Format{Prefix: f.prefix, Groups: f.groups, GroupLength: f.groupLength},
			)
			if err != nil {
				return err
			}
			return printList(cmd, workspaceColumns, []tenancy.Workspace{w})
		}),
	}
	f.register(cmd.Flags())
	return cmd
}

func newWorkspaceList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List all workspaces, oldest first", Args: exactArgs(),
		RunE: onExistingDatabase(func(ctx context.Context, cmd *cobra.Command, service *tenancy.Service, _ []string) error {
			all, err := service.Workspaces(ctx)
			if err != nil {
				return err
			}
			return printList(cmd, workspaceColumns, all)
		}),
	}
}

func newWorkspaceShow() *cobra.Command {
	return &cobra.Command{
		Use: "show SLUG", Short: "Show a workspace", Args: exactArgs("SLUG"),
		RunE: onExistingDatabase(
			func(ctx context.Context, cmd *cobra.Command, service *tenancy.Service, args []string) error {
				w, err := service.Workspace(ctx, args[0])
				if err != nil {
					return err
				}
				return printList(cmd, workspaceColumns, []tenancy.Workspace{w})
			},
		),
	}
}

// changes are the flags of what can be changed.
var changes = []string{"name", "prefix", "groups", "group-length", "events"}

func newWorkspaceUpdate() *cobra.Command {
	var f formatFlags
	var events string
	cmd := &cobra.Command{
		Use:   "update SLUG [--name NAME] [--prefix PREFIX] …",
		Short: "Change a workspace; codes that exist keep their values", Args: exactArgs("SLUG"),
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			if !slices.ContainsFunc(changes, cmd.Flags().Changed) {
				return usageError{fmt.Errorf("there is nothing to change; see %s --help", cmd.CommandPath())}
			}
			return nil
		},
		RunE: onExistingDatabase(
			func(ctx context.Context, cmd *cobra.Command, service *tenancy.Service, args []string) error {
				flags := cmd.Flags()
				w, err := service.UpdateWorkspace(ctx, args[0], tenancy.WorkspaceChange{
					Name: ifChanged(flags, "name", &f.name), Prefix: ifChanged(flags, "prefix", &f.prefix),
					Groups: ifChanged(flags, "groups", &f.groups), GroupLength: ifChanged(flags, "group-length", &f.groupLength),
					Events: ifChanged(flags, "events", (*tenancy.EventsRecorded)(&events)),
				})
				if err != nil {
					return err
				}
				return printList(cmd, workspaceColumns, []tenancy.Workspace{w})
			},
		),
	}
	f.register(cmd.Flags())
	cmd.Flags().StringVar(&events, "events", "",
		"which events are recorded: all, or some, without those that come with each code and each use of one")
	for _, name := range changes {
		flag := cmd.Flags().Lookup(name)
		if flag.Value.Type() == "int" {
			flag.DefValue = "0" // which help does not show: there is none
		}
		flag.Usage += "; unchanged if not given"
	}
	return cmd
}

func newWorkspaceSuspension(use, short string, suspended bool) *cobra.Command {
	return &cobra.Command{
		Use: use + " SLUG", Short: short, Args: exactArgs("SLUG"),
		RunE: onExistingDatabase(
			func(ctx context.Context, cmd *cobra.Command, service *tenancy.Service, args []string) error {
				w, err := service.UpdateWorkspace(ctx, args[0], tenancy.WorkspaceChange{Suspended: &suspended})
				if err != nil {
					return err
				}
				return printList(cmd, workspaceColumns, []tenancy.Workspace{w})
			},
		),
	}
}

// ifChanged returns value if its flag was given, else nil.
func ifChanged[T any](flags *pflag.FlagSet, name string, value *T) *T {
	if flags.Changed(name) {
		return value
	}
	return nil
}
