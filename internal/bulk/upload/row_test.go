package upload_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/bulk/upload"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// shown are rows in short: where they are, and the code or why there is none.
func shown(t *testing.T, f *upload.Reader) (all []string) {
	t.Helper()
	for _, row := range readAll(t, f) {
		record, rejected := row.Record()
		at := fmt.Sprint(row.Line)
		if row.Lines > 1 {
			at += fmt.Sprintf("-%d", row.Line+row.Lines-1)
		}
		if rejected != nil {
			all = append(all, at+" "+string(rejected.Reason))
		} else {
			all = append(all, at+" "+record.Value)
		}
	}
	return all
}

// TestRowsOfHostileFiles: one broken row costs no other.
func TestRowsOfHostileFiles(t *testing.T) {
	long := strings.Repeat("x", 70_000)
	cases := []struct {
		name, file string
		want       []string
	}{
		{"LF", "code\nA\nB\n", []string{"2 A", "3 B"}},
		{"CRLF", "code\r\nA\r\nB\r\n", []string{"2 A", "3 B"}},
		{"CR", "code\rA\rB\r", []string{"2 A", "3 B"}},
		{"all of them", "code\rA\r\nB\nC", []string{"2 A", "3 B", "4 C"}},
		{"no rows", "code", nil},
		{"blank lines", "code,note\n\n \nA,\n,\n\nB,b\n\n", []string{"4 A", "7 B"}},
		{"line breaks in a cell", "code,note\nA,\"one\r\ntwo\n\nfour\"\nB,b\n", []string{"2-5 A", "6 B"}},
		{"quotes in quotes", "code,note\n\"A\"\"1\",\"\"\n", []string{`2 A"1`}},
		{"quotes within", "code,note\nA,5\" tube\nB,b\n", []string{"2 invalid_csv", "3 B"}},
		{"text behind quotes", "code,note\nA,\"5\" tube\nB,b\n", []string{"2 invalid_csv", "3 B"}},
		{"quotes not closed", "code,note\nA,\"a\nB,b\nC,c\n", []string{"2 invalid_csv", "3 B", "4 C"}},
		{
			"quotes not closed before good ones", "code,note\nA,\"a\nB,\"b\"\n\"C\",c\n",
			[]string{"2 invalid_csv", "3 B", "4 C"},
		},
		{"quotes that begin", "code,note\n\"A,a\nB,b\n", []string{"2 invalid_csv", "3 B"}},
		{"quotes alone", "code\n\"\n\"\n\"", []string{"4 invalid_csv"}},
		{
			"quotes not closed for 64 KiB", "code,note\nA,\"a\n" + strings.Repeat("B,b\n", 20_000),
			append([]string{"2 invalid_csv"}, numbered(3, 20_000, "B")...),
		},
		{"a long line", "code,note\nA," + long + "\nB,b\n", []string{"2 line_too_long", "3 B"}},
		{"a line of 10 MB", "code,note\nA," + strings.Repeat(long, 150) + "\r\nB,b\n", []string{"2 line_too_long", "3 B"}},
		{"a long line at the end", "code,note\nB,b\nA," + long, []string{"2 B", "3 line_too_long"}},
		{"a long line in quotes", "code,note\nA,\"" + long + "\"\nB,b\n", []string{"2 line_too_long", "3 B"}},
		{"a long line with a CR", "code,note\rA," + long + "\rB,b\r", []string{"2 line_too_long", "3 B"}},
		{
			"a row of the greatest length", "code,note\n" + strings.Repeat(",", upload.MaxRowBytes) + "\nB,b\n",
			[]string{"3 B"},
		},
		{"commas", "code,note\nA,a,,,,\nB,b,c\nC\n", []string{"2 A", "3 wrong_cell_count", "4 C"}},
		{"cut off", "code,type\nA,Normal\nB", []string{"2 A", "3 wrong_cell_count"}},
		{"NUL bytes", "code,note\nA,\x00\nB,b\n", []string{"2 invalid_text", "3 B"}},
		{"invalid UTF-8", "code,note\nA,é\nB,\xe9\nC,c\n", []string{"2 A", "3 invalid_text", "4 C"}},
		{"a mark and semicolons", "\ufeffcode;note\r\n\"A;1\";a\r\n", []string{"2 A;1"}},
		{"tabs", "code\tnote\nA,1\ta\n", []string{"2 A,1"}},
		{"formulas", "code,note\n'=A,'+1\n''=B,\n@C,\n", []string{"2 =A", "3 '=B", "4 @C"}},
		{"the header again", "code,type\nA,Normal\ncode,type\n", []string{"2 A", "3 invalid_value"}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			if got := shown(t, mustOpen(t, test.file, upload.CSV)); !slices.Equal(got, test.want) {
				t.Errorf("got %.300q\nwant %.300q", got, test.want)
			}
		})
	}
}

// numbered are good rows in short.
func numbered(line, count int, value string) (all []string) {
	for i := range count {
		all = append(all, fmt.Sprintf("%d %s", line+i, value))
	}
	return all
}

func TestRowsOfHostileNDJSON(t *testing.T) {
	long := strings.Repeat("x", 70_000)
	const good = "{\"code\":\"B\"}\n"
	cases := []struct {
		name, file string
		want       []string
	}{
		{"no rows", "", nil},
		{"good", "\ufeff" + good + "\r\n \n" + good, []string{"1 B", "4 B"}},
		{"no line end", `{"code":"A"}`, []string{"1 A"}},
		{"CR", "{\"code\":\"A\"}\r{\"code\":\"B\"}\r", []string{"1 A", "2 B"}},
		{"cut off", good + `{"code":"A`, []string{"1 B", "2 invalid_json"}},
		{
			"not an object", good + "[]\nnull\n7\n" + good,
			[]string{"1 B", "2 wrong_type", "3 wrong_type", "4 wrong_type", "5 B"},
		},
		{"two objects", "{\"code\":\"A\"}{\"code\":\"A\"}\n" + good, []string{"1 invalid_json", "2 B"}},
		{"a name twice", "{\"code\":\"A\",\"code\":\"A\"}\n" + good, []string{"1 duplicate_field", "2 B"}},
		{"unknown", "{\"code\":\"A\",\"expires\":1}\n" + good, []string{"1 unknown_field", "2 B"}},
		{"NUL bytes", good + "{\"code\":\"A\x00\"}\n" + good, []string{"1 B", "2 invalid_text", "3 B"}},
		{"invalid UTF-8", "{\"code\":\"é\"}\n{\"code\":\"\xe9\"}\n" + good, []string{"1 é", "2 invalid_text", "3 B"}},
		{"surrogates", "{\"code\":\"\\ud800\"}\n" + good, []string{"1 invalid_json", "2 B"}},
		{"a long line", "{\"code\":\"" + long + "\"}\n" + good, []string{"1 line_too_long", "2 B"}},
		{"deep", "{\"code\":" + strings.Repeat("[", 60_000) + "\n" + good, []string{"1 invalid_json", "2 B"}},
		{"of an export", `{"code":"A","redemptions":3,"batchId":null,"_x":[1]}` + "\n", []string{"1 A"}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			if got := shown(t, mustOpen(t, test.file, upload.NDJSON)); !slices.Equal(got, test.want) {
				t.Errorf("got %.300q\nwant %.300q", got, test.want)
			}
		})
	}
}

// TestMistakesOfCells: what a row says for each mistake, many of which spreadsheets make.
func TestMistakesOfCells(t *testing.T) {
	cases := []struct {
		column, cell string
		reason       core.Reason
		detail       string // a part of it
	}{
		{"code", "1E+05", upload.SpreadsheetMade, "turned this code into a number"},
		{"code", "1,23E+11", upload.SpreadsheetMade, "format the column as text"},
		{"code", "1.23457E+11", upload.SpreadsheetMade, "format the column as text"},
		{"code", "#N/A", upload.SpreadsheetMade, "#N/A"},
		{"code", "", core.ReasonMissingField, "code is required"},
		{"code", "- -", core.ReasonInvalidValue, "other than spaces and dashes"},
		{"type", "premium", core.ReasonInvalidValue, "spelt exactly so"},
		{"maxRedemptions", "1,000", core.ReasonInvalidValue, "separator of thousands"},
		{"maxRedemptions", "1.000", core.ReasonInvalidValue, "separator of thousands"},
		{"maxRedemptions", "1\u202f000", core.ReasonInvalidValue, "separator of thousands"},
		{"maxRedemptions", "1.0", core.ReasonInvalidValue, "decimals"},
		{"maxRedemptions", "1E+05", core.ReasonInvalidValue, "scientific"},
		{"maxRedemptions", "TRUE", core.ReasonInvalidValue, "is TRUE, not a number"},
		{"maxRedemptions", "many", core.ReasonInvalidValue, "must be a whole number"},
		{"maxRedemptions", "0", core.ReasonInvalidValue, "from 1 to"},
		{"maxRedemptions", "####", core.ReasonInvalidValue, "too narrow"},
		{"expiresAt", "31.12.2031", core.ReasonInvalidValue, "2031-12-31T23:59:00Z (RFC 3339"},
		{"expiresAt", "12/31/2031", core.ReasonInvalidValue, "local format"},
		{"expiresAt", "31/12/2031 23:59", core.ReasonInvalidValue, "local format"},
		{"expiresAt", "12/31/31 11:59 PM", core.ReasonInvalidValue, "local format"},
		{"expiresAt", "2031-12-31", core.ReasonInvalidValue, "without its time zone"},
		{"expiresAt", "2031-12-31 23:59:00", core.ReasonInvalidValue, "without its time zone"},
		{"expiresAt", "48213", core.ReasonInvalidValue, "counts days"},
		{"expiresAt", "FALSE", core.ReasonInvalidValue, "not a time"},
		{"expiresAt", "tomorrow", core.ReasonInvalidValue, "must be a time"},
		{"revokedAt", "1.2.2024", core.ReasonInvalidValue, "local format"},
		{"startsAt", "#REF!", upload.SpreadsheetMade, "startsAt is #REF!"},
		{"note", "#NAME?", upload.SpreadsheetMade, "error of a formula"},
		{"note", strings.Repeat("x", 501), core.ReasonInvalidValue, "at most 500"},
		{"recipient", "a\u202eb", core.ReasonInvalidValue, "direction of writing"},
		{"metadata", "{", core.ReasonInvalidValue, "JSON object of strings"},
		{"metadata", `{""a"":1}`, core.ReasonInvalidValue, "JSON object of strings"},
		{"metadata", `{""a"":null}`, core.ReasonInvalidValue, "JSON object of strings"},
		{"metadata", `{""a"":"""",""a"":""""}`, core.ReasonInvalidValue, "each name once"},
		{"metadata.a/b", strings.Repeat("x", 501), core.ReasonInvalidValue, "at most 500"},
		{"status", "exhausted", upload.CodeUsed, "every use"},
	}
	for _, test := range cases {
		file := fmt.Sprintf("%s,code\n\"%s\",A\n", test.column, test.cell)
		if test.column == "code" {
			file = fmt.Sprintf("code,note\n\"%s\",x\n", test.cell)
		}
		rows := readAll(t, mustOpen(t, file, upload.CSV))
		_, rejected := rows[0].Record()
		column, _, _ := strings.Cut(test.column, ".")
		if rejected == nil || rejected.Reason != test.reason || !strings.HasPrefix(rejected.Column, column) ||
			!strings.Contains(rejected.Detail, test.detail) {
			t.Errorf("%s %.40q is rejected with %v", test.column, test.cell, rejected)
		}
	}
}

// TestEveryMistakeOfARowIsTold at once.
func TestEveryMistakeOfARowIsTold(t *testing.T) {
	rows := readAll(t, mustOpen(t, "code,type,maxRedemptions,expiresAt\n--,normal,x,y\n", upload.CSV))
	_, rejected := rows[0].Record()
	if rejected == nil || rejected.Reason != core.ReasonInvalidValue || rejected.Column != "code" {
		t.Fatalf("it is rejected with %v", rejected)
	}
	for _, name := range []string{"code must", "type must", "maxRedemptions must", "expiresAt must"} {
		if !strings.Contains(rejected.Detail, name) {
			t.Errorf("the detail is %q, without %q", rejected.Detail, name)
		}
	}
}

func TestMistakesOfMembers(t *testing.T) {
	cases := []struct {
		object string
		reason core.Reason
		column string
	}{
		{`{}`, core.ReasonMissingField, "code"},
		{`{"code":null}`, core.ReasonMissingField, "code"},
		{`{"code":12345}`, core.ReasonWrongType, "code"},
		{`{"code":""}`, core.ReasonInvalidValue, "code"},
		{`{"code":"A","type":""}`, core.ReasonInvalidValue, "type"},
		{`{"code":"A","type":1}`, core.ReasonWrongType, "type"},
		{`{"code":"A","maxRedemptions":"3"}`, core.ReasonWrongType, "maxRedemptions"},
		{`{"code":"A","maxRedemptions":1.0}`, core.ReasonInvalidValue, "maxRedemptions"},
		{`{"code":"A","expiresAt":5}`, core.ReasonWrongType, "expiresAt"},
		{`{"code":"A","expiresAt":""}`, core.ReasonInvalidValue, "expiresAt"},
		{`{"code":"A","note":7}`, core.ReasonWrongType, "note"},
		{`{"code":"A","metadata":"{}"}`, core.ReasonWrongType, "metadata"},
		{`{"code":"A","metadata":{"a":null}}`, core.ReasonWrongType, "metadata"},
		{`{"code":"A","metadata":{"a":"1","a":"2"}}`, core.ReasonDuplicateField, "a"},
		{`{"code":"A","metadata.a":"x"}`, core.ReasonUnknownField, "metadata.a"},
		{`{"code":"A","Type":"Normal"}`, core.ReasonUnknownField, "Type"},
		{`{"code":"A","status":"exhausted"}`, upload.CodeUsed, "status"},
		{
			`{"code":"A","startsAt":"2031-01-01T00:00:00Z","expiresAt":"2030-01-01T00:00:00Z"}`,
			core.ReasonInvalidValue, "expiresAt",
		},
	}
	for _, test := range cases {
		rows := readAll(t, mustOpen(t, test.object, upload.NDJSON))
		_, rejected := rows[0].Record()
		if rejected == nil || rejected.Reason != test.reason || rejected.Column != test.column {
			t.Errorf("%s is rejected with %+v", test.object, rejected)
		}
	}
}

// TestWhatPeopleWriteInTables: headings, types and days as they stand in tables.
func TestWhatPeopleWriteInTables(t *testing.T) {
	file := "Code;Typ;Anzahl;Gültig ab;Gültig bis;Empfänger;Notiz\n" +
		"A;premium;3;1.10.2031;31.12.2031;ada;x\nB;NORMAL;;2031-10-01;2031-12-31;;\n"
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	f := mustOpenTable(t, file, berlin)
	for _, row := range readAll(t, f) {
		record, rejected := row.Record()
		if rejected != nil {
			t.Fatal(rejected)
		}
		starts, ends := record.Change.StartsAt.Value, record.Change.ExpiresAt.Value
		if want := time.Date(2031, 10, 1, 0, 0, 0, 0, berlin); !starts.Equal(want) {
			t.Errorf("%s starts at %s, want %s", record.Value, starts, want)
		}
		if want := time.Date(2031, 12, 31, 23, 59, 59, 0, berlin); !ends.Equal(want) {
			t.Errorf("%s ends at %s, want %s", record.Value, ends, want)
		}
		if want := map[string]codes.Type{"A": codes.TypePremium, "B": codes.TypeNormal}[record.Value]; record.Type != want {
			t.Errorf("%s has the type %s, want %s", record.Value, record.Type, want)
		}
	}
	as := f.Layout().As
	want := []string{"code", "type", "maxRedemptions", "startsAt", "expiresAt", "recipient", "note"}
	if !slices.Equal(as, want) {
		t.Errorf("the columns are read as %q, want %q", as, want)
	}
}

// TestDaysThatCannotBeRead: in a table of people, too.
func TestDaysThatCannotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		"31.11.2031": "31.11.2031, and there is no such day", "2031-02-29": "no such day",
		"31.12.31": "year needs four digits", "12/31/2031": "local format", "2031-12-31 23:59": "without its time zone",
	} {
		rows := readAll(t, mustOpenTable(t, "code,expiresAt\nA,"+text+"\n", time.UTC))
		if _, rejected := rows[0].Record(); rejected == nil || !strings.Contains(rejected.Detail, want) {
			t.Errorf("%s is rejected with %v", text, rejected)
		}
	}
}

// TestColumnsThatAreReadPast have nothing that they are read as.
func TestColumnsThatAreReadPast(t *testing.T) {
	as := mustOpen(t, "code,_mine,redemptions,metadata.a\nA,x,1,b\n", upload.CSV).Layout().As
	if want := []string{"code", "", "", "metadata.a"}; !slices.Equal(as, want) {
		t.Errorf("the columns are read as %q, want %q", as, want)
	}
}
