package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"accesscodes/client"
	"accesscodes/internal/csvcell"
)

// eventColumns are the columns of events.
var eventColumns = []column[*client.Event]{
	{"position", func(e *client.Event) any { return e.Position }},
	{"at", func(e *client.Event) any { return e.At }},
	{"type", func(e *client.Event) any { return e.Type }},
	{"subject", func(e *client.Event) any { return e.Subject.Kind + ":" + e.Subject.ID }},
	{"actor", func(e *client.Event) any { return named(e.Actor) }},
	{"data", func(e *client.Event) any { return string(e.Data) }},
}

// named is an actor with its name, if it has one.
func named(a client.EventActor) string { return strings.TrimSuffix(a.Kind+":"+a.Name, ":") }

func newEvent() *cobra.Command {
	cmd := &cobra.Command{
		Use: "event", Short: "See what happens, over the HTTP API of a server",
		Args: cobra.ArbitraryArgs, RunE: group,
	}
	serverFlags(cmd.PersistentFlags())
	cmd.AddCommand(newEventTail())
	return cmd
}

func newEventTail() *cobra.Command {
	var filter client.EventFilter
	var types, cursor string
	var after int64
	cmd := &cobra.Command{
		Use: "tail", Args: exactArgs(),
		Short: "Show events and go on as they happen, one on a line, until Ctrl-C",
		Long: "Show events from a position on, and then as they happen, one on a line, until Ctrl-C. A server that\n" +
			"does not answer is asked again.\n\n" +
			"With --cursor, the server keeps how far this is, so that the next run goes on there; a new cursor\n" +
			"begins with what happens from now on (accesscodes cursor set). Each event is printed at least once.\n\n" +
			"With --output json, each line is an event as the HTTP API shows it.",
		Example: "  accesscodes event tail --types code.revoked,user.* --output json",
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			if cursor != "" && cmd.Flags().Changed("after") {
				return usageError{errors.New("--after and --cursor both say where to begin: give one of them")}
			}
			return nil
		},
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, _ []string) error {
			filter.Types = eventTypes(types)
			if cursor != "" {
				return tailCursor(ctx, cmd, server, cursor, filter)
			}
			return tail(ctx, cmd, server, after, filter)
		}),
	}
	flags := cmd.Flags()
	flags.Int64Var(&after, "after", 0, "the `position` behind which to begin; 0: with the oldest event that is kept")
	flags.StringVar(&cursor, "cursor", "", "the `name` of a cursor to begin behind and to move, instead of --after")
	eventFilterFlags(flags, &types, &filter)
	outputFlag(flags)
	return cmd
}

// eventFilterFlags are the flags that choose events. eventTypes reads what the first leaves in types.
func eventFilterFlags(flags *pflag.FlagSet, types *string, filter *client.EventFilter) {
	flags.StringVar(types, "types", "", "only these `types`, with commas, such as code.revoked,user.*")
	flags.StringVar(&filter.Subject, "subject", "",
		"only events about `this`: code:VALUE, user:ID, key:ID, workspace:ID, batch:ID, change:ID, import:ID, "+
			"member:ID or endpoint:ID")
	flags.StringVar(&filter.Actor, "actor", "",
		"only what was done by this `actor`: key:ID, member:ID, or any key, member, cli or system")
}

func eventTypes(text string) (types []client.EventType) {
	if text == "" {
		return nil
	}
	for name := range strings.SplitSeq(text, ",") {
		types = append(types, client.EventType(name))
	}
	return types
}

// tail prints events until the context ends, which is no failure.
func tail(
	ctx context.Context, cmd *cobra.Command, server *client.Client, after int64, filter client.EventFilter,
) error {
	output, err := cmd.Flags().GetString("output")
	if err != nil {
		return err
	}
	show := eventPrinter(cmd.OutOrStdout(), output)
	var last error
	for event, err := range server.Events(ctx, after, filter) {
		if last = err; err == nil {
			if err := show(event); err != nil {
				return err
			}
			after = event.Position
		} else if ctx.Err() == nil && client.Temporary(err) {
			cmd.PrintErrf("accesscodes: %s\n", redact(oneLine(message(err))))
		}
	}
	if ctx.Err() != nil {
		cmd.PrintErrf("To go on from here: --after %d\n", after)
		return nil
	}
	return last
}

// tailCursor is [tail] of a consumer whose cursor the server keeps.
func tailCursor(
	ctx context.Context, cmd *cobra.Command, server *client.Client, name string, filter client.EventFilter,
) error {
	output, err := cmd.Flags().GetString("output")
	if err != nil {
		return err
	}
	show := eventPrinter(cmd.OutOrStdout(), output)
	var unprinted error // which no other try mends
	printing, stop := context.WithCancel(ctx)
	defer stop()
	err = server.Consume(printing, name, func(_ context.Context, event *client.Event) error {
		if unprinted = show(event); unprinted != nil {
			stop()
		}
		return unprinted
	}, client.OnlyEvents(filter), client.OnSetback(func(s client.Setback) {
		cmd.PrintErrf("accesscodes: %s\n", redact(oneLine(message(s.Err))))
	}))
	switch {
	case unprinted != nil:
		return unprinted
	case ctx.Err() != nil:
		cmd.PrintErrf("To go on from here: --cursor %s\n", name)
		return nil
	default:
		return err
	}
}

// eventPrinter prints each event on a line of its own, at once. The names of the columns come before
// the first one.
func eventPrinter(out io.Writer, output string) func(*client.Event) error {
	switch output {
	case "json":
		return func(e *client.Event) error { return json.NewEncoder(out).Encode(eventObject(e)) }
	case "csv":
		return below(eventColumns, strings.Clone, func(cells []string) error {
			for i := range cells {
				cells[i] = csvcell.Defuse(cells[i])
			}
			w := csv.NewWriter(out)
			_ = w.Write(cells) // Error returns the error
			w.Flush()
			return w.Error()
		})
	default:
		return below(eventColumns, strings.ToUpper, func(cells []string) error {
			var line strings.Builder
			for i, width := range []int{8, 20, 22, 24, 12, 0} {
				_, _ = fmt.Fprintf(&line, "%-*s  ", width, onOneLine(cells[i])) // never fails
			}
			_, err := fmt.Fprintln(out, strings.TrimRight(line.String(), " "))
			return err
		})
	}
}

// below prints the names of columns before the first row, as head writes them.
func below[T any](columns []column[T], head func(string) string, print func(cells []string) error) func(T) error {
	begun := false
	return func(row T) error {
		if !begun {
			begun = true
			var names []string
			for _, c := range columns {
				names = append(names, head(c.name))
			}
			if err := print(names); err != nil {
				return err
			}
		}
		return print(texts(columns, row))
	}
}

// eventObject is an event as the HTTP API shows it.
func eventObject(e *client.Event) map[string]any {
	return map[string]any{
		"id": e.ID, "type": e.Type, "position": e.Position, "at": e.At, "workspace": e.Workspace,
		"actor":     map[string]any{"kind": e.Actor.Kind, "id": textOrNil(e.Actor.ID), "name": e.Actor.Name},
		"subject":   map[string]any{"kind": e.Subject.Kind, "id": textOrNil(e.Subject.ID)},
		"requestId": textOrNil(e.RequestID), "data": e.Data,
	}
}
