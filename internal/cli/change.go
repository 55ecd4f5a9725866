package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"accesscodes/client"
)

var changeNoun = noun[client.Change]{"CHANGE", changeColumns, []string{
	"id", "do", "status", "matched", "changed", "rolledBack", "people", "undoableUntil", "skipped", "failure",
}}

// changeColumns are the columns of changes.
var changeColumns = []column[*client.Change]{
	{"id", func(c *client.Change) any { return c.ID }},
	{"do", func(c *client.Change) any { return c.Do }},
	{"status", func(c *client.Change) any { return c.Status }},
	{"matched", func(c *client.Change) any { return c.Matched }},
	{"changed", func(c *client.Change) any { return c.Changed }},
	{"rolledBack", func(c *client.Change) any { return c.RolledBack }},
	{"people", func(c *client.Change) any { return c.People }},
	{"undoableUntil", func(c *client.Change) any { return c.UndoableUntil }},
	{"skipped", func(c *client.Change) any { return counts(c.Skipped) }},
	{"sample", func(c *client.Change) any { return values(c.Sample) }},
	{"undone", func(c *client.Change) any {
		if c.Undone == nil {
			return nil
		}
		return c.Undone.Changed
	}},
	{"putBack", func(c *client.Change) any {
		if c.Undone == nil {
			return nil
		}
		return c.Undone.PutBack
	}},
	{"undoSkipped", func(c *client.Change) any {
		if c.Undone == nil {
			return nil
		}
		return counts(c.Undone.Skipped)
	}},
	{"createdAt", func(c *client.Change) any { return c.CreatedAt }},
	{"startedAt", func(c *client.Change) any { return c.StartedAt }},
	{"finishedAt", func(c *client.Change) any { return c.FinishedAt }},
	{"createdBy", func(c *client.Change) any { return textOrNil(c.CreatedBy) }},
	{"failure", func(c *client.Change) any { return textOrNil(c.Failure) }},
}

// previewColumns are the columns of what a change would do.
var previewColumns = []column[*client.ChangePreview]{
	{"matched", func(p *client.ChangePreview) any { return p.Matched }},
	{"changed", func(p *client.ChangePreview) any { return p.Changed }},
	{"rolledBack", func(p *client.ChangePreview) any { return p.RolledBack }},
	{"people", func(p *client.ChangePreview) any { return p.People }},
	{"complete", func(p *client.ChangePreview) any { return p.Complete }},
	{"skipped", func(p *client.ChangePreview) any { return counts(p.Skipped) }},
	{"sample", func(p *client.ChangePreview) any { return values(p.Sample) }},
}

// counts are numbers by name: an object in JSON, and "unchanged 11, code_in_use 2" in a cell.
type counts map[string]int64

// String implements [fmt.Stringer].
func (c counts) String() string {
	var names, all []string
	for name := range c {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		all = append(all, fmt.Sprintf("%s %d", name, c[name]))
	}
	return strings.Join(all, ", ")
}

// values are texts: an array in JSON, and with commas in a cell.
type values []string

// String implements [fmt.Stringer].
func (v values) String() string { return strings.Join(v, ", ") }

func newChange() *cobra.Command {
	cmd := &cobra.Command{
		Use: "change", Short: "Change many codes at once, and take that back, over the HTTP API of a server",
		Args: cobra.ArbitraryArgs, RunE: group,
		Long: "Change many codes at once, and take that back, over the HTTP API of a server.\n\n" +
			"On a terminal, a change says first what it would do, and asks; --yes does not ask. Elsewhere it is made at\n" +
			"once; --dry-run only says what it would do. For 30 days, change undo takes a change back.",
	}
	serverFlags(cmd.PersistentFlags())
	cmd.AddCommand(
		newChangeThat(revoking), newChangeThat(restoring), newChangeThat(deleting), newChangeSet(), newChangeUndo(),
		changeNoun.list("List changes, newest first", (*client.Client).Changes),
		changeNoun.one("get", "Show how far a change is", (*client.Client).GetChange),
		changeNoun.one("cancel", "Stop a change, or its undoing; what is done stays done", (*client.Client).CancelChange),
	)
	return cmd
}

// kindOfChange is something that can be done to many codes.
type kindOfChange struct {
	name, short, example string
	verb, done           string // in questions: Revoke, revoked
	rollsBack            bool   // it can roll redemptions back, too
	do                   func(*pflag.FlagSet) (client.ChangeDo, error)
	register             func(*pflag.FlagSet) // more flags; nil: none
}

// only does something that needs no more words.
func only(do client.ChangeDo) func(*pflag.FlagSet) (client.ChangeDo, error) {
	return func(*pflag.FlagSet) (client.ChangeDo, error) { return do, nil }
}

var (
	revoking = kindOfChange{
		name: "revoke", short: "Take codes back, so that they cannot be redeemed any more",
		example: "  accesscodes change revoke --batch 01a21984-0043-7bc5-9b11-4aeae8b30511 --dry-run\n" +
			"  accesscodes change revoke --codes leaked.txt --wait",
		verb: "Revoke", done: "revoked", rollsBack: true, do: only(client.ChangeDo{Revoke: true}),
	}
	restoring = kindOfChange{
		name: "restore", short: "Undo that codes were revoked",
		example: "  accesscodes change restore --batch 01a21984-0043-7bc5-9b11-4aeae8b30511 --status revoked",
		verb:    "Restore", done: "restored", do: only(client.ChangeDo{Restore: true}),
	}
	deleting = kindOfChange{
		name: "delete", short: "Delete codes that were never redeemed nor reserved",
		example: "  accesscodes change delete --batch 01a21984-0043-7bc5-9b11-4aeae8b30511 --dry-run",
		verb:    "Delete", done: "deleted", do: only(client.ChangeDo{Delete: true}),
	}
)

func newChangeSet() *cobra.Command {
	var o codeOptions
	var remove []string
	return newChangeThat(kindOfChange{
		name: "set", short: "Change options of codes; what is not given stays",
		example: "  accesscodes change set --type Premium --created-before 2031-01-01T00:00:00Z --expires-at 90d",
		verb:    "Change", done: "changed",
		register: func(flags *pflag.FlagSet) { o.registerChanges(flags, &remove) },
		do: func(flags *pflag.FlagSet) (do client.ChangeDo, err error) {
			if !slices.ContainsFunc(codeChanges, flags.Changed) {
				return do, usageError{errors.New("there is nothing to change; see accesscodes change set --help")}
			}
			do.Set, err = o.change(flags, remove)
			return do, err
		},
	})
}

func newChangeUndo() *cobra.Command {
	var wait bool
	cmd := &cobra.Command{
		Use: "undo CHANGE", Short: "Take a change back", Args: exactArgs("CHANGE"),
		Long: "Take a change back, up to 30 days after its request: what still has the value that the change gave it.",
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, args []string) error {
			change, err := server.UndoChange(ctx, args[0])
			if err == nil && wait {
				change, err = followChange(ctx, cmd, server, change, change.Changed)
			}
			if err != nil {
				return err
			}
			if err := changeNoun.print(cmd, change); err != nil {
				return err
			}
			sayUndone(cmd, change)
			return nil
		}),
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until it is taken back")
	outputFlag(cmd.Flags())
	return cmd
}

// sayUndone says what undoing a change has come to, or how to see that.
func sayUndone(cmd *cobra.Command, change *client.Change) {
	switch undone := change.Undone; {
	case change.Status == client.ChangeUndoing:
		sayHowFar(cmd, change)
	case undone != nil && len(undone.Skipped) > 0:
		cmd.PrintErrf("Taken back of %s codes; not of others: %s.\n", grouped(undone.Changed), counts(undone.Skipped))
	}
}

func sayHowFar(cmd *cobra.Command, change *client.Change) {
	cmd.PrintErrf("To see how far it is: %s\n", commandLine(cmd, "change", "get", change.ID))
}

// followChange shows how far a change, or its undoing, is until it has ended. total is how many codes there
// are; 0: that is not known.
func followChange(
	ctx context.Context, cmd *cobra.Command, server *client.Client, change *client.Change, total int64,
) (*client.Change, error) {
	p := newProgress(cmd.ErrOrStderr())
	p.start(state{stage: "codes", total: total})
	defer p.end()
	id, undoing := change.ID, change.Status == client.ChangeUndoing
	last, err := watch(cmd, func() iter.Seq2[*client.Change, error] { return server.FollowChange(ctx, id) },
		func(change *client.Change) {
			switch {
			case !undoing:
				p.set(change.Matched)
			case change.Undone != nil:
				p.set(change.Undone.Changed)
			}
		})
	p.end()
	if err != nil {
		return nil, unfinished{err, "it goes on without this command; to stop it: " +
			commandLine(cmd, "change", "cancel", id)}
	}
	if last.Status != client.ChangeSucceeded && last.Status != client.ChangeUndone {
		failure := last.Failure
		if failure == "" {
			failure = fmt.Sprintf("the change is %s", last.Status)
		}
		return nil, unfinished{errors.New(failure), "to take back what is done: " + commandLine(cmd, "change", "undo", id)}
	}
	return last, nil
}
