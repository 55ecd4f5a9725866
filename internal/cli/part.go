package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"

	"accesscodes/client"
)

// partFile is a file of codes that comes in several goes. Until it is whole it has a name of its own, so
// that the same command can go on with it.
type partFile struct {
	file  *os.File
	final string // its name when it is whole
	mode  fs.FileMode
}

// openPart opens what there is of a file, or a new one. A device or a pipe has no parts: then it returns nil.
func openPart(final, of string) (*partFile, error) {
	final = followLinks(final)
	info, err := os.Stat(final)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return nil, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	name := final + "." + of + ".part"
	if old, err := os.Lstat(name); err == nil && !old.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file of codes", name)
	}
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, filePermissions)
	if path, ok := errors.AsType[*fs.PathError](err); ok && errors.Is(err, fs.ErrNotExist) {
		path.Path = final // what was asked for
	}
	if err != nil {
		return nil, err
	}
	return &partFile{file: file, final: final, mode: permissionsOf(info)}, nil
}

// lastLines is how much of a part is read to find its last line.
const lastLines = 1 << 20

// resume returns the index behind the last whole line of a part, and how many bytes end there. A part that
// holds something else is emptied.
func (p *partFile) resume(format client.ExportFormat) (next, size int64, err error) {
	if size, err = p.file.Seek(0, io.SeekEnd); err != nil || size == 0 {
		return 0, 0, err
	}
	tail := make([]byte, min(size, lastLines))
	if _, err := p.file.ReadAt(tail, size-int64(len(tail))); err != nil {
		return 0, 0, err
	}
	whole := bytes.LastIndexByte(tail, '\n') + 1
	size -= int64(len(tail) - whole)
	index, err := indexIn(tail[:whole], format)
	if err != nil {
		next, size = 0, 0
	} else {
		next = index + 1
	}
	if err := p.file.Truncate(size); err != nil {
		return 0, 0, err
	}
	_, err = p.file.Seek(size, io.SeekStart)
	return next, size, err
}

// indexIn is the index of the code on the last line of a text.
func indexIn(text []byte, format client.ExportFormat) (int64, error) {
	line := bytes.TrimRight(text, "\r\n")
	line = line[bytes.LastIndexByte(line, '\n')+1:]
	if format == client.FormatCSV {
		cell, _, _ := bytes.Cut(line, []byte(","))
		return strconv.ParseInt(string(cell), 10, 64)
	}
	var code struct {
		BatchIndex *int64 `json:"batchIndex"`
	}
	if err := json.Unmarshal(line, &code); err != nil {
		return 0, err
	}
	if code.BatchIndex == nil {
		return 0, errors.New("a code has no index")
	}
	return *code.BatchIndex, nil
}

// finish gives a whole file its name.
func (p *partFile) finish() error {
	err := errors.Join(p.file.Chmod(p.mode), p.file.Close())
	if err == nil {
		err = os.Rename(p.file.Name(), p.final)
	}
	return err
}

// keep closes a part to go on with. One without a code goes.
func (p *partFile) keep(hasCodes bool) (kept bool, err error) {
	if err := p.file.Close(); err != nil || hasCodes {
		return hasCodes, err
	}
	return false, os.Remove(p.file.Name())
}
