package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"accesscodes/client"
)

var importNoun = noun[client.Import]{"IMPORT", importColumns, []string{
	"id", "status", "lines", "accepted", "rejected", "skipped", "dryRun", "name", "notes", "failure",
}}

// importColumns are the columns of imports.
var importColumns = []column[*client.Import]{
	{"id", func(i *client.Import) any { return i.ID }},
	{"status", func(i *client.Import) any { return i.Status }},
	{"lines", func(i *client.Import) any { return i.Lines }},
	{"accepted", func(i *client.Import) any { return i.Accepted }},
	{"rejected", func(i *client.Import) any { return i.Rejected }},
	{"skipped", func(i *client.Import) any { return i.Skipped }},
	{"dryRun", func(i *client.Import) any { return i.DryRun }},
	{"name", func(i *client.Import) any { return textOrNil(i.Name) }},
	{"batchId", func(i *client.Import) any { return textOrNil(i.BatchID) }},
	{"format", func(i *client.Import) any { return i.Format }},
	{"onExisting", func(i *client.Import) any { return i.OnExisting }},
	{"atomic", func(i *client.Import) any { return i.Atomic }},
	{"bytes", func(i *client.Import) any { return i.Bytes }},
	{"perSecond", func(i *client.Import) any { return i.PerSecond }},
	{"notes", func(i *client.Import) any { return values(i.Notes) }},
	{"createdAt", func(i *client.Import) any { return i.CreatedAt }},
	{"finishedAt", func(i *client.Import) any { return i.FinishedAt }},
	{"createdBy", func(i *client.Import) any { return textOrNil(i.CreatedBy) }},
	{"failure", func(i *client.Import) any { return textOrNil(i.Failure) }},
}

// importFlags are how a file is imported.
type importFlags struct {
	request  client.CreateImportRequest
	rejected string
}

func (f *importFlags) register(flags *pflag.FlagSet) {
	flags.StringVar((*string)(&f.request.OnExisting), "on-existing", string(client.FailExisting),
		"what becomes of a line whose code exists: fail rejects it unless it is equal, skip passes over it, update "+
			"changes the code")
	flags.BoolVar(&f.request.DryRun, "dry-run", false, "only say what would be done")
	flags.BoolVar(&f.request.Atomic, "atomic", false, "all lines or none, of up to 10000")
	flags.StringVar(&f.request.Batch, "batch", "", "`name` of a new batch that the codes belong to")
	flags.StringVar((*string)(&f.request.Format), "format", "",
		"csv or ndjson; without it, FILE's name says it: .ndjson and .jsonl are ndjson")
	flags.StringVar(&f.rejected, "rejected", "", "`file` for the lines that are rejected, to be mended; - is stdout")
	flags.StringVar(&f.request.IdempotencyKey, "idempotency-key", "",
		"`name` of this request, such as a ticket's number: the same one again imports no second time")
}

func newImport() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use: "import FILE|-", Short: "Add the codes of a file, over the HTTP API of a server",
		Args: exactArgs("FILE, or - for stdin"),
		Long: "Add the codes of a file, over the HTTP API of a server. FILE is CSV or NDJSON such as an export, perhaps\n" +
			"packed with gzip. It is worked on while it is sent. If that breaks off, the same file can be sent again: the\n" +
			"lines that are done count as skipped. Lines that are rejected make the command fail; the others are done,\n" +
			"unless --atomic.",
		Example: "  accesscodes import codes.csv --dry-run\n" +
			"  accesscodes import codes.csv --batch 'From the old shop' --rejected rejected.csv\n" +
			"  zcat codes.csv.gz | accesscodes import -",
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, args []string) error {
			return f.run(ctx, cmd, server, args[0])
		}),
	}
	serverFlags(cmd.PersistentFlags())
	f.register(cmd.Flags())
	outputFlag(cmd.Flags())
	cmd.AddCommand(
		importNoun.list("List imports, newest first", (*client.Client).Imports),
		importNoun.one("get", "Show how far an import is", (*client.Client).GetImport),
		importNoun.one("cancel", "Stop an import; what is accepted stays", (*client.Client).CancelImport),
		newImportRejected(),
	)
	return cmd
}

func newImportRejected() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "rejected IMPORT --out FILE", Short: "Write the lines that an import rejected to a file, to be mended",
		Args: exactArgs("IMPORT"),
		Long: "Write the lines that an import rejected to a file, to be mended. Columns that begin with _ say why; they\n" +
			"can stay when the file is imported.",
		PreRunE: func(cmd *cobra.Command, _ []string) error { return require(cmd.Flags(), "out") },
		RunE: onServer(func(ctx context.Context, cmd *cobra.Command, server *client.Client, args []string) error {
			return downloadRejected(ctx, cmd, server, args[0], out)
		}),
	}
	outFlag(cmd.Flags(), &out)
	return cmd
}

func downloadRejected(ctx context.Context, cmd *cobra.Command, server *client.Client, id, out string) error {
	file, err := server.DownloadRejected(ctx, id)
	if err != nil {
		return err
	}
	return download(cmd, out, file)
}

// run sends a file, and says what became of it.
func (f *importFlags) run(ctx context.Context, cmd *cobra.Command, server *client.Client, name string) error {
	f.request.Format = cmp.Or(f.request.Format, formatOf(name))
	if f.request.Batch != "" { // so that sent again, it is the same batch
		f.request.IdempotencyKey = cmp.Or(f.request.IdempotencyKey, strings.ToLower(rand.Text()))
	}
	var report *client.Import
	err := readFrom(cmd, name, func(from io.Reader) (err error) {
		p := newProgress(cmd.ErrOrStderr())
		defer p.end()
		report, err = server.CreateImport(ctx, sent(from, p), f.request)
		return err
	})
	if err != nil {
		return f.advise(cmd, name, err)
	}
	if err := importNoun.print(cmd, report); err != nil {
		return err
	}
	return f.conclude(ctx, cmd, server, report)
}

// formatOf is the format that the name of a file says.
func formatOf(name string) client.ExportFormat {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	if slices.Contains([]string{".ndjson", ".jsonl"}, filepath.Ext(name)) {
		return client.FormatNDJSON
	}
	return client.FormatCSV
}

// advise says how to go on after an import that came to no report.
func (f *importFlags) advise(cmd *cobra.Command, name string, err error) error {
	e, refused := errors.AsType[*client.Error](err)
	_, broken := errors.AsType[*client.NoAnswerError](err)
	again := "the lines that are done count as skipped"
	if f.request.Batch != "" {
		again += "; with --idempotency-key " + shellWord(f.request.IdempotencyKey) + " its codes are one batch"
	}
	switch {
	case isInterrupted(err): // what has been sent is no riddle
		err = context.Canceled
		broken = true
	case broken && !client.OutcomeUnknown(err):
		return err
	}
	switch {
	case refused && e.Reason == client.ReasonImportRunning:
		return unfinished{err, "to see how far it is: " + commandLine(cmd, "import", "get", e.ImportID)}
	case refused && e.ImportID != "":
		return unfinished{err, "what became of its lines: " + commandLine(cmd, "import", "get", e.ImportID)}
	case broken && name == "-":
		return unfinished{err, "send the same again from its start: " + again}
	case broken:
		return unfinished{err, "run the same command again: " + again}
	default:
		return err
	}
}

// conclude fetches what was rejected, and returns what makes the command fail.
func (f *importFlags) conclude(
	ctx context.Context, cmd *cobra.Command, server *client.Client, report *client.Import,
) error {
	var failure error
	if report.Status != client.ImportSucceeded {
		failure = errors.New(cmp.Or(report.Failure, fmt.Sprintf("the import is %s", report.Status)))
	}
	if report.Rejected == 0 {
		return failure
	}
	if failure == nil {
		failure = fmt.Errorf("%s of %s lines were rejected", grouped(report.Rejected), grouped(report.Lines))
	}
	if f.rejected == "" {
		next := commandLine(cmd, "import", "rejected", report.ID, "--out", "rejected.csv")
		return unfinished{failure, "to see why: " + next}
	}
	if err := downloadRejected(ctx, cmd, server, report.ID, f.rejected); err != nil {
		return err
	}
	if f.rejected == "-" {
		return failure
	}
	return unfinished{failure, "they are in " + f.rejected + ": mend them there and import that"}
}

// sent returns a file whose reading is shown. It can go back to its start if the file can.
func sent(from io.Reader, p *progress) io.Reader {
	s := state{stage: "sent", bytes: true}
	file, ok := from.(*os.File)
	if ok {
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			s.total = info.Size()
		}
	}
	p.start(s)
	if ok && s.total > 0 {
		return &sentFile{file: file, progress: p}
	}
	return io.TeeReader(from, p)
}

// sentFile is a file whose reading is shown.
type sentFile struct {
	file     *os.File
	progress *progress
	at       int64
}

// Read implements [io.Reader].
func (s *sentFile) Read(into []byte) (int, error) {
	n, err := s.file.Read(into)
	s.at += int64(n)
	s.progress.set(s.at)
	if err == io.EOF {
		s.progress.reached() // the server has the rest in its hands
	}
	return n, err
}

// Seek implements [io.Seeker].
func (s *sentFile) Seek(offset int64, whence int) (at int64, err error) {
	if at, err = s.file.Seek(offset, whence); err == nil {
		s.at = at
	}
	return at, err
}
