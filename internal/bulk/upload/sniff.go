package upload

import (
	"bytes"
	"unicode/utf8"

	"accesscodes/internal/core"
)

// sniffBytes is how much of the beginning of a file is looked at to tell what it is.
const sniffBytes = MaxRowBytes

var byteOrderMark = []byte("\ufeff")

// How a file begins that is no text.
var magics = []struct {
	begin string
	is    core.Said
}{
	{"PK\x03\x04", fileWorkbook.Said()},
	{"PK\x05\x06", fileEmptyArchive.Said()},
	{"\xd0\xcf\x11\xe0", fileOldWorkbook.Said()},
	{"\x1f\x8b", filePackedTwice.Said()},
	{"\x28\xb5\x2f\xfd", filePacked.With("program", "zstd")},
	{"\xfd7zXZ\x00", filePacked.With("program", "xz")},
	{"7z\xbc\xaf\x27\x1c", filePacked.With("program", "7-Zip")},
	{"BZh", filePacked.With("program", "bzip2")},
	{"%PDF-", filePDF.Said()},
	{"{\\rtf", fileRTF.Said()},
	{"SQLite format 3\x00", fileSQL.Said()},
	{"\x00\x00\xfe\xff", fileUTF.With("encoding", "UTF-32")},
	{"\xff\xfe\x00\x00", fileUTF.With("encoding", "UTF-32")},
	{"\xff\xfe", fileUTF.With("encoding", "UTF-16")},
	{"\xfe\xff", fileUTF.With("encoding", "UTF-16")},
}

// checkBeginning tells a file that is no text; nil: it may be that.
func checkBeginning(begin []byte) *FileError {
	for _, magic := range magics {
		if bytes.HasPrefix(begin, []byte(magic.begin)) {
			return invalidFile(magic.is)
		}
	}
	if looksLikeUTF16(begin) {
		return invalidFile(fileUTF.With("encoding", "UTF-16"))
	}
	begin = bytes.TrimPrefix(begin, byteOrderMark)
	if line, _ := lineEnd(begin, true); bytes.IndexByte(begin[:line], 0) >= 0 {
		return invalidFile(fileNoText.Said())
	}
	return nil
}

// checkText tells a text of another format by how it begins.
func checkText(begin []byte, format Format) *FileError {
	begin = bytes.TrimLeft(bytes.TrimPrefix(begin, byteOrderMark), " \t\r\n")
	line, _ := lineEnd(begin, true)
	first := bytes.TrimSpace(begin[:line])
	switch {
	case len(begin) == 0 && format == CSV:
		return invalidFile(fileEmpty.Said())
	case len(begin) == 0:
		return nil
	case begin[0] == '<':
		return invalidFile(fileMarkup.Said())
	case begin[0] == '[':
		return invalidFile(fileJSONList.Said())
	case format == CSV && begin[0] == '{':
		return invalidFile(fileJSON.Said())
	case format == NDJSON && begin[0] != '{':
		return invalidFile(fileNoNDJSON.Said())
	case format == NDJSON && len(first) == 1:
		return invalidFile(fileBrokenObjects.Said())
	default:
		return nil
	}
}

// looksLikeUTF16 reports whether a text is UTF-16 without a mark: of its first pairs of bytes nearly all
// have a zero, always in the same place.
func looksLikeUTF16(begin []byte) bool {
	const pairs = 128
	begin = begin[:min(len(begin), 2*pairs)&^1]
	var zeros [2]int
	for i, c := range begin {
		if c == 0 {
			zeros[i%2]++
		}
	}
	most, least := max(zeros[0], zeros[1]), min(zeros[0], zeros[1])
	return len(begin) >= 4 && least == 0 && 10*most >= 8*len(begin)/2
}

// lineOfLatin1 returns the first line with a character beyond ASCII if none of those is UTF-8; 0: there
// is none, or some are. A file that is UTF-8 but for some rows loses these alone.
func lineOfLatin1(begin []byte, whole bool) int {
	first := 0
	for at := 0; at < len(begin); {
		if begin[at] < utf8.RuneSelf {
			at++
			continue
		}
		if !whole && !utf8.FullRune(begin[at:]) {
			break
		}
		r, size := utf8.DecodeRune(begin[at:])
		if r != utf8.RuneError || size > 1 {
			return 0
		}
		if first == 0 {
			first = 1 + countLines(string(begin[:at]))
		}
		at++
	}
	return first
}
