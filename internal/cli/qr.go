package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"accesscodes/internal/core"
	"accesscodes/internal/qr"
)

func newCode() *cobra.Command {
	cmd := &cobra.Command{Use: "code", Short: "Work with single codes", Args: cobra.ArbitraryArgs, RunE: group}
	cmd.AddCommand(newQR())
	return cmd
}

// symbolFlags are what the QR codes of pictures and of cards have in common.
type symbolFlags struct{ link, level string }

func (f *symbolFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.link, "link", "",
		"`address` that the QR code leads to, such as https://app.example.com/join?code={code}; without it, the code alone")
	flags.StringVar(&f.level, "error-correction", string(qr.Medium),
		"how much of a QR code may be damaged: low (7 %), medium (15 %), quartile (25 %) or high (30 %)")
}

func (f *symbolFlags) parse() (qr.Link, qr.Level, error) {
	link, err := qr.ParseLink(f.link)
	if err != nil {
		return qr.Link{}, "", usageError{fmt.Errorf("--link %q %w", f.link, err)}
	}
	level := qr.Level(f.level)
	if !slices.Contains(qr.Levels(), level) {
		return qr.Link{}, "", usageError{
			fmt.Errorf("--error-correction %q is not %s", f.level, core.Alternatives(qr.Levels())),
		}
	}
	return link, level, nil
}

// The sides of a picture, in pixels, and its quiet zone, in modules.
const (
	defaultPicture, maxPicture = 512, 10000
	maxQuietZone               = 100
)

func newQR() *cobra.Command {
	var symbol symbolFlags
	var png, svg string
	var size, zone int
	cmd := &cobra.Command{
		Use: "qr CODE --png FILE|--svg FILE", Short: "Draw a code as a QR code", Args: exactArgs("CODE"),
		Long: "Draw a code as a QR code. It needs no server and no database, and does not ask whether there is such\n" +
			"a code. Put -- before a code that begins with a dash.",
		Example: "  accesscodes code qr ACME-7Q2F-9KXM --png code.png --link 'https://app.example.com/join?code={code}'",
		RunE: func(cmd *cobra.Command, args []string) error {
			link, level, err := symbol.parse()
			if err != nil {
				return err
			}
			if err := checkPicture(cmd.Flags(), size, zone); err != nil {
				return err
			}
			var errs core.FieldErrors
			value := core.CleanValue(args[0], &errs)
			if err := errs.Err(); err != nil {
				return err
			}
			code, err := qr.New(link.Of(value), level)
			if err != nil {
				return fmt.Errorf("the code %q: %w", value, err)
			}
			picture := qr.Picture{Code: code, Size: size, Margin: zone}
			if cmd.Flags().Changed("svg") {
				return writeTo(cmd, svg, picture.SVG)
			}
			err = writeTo(cmd, png, picture.PNG)
			if small, ok := errors.AsType[qr.TooSmallError](err); ok {
				return usageError{fmt.Errorf("--size %d %w", size, small)}
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&png, "png", "", "`file` to write a PNG picture to; - is stdout")
	flags.StringVar(&svg, "svg", "", "`file` to write an SVG picture to; - is stdout")
	flags.IntVar(&size, "size", defaultPicture, "pixels of a side")
	flags.IntVar(&zone, "quiet-zone", qr.QuietZone, "light modules around the QR code; readers want 4")
	symbol.register(flags)
	return cmd
}

// checkPicture checks what kind of picture is asked for, and its measures.
func checkPicture(flags *pflag.FlagSet, size, zone int) error {
	switch {
	case flags.Changed("png") == flags.Changed("svg"):
		return usageError{errors.New("one of --png and --svg is required")}
	case size < 1 || size > maxPicture:
		return usageError{fmt.Errorf("--size %d is not 1 to %d", size, maxPicture)}
	case zone < 0 || zone > maxQuietZone:
		return usageError{fmt.Errorf("--quiet-zone %d is not 0 to %d", zone, maxQuietZone)}
	}
	return nil
}

// writeTo writes to a file, or to stdout if its name is -. See [writeFile].
func writeTo(cmd *cobra.Command, name string, write func(io.Writer) error) error {
	if name == "-" {
		return write(cmd.OutOrStdout())
	}
	return writeFile(name, write)
}
