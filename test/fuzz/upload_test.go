package fuzz

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"accesscodes/internal/bulk/upload"
)

// FuzzUpload reads files of all kinds and holds what comes of them to the file: each line is in one row,
// the header, or blank; each row is good or says why not; and the rows that are good are the same when
// they come back in the file of rejected ones.
func FuzzUpload(f *testing.F) {
	for _, seed := range []string{
		"", "code\nA\n", "code,type\r\nA,Normal\r\n\r\nB,Premium", "code;note\r\"A;1\";\"a\rb\"\r",
		"sep=;\ncode;type\nA;x\n",
		"\ufeffcode\tmetadata.a\nA\t\"\"\n", "code,note\nA,\"a\nB,b\n\"C\",c\n", "code,note\nA\"B,\n",
		"code\n\"\"\"\n\"\"\"\"\n",
		"code,maxRedemptions,expiresAt\nA,1.000,31.12.2031\n", "code,metadata\nA,\"{\"\"a\"\":\"\"b\"\"}\"\n",
		"code\n\xff\n", "code,note\né,\xff\n", "code\n\x00\n", "c\x00o\x00d\x00e\x00",
		"code\n'=1\n''=1\n", "code,_line\nA,1,,\n,\n",
		"json,_line\n\"{\"\"code\"\":\"\"A\"\"}\",1\n", "\x1f\x8b\x08", "PK\x03\x04",
	} {
		f.Add([]byte(seed), false)
	}
	for _, seed := range seeds {
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, file []byte, objects bool) {
		format := upload.CSV
		if objects {
			format = upload.NDJSON
		}
		reader, err := upload.Open(bytes.NewReader(file), format)
		if err != nil {
			checkFileError(t, err)
			return
		}
		lines := linesOf(bytes.TrimPrefix(file, []byte("\ufeff")))
		checkLines(t, lines, reader, objects)
	})
}

func checkFileError(t *testing.T, err error) {
	t.Helper()
	file, ok := err.(*upload.FileError)
	if !ok || !utf8.ValidString(file.Detail) || file.Detail == "" {
		t.Fatalf("the file is refused with %#v", err)
	}
}

// linesOf splits a file into lines without their ends, of whatever kind these are.
func linesOf(file []byte) []string {
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(file))
	return strings.Split(text, "\n")
}

// checkLines reads every row, and sends the good ones round.
func checkLines(t *testing.T, lines []string, reader *upload.Reader, objects bool) {
	t.Helper()
	var again bytes.Buffer
	rejects := upload.NewRejectWriter(&again, reader.Layout())
	var good []string
	next := 1
	for {
		row, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		checkBlank(t, lines, next, row.Line, next == 1 && !objects)
		checkRaw(t, lines, row)
		next = row.Line + row.Lines
		record, rejected := row.Record()
		if rejected != nil {
			if rejected.Reason == "" || rejected.Detail == "" || !utf8.ValidString(rejected.Detail) {
				t.Fatalf("%q is rejected with %#v", row.Raw, rejected)
			}
			continue
		}
		good = append(good, record.Value)
		if err := rejects.Write(upload.Rejected{Line: row.Line, Raw: row.Raw, Reason: "x", Detail: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	checkBlank(t, lines, next, len(lines)+1, next == 1 && !objects)
	if err := rejects.Close(); err != nil {
		t.Fatal(err)
	}
	checkSameCodes(t, again.Bytes(), good)
}

// checkBlank: lines that are in no row say nothing. The header comes before the first row.
func checkBlank(t *testing.T, lines []string, from, to int, header bool) {
	t.Helper()
	if from > to {
		t.Fatalf("a row begins in line %d, but the one before ends in line %d", to, from-1)
	}
	for line := from; line < to; line++ {
		if text := strings.Trim(lines[line-1], "\",;' \t\v\f\u0085\u00a0"); strings.TrimSpace(text) != "" && !header {
			t.Fatalf("line %d, %q, is in no row", line, lines[line-1])
		}
	}
}

// checkRaw: a row has the text of its lines.
func checkRaw(t *testing.T, lines []string, row *upload.Row) {
	t.Helper()
	want := strings.Join(lines[row.Line-1:row.Line-1+row.Lines], "\n")
	got := strings.Join(linesOf([]byte(row.Raw)), "\n")
	if got != want && (row.Raw != "" || len(want) <= upload.MaxRowBytes) {
		t.Fatalf("the row in line %d is %q, and the file has %q", row.Line, got, want)
	}
}

// checkSameCodes reads the file of rejected rows again.
func checkSameCodes(t *testing.T, file []byte, want []string) {
	t.Helper()
	reader, err := upload.Open(bytes.NewReader(file), upload.CSV)
	if err != nil {
		t.Fatalf("%q cannot be read again: %v", file, err)
	}
	for _, value := range want {
		row, err := reader.Next()
		if err != nil {
			t.Fatalf("%q ends before %q: %v", file, value, err)
		}
		record, rejected := row.Record()
		if rejected != nil || record.Value != value {
			t.Fatalf("%q came back as %q: %v", value, row.Raw, rejected)
		}
	}
	if row, err := reader.Next(); err != io.EOF {
		t.Fatalf("%q has more than there was: %+v, %v", file, row, err)
	}
}
