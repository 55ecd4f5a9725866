package upload

import (
	"bytes"
	"unicode/utf8"
)

// sniffBytes is how much of the beginning of a file is looked at to tell what it is.
const sniffBytes = MaxRowBytes

var byteOrderMark = []byte("\ufeff")

// How a file begins that is no text.
var magics = []struct{ begin, what, remedy string }{
	{"PK\x03\x04", "an XLSX workbook or another ZIP archive", saveAsCSV},
	{"PK\x05\x06", "an empty ZIP archive", saveAsCSV},
	{"\xd0\xcf\x11\xe0", "an old Excel workbook (XLS)", saveAsCSV},
	{"\x1f\x8b", "packed with gzip twice", "unpack it once"},
	{"\x28\xb5\x2f\xfd", "packed with zstd", unpackIt},
	{"\xfd7zXZ\x00", "packed with xz", unpackIt},
	{"7z\xbc\xaf\x27\x1c", "packed with 7-Zip", unpackIt},
	{"BZh", "packed with bzip2", unpackIt},
	{"%PDF-", "a PDF", "upload the table that it was made from, as CSV"},
	{"{\\rtf", "an RTF document", "save the table in it as CSV"},
	{"SQLite format 3\x00", "an SQLite database", "export the table in it as CSV"},
	{"\x00\x00\xfe\xff", "UTF-32", saveAsUTF8},
	{"\xff\xfe\x00\x00", "UTF-32", saveAsUTF8},
	{"\xff\xfe", "UTF-16", saveAsUTF8},
	{"\xfe\xff", "UTF-16", saveAsUTF8},
}

const (
	saveAsCSV  = "open it in the spreadsheet and save it as “CSV UTF-8”"
	saveAsUTF8 = "save it as UTF-8; in Excel that is “CSV UTF-8”, in a text editor the encoding of “Save as”"
	unpackIt   = "unpack it, or pack it with gzip"
)

// checkBeginning tells a file that is something else than text of a format; nil: it may be that.
func checkBeginning(begin []byte, whole bool, format Format) *FileError {
	for _, magic := range magics {
		if bytes.HasPrefix(begin, []byte(magic.begin)) {
			return invalidFile("this file is %s; %s", magic.what, magic.remedy)
		}
	}
	if looksLikeUTF16(begin) {
		return invalidFile("this file is UTF-16; %s", saveAsUTF8)
	}
	begin = bytes.TrimPrefix(begin, byteOrderMark)
	if line, _ := lineEnd(begin, true); bytes.IndexByte(begin[:line], 0) >= 0 {
		return invalidFile("this file is no text: its first line has NUL bytes; upload a CSV or NDJSON file")
	}
	if line := lineOfLatin1(begin, whole); line > 0 {
		return invalidFile(
			"this file is not UTF-8 but Latin-1, Windows-1252 or the like, as line %d shows; %s", line, saveAsUTF8)
	}
	return checkText(bytes.TrimLeft(begin, " \t\r\n"), format)
}

// checkText tells a text of another format by how it begins.
func checkText(begin []byte, format Format) *FileError {
	line, _ := lineEnd(begin, true)
	first := bytes.TrimSpace(begin[:line])
	switch {
	case len(begin) == 0 && format == CSV:
		return invalidFile("this file is empty; its first line must name the columns")
	case len(begin) == 0:
		return nil
	case begin[0] == '<':
		return invalidFile("this file is HTML or XML; upload a CSV or NDJSON file")
	case begin[0] == '[':
		return invalidFile("this file is a JSON list; write one object on each line, without commas between (NDJSON)")
	case format == CSV && begin[0] == '{':
		return invalidFile("this file is JSON; say format=ndjson for objects on a line each")
	case format == NDJSON && begin[0] != '{':
		return invalidFile("this file is no NDJSON: its first line is no object; say format=csv for CSV")
	case format == NDJSON && len(first) == 1:
		return invalidFile("this file is JSON with line breaks in its objects; write each object on one line (NDJSON)")
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
