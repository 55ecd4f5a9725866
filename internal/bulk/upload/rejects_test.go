package upload_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/bulk/upload"
)

// rejects writes every row of a file as a rejected one.
func rejects(t *testing.T, file string, format upload.Format) string {
	t.Helper()
	f := mustOpen(t, file, format)
	var out bytes.Buffer
	w := upload.NewRejectWriter(&out, f.Layout())
	for _, row := range readAll(t, f) {
		reason, detail := upload.InvalidCSV, "=what is wrong, with “\"” in it"
		if _, rejected := row.Record(); rejected != nil {
			reason, detail = rejected.Reason, rejected.Detail
		}
		err := w.Write(upload.Rejected{Line: row.Line, Raw: row.Raw, Reason: reason, Detail: detail})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestRejectedRows(t *testing.T) {
	const wrongType = `invalid_value,"type must be ""Normal"", ""Premium"" or ""Upgrade"", spelt exactly so"`
	cases := []struct {
		name, file string
		format     upload.Format
		want       string
	}{
		{"none", "code,type\n", upload.CSV, "code,type,_line,_reason,_detail\n"},
		{"a row", "type,code\nx,ABC\n", upload.CSV, "type,code,_line,_reason,_detail\nx,ABC,2," + wrongType + "\n"},
		{
			"semicolons and a mark", "\ufeffcode;type\r\n\r\n\"A;1\";x\r\n", upload.CSV,
			"\ufeffcode;type;_line;_reason;_detail\n\"A;1\";x;3;" + strings.Replace(wrongType, ",", ";", 1) + "\n",
		},
		{
			"formulas", "code,type\n'=1,x\n=2,x\n", upload.CSV,
			"code,type,_line,_reason,_detail\n'=1,x,2," + wrongType + "\n'=2,x,3," + wrongType + "\n",
		},
		{
			"a row of rejected ones", "code,type,_line,_reason,_detail,_mine\nABC,x,7,invalid_value,why,m\n", upload.CSV,
			"code,type,_mine,_line,_reason,_detail\nABC,x,m,2," + wrongType + "\n",
		},
		{
			"what cannot be split", "code,type\nA\"B,Normal\nA,Normal,c\n", upload.CSV,
			"code,type,_line,_reason,_detail\n\"A\"\"B,Normal\",,2,invalid_csv,\"a quote (\"\") in a cell must be doubled, " +
				"and the cell put in quotes\"\n\"A,Normal,c\",,3,wrong_cell_count,the line has 3 cells and the header 2; a cell " +
				"with the separator in it must be put in quotes\n",
		},
		{
			"objects", "{\"code\":\"A\",\"type\":\"x\"}\n", upload.NDJSON,
			"json,_line,_reason,_detail\n\"{\"\"code\"\":\"\"A\"\",\"\"type\"\":\"\"x\"\"}\",1," + wrongType + "\n",
		},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			got := rejects(t, test.file, test.format)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestAMendedFileSaysTheSame: rows that come back in the file of rejected ones are read as they were, once
// and again, cells that look like formulas among them.
func TestAMendedFileSaysTheSame(t *testing.T) {
	table := "\ufeffcode;type;note;recipient;metadata;expiresAt\r\n" +
		"'=1+1;Normal;'-x;'+49 30;\"{\"\"a\"\":\"\";\"\"}\";2001-01-01T00:00:00Z\r\n" +
		"''=1;Premium;\"a\r\nb\n\rc\";;;\r\n" +
		"=2;Upgrade;\" \"\"quoted\"\" ; \";'tis;{};\r\n" +
		"🎉;Normal;\u2028;@x\r\n"
	objects := `{"code":"=A","type":"Normal","note":null,"metadata":{"a":"\n"}}` + "\n\n" +
		`{"code":"'=B","note":"\"","recipient":""}` + "\r\n" + `{"code":"C"}`
	for name, first := range map[string]*upload.Reader{
		"CSV": mustOpen(t, table, upload.CSV), "NDJSON": mustOpen(t, objects, upload.NDJSON),
	} {
		format, file := upload.CSV, table
		if name == "NDJSON" {
			format, file = upload.NDJSON, objects
		}
		want := records(t, first)
		once := rejects(t, file, format)
		if diff := cmp.Diff(want, records(t, mustOpen(t, once, upload.CSV))); diff != "" {
			t.Errorf("%s (-first +again):\n%s", name, diff)
		}
		twice := rejects(t, once, upload.CSV)
		if diff := cmp.Diff(want, records(t, mustOpen(t, twice, upload.CSV))); diff != "" {
			t.Errorf("%s, twice (-first +again):\n%s", name, diff)
		}
		checkNoFormulas(t, once, first.Layout())
	}
}

// records are what the rows of a file say; each can be read.
func records(t *testing.T, f *upload.Reader) (all []*upload.Record) {
	t.Helper()
	for _, row := range readAll(t, f) {
		record, rejected := row.Record()
		if rejected != nil {
			t.Fatalf("%q: %v", row.Raw, rejected)
		}
		all = append(all, record)
	}
	return all
}

// checkNoFormulas reads a file with another reader of CSV: a spreadsheet may open it.
func checkNoFormulas(t *testing.T, file string, layout upload.Layout) {
	t.Helper()
	plain := csv.NewReader(strings.NewReader(file))
	plain.Comma = layout.Separator
	for {
		cells, err := plain.Read()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, cell := range cells {
			if cell != "" && strings.Contains("=+-@\t\r", cell[:1]) {
				t.Errorf("the cell %q is a formula", cell)
			}
		}
	}
}

// TestWhatWasBrokenIsNeverTakenAsItIs: a row that could not be read is rejected again when the file of
// rejected rows is sent back without being mended.
func TestWhatWasBrokenIsNeverTakenAsItIs(t *testing.T) {
	broken := "code,type\né,Normal\nA\"B,Normal\nA,Normal,c\n\"A,Normal\n\xff,Normal\nA\x00,Normal\n" +
		strings.Repeat("x", 70_000) + ",Normal\n1E+05,Normal\nA,norm\nA,Nor"
	f := mustOpen(t, rejects(t, broken, upload.CSV), upload.CSV)
	rows := readAll(t, f)
	if len(rows) != 10 {
		t.Fatalf("%d rows came back", len(rows))
	}
	for _, row := range rows {
		record, rejected := row.Record()
		if rejected == nil {
			_, _, rejected = record.NewCode()
		}
		if rejected == nil && record.Value != "é" {
			t.Errorf("%q is read as %+v", row.Raw, record)
		}
	}
}
