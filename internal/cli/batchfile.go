package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"accesscodes/client"
)

// breaksInARow is how often a download may break without a code in between.
const breaksInARow = 4

// batchFile is the file of a batch's codes that is being written.
type batchFile struct {
	cmd    *cobra.Command
	server *client.Client
	batch  string
	format client.ExportFormat
	from   int64 // the index that was asked for
	out    string

	to       io.Writer
	next     int64 // the index to go on with
	begun    bool  // there is a line
	progress *progress
}

// write writes all codes that the batch has.
func (f *batchFile) write(ctx context.Context) error {
	batch, err := f.server.GetBatch(ctx, f.batch)
	if err != nil {
		return err
	}
	f.next = f.from
	if f.out == "-" {
		return f.stream(ctx, f.cmd.OutOrStdout(), batch)
	}
	of := f.batch
	if f.from > 0 {
		of += fmt.Sprintf(".from-%d", f.from)
	}
	part, err := openPart(f.out, of)
	if err != nil {
		return err
	}
	if part == nil {
		return writeInto(f.out, func(to io.Writer) error { return f.stream(ctx, to, batch) })
	}
	next, size, err := part.resume(f.format)
	if err != nil {
		return errors.Join(err, part.file.Close())
	}
	if f.begun = size > 0; f.begun {
		f.next = next
		f.cmd.PrintErrf("Going on behind the code %s of %s.\n", grouped(next), grouped(batch.Progress.Done))
	}
	if err = f.fetch(ctx, part.file, batch); err == nil {
		return part.finish()
	}
	kept, failed := part.keep(f.next > f.from)
	if err = errors.Join(err, failed); !kept {
		return err
	}
	return unfinished{err, "what came is kept; to go on: " + f.again()}
}

// stream writes codes to where they cannot be taken back.
func (f *batchFile) stream(ctx context.Context, to io.Writer, batch *client.Batch) error {
	err := f.fetch(ctx, to, batch)
	if err != nil && f.begun {
		f.from = f.next
		return unfinished{err, "to go on: " + f.again()}
	}
	return err
}

// again is the command that goes on.
func (f *batchFile) again() string {
	args := []string{"batch", "download", f.batch, "--out", f.out}
	if f.format != client.FormatCSV {
		args = append(args, "--format", string(f.format))
	}
	if f.from > 0 {
		args = append(args, "--from", fmt.Sprint(f.from))
	}
	return commandLine(f.cmd, args...)
}

// fetch writes what is missing. After a break it goes on behind the last whole line.
func (f *batchFile) fetch(ctx context.Context, to io.Writer, batch *client.Batch) error {
	f.to, f.progress = to, newProgress(f.cmd.ErrOrStderr())
	f.progress.quiet = f.out == "-" // the terminal may be stdout, too
	f.progress.start(state{stage: "codes", done: f.next, since: f.next, total: batch.Progress.Done})
	defer f.progress.end()
	for breaks := 1; ; breaks++ {
		before := f.next
		err := f.part(ctx)
		if f.next > before {
			breaks = 1
		}
		if err == nil || !client.Temporary(err) || breaks >= breaksInARow || ctx.Err() != nil {
			return err
		}
		if err := pause(ctx, breaks); err != nil {
			return err
		}
	}
}

// part writes whole lines until their file ends or breaks off.
func (f *batchFile) part(ctx context.Context) (err error) {
	file, err := f.server.DownloadBatch(ctx, f.batch, f.next, f.format)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // never fails
	lines, to := bufio.NewReaderSize(file, 64<<10), bufio.NewWriterSize(f.to, 64<<10)
	var last, line []byte
	if f.begun && f.format == client.FormatCSV {
		if _, err := lines.ReadBytes('\n'); err != nil { // the header is there
			return brokenFile{err}
		}
	}
	count := 0
	for ; err == nil; count++ {
		if line, err = readLine(lines, line[:0]); err != nil {
			break
		}
		if _, err = to.Write(line); err != nil {
			return err
		}
		if f.begun = true; count%256 == 255 {
			f.progress.Add(256)
		}
		last, line = line, last
	}
	if flushed := to.Flush(); flushed != nil {
		return flushed
	}
	if index, unread := indexIn(last, f.format); unread == nil { // a header has none
		f.next = index + 1
		f.progress.set(f.next)
	}
	if err == io.EOF && len(line) == 0 { // what wraps it is no end
		return nil
	}
	return brokenFile{err}
}

// readLine reads a whole line, however long, into a buffer.
func readLine(from *bufio.Reader, line []byte) ([]byte, error) {
	for {
		piece, err := from.ReadSlice('\n')
		line = append(line, piece...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}
