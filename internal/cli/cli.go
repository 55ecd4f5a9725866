// Package cli is the command line: one file for each command. It parses, calls, and
// prints; results go to stdout, everything else to stderr.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"accesscodes/internal/core"
)

// Env is what a run of the program gets from its surroundings.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	LookupEnv      func(string) (string, bool)
	Version        string // empty: what the Go toolchain recorded
}

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130 // as shells say of Ctrl-C
)

// usageError is a command line that makes no sense.
type usageError struct{ error }

// Run runs one command and prints its error, if it has one, as one line.
func Run(ctx context.Context, args []string, env Env) error {
	root := newRoot(env)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil {
		start := ""
		if isInterrupted(err) && terminalWidth(env.Stderr) > 0 {
			start = "\r" + clearRest // of the line, where the terminal shows ^C
		}
		// Nothing can be done if stderr is gone.
		_, _ = fmt.Fprintf(env.Stderr, "%saccesscodes: %s\n", start, redact(nameSources(cmd.Flags(), oneLine(message(err)))))
	}
	return err
}

// ExitCode is the process's exit code for an error of [Run].
func ExitCode(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage), core.IsKind(err, core.KindInvalid), isMistake(err):
		// A value that no flag or argument may have.
		return exitUsage
	case isInterrupted(err):
		return exitInterrupted
	default:
		return exitFailed
	}
}

// message is an error in words for a person.
func message(err error) string {
	if u, ok := errors.AsType[unfinished](err); ok {
		return message(u.error) + "; " + u.next
	}
	var e *core.Error
	if errors.As(err, &e) && e.Kind != core.KindInternal {
		lines := []string{e.Detail}
		for _, field := range e.Fields[min(1, len(e.Fields)):] {
			lines = append(lines, field.Detail)
		}
		if cause := e.Unwrap(); cause != nil {
			lines = append(lines, cause.Error())
		}
		return strings.Join(lines, "; ")
	}
	if text := serverMessage(err); text != "" {
		return text
	}
	if isInterrupted(err) {
		return "interrupted"
	}
	return err.Error()
}

// tlsRefused ends the first of two tries to reach a PostgreSQL without TLS, which is not what is wrong.
const tlsRefused = "tls error: server refused TLS connection"

// oneLine writes an error of several lines as one. What was tried twice in vain is told once.
func oneLine(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if len(lines) > 2 {
		lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasSuffix(line, tlsRefused) })
	}
	return onOneLine(strings.ReplaceAll(strings.Join(lines, "; "), ":; ", ": "))
}

// wrongValue says what a flag takes, in place of Go's own words.
func wrongValue(wrong *pflag.InvalidValueError) error {
	takes := "a value of the type " + wrong.GetFlag().Value.Type()
	switch value := wrong.GetFlag().Value.(type) {
	case *daysValue:
		takes = "a time such as 90d or 12h"
	case *keepValue:
		takes = "types and times such as session.*=30d,code.*=2y"
	default:
		switch value.Type() {
		case "bool":
			takes = "true or false"
		case "int", "int64":
			takes = "a whole number"
		case "float64":
			takes = "a number"
		case "duration":
			takes = "a time such as 25s or 1m"
		}
	}
	return fmt.Errorf("%q is not %s", wrong.GetValue(), takes)
}

func newRoot(env Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "accesscodes",
		Short: "Access codes: registration, premium and upgrade codes behind an HTTP API",
		Long: "Access codes: registration, premium and upgrade codes behind an HTTP API.\n\n" +
			"Every flag can also be set in the environment: --listen is ACCESSCODES_LISTEN, and\n" +
			"ACCESSCODES_LISTEN_FILE is the path of a file that holds it.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE:          group,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := setFromEnvironment(cmd.Flags(), env.LookupEnv); err != nil {
				return err
			}
			return checkOutput(cmd.Flags())
		},
	}
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
			err = fmt.Errorf("--%s %w", wrong.GetFlag().Name, wrongValue(wrong))
		}
		return usageError{err}
	})
	root.AddCommand(
		newServe(env), newWorkspace(), newKey(), newMember(), newAudit(), newCode(), newBatch(), newChange(), newEvent(),
		newCursor(), newExport(), newImport(), newWebhook(),
		newMigrate(), newCopy(), newVersion(env),
	)
	root.InitDefaultCompletionCmd()
	completion, _, _ := root.Find([]string{"completion"}) // which is there now
	completion.Args, completion.RunE = cobra.ArbitraryArgs, group
	for _, shell := range completion.Commands() {
		shell.Args = exactArgs()
	}
	return root
}

// group is what a command that only holds others does.
func group(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("%s has no command %q; see %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())}
	}
	if cmd.HasParent() {
		return usageError{fmt.Errorf("%s needs a command; see %s --help", cmd.CommandPath(), cmd.CommandPath())}
	}
	return cmd.Help()
}

// exactArgs is cobra.ExactArgs with an error that names what is missing.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		want := strings.Join(names, " ")
		if want == "" {
			want = "no arguments"
		}
		return usageError{fmt.Errorf("%s takes %s; see %s --help", cmd.CommandPath(), want, cmd.CommandPath())}
	}
}

// atMost is [exactArgs] of arguments that may be left out.
func atMost(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > len(names) {
			return exactArgs(names...)(cmd, args)
		}
		return nil
	}
}

// require returns an error unless every named flag was given, on the command line or
// in the environment.
func require(flags *pflag.FlagSet, names ...string) error {
	for _, name := range names {
		if !flags.Changed(name) {
			return usageError{fmt.Errorf("--%s is required", name)}
		}
	}
	return nil
}

func newVersion(env Env) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "accesscodes %s\n", versionOf(env))
			return err
		},
	}
}

func versionOf(env Env) string {
	if env.Version != "" {
		return env.Version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
