package upload

import (
	"bytes"
	"errors"
	"io"

	"golang.org/x/text/encoding"
)

// bufferBytes is how much of a file is in memory: a row that is too long, and then some.
const bufferBytes = 4 * MaxRowBytes

// source is a window on a file, which moves forward only.
type source struct {
	from       io.Reader
	buffer     []byte
	start, end int
	left       int64 // bytes until the file is too large
	err        error // that ended reading; io.EOF at the end
}

func newSource(r io.Reader, maxBytes int64) *source {
	return &source{from: r, buffer: make([]byte, bufferBytes), left: maxBytes}
}

// window is what is in memory.
func (s *source) window() []byte { return s.buffer[s.start:s.end] }

// ended reports whether the window reaches to the end of the file.
func (s *source) ended() bool { return errors.Is(s.err, io.EOF) }

// fill makes the window so long, or as long as the file goes. It returns why that was not possible.
func (s *source) fill(length int) error {
	if s.start+length > len(s.buffer) {
		s.end = copy(s.buffer, s.window())
		s.start = 0
	}
	for idle := 0; s.end-s.start < length && s.err == nil; idle++ {
		n, err := s.from.Read(s.buffer[s.end:])
		if n > 0 {
			idle = 0
		}
		s.end += n
		s.left -= int64(n)
		switch {
		case s.left < 0:
			s.end += int(s.left)
			s.err = errTooLarge()
		case err != nil:
			s.err = err
		case idle > 100:
			s.err = io.ErrNoProgress
		}
	}
	if s.end-s.start < length && !s.ended() {
		return s.err
	}
	return nil
}

// decode has the file decoded from the window on, which is filled again.
func (s *source) decode(decoder *encoding.Decoder) {
	read := bytes.NewReader(bytes.Clone(s.window()))
	rest := s.from
	if s.err != nil {
		rest = ended{s.err}
	}
	s.from = decoder.Reader(io.MultiReader(read, rest))
	s.left += read.Size() // it is counted again
	s.start, s.end, s.err = 0, 0, nil
}

// ended is what is left to read when an error has ended reading.
type ended struct{ err error }

// Read implements [io.Reader].
func (e ended) Read([]byte) (int, error) { return 0, e.err }

// skip moves the window forward.
func (s *source) skip(length int) { s.start += length }

// The number of bytes of a line end that is not there, or not wholly in the window yet.
const notYet = -1

// lineEnd returns where the first line of a text ends, and how long its end is: LF, CRLF or CR. Without
// an end in a whole text, the line goes to the text's end.
func lineEnd(text []byte, whole bool) (at, size int) {
	at = bytes.IndexAny(text, "\r\n")
	switch {
	case at < 0 && whole:
		return len(text), 0
	case at < 0:
		return len(text), notYet
	default:
		return at, endSize(text, at, whole)
	}
}

// endSize is the length of the line end at an index of a text.
func endSize(text []byte, at int, whole bool) int {
	switch {
	case text[at] == '\n':
		return 1
	case at+1 < len(text) && text[at+1] == '\n':
		return 2
	case at+1 < len(text) || whole:
		return 1
	default:
		return notYet
	}
}

// line makes the window hold its first line, and returns the line's length and that of its end. ok is
// false when the line is longer than a row may be.
func (s *source) line() (length, end int, ok bool, err error) {
	for want := 1; ; want = 2 * (s.end - s.start) {
		if err := s.fill(min(want, MaxRowBytes+2)); err != nil {
			return 0, 0, false, err
		}
		length, end = lineEnd(s.window(), s.ended())
		switch {
		case length > MaxRowBytes:
			return 0, 0, false, nil
		case end != notYet:
			return length, end, true, nil
		}
	}
}

// skipLine moves the window behind its first line, however long that is.
func (s *source) skipLine() error {
	for {
		if err := s.fill(1); err != nil {
			return err
		}
		length, end := lineEnd(s.window(), s.ended())
		if end != notYet {
			s.skip(length + end)
			return nil
		}
		s.skip(length)
		if s.end > s.start { // a CR, of which it is not known yet whether an LF follows
			if err := s.fill(2); err != nil {
				return err
			}
		}
	}
}

// countLines returns how many line ends a text has.
func countLines(text string) (count int) {
	for i := range len(text) {
		if text[i] == '\n' || text[i] == '\r' && (i+1 == len(text) || text[i+1] != '\n') {
			count++
		}
	}
	return count
}
