package upload_test

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf16"

	"accesscodes/internal/bulk/upload"
	"accesscodes/internal/core"
)

// utf16Of encodes a text in UTF-16, little or big end first.
func utf16Of(text string, bigEnd bool) string {
	var out strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		if bigEnd {
			out.Write([]byte{byte(unit >> 8), byte(unit)})
		} else {
			out.Write([]byte{byte(unit), byte(unit >> 8)})
		}
	}
	return out.String()
}

// TestFilesThatCannotBeRead: each is named in one sentence that says what to do.
func TestFilesThatCannotBeRead(t *testing.T) {
	const table = "code,type\nABC,Normal\nDEF,Premium\n"
	cases := []struct {
		name, file string
		format     upload.Format
		want       []string // in the detail
	}{
		{"empty", "", upload.CSV, []string{"empty"}},
		{"blank", "\r\n \n", upload.CSV, []string{"empty"}},
		{"UTF-16 with a mark", "\xff\xfe" + utf16Of(table, false), upload.CSV, []string{"UTF-16", "save it as UTF-8"}},
		{"UTF-16, big end first", "\xfe\xff" + utf16Of(table, true), upload.CSV, []string{"UTF-16", "save it as UTF-8"}},
		{"UTF-16 without a mark", utf16Of(table, false), upload.CSV, []string{"UTF-16"}},
		{"UTF-16 of NDJSON", utf16Of(`{"code":"ABC"}`, true), upload.NDJSON, []string{"UTF-16"}},
		{"UTF-32", "\xff\xfe\x00\x00c\x00\x00\x00", upload.CSV, []string{"UTF-32"}},
		{"Latin-1", "code,type,note\nABC,Normal,M\xfcller\n", upload.CSV, []string{"Latin-1", "line 2", "save it as UTF-8"}},
		{"Latin-1 in CRs", "code,note\rA,a\rB,b\xe9\r", upload.CSV, []string{"Latin-1", "line 3"}},
		{"XLSX", "PK\x03\x04\x14\x00", upload.CSV, []string{"XLSX", "CSV UTF-8"}},
		{"XLS", "\xd0\xcf\x11\xe0\xa1\xb1", upload.CSV, []string{"XLS"}},
		{"gzip", "\x1f\x8b\x08\x00", upload.CSV, []string{"gzip"}},
		{"zstd", "\x28\xb5\x2f\xfd", upload.NDJSON, []string{"zstd"}},
		{"PDF", "%PDF-1.7\n", upload.CSV, []string{"PDF"}},
		{"HTML", "\n<!DOCTYPE html><html>", upload.CSV, []string{"HTML"}},
		{"binary", "\x7fELF\x02\x01\x01\x00\x00\x00\x10\x11\x12", upload.CSV, []string{"no text"}},
		{"JSON list", `[{"code":"ABC"}]`, upload.NDJSON, []string{"JSON list"}},
		{"NDJSON as CSV", `{"code":"ABC"}`, upload.CSV, []string{"format=ndjson"}},
		{"CSV as NDJSON", table, upload.NDJSON, []string{"format=csv"}},
		{"JSON with line breaks", "{\n  \"code\": \"ABC\"\n}", upload.NDJSON, []string{"line breaks"}},
		{"a column twice", "code,type,note,type\n", upload.CSV, []string{"“type” twice", "columns 2 and 4"}},
		{"very many columns", "code" + strings.Repeat(",_", 200) + "\n", upload.CSV, []string{"201 columns", "at most 200"}},
		{"the code twice", "code,code\n", upload.CSV, []string{"“code” twice"}},
		{"metadata in two ways", "code,metadata,metadata.a\n", upload.CSV, []string{"metadata.KEY"}},
		{"metadata without a key", "code,metadata.\n", upload.CSV, []string{"key must not be empty"}},
		{"unknown column", "code,expires_at\n", upload.CSV, []string{`"expires_at"`, `did you mean "expiresAt"`}},
		{"no code", "type,note\nNormal,x\n", upload.CSV, []string{"no column is called “code”"}},
		{"no header", "ABC,Normal\nDEF,Normal\n", upload.CSV, []string{"must name the columns", `"ABC"`}},
		{"nameless column", "code,,note\n", upload.CSV, []string{"column 2 has no name"}},
		{"json beside others", "json,note\n", upload.CSV, []string{"“json”", "“note”"}},
		{"broken header", "\"code,type\nABC,Normal\n", upload.CSV, []string{"must name the columns"}},
		{"prose", "Dear Ada,\nhere are your codes.\n", upload.CSV, []string{"must name the columns"}},
		{"a long first line", strings.Repeat("x", 70_000), upload.CSV, []string{"longer than 16 KiB"}},
		{"a rather long first line", "code," + strings.Repeat("_x,", 6000), upload.CSV, []string{"longer than 16 KiB"}},
		{"a name that moves the cursor", "code,_\u009b31m\n", upload.CSV, []string{"column 2", "cannot be shown"}},
		{"a name that turns the writing", "code,_\u202ex\n", upload.CSV, []string{"column 2", "cannot be shown"}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			_, err := upload.Open(strings.NewReader(test.file), test.format)
			checkFileError(t, err, upload.InvalidFile, test.want...)
		})
	}
}

func checkFileError(t *testing.T, err error, reason core.Reason, want ...string) {
	t.Helper()
	file, ok := errors.AsType[*upload.FileError](err)
	if !ok || file.Reason != reason {
		t.Fatalf("the error is %v, want %s", err, reason)
	}
	for _, text := range want {
		if !strings.Contains(file.Detail, text) {
			t.Errorf("the detail is %q, without %q", file.Detail, text)
		}
	}
}

// readAll reads a whole file.
func readAll(t *testing.T, f *upload.Reader) (rows []*upload.Row) {
	t.Helper()
	for {
		row, err := f.Next()
		if err == io.EOF {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
}

// mustOpenTable opens a table of people.
func mustOpenTable(t *testing.T, file string, zone *time.Location) *upload.Reader {
	t.Helper()
	f, err := upload.OpenTable(strings.NewReader(file), upload.CSV, zone)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// mustOpen opens a file that comes byte by byte.
func mustOpen(t *testing.T, file string, format upload.Format) *upload.Reader {
	t.Helper()
	f, err := upload.Open(iotest.OneByteReader(strings.NewReader(file)), format)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestWhatAnUploadCutOffLeaves: the rows that came whole, and then the error.
func TestWhatAnUploadCutOffLeaves(t *testing.T) {
	broken := errors.New("the connection broke")
	for _, format := range []upload.Format{upload.CSV, upload.NDJSON} {
		begin := "code,type\nABC,Normal\nDEF,Nor"
		if format == upload.NDJSON {
			begin = "{\"code\":\"ABC\",\"type\":\"Normal\"}\n{\"code\":"
		}
		f, err := upload.Open(io.MultiReader(strings.NewReader(begin), iotest.ErrReader(broken)), format)
		if err != nil {
			t.Fatal(err)
		}
		row, err := f.Next()
		if err != nil {
			t.Fatal(err)
		}
		if record, rejected := row.Record(); rejected != nil || record.Value != "ABC" {
			t.Errorf("the whole row is %+v, %v", record, rejected)
		}
		if row, err := f.Next(); row != nil || !errors.Is(err, broken) {
			t.Errorf("behind it comes %+v, %v", row, err)
		}
	}
}

func TestAFileThatIsTooLarge(t *testing.T) {
	f, err := upload.OpenSmall(strings.NewReader("code,type\nABC,Normal\nDEF,Normal\n"), upload.CSV, 25)
	if err != nil {
		t.Fatal(err)
	}
	if row, err := f.Next(); err != nil || row.Raw != "ABC,Normal" {
		t.Fatalf("first %+v, %v", row, err)
	}
	_, err = f.Next()
	checkFileError(t, err, upload.FileTooLarge, "1 GiB")
}

func TestNotes(t *testing.T) {
	cases := []struct{ name, file, want string }{
		{"commas", "code,type\nABC,Normal\n", ""},
		{"semicolons", "code;type\nABC;Normal\n", "semicolons"},
		{"tabs", "code\ttype\nABC\tNormal\n", "tabs"},
		{"zeros lost", "code\n12345\n1234\n", "zeros"},
		{"digits of one length", "code\n12345\n01234\n", ""},
		{"not only digits", "code\n12345\n123\nA\n", ""},
	}
	for _, test := range cases {
		f := mustOpen(t, test.file, upload.CSV)
		readAll(t, f)
		notes := notesOf(f)
		if (notes == "") != (test.want == "") || !strings.Contains(notes, test.want) {
			t.Errorf("%s: the notes are %q", test.name, notes)
		}
	}
}

func notesOf(f *upload.Reader) (notes string) {
	for _, note := range f.Notes() {
		notes += note.Detail + "\n"
	}
	return notes
}

// TestHowATableWasReadIsSaid: nothing is guessed silently.
func TestHowATableWasReadIsSaid(t *testing.T) {
	for _, test := range []struct{ name, file, want string }{
		{"as programs write it", "code,expiresAt\nA,2031-12-31T23:59:00Z\n", ""},
		{"a heading", "Code,Gültig bis\nA,\n", "the column “Gültig bis” is read as expiresAt"},
		{"another case", "CODE\nA\n", "the column “CODE” is read as code"},
		{"days", "code,expiresAt\nA,2031-12-31\n", "whole days in the time zone UTC"},
		{"days with points", "code,expiresAt\nA,31.12.2031\n", "are read as day, month and year"},
		{"unknown columns", "code,Filiale,Ort,Filiale\nA,b,c,d\n", "were passed over: Filiale, Ort, Filiale\n"},
	} {
		f := mustOpenTable(t, test.file, time.UTC)
		for _, row := range readAll(t, f) {
			if _, err := row.Record(); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
		}
		if notes := notesOf(f); (notes == "") != (test.want == "") || !strings.Contains(notes, test.want) {
			t.Errorf("%s: the notes are %q", test.name, notes)
		}
	}
	_, err := upload.OpenTable(strings.NewReader("code,type,Typ\n"), upload.CSV, time.UTC)
	checkFileError(t, err, upload.InvalidFile, "“type” and “Typ”", "both read as type")
}

// TestMisspeltHeadings are not passed over: somebody has put something into the column.
func TestMisspeltHeadings(t *testing.T) {
	for name, want := range map[string]string{
		"Noet": "note", "Gültig biss": "expiresAt", "Empfanger": "", "expires att": "expiresAt", "Anzal": "maxRedemptions",
		"Ort": "", "Filiale": "",
	} {
		_, err := upload.OpenTable(strings.NewReader("code,"+name+"\n"), upload.CSV, time.UTC)
		if want == "" && err != nil {
			t.Errorf("%s is not passed over: %v", name, err)
		}
		if want != "" {
			checkFileError(t, err, upload.InvalidFile, strconv.Quote(name), "did you mean \""+want+"\"")
		}
	}
}

func TestHeader(t *testing.T) {
	f := mustOpen(t, "\ufeffsep=;\r\n\r\n code ;\"type\";_line;;\r\nABC;Normal;7;;\r\n", upload.CSV)
	if got := strings.Join(f.Header(), "|"); got != "code|type|_line" {
		t.Errorf("the header is %s", got)
	}
	rows := readAll(t, f)
	if len(rows) != 1 || rows[0].Line != 4 || rows[0].Err != nil {
		t.Errorf("the rows are %+v", rows)
	}
	if layout := f.Layout(); !layout.Mark || layout.Separator != ';' {
		t.Errorf("the layout is %+v", layout)
	}
	if !bytes.HasPrefix([]byte(f.Notes()[0].Detail), []byte("the file has semicolons")) {
		t.Errorf("the notes are %v", f.Notes())
	}
}

// TestAWindows1252Table is what Excel saves as plain CSV. Only what people have written is read so.
func TestAWindows1252Table(t *testing.T) {
	const row = "A;M\xfcller \x80 9\n"
	file := "Code;Empf\xe4nger\n" + strings.Repeat(row, 20_000)
	f, err := upload.OpenTable(iotest.HalfReader(strings.NewReader(file)), upload.CSV, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	rows := readAll(t, f)
	for _, row := range rows {
		if record, rejected := row.Record(); rejected != nil || *record.Change.Recipient.Value != "Müller € 9" {
			t.Fatalf("line %d is %+v, %v", row.Line, record, rejected)
		}
	}
	if len(rows) != 20_000 || !strings.Contains(notesOf(f), "Windows-1252") || !f.Layout().Mark {
		t.Errorf("%d rows, the notes %q, the layout %+v", len(rows), notesOf(f), f.Layout())
	}
	broken := errors.New("the connection broke")
	cut := io.MultiReader(strings.NewReader(file[:300]), iotest.ErrReader(broken))
	f, err = upload.OpenTable(cut, upload.CSV, time.UTC)
	if err != nil { // the rows before are read
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Next()
	}
	if !errors.Is(err, broken) {
		t.Errorf("behind a file that is cut off comes %v", err)
	}
	_, err = upload.OpenTable(strings.NewReader("{\"code\":\"\xe4\"}\n"), upload.NDJSON, time.UTC)
	checkFileError(t, err, upload.InvalidFile, "Latin-1", "line 1")
}
