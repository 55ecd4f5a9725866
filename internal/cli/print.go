package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"accesscodes/client"
	"accesscodes/internal/sheet"
)

// sheetFlags are what a sheet of cards looks like.
type sheetFlags struct {
	symbol      symbolFlags
	paper       string
	layout      sheet.Layout
	title, zone string
	lines       []string
}

func (f *sheetFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.paper, "paper", "A4", "A4 or Letter")
	flags.IntVar(&f.layout.Columns, "columns", 2, "cards beside one another on a page")
	flags.IntVar(&f.layout.Rows, "rows", 5, "cards below one another on a page")
	flags.Float64Var(&f.layout.Margin, "margin", 10, "`mm` around the cards of a page; printers need about 5")
	flags.Float64Var(&f.layout.Gap, "gap", 0, "`mm` between cards")
	flags.BoolVar(&f.layout.CropMarks, "crop-marks", false, "mark where to cut")
	flags.StringVar(&f.title, "title", "", "`text` above each code; {COLUMN} stands for a column of the list")
	flags.StringArrayVar(&f.lines, "line", nil, "`text` below each code, such as 'For {recipient}'; again for the next "+
		"line. Without it: the type, and until when the code is valid, if the list has them")
	flags.StringVar(&f.zone, "time-zone", "UTC", "`name` of the time zone that times are shown in, such as Europe/Berlin")
	f.symbol.register(flags)
}

// design is what the flags ask for; its lines are left to linesFor.
func (f *sheetFlags) design() (d sheet.Design, err error) {
	d.Layout = f.layout
	d.Link, d.Level, err = f.symbol.parse()
	paper, known := sheet.PaperNamed(f.paper)
	d.Layout.Paper = paper
	if !known {
		err = errors.Join(err, fmt.Errorf("--paper %q is not A4 or Letter", f.paper))
	} else {
		err = errors.Join(err, d.Layout.Check())
	}
	var zoneErr, titleErr error
	if d.Zone, zoneErr = time.LoadLocation(f.zone); zoneErr != nil {
		zoneErr = fmt.Errorf("--time-zone %q is not the name of a time zone that this machine knows", f.zone)
	}
	if d.Title, titleErr = sheet.ParseTemplate(f.title); titleErr != nil {
		titleErr = fmt.Errorf("--title %w", titleErr)
	}
	if err = errors.Join(err, zoneErr, titleErr); err != nil {
		return d, usageError{err}
	}
	return d, nil
}

// linesFor are the texts below the codes of a list. A text of several lines is several texts.
func (f *sheetFlags) linesFor(list sheet.List) (all []sheet.Template, err error) {
	if len(f.lines) == 0 {
		return sheet.DefaultLines(list), nil
	}
	for _, text := range f.lines {
		for line := range strings.Lines(text) {
			template, err := sheet.ParseTemplate(strings.TrimSpace(line))
			if err != nil {
				return nil, usageError{fmt.Errorf("--line %w", err)}
			}
			all = append(all, template)
		}
	}
	return all, nil
}

func newPrint() *cobra.Command {
	var f sheetFlags
	var codes, out string
	cmd := &cobra.Command{
		Use: "print BATCH|--codes FILE --out FILE", Short: "Print codes as a PDF of cards with QR codes",
		Long: "Print codes as a PDF of cards with QR codes: those of a batch, when it has all of them, or of a file, for\n" +
			"which no server and no database are needed.\n\n" +
			"The file is CSV with a line of names first and a column \"code\", such as an export; other columns can be shown\n" +
			"by --title and --line. Codes of a batch have the columns of code list --output csv. A text that does not fit is\n" +
			"shrunk, never cut.",
		Example: "  accesscodes batch print 01a21984-0043-7bc5-9b11-4aeae8b30511 --out sheet.pdf --title 'Acme Festival'\n" +
			"  accesscodes batch print --codes codes.csv --out sheet.pdf --crop-marks",
		Args: atMost("BATCH"),
		PreRunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("codes") == (len(args) == 1) {
				return usageError{errors.New("either BATCH or --codes is required; see accesscodes batch print --help")}
			}
			return require(cmd.Flags(), "out")
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			design, err := f.design()
			if err != nil {
				return err
			}
			draw := func(list sheet.List) error {
				list.Rows = untilEnd(cmd.Context(), list.Rows)
				if design.Lines, err = f.linesFor(list); err != nil {
					return err
				}
				return printSheet(cmd, out, design, list)
			}
			if len(args) == 1 {
				return onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, args []string) error {
					return withCodesOf(ctx, cmd, server, args[0], draw)
				})(cmd, args)
			}
			return readFrom(cmd, codes, func(from io.Reader) error {
				list, err := sheet.ReadCSV(from)
				if err != nil {
					return fmt.Errorf("--codes %q cannot be used: %w", codes, err)
				}
				return draw(list)
			})
		},
	}
	cmd.Flags().StringVar(&codes, "codes", "", "`file` of the codes, CSV, instead of a batch; - is stdin")
	cmd.Flags().StringVar(&out, "out", "", "`file` to write the PDF to; - is stdout; required")
	f.register(cmd.Flags())
	return cmd
}

// untilEnd goes through rows until the context ends.
func untilEnd(ctx context.Context, rows iter.Seq2[sheet.Row, error]) iter.Seq2[sheet.Row, error] {
	return func(yield func(sheet.Row, error) bool) {
		for row, err := range rows {
			if err == nil {
				err = ctx.Err()
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// withCodesOf waits until a batch has its codes, and does something with the list of them.
func withCodesOf(
	ctx context.Context, cmd *cobra.Command, server *client.Client, id string, do func(sheet.List) error,
) error {
	if _, err := server.GetBatch(ctx, id); err != nil { // a wrong address is not asked again and again
		return err
	}
	batch, err := watchBatch(ctx, cmd, server, id)
	if err != nil {
		return err
	}
	if batch.Status != client.BatchSucceeded {
		cmd.PrintErrf("The batch is %s: it has %s of %s codes.\n", batch.Status, grouped(batch.Progress.Done),
			grouped(batch.Count))
	}
	list := sheet.List{}
	for _, c := range codeColumns {
		list.Columns = append(list.Columns, c.name)
	}
	p := newProgress(cmd.ErrOrStderr())
	p.start(state{stage: "cards", total: batch.Progress.Done})
	defer p.end()
	list.Rows = func(yield func(sheet.Row, error) bool) {
		for code, err := range server.BatchCodes(ctx, id, 0) {
			row := sheet.Row{}
			if err == nil {
				p.Add(1)
				row = sheet.Row{Place: fmt.Sprintf("index %d", *code.BatchIndex), Cells: texts(codeColumns, code)}
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
		p.end()
	}
	return do(list)
}

// printSheet writes a sheet and says on stderr how large it is.
func printSheet(cmd *cobra.Command, out string, design sheet.Design, list sheet.List) error {
	if err := design.Check(list); err != nil {
		return usageError{err}
	}
	cards := 0
	err := writeTo(cmd, out, func(to io.Writer) (err error) {
		cards, err = design.Write(to, list)
		return err
	})
	if err != nil {
		return err
	}
	pages := (cards-1)/(design.Layout.Columns*design.Layout.Rows) + 1
	_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%s on %s\n", counted(cards, "card"), counted(pages, "page")) // it only informs
	return nil
}

func counted(count int, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", count, noun)
}

// readFrom reads a file, or stdin if its name is -.
func readFrom(cmd *cobra.Command, name string, read func(io.Reader) error) error {
	if name == "-" {
		return read(cmd.InOrStdin())
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	return read(file)
}
