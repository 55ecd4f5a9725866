package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"accesscodes/internal/csvcell"
)

// oddities makes things whose texts are hard on files, of all three kinds.
func oddities(t *testing.T, f *fixture) {
	t.Helper()
	for i, text := range []string{
		`say "hi"`, "a,b;c", "line\nbreak", "line\r\nbreak", "\ttab", "trailing ", "=1+1", "'=1+1", "@SUM(A1)", "-5", "+5",
		"👩🏽‍🎤 é ß", "a\u2028b", "<b>&amp;</b>", "_x000D_", "_x0041", "007", "1E+05", "NULL", `\`, "\ufeffbom",
	} {
		note, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		f.add(t, fmt.Sprintf("ODD %d", i), fmt.Sprintf(
			`"type":"Normal","note":%s,"recipient":%[1]s,"metadata":{"b":%[1]s,"a":"=x"},"maxRedemptions":%d`, note, i+5))
		f.call(t, "PUT", "/users/"+url.PathEscape(fmt.Sprintf("=%d\"é,🎤", i)), `{"status":"Premium"}`).mustBeOK(t)
	}
	for value, fields := range map[string]string{
		"=CODE,1": `"type":"Premium","maxRedemptions":9007199254740991`,
		`"Q"`:     `"type":"Upgrade","expiresAt":"2031-02-04T00:00:00Z","startsAt":"2031-02-03T04:05:06.5Z"`,
		"👩‍🎤":     `"type":"Normal","maxRedemptions":1`,
	} {
		body, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		f.post(t, addPath, `{"code":`+string(body)+`,`+fields+`}`).mustBeOK(t)
	}
	f.redeem(t, "👩‍🎤", "-ada,")
	undone := f.redeem(t, "=CODE,1", "@bob")
	f.call(t, "POST", "/redemptions/"+undone+"/rollback", `{"reason":"=no \"reason\""}`).mustBeOK(t)
	f.call(t, "POST", "/tenant-codes/ODD0/revoke", "").mustBeOK(t)
}

// listed are the objects of a list as they are written there.
func (f *fixture) listed(t *testing.T, path string) (texts []string) {
	t.Helper()
	var page struct{ Data []json.RawMessage }
	f.call(t, "GET", path, "").mustBeOK(t).into(t, &page)
	for _, object := range page.Data {
		texts = append(texts, string(object))
	}
	return texts
}

// readNDJSON returns the objects of a file as lists have them: they do not escape ends of lines.
func readNDJSON(t *testing.T, text string) []string {
	t.Helper()
	return lines(t, strings.ReplaceAll(text, `\u2028`, "\u2028"), "\n")
}

// rowsOf are the rows of a file that has these objects, and its header.
func rowsOf(t *testing.T, objects []string) (rows [][]string) {
	t.Helper()
	for i, text := range objects {
		var names, row []string
		decoder := json.NewDecoder(strings.NewReader(text))
		if _, err := decoder.Token(); err != nil {
			t.Fatal(err)
		}
		for decoder.More() {
			name, err := decoder.Token()
			if err != nil {
				t.Fatal(err)
			}
			var value json.RawMessage
			if err := decoder.Decode(&value); err != nil {
				t.Fatal(err)
			}
			cell := string(value)
			var unquoted *string
			if cell == "null" {
				cell = ""
			} else if json.Unmarshal(value, &unquoted) == nil {
				cell = *unquoted
			}
			names, row = append(names, name.(string)), append(row, cell)
		}
		if i == 0 {
			rows = append(rows, names)
		}
		rows = append(rows, row)
	}
	return rows
}

// TestAnExportHasTheObjectsOfTheList in each format, whatever is in them.
func TestAnExportHasTheObjectsOfTheList(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		oddities(t, f)
		for export, list := range map[string]string{
			"/exports/codes": "/tenant-codes", "/exports/redemptions": "/redemptions", "/exports/users": "/users",
		} {
			objects := f.listed(t, list+"?limit=1000")
			if len(objects) < 2 {
				t.Fatalf("%s has only %d", list, len(objects))
			}
			if diff := cmp.Diff(objects, readNDJSON(t, f.exported(t, export+"?format=ndjson"))); diff != "" {
				t.Errorf("%s as NDJSON (-list +export):\n%s", export, diff)
			}
			want := rowsOf(t, objects)
			if diff := cmp.Diff(want, readCSV(t, f.exported(t, export+"?format=csv"), want)); diff != "" {
				t.Errorf("%s as CSV (-list +export):\n%s", export, diff)
			}
			if export == "/exports/codes" {
				if diff := cmp.Diff(want, readXLSX(t, f.exported(t, export+"?format=xlsx"), len(want[0]))); diff != "" {
					t.Errorf("%s as XLSX (-list +export):\n%s", export, diff)
				}
			}
		}
	})
}

// readCSV reads a file, and checks that no spreadsheet would run a cell of it. encoding/csv makes
// every CRLF a line feed, so it is done to what is wanted as well.
func readCSV(t *testing.T, text string, want [][]string) [][]string {
	t.Helper()
	lines(t, text, "\r\n")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	for _, row := range rows {
		for i, cell := range row {
			if cell != "" && strings.Contains("=+-@\t\r", cell[:1]) {
				t.Errorf("%q is a formula", cell)
			}
			row[i] = csvcell.Restore(cell)
		}
	}
	for _, row := range want {
		for i := range row {
			row[i] = strings.ReplaceAll(row[i], "\r\n", "\n")
		}
	}
	return rows
}

// readXLSX reads the one sheet of a workbook. Its rows are as long as the header.
func readXLSX(t *testing.T, file string, columns int) [][]string {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewBufferString(file))
	if err != nil {
		t.Fatal(err)
	}
	closing(t, book.Close)
	rows, err := book.GetRows("codes", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		for len(row) < columns {
			row = append(row, "")
		}
		for j := range row {
			row[j] = strings.ReplaceAll(row[j], "\r\n", "\n") // as in what is wanted
		}
		rows[i] = row
	}
	return rows
}

func TestAnExportOfNothingIsAHeader(t *testing.T) {
	f := newFixture(t)
	if got := f.exported(t, "/exports/users"); got != "userId,status,createdAt,updatedAt\r\n" {
		t.Errorf("CSV %q", got)
	}
	if got := f.exported(t, "/exports/codes?format=ndjson&q=nothing"); got != "" {
		t.Errorf("NDJSON %q", got)
	}
	if rows := readXLSX(t, f.exported(t, "/exports/codes?format=xlsx"), 15); len(rows) != 1 || rows[0][0] != "code" {
		t.Errorf("XLSX %q", rows)
	}
}

func TestTheFiltersOfTheListsFilterExports(t *testing.T) {
	f := newFixture(t)
	oddities(t, f)
	for export, list := range map[string]string{
		"/exports/codes?type=Premium&":      "/tenant-codes?type=Premium&",
		"/exports/codes?status=revoked&":    "/tenant-codes?status=revoked&",
		"/exports/codes?q=odd1&":            "/tenant-codes?q=odd1&",
		"/exports/redemptions?code=👩‍🎤&":    "/redemptions?code=👩‍🎤&",
		"/exports/redemptions?userId=@bob&": "/redemptions?userId=@bob&",
		"/exports/users?status=Normal&":     "/users?status=Normal&",
		"/exports/users?q==1&":              "/users?q==1&",

		"/exports/codes?createdAfter=2031-01-01T00:00:00Z&q=&": "/tenant-codes?",
	} {
		objects := f.listed(t, list+"limit=1000")
		if diff := cmp.Diff(objects, readNDJSON(t, f.exported(t, export+"format=ndjson"))); diff != "" || len(objects) == 0 {
			t.Errorf("%s (-list +export):\n%s", export, diff)
		}
	}
	for _, path := range []string{
		"/exports/codes?type=premium", "/exports/codes?status=gone", "/exports/codes?limit=10", "/exports/codes?format=json",
		"/exports/users?format=xlsx", "/exports/redemptions?format=", "/exports/users?status=Upgrade",
	} {
		f.call(t, "GET", path, "").mustBe(t, 400, "invalid_parameter")
	}
}
