package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

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
		Use: "print --codes FILE --out FILE", Short: "Print codes as a PDF of cards with QR codes", Args: exactArgs(),
		Long: "Print codes as a PDF of cards with QR codes. It needs no server and no database.\n\n" +
			"The codes are a CSV file with a line of names first and a column \"code\", such as an export; other columns can\n" +
			"be shown by --title and --line. A text that does not fit is shrunk, never cut.",
		Example: "  accesscodes batch print --codes codes.csv --out sheet.pdf --crop-marks --title 'Acme Festival'",
		PreRunE: func(cmd *cobra.Command, _ []string) error { return require(cmd.Flags(), "codes", "out") },
		RunE: func(cmd *cobra.Command, _ []string) error {
			design, err := f.design()
			if err != nil {
				return err
			}
			return readFrom(cmd, codes, func(from io.Reader) error {
				list, err := sheet.ReadCSV(from)
				if err != nil {
					return fmt.Errorf("--codes %q cannot be used: %w", codes, err)
				}
				if design.Lines, err = f.linesFor(list); err != nil {
					return err
				}
				return printSheet(cmd, out, design, list)
			})
		},
	}
	cmd.Flags().StringVar(&codes, "codes", "", "`file` of the codes, CSV; - is stdin; required")
	cmd.Flags().StringVar(&out, "out", "", "`file` to write the PDF to; - is stdout; required")
	f.register(cmd.Flags())
	return cmd
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
