package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

const keyHelp = "KEY is its id, or - to read the key itself (or its id) from stdin.\n" +
	"The key itself is understood as KEY, too, but on the command line others can see it."

// fromStdin stands on the command line for what is read from stdin.
const fromStdin = "-"

// maxKeyLine is how much of stdin is read in search of a key: a key is much shorter.
const maxKeyLine = 4 << 10

const keyHint = "Hint: a key on the command line can be seen in ps and stays in the shell's history. " +
	"Give - as KEY and the key on stdin.\n"

// keyWork is what a command does with a key.
type keyWork func(ctx context.Context, cmd *cobra.Command, service *tenancy.Service, key tenancy.Key) error

// onKey makes a command's work out of something done with the key that its argument names.
func onKey(do keyWork) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		reference := args[0]
		if reference == fromStdin {
			var err error
			if reference, err = readKey(cmd.InOrStdin(), "KEY"); err != nil {
				return err
			}
		}
		work := onExistingDatabase(func(ctx context.Context, cmd *cobra.Command, service *tenancy.Service, _ []string) error {
			key, err := service.FindKey(ctx, reference)
			if err != nil {
				return err
			}
			return do(ctx, cmd, service, key)
		})
		if err := work(cmd, args); err != nil {
			return err
		}
		if _, err := core.ParseID(args[0]); err != nil && args[0] != fromStdin {
			_, _ = io.WriteString(cmd.ErrOrStderr(), keyHint) // it only informs
		}
		return nil
	}
}

// readKey reads the first line of stdin, for an argument or a flag that is -.
func readKey(stdin io.Reader, of string) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(stdin, maxKeyLine)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the key from stdin: %w", err)
	}
	if line = strings.TrimSpace(line); line == "" {
		return "", usageError{fmt.Errorf("%s is -, but there is no key on stdin", of)}
	}
	return line, nil
}
