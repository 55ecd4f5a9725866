package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"accesscodes/client"
	"accesscodes/internal/sheet"
)

// changeFlags are the flags of commands that change many codes.
type changeFlags struct {
	chosen            codeFilterFlags
	codes             string
	dryRun, wait, yes bool
	rollBack          bool
	idempotencyKey    string
}

func (f *changeFlags) register(flags *pflag.FlagSet) {
	f.chosen.register(flags)
	flags.StringVar(&f.codes, "codes", "",
		"`file` of codes, up to 10000: one on a line, or CSV with a column \"code\"; - is stdin. Without other choices")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only say what would be done")
	flags.BoolVar(&f.wait, "wait", false, "wait until it is done")
	flags.BoolVar(&f.yes, "yes", false, "do not ask, also on a terminal")
	flags.StringVar(&f.idempotencyKey, "idempotency-key", "",
		"`name` of this request, such as a ticket's number: the same one again makes no second change")
}

// selection is which codes the flags choose.
func (f *changeFlags) selection(cmd *cobra.Command) (s client.Selection, err error) {
	filter, err := f.chosen.read()
	if err != nil {
		return s, err
	}
	s = client.Selection{
		BatchID: filter.BatchID, Type: filter.Type, Status: filter.Status, Query: filter.Query,
		CreatedAfter: filter.CreatedAfter, CreatedBefore: filter.CreatedBefore,
	}
	chooses := slices.ContainsFunc([]string{"batch", "type", "status", "query", "created-after", "created-before"},
		cmd.Flags().Changed)
	switch {
	case f.codes == "" && !chooses:
		return s, usageError{fmt.Errorf("no codes are chosen; see %s --help", cmd.CommandPath())}
	case f.codes == "":
		return s, nil
	case chooses:
		return s, usageError{errors.New("--codes goes without other flags that choose codes")}
	}
	err = readFrom(cmd, f.codes, func(from io.Reader) error {
		if s.Codes, err = readCodes(from); err != nil {
			return fmt.Errorf("--codes %q cannot be used: %w", f.codes, err)
		}
		return nil
	})
	return s, err
}

// maxListed is how many codes a change may list.
const maxListed = 10_000

// readCodes reads a list of codes: lines, or a table with a line of names first.
func readCodes(from io.Reader) (all []string, err error) {
	const maxLine = 64 << 10
	buffered := bufio.NewReaderSize(from, maxLine)
	start, err := buffered.Peek(maxLine)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	add := func(code string) error {
		if code = strings.TrimSpace(code); code == "" {
			return nil
		}
		if all = append(all, code); len(all) > maxListed {
			return fmt.Errorf("it has more than %s codes, too many for one change; give it in parts", grouped(maxListed))
		}
		return nil
	}
	if namesCode(start) {
		err = addColumn(buffered, add)
	} else {
		err = addLines(buffered, maxLine, add)
	}
	if err == nil && len(all) == 0 {
		err = errors.New("there is no code in it")
	}
	return all, err
}

// namesCode reports whether a file begins with the names of columns, of which one is code.
func namesCode(start []byte) bool {
	line, _, _ := bytes.Cut(bytes.TrimPrefix(start, []byte("\ufeff")), []byte("\n"))
	cells := strings.FieldsFunc(string(line), func(r rune) bool { return strings.ContainsRune(",;\t\"\r ", r) })
	return slices.Contains(cells, "code")
}

func addColumn(from io.Reader, add func(string) error) error {
	list, err := sheet.ReadCSV(from)
	if err != nil {
		return err
	}
	column := slices.Index(list.Columns, "code")
	for row, err := range list.Rows {
		if err != nil {
			return err
		}
		if err := add(row.Cells[column]); err != nil {
			return err
		}
	}
	return nil
}

func addLines(from io.Reader, longest int, add func(string) error) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, longest)
	for lines.Scan() {
		if err := add(strings.TrimPrefix(lines.Text(), "\ufeff")); err != nil {
			return err
		}
	}
	return lines.Err()
}

// newChangeThat is a command that does something to many codes.
func newChangeThat(kind kindOfChange) *cobra.Command {
	var f changeFlags
	cmd := &cobra.Command{
		Use: kind.name + " [--batch BATCH] [--status STATUS] … | --codes FILE", Short: kind.short, Args: exactArgs(),
		Example: kind.example,
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, _ []string) error {
			do, err := kind.do(cmd.Flags())
			if err != nil {
				return err
			}
			chosen, err := f.selection(cmd)
			if err != nil {
				return err
			}
			request := client.CreateChangeRequest{
				Select: chosen, Do: do, RollBackRedemptions: f.rollBack, IdempotencyKey: f.idempotencyKey,
			}
			return f.run(ctx, cmd, server, kind, request)
		}),
	}
	f.register(cmd.Flags())
	if kind.rollsBack {
		cmd.Flags().BoolVar(&f.rollBack, "roll-back-redemptions", false, "also roll back every redemption of the codes")
	}
	if kind.register != nil {
		kind.register(cmd.Flags())
	}
	outputFlag(cmd.Flags())
	return cmd
}

// run makes a change, or says what it would do.
func (f *changeFlags) run(
	ctx context.Context, cmd *cobra.Command, server *client.Client, kind kindOfChange, r client.CreateChangeRequest,
) error {
	if f.dryRun {
		preview, err := server.PreviewChange(ctx, r)
		if err != nil {
			return err
		}
		return printRows(cmd, previewColumns, nil, []*client.ChangePreview{preview})
	}
	total := int64(len(r.Select.Codes))
	if !f.yes && canAsk(cmd) {
		preview, err := server.PreviewChange(ctx, r)
		if err != nil {
			return err
		}
		if err := kind.confirm(cmd, preview); err != nil {
			return err
		}
		total = preview.Matched
	}
	change, err := server.CreateChange(ctx, r)
	if err == nil && f.wait {
		change, err = followChange(ctx, cmd, server, change, total)
	}
	if err != nil {
		return err
	}
	if err := changeNoun.print(cmd, change); err != nil {
		return err
	}
	if !f.wait {
		sayHowFar(cmd, change)
	}
	if !f.wait || change.Changed > 0 || change.RolledBack > 0 {
		cmd.PrintErrf("To take it back: %s\n", commandLine(cmd, "change", "undo", change.ID))
	}
	return nil
}

// canAsk reports whether there is a person who can be asked.
func canAsk(cmd *cobra.Command) bool {
	in, ok := cmd.InOrStdin().(*os.File)
	return ok && term.IsTerminal(int(in.Fd())) && terminalWidth(cmd.ErrOrStderr()) > 0
}

// confirm says what a change would do, and asks.
func (k kindOfChange) confirm(cmd *cobra.Command, p *client.ChangePreview) error {
	codes := func(n int64) string {
		if n == 1 {
			return "1 code"
		}
		return grouped(n) + " codes"
	}
	if !p.Complete {
		cmd.PrintErrln("There is more than could be counted; this is about the newest codes:")
	}
	cmd.PrintErrf("%s chosen, %s would be %s.\n", codes(p.Matched), grouped(p.Changed), k.done)
	if len(p.Skipped) > 0 {
		cmd.PrintErrf("The others would stay as they are: %s.\n", counts(p.Skipped))
	}
	if p.People > 0 {
		cmd.PrintErrf("People who have redeemed one: %s.\n", grouped(p.People))
	}
	if p.RolledBack > 0 {
		cmd.PrintErrf("Redemptions that would be rolled back: %s.\n", grouped(p.RolledBack))
	}
	if len(p.Sample) > 0 {
		cmd.PrintErrf("Such as %s.\n", values(p.Sample[:min(len(p.Sample), 5)]))
	}
	if p.Complete && p.Changed == 0 && p.RolledBack == 0 {
		return errors.New("there is nothing to change")
	}
	cmd.PrintErrf("%s %s? [y/N] ", k.verb, codes(p.Changed))
	answer, err := ask(cmd)
	if err != nil {
		return err
	}
	if !slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(answer))) {
		return errors.New("nothing was changed")
	}
	return nil
}

// ask reads an answer, until Ctrl-C.
func ask(cmd *cobra.Command) (string, error) {
	answer := make(chan string, 1)
	go func() { // it stays if nothing is typed; the process ends soon
		text, _ := bufio.NewReader(cmd.InOrStdin()).ReadString('\n') // without an answer: no
		answer <- text
	}()
	select {
	case text := <-answer:
		return text, nil
	case <-cmd.Context().Done():
		cmd.PrintErrln()
		return "", cmd.Context().Err()
	}
}
