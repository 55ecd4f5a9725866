package bulk

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	"accesscodes/internal/bulk/upload"
	"accesscodes/internal/core"
)

// How lines go from who reads the file to who stores them: in chunks, of which few wait.
const (
	chunkLines    = 256
	chunkBytes    = 128 << 10
	waitingChunks = 4
	// setBytes is how many bytes of lines one step stores at most.
	setBytes = 1 << 20
	// setAge is how long a line waits for others.
	setAge = 100 * time.Millisecond
)

// chunk is some lines of a file.
type chunk struct {
	lines []*importLine
	bytes int // of the lines
	end   error
	notes []core.Said // with end: what was noticed about the file
}

// errStopped ends reading that nobody needs any more.
var errStopped = errors.New("reading was stopped")

// feed reads a file beside who stores its lines. Lines never wait for bytes that have not arrived.
type feed struct {
	body   io.Reader
	format FileFormat
	zone   *time.Location // of days without a time; nil: UTC
	formOf func(value string) (form string, isTaken bool, err error)

	chunks  chan chunk
	quit    chan struct{}
	pending chunk
	read    atomic.Int64 // bytes, unpacked
	reader  *upload.Reader
	layout  atomic.Pointer[upload.Layout]
}

func newFeed(
	body io.Reader, spec *ImportSpec, formOf func(value string) (form string, isTaken bool, err error),
) *feed {
	return &feed{
		body: body, format: spec.Format, zone: spec.location(), formOf: formOf,
		chunks: make(chan chunk, waitingChunks), quit: make(chan struct{}),
	}
}

// run reads the file and closes chunks. The last chunk says what ended it; io.EOF: all was read.
func (f *feed) run() {
	defer close(f.chunks)
	f.pending.end = f.lines()
	if f.reader != nil {
		f.pending.notes = f.reader.Notes()
	}
	_ = f.flush() // then nobody waits for it
}

func (f *feed) lines() (err error) {
	f.reader, err = upload.Open(&counted{upload.Unpack(&gate{f}), &f.read}, f.format)
	if err != nil {
		return err
	}
	f.reader.ReadDaysIn(f.zone)
	f.layout.Store(new(f.reader.Layout()))
	for {
		row, err := f.reader.Next()
		if err != nil {
			return err
		}
		line, err := f.lineOf(row)
		if err != nil {
			return err
		}
		f.pending.lines = append(f.pending.lines, line)
		f.pending.bytes += line.size()
		if len(f.pending.lines) >= chunkLines || f.pending.bytes >= chunkBytes {
			if err := f.flush(); err != nil {
				return err
			}
		}
	}
}

// size is about how much memory a line takes.
func (l *importLine) size() int {
	const fixed, entry = 512, 128
	size := fixed + len(l.raw)
	if l.record != nil && l.record.Change.Metadata.Value != nil {
		size += entry * len(*l.record.Change.Metadata.Value)
	}
	return size
}

func (f *feed) lineOf(row *upload.Row) (*importLine, error) {
	line := &importLine{number: row.Line, raw: row.Raw}
	record, wrong := row.Record()
	if wrong != nil {
		line.outcome = wrong
		return line, nil
	}
	form, isTaken, err := f.formOf(record.Value)
	switch {
	case err != nil:
		return nil, err
	case isTaken:
		line.outcome = codeExists()
	default:
		line.record, line.form = record, form
	}
	return line, nil
}

// flush hands over what was read.
func (f *feed) flush() error {
	if len(f.pending.lines) == 0 && f.pending.end == nil {
		return nil
	}
	select {
	case f.chunks <- f.pending:
		f.pending = chunk{lines: make([]*importLine, 0, chunkLines)}
		return nil
	case <-f.quit:
		return errStopped
	}
}

// stop ends reading and waits for that. interrupt ends a read of the body that waits: only of one that does,
// since a connection serves no further request after it.
func (f *feed) stop(interrupt func()) {
	close(f.quit)
	for {
		select {
		case _, more := <-f.chunks:
			if !more {
				return
			}
		case <-time.After(setAge):
			interrupt() // again and again: it may begin to read just after
		}
	}
}

// gate hands lines over before it reads what may not have arrived yet.
type gate struct{ feed *feed }

// Read implements [io.Reader].
func (g *gate) Read(into []byte) (int, error) {
	if err := g.feed.flush(); err != nil {
		return 0, err
	}
	select {
	case <-g.feed.quit:
		return 0, errStopped
	default:
		return g.feed.body.Read(into)
	}
}

// counted counts what is read.
type counted struct {
	from  io.Reader
	bytes *atomic.Int64
}

// Read implements [io.Reader].
func (c *counted) Read(into []byte) (int, error) {
	n, err := c.from.Read(into)
	c.bytes.Add(int64(n))
	return n, err
}
