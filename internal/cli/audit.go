package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"accesscodes/internal/app"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

func newAudit() *cobra.Command {
	cmd := &cobra.Command{
		Use: "audit", Short: "Verify that nobody tampered with the log of events, straight on the database",
		Args: cobra.ArbitraryArgs, RunE: group,
		Long: "Verify that nobody tampered with the log of events, straight on the database. It works while servers\n" +
			"run on it. Each workspace has a log of its own, and the installation has one, " + app.InstallationLog + ".",
	}
	databaseFlag(cmd.PersistentFlags(), new(string))
	outputFlag(cmd.PersistentFlags())
	cmd.AddCommand(newAuditVerify(), newAuditHead())
	return cmd
}

// onAudit makes a command's work out of something done with the logs of the database.
func onAudit(
	do func(ctx context.Context, cmd *cobra.Command, audit *app.Audit, args []string) error,
) func(*cobra.Command, []string) error {
	return on(app.OpenAudit, do, app.RequireDatabase)
}

// namedLog is a log and what it is called.
type namedLog struct {
	name string
	event.Log
}

var headColumns = []column[namedLog]{
	{"workspace", func(l namedLog) any { return l.name }},
	{"head", func(l namedLog) any { return l.Head.String() }},
	{"anchor", func(l namedLog) any { return l.Anchor.String() }},
}

func newAuditHead() *cobra.Command {
	return &cobra.Command{
		Use: "head", Short: "Show the newest position of each log and the chain's value there", Args: exactArgs(),
		Long: "Show the newest position of each log and the chain's value there. Noted where nobody can change it, it\n" +
			"shows later, with audit verify --expect, whether the log up to it is still the same.",
		RunE: onAudit(func(ctx context.Context, cmd *cobra.Command, audit *app.Audit, _ []string) error {
			logs, err := audit.Logs(ctx)
			if err != nil {
				return err
			}
			var named []namedLog
			for _, l := range logs {
				named = append(named, namedLog{audit.Name(l.Workspace), l})
			}
			return printRows(cmd, headColumns, []string{"workspace", "head"}, named)
		}),
	}
}

// intact is the result of a log with which nothing is wrong.
const intact = "intact"

// verified is a log with which nothing is wrong, or one thing that is wrong with one.
type verified struct {
	name   string
	result string
	event.Finding
	*event.Verification
}

var verifiedColumns = []column[verified]{
	{"workspace", func(v verified) any { return v.name }},
	{"result", func(v verified) any { return v.result }},
	{"from", func(v verified) any { return v.From }},
	{"to", func(v verified) any { return v.To }},
	{"eventId", func(v verified) any {
		if v.ID.IsZero() {
			return nil
		}
		return v.ID.String()
	}},
	{"events", func(v verified) any { return v.Events }},
	{"pruned", func(v verified) any { return v.Pruned }},
	{"erased", func(v verified) any { return v.Erased }},
	{"unlinked", func(v verified) any { return v.Unlinked }},
	{"head", func(v verified) any { return v.Log.Head.String() }},
}

func newAuditVerify() *cobra.Command {
	var workspace string
	var expect []string
	cmd := &cobra.Command{
		Use: "verify", Short: "Go through the logs and say where one was tampered with", Args: exactArgs(),
		Long: "Go through the logs and say where one was tampered with: each event is compared with its digest, the\n" +
			"digests with the hash chain, and the chain with values that were noted outside. It exits with 1 if\n" +
			"anything is wrong.\n\n" +
			"Results: changed (not the event that was recorded), removed, inserted, order (events that do not follow\n" +
			"on one another as recorded), cut tail (the newest are missing), rewritten (another chain than was noted,\n" +
			"or than there can be). A table counts, where there are any: pruned events left only their digest, of erased\n" +
			"ones the content cannot be compared, unlinked ones are from before the chain.",
		Example: "  accesscodes audit verify\n" +
			"  accesscodes audit verify --workspace acme --expect 1200:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c" +
			"15b0f00a08",
		RunE: onAudit(func(ctx context.Context, cmd *cobra.Command, audit *app.Audit, _ []string) error {
			marks, err := expected(audit, workspace, expect)
			if err != nil {
				return err
			}
			logs, err := logsToVerify(ctx, audit, workspace, marks)
			if err != nil {
				return err
			}
			return verifyLogs(ctx, cmd, audit, logs, marks)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&workspace, "workspace", "", "only the log of the workspace with this `slug`, or "+app.InstallationLog)
	flags.StringSliceVar(&expect, "expect", nil,
		"what audit head showed, or the server logged: `POSITION:HEX` with --workspace, else WORKSPACE:POSITION:HEX; "+
			"may be given several times")
	return cmd
}

// expected are the marks to compare each log with.
func expected(audit *app.Audit, workspace string, texts []string) (map[core.ID][]event.Mark, error) {
	all := map[core.ID][]event.Mark{}
	for _, text := range texts {
		of, rest := workspace, text
		if name, mark, named := strings.Cut(text, ":"); named && strings.Contains(mark, ":") {
			of, rest = name, mark
		}
		mark, err := event.ParseMark(rest)
		switch {
		case err != nil:
			return nil, usageError{fmt.Errorf("--expect %q: it %w", text, err)}
		case of == "":
			return nil, usageError{fmt.Errorf("--expect %q names no workspace: give --workspace, or WORKSPACE:%s", text, text)}
		case workspace != "" && of != workspace:
			return nil, usageError{fmt.Errorf("--expect %q is not about the --workspace %s", text, workspace)}
		}
		id, err := audit.Find(of)
		if err != nil {
			return nil, err
		}
		all[id] = append(all[id], mark)
	}
	return all, nil
}

// logsToVerify are all logs, or that of one workspace. One of which something is expected is among them even
// if nothing of it is left.
func logsToVerify(
	ctx context.Context, audit *app.Audit, workspace string, marks map[core.ID][]event.Mark,
) ([]event.Log, error) {
	if workspace != "" {
		id, err := audit.Find(workspace)
		if err != nil {
			return nil, err
		}
		log, err := audit.Store.LogOf(ctx, id)
		return []event.Log{log}, err
	}
	logs, err := audit.Logs(ctx)
	for id := range marks {
		if !slices.ContainsFunc(logs, func(l event.Log) bool { return l.Workspace == id }) {
			logs = append(logs, event.Log{Workspace: id})
		}
	}
	return logs, err
}

// verifyLogs verifies logs, prints what was found, and returns an error if anything is wrong.
func verifyLogs(
	ctx context.Context, cmd *cobra.Command, audit *app.Audit, logs []event.Log, marks map[core.ID][]event.Mark,
) error {
	total := int64(0)
	for _, l := range logs {
		total += l.Head.Position - l.Anchor.Position
	}
	shown := newProgress(cmd.ErrOrStderr())
	shown.start(state{stage: "verifying", total: total})
	var rows []verified
	var notes []string
	wrong := 0
	for _, l := range logs {
		v, err := event.Verify(ctx, audit.Store, l.Workspace, marks[l.Workspace], shown.Add)
		if err != nil {
			shown.end()
			return err
		}
		name := audit.Name(l.Workspace)
		if len(v.Findings) == 0 {
			whole := event.Finding{From: v.Log.Anchor.Position + 1, To: v.Log.Head.Position}
			rows = append(rows, verified{name, intact, whole, &v})
		} else {
			wrong++
		}
		for _, f := range v.Findings {
			rows = append(rows, verified{name, string(f.What), f, &v})
		}
		notes = append(notes, notesAbout(name, &v)...)
	}
	shown.end()
	if err := printRows(cmd, verifiedColumns, verifiedInTable(rows), rows); err != nil {
		return err
	}
	for _, note := range notes {
		cmd.PrintErrln(note)
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d logs are not as they were recorded", wrong, len(logs))
	}
	return nil
}

// verifiedInTable are the columns of a table: the counts of what was not compared in full only if there is any.
func verifiedInTable(rows []verified) []string {
	columns := []string{"workspace", "result", "from", "to", "eventId"}
	for name, count := range map[string]func(verified) int64{
		"pruned":   func(v verified) int64 { return v.Pruned },
		"erased":   func(v verified) int64 { return v.Erased },
		"unlinked": func(v verified) int64 { return v.Unlinked },
	} {
		if slices.ContainsFunc(rows, func(v verified) bool { return count(v) > 0 }) {
			columns = append(columns, name)
		}
	}
	return columns
}

// notesAbout are what else is to be said of a log.
func notesAbout(name string, v *event.Verification) (notes []string) {
	if v.More > 0 {
		notes = append(notes, fmt.Sprintf("%s: %d more.", name, v.More))
	}
	for _, mark := range v.Expired {
		notes = append(notes, fmt.Sprintf("%s: the value at %d is older than what is kept, and was not compared.",
			name, mark.Position))
	}
	return notes
}
