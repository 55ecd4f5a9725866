package cli

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"accesscodes/client"
)

// unfinished is an error after which there is something to go on with.
type unfinished struct {
	error
	next string // a sentence without a capital and a dot
}

// Unwrap returns the cause.
func (u unfinished) Unwrap() error { return u.error }

// isInterrupted reports whether a command was ended by Ctrl-C or SIGTERM.
func isInterrupted(err error) bool { return errors.Is(err, context.Canceled) }

// Pauses before a server that does not answer is asked again.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 8 * time.Second
)

// pause waits before a try; the first one is 1.
func pause(ctx context.Context, try int) error {
	timer := time.NewTimer(min(firstPause<<min(try-1, 10), lastPause))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// watch looks at a thing until it has ended. A server that does not answer is asked again, until Ctrl-C.
func watch[T any](cmd *cobra.Command, follow func() iter.Seq2[*T, error], show func(*T)) (last *T, err error) {
	for try := 1; ; try++ {
		for last, err = range follow() {
			if err == nil {
				show(last)
				try = 0
			}
		}
		if err == nil || !client.Temporary(err) || cmd.Context().Err() != nil {
			return last, err
		}
		cmd.PrintErrf("accesscodes: %s\n", redact(oneLine(message(err))))
		if err := pause(cmd.Context(), try+1); err != nil {
			return nil, err
		}
	}
}

// commandLine is a command of this program to copy: for the same server, with arguments that a shell reads
// as they are.
func commandLine(cmd *cobra.Command, args ...string) string {
	all := []string{"accesscodes"}
	for _, arg := range args {
		all = append(all, shellWord(arg))
	}
	if flag := cmd.Flags().Lookup("server"); flag != nil && flag.Changed && len(flag.Annotations[setBy]) == 0 {
		all = append(all, "--server", shellWord(flag.Value.String()))
	}
	return strings.Join(all, " ")
}

// shellWord quotes a text for a shell if it has to be.
func shellWord(text string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,=@%+"
	if text != "" && strings.Trim(text, plain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
