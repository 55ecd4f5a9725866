package upload

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
)

// A gzip bomb is a small file that unpacks to a huge one. Files of codes are packed to a fifth, and a
// file of one line over and over to a hundredth; DEFLATE can go to a thousandth.
const (
	maxRatio     = 300
	ratioMatters = 16 << 20 // unpacked bytes, before which the ratio does not count
)

var gzipMagic = []byte{0x1f, 0x8b}

// Unpack returns what is in a file that is packed with gzip, which its first bytes tell, and any other
// file as it is. Reading gives a [FileError] when the packed file is broken, too large, or a bomb; an
// error of r stays what it is.
func Unpack(r io.Reader) io.Reader {
	packed := &counter{from: r}
	buffered := bufio.NewReader(packed)
	if magic, _ := buffered.Peek(len(gzipMagic)); !bytes.Equal(magic, gzipMagic) {
		return buffered
	}
	return &unpacker{packed: packed, buffered: buffered}
}

// counter counts what is read, and keeps the error that ended it.
type counter struct {
	from  io.Reader
	bytes int64
	err   error
}

// Read implements [io.Reader].
func (c *counter) Read(into []byte) (int, error) {
	n, err := c.from.Read(into)
	c.bytes += int64(n)
	if err == nil && c.bytes > MaxFileBytes {
		err = errTooLarge()
	}
	if err != nil {
		c.err = err
	}
	return n, err
}

type unpacker struct {
	packed   *counter
	buffered *bufio.Reader
	gzip     *gzip.Reader
	unpacked int64
}

// Read implements [io.Reader].
func (u *unpacker) Read(into []byte) (n int, err error) {
	if u.gzip == nil {
		if u.gzip, err = gzip.NewReader(u.buffered); err != nil {
			return 0, u.errorOf(err)
		}
	}
	n, err = u.gzip.Read(into)
	u.unpacked += int64(n)
	if u.unpacked > ratioMatters && u.unpacked > maxRatio*u.packed.bytes {
		return n, invalidFile(fileBomb.With("most", maxRatio))
	}
	return n, u.errorOf(err)
}

// errorOf tells a packed file that is broken from one that could not be read to its end.
func (u *unpacker) errorOf(err error) error {
	switch {
	case err == nil, errors.Is(err, io.EOF) && u.gzip != nil:
		return err
	case u.packed.err != nil && !errors.Is(u.packed.err, io.EOF):
		return u.packed.err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return invalidFile(filePackedBroken.Said())
	default:
		return invalidFile(fileNotUnpacked.Said())
	}
}

func errTooLarge() *FileError {
	return &FileError{FileTooLarge, fileTooLarge.Said()}
}
