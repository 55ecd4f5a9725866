package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"accesscodes/client"
)

const defaultServer = "http://127.0.0.1:8080"

const apiKeyHint = "Hint: a key on the command line can be seen in ps and stays in the shell's history. " +
	"Set ACCESSCODES_API_KEY or --api-key-file, or give - and the key on stdin.\n"

// serverFlags are the flags of commands that talk to a server.
func serverFlags(flags *pflag.FlagSet) {
	flags.String("server", defaultServer, "`address` of the server")
	flags.String("api-key", "", "the API `key`, or - to read it from stdin; required")
	fileFlag(flags, "api-key", "`path` of a file that holds the API key, which then is not in ps; instead of --api-key")
}

// serverWork is what a command does with a server.
type serverWork func(ctx context.Context, cmd *cobra.Command, server *client.Client, args []string) error

// onServer makes a command's work out of something done with the server of the --server flag.
func onServer(do serverWork) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		server, err := connect(cmd)
		if err != nil {
			return err
		}
		defer server.CloseIdleConnections()
		if err := do(cmd.Context(), cmd, server, args); err != nil {
			return err
		}
		flag := cmd.Flags().Lookup("api-key")
		if flag.Value.String() != fromStdin && len(flag.Annotations[setBy]) == 0 { // it was on the command line
			_, _ = io.WriteString(cmd.ErrOrStderr(), apiKeyHint) // it only informs
		}
		return nil
	}
}

func connect(cmd *cobra.Command) (*client.Client, error) {
	flags := cmd.Flags()
	if err := require(flags, "api-key"); err != nil {
		return nil, err
	}
	address, err := flags.GetString("server")
	if err != nil {
		return nil, err
	}
	if _, err := client.New(address, ""); err != nil {
		return nil, usageError{fmt.Errorf("--server %q is not an address like %s", address, defaultServer)}
	}
	key, err := flags.GetString("api-key")
	if err != nil {
		return nil, err
	}
	if key == fromStdin {
		if key, err = readKey(cmd.InOrStdin(), "--api-key"); err != nil {
			return nil, err
		}
	}
	server, err := client.New(address, key, client.WithUserAgent("accesscodes-cli"))
	if err != nil {
		return nil, usageError{errors.New("--api-key has control characters")}
	}
	return server, nil
}

// isMistake reports whether a server refused what no argument or flag may have. Of a file that turns out to
// be broken, some may have been done.
func isMistake(err error) bool {
	e, ok := errors.AsType[*client.Error](err)
	return ok && e.Status == http.StatusBadRequest && e.Reason != client.ReasonCodeAlreadyExists &&
		e.Reason != client.ReasonInvalidFile
}

// serverMessage is an error of a server in words, with what its log and a program can be asked for;
// empty: it is another one.
func serverMessage(err error) string {
	text := ""
	if e, ok := errors.AsType[*client.Error](err); ok {
		lines := []string{e.Detail}
		for _, field := range e.Fields[min(1, len(e.Fields)):] {
			lines = append(lines, field.Detail)
		}
		text = strings.Join(lines, "; ") + " ("
		if e.Reason != "" {
			text += string(e.Reason) + ", "
		}
		text += "request " + e.RequestID + ")"
	} else if e, ok := errors.AsType[*client.NoAnswerError](err); ok {
		text = noAnswer(err, e)
	}
	if text != "" && client.OutcomeUnknown(err) {
		text += "; it may have been done, or not"
	}
	return text
}

// noAnswer says why there is no whole answer.
func noAnswer(err error, e *client.NoAnswerError) string {
	if isInterrupted(err) {
		return "interrupted"
	}
	if _, broken := errors.AsType[brokenFile](err); broken {
		return fmt.Sprintf("%v (request %s)", e.Err, e.RequestID)
	}
	return fmt.Sprintf("the server does not answer: %v; its address is set with --server", e.Err)
}

// instant reads a time, or how long it is until then. None is written as a word: an empty value
// that was forgotten must never make a code that lives for ever.
func instant(flag, text string) (*time.Time, error) {
	if text == none {
		return nil, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return &at, nil
	}
	length, err := parseDays(text)
	if err != nil || length <= 0 {
		return nil, usageError{fmt.Errorf("--%s %q is not a time such as 2031-12-31T23:59:59Z, 90d or 12h", flag, text)}
	}
	return new(time.Now().Add(length).Truncate(time.Second)), nil
}

// timeOf reads a time that may be left out; zero: none.
func timeOf(flag, text string) (at time.Time, err error) {
	if text == "" {
		return at, nil
	}
	if at, err = time.Parse(time.RFC3339, text); err != nil {
		return at, usageError{fmt.Errorf("--%s %q is not a time such as 2031-12-31T23:59:59Z", flag, text)}
	}
	return at, nil
}

// none stands on the command line for no time and for no limit.
const none = "none"

// metadata reads entries like campaign=spring.
func metadata(flag string, entries []string) (map[string]string, error) {
	all := map[string]string{}
	for _, entry := range entries {
		name, value, ok := strings.Cut(entry, "=")
		if _, twice := all[name]; !ok || twice {
			return nil, usageError{fmt.Errorf("--%s %q is not NAME=VALUE, with a name of its own", flag, entry)}
		}
		all[name] = value
	}
	return all, nil
}
