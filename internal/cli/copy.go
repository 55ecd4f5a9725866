package cli

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"accesscodes/client"
	"accesscodes/internal/app"
	"accesscodes/internal/config"
	"accesscodes/internal/store/transfer"
)

var copyColumns = []column[transfer.Result]{
	{"table", func(r transfer.Result) any { return r.Table }},
	{"rows", func(r transfer.Result) any { return r.Rows }},
	{"sha256", func(r transfer.Result) any { return r.Checksum }},
}

func newCopy() *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use: "copy", Short: "Copy everything from one database into another, such as from SQLite to PostgreSQL",
		Args: exactArgs(),
		Long: "Copy everything from one database into another, such as from SQLite to PostgreSQL or back.\n\n" +
			"Stop the servers of both first. The target must be empty. When all is copied, both are read to the end and\n" +
			"compared. A copy that was interrupted goes on where it stopped when the same command is run again; until it is\n" +
			"finished no server starts on the target. Nothing is changed in the source but its schema, if that is out of date.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := require(cmd.Flags(), "from", "to"); err != nil {
				return err
			}
			for _, name := range []string{"from", "to"} {
				if _, err := config.ParseDatabase(cmd.Flag(name).Value.String()); err != nil {
					return usageError{fmt.Errorf("--%s %w", name, err)}
				}
			}
			results, err := app.Copy(cmd.Context(), from, to, newProgress(cmd.ErrOrStderr()))
			if err != nil {
				return err
			}
			return printList(cmd, copyColumns, results)
		},
	}
	cmd.Flags().StringVar(&from, "from", "",
		"`address` of the database to copy from: sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE; required")
	cmd.Flags().StringVar(&to, "to", "", "`address` of the database to copy into, of the same form; required")
	fileFlag(cmd.Flags(), "from", "`path` of a file that holds the address to copy from; instead of --from")
	fileFlag(cmd.Flags(), "to", "`path` of a file that holds the address to copy into; instead of --to")
	outputFlag(cmd.Flags())
	return cmd
}

// progress shows how far long work is: as a bar on a terminal, as a line for each stage
// elsewhere.
type progress struct {
	to       io.Writer
	terminal bool
	bar      *progressbar.ProgressBar
}

func newProgress(to io.Writer) *progress {
	file, ok := to.(*os.File)
	return &progress{to: to, terminal: ok && term.IsTerminal(int(file.Fd()))}
}

// Begin implements [transfer.Progress].
func (p *progress) Begin(stage string, rows int64) {
	if !p.terminal {
		_, _ = fmt.Fprintf(p.to, "%s %d rows\n", stage, rows) // it only informs
		return
	}
	p.bar = progressbar.NewOptions64(rows, progressbar.OptionSetWriter(p.to), progressbar.OptionSetDescription(stage),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("rows"),
		progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionOnCompletion(func() { _, _ = fmt.Fprintln(p.to) }))
}

// Add implements [transfer.Progress].
func (p *progress) Add(rows int) {
	if p.bar != nil {
		_ = p.bar.Add(rows) // it only informs
	}
}

// received returns where to write what arrives, so that a terminal shows how much there is, and what to
// do at its end.
func (p *progress) received(to io.Writer) (io.Writer, func()) {
	if !p.terminal {
		return to, func() {}
	}
	bar := progressbar.NewOptions64(-1, progressbar.OptionSetWriter(p.to), progressbar.OptionSetDescription("received"),
		progressbar.OptionShowBytes(true), progressbar.OptionThrottle(100*time.Millisecond))
	return io.MultiWriter(to, bar), func() { _, _ = fmt.Fprintln(p.to) } // it only informs
}

// batch shows how far a batch is on a terminal.
func (p *progress) batch(b *client.Batch) {
	if !p.terminal {
		return
	}
	if p.bar == nil {
		p.Begin("codes", b.Count)
	}
	_ = p.bar.Set64(b.Progress.Done) // it only informs
}
