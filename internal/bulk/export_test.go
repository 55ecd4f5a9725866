package bulk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

var at = time.Date(2031, 2, 3, 4, 5, 6, 789_012_000, time.UTC)

// file is the text of a file with these rows.
func file[T any](t *testing.T, to *bytes.Buffer, f File[T], rows ...T) string {
	t.Helper()
	if err := f.Begin(); err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if err := f.Row(&rows[i], at); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.End(); err != nil {
		t.Fatal(err)
	}
	return to.String()
}

func TestCSVIsQuotedWhereItMustBeAndNoCellIsAFormula(t *testing.T) {
	for text, want := range map[string]string{
		``: ``, `plain`: `plain`, `two words`: `two words`, ` outer `: `" outer "`, `a,b`: `"a,b"`, `a;b`: `a;b`,
		`"`: `""""`, `say "hi"`: `"say ""hi"""`, "a\nb": "\"a\nb\"", "a\r\nb": "\"a\r\nb\"", "a\tb": "a\tb",
		`=1+1`: `'=1+1`, `-"5"`: `"'-""5"""`, `''=x`: `'''=x`, `'tis`: `'tis`, "\tx": "'\tx", "🎤é": "🎤é",
	} {
		var to bytes.Buffer
		user := codes.User{ID: text, Status: codes.UserNormal, CreatedAt: at, UpdatedAt: at.Truncate(time.Second)}
		got := file(t, &to, NewCSV(&to, UsersTable()), user)
		if want := "userId,status,createdAt,updatedAt\r\n" + want +
			",Normal,2031-02-03T04:05:06.789012Z,2031-02-03T04:05:06Z\r\n"; got != want {
			t.Errorf("%q is written as %q, want %q", text, got, want)
		}
	}
}

func TestWhatXMLCannotHoldComesBack(t *testing.T) {
	texts := []string{
		"a\rb", "_x000D_", "_x005F_x000D_", "A_x0041\r", "_x0041\ufffe", "_x0041_x0041\x01", "_x12_", "_x", "_",
		"\uffff\ufffe", "\x01\x1f", "<&>\"'", "\U0010ffff", " outer ", "\n", "=1+1",
	}
	var users []codes.User
	for _, text := range texts {
		users = append(users, codes.User{ID: text})
	}
	var to bytes.Buffer
	file(t, &to, NewXLSX(&to, UsersTable(), "users"), users...)
	book, err := excelize.OpenReader(&to)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := book.GetRows("users")
	if err != nil || len(rows) != len(texts)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, text := range texts {
		if got := rows[i+1][0]; got != text {
			t.Errorf("%q comes back as %q", text, got)
		}
	}
}

// TestALineOfNDJSONIsOneToEveryReader, also to those that know more ends of lines than JSON.
func TestALineOfNDJSONIsOneToEveryReader(t *testing.T) {
	const text = "a\u0085b\u2028c\u2029d"
	var to bytes.Buffer
	got := file(t, &to, NewNDJSON(&to, UsersTable()), codes.User{ID: text, CreatedAt: at, UpdatedAt: at})
	var read struct{ UserID string }
	if err := json.Unmarshal([]byte(got), &read); err != nil || read.UserID != text {
		t.Errorf("%q is read as %q, %v", text, read.UserID, err)
	}
	if want := `{"userId":"a\u0085b\u2028c\u2029d","status":null,"createdAt":"2031-02-03T04:05:06.789012Z",` +
		`"updatedAt":"2031-02-03T04:05:06.789012Z"}` + "\n"; got != want {
		t.Errorf("the line is %q, want %q", got, want)
	}
}

func TestASheetHoldsSoManyRowsAndNoMore(t *testing.T) {
	var to bytes.Buffer
	f := NewXLSX(&to, UsersTable(), "users").(*tableFile[codes.User])
	f.cells.form.(*xlsx).most = 3 // with the header
	user := codes.User{ID: "ada"}
	if err := errors.Join(f.Begin(), f.Row(&user, at), f.Row(&user, at)); err != nil {
		t.Fatal(err)
	}
	err := f.Row(&user, at)
	if !core.HasReason(err, core.ReasonInvalidParameter) || !strings.Contains(err.Error(), "a sheet holds 2 rows") {
		t.Errorf("the third row: %v", err)
	}
	if most := NewXLSX(&to, UsersTable(), "users").(*tableFile[codes.User]).cells.form.(*xlsx).most; most != 1_048_576 {
		t.Errorf("a sheet holds %d rows", most)
	}
}

// listOf is a list of some pages.
func listOf(pages [][]int, err error) Pages[int] {
	return func(yield func(core.Page[int], error) bool) {
		for _, page := range pages {
			if !yield(core.Page[int]{Items: page, At: at}, nil) {
				return
			}
		}
		if err != nil {
			yield(core.Page[int]{}, err)
		}
	}
}

func TestMergedListsAreInOrderAndWhole(t *testing.T) {
	var thousands []int
	for i := range core.MaxPage {
		thousands = append(thousands, 10+2*i)
	}
	merged := merged([]Pages[int]{
		listOf([][]int{{1, 4}, {}, {4, 9}}, nil), listOf([][]int{thousands, {5000}}, nil), listOf([][]int{{}}, nil),
		listOf(nil, nil), listOf([][]int{{0, 15}}, nil),
	}, cmp.Compare[int])
	count, last, pages := 0, -1, 0
	for page, err := range merged {
		if err != nil || len(page.Items) > core.MaxPage || !page.At.Equal(at) {
			t.Fatalf("%d items of %s, %v", len(page.Items), page.At, err)
		}
		pages++
		for _, item := range page.Items {
			if item < last {
				t.Fatalf("%d after %d", item, last)
			}
			last = item
			count++
		}
	}
	if count != core.MaxPage+7 || pages != 2 || last != 5000 {
		t.Errorf("%d items up to %d on %d pages", count, last, pages)
	}
}

func TestMergedListsBreakWhereOneBreaks(t *testing.T) {
	broken := errors.New("broken")
	var failures int
	lists := []Pages[int]{listOf([][]int{{1, 2}}, nil), listOf([][]int{{1}}, broken)}
	for _, err := range merged(lists, cmp.Compare[int]) {
		if err != nil {
			failures++
		}
		if err != nil && !errors.Is(err, broken) {
			t.Error(err)
		}
	}
	if failures != 1 {
		t.Errorf("%d errors", failures)
	}
}

// TestNothingIsReadAfterAnExportIsLeft: whoever stops in the middle leaves no reader behind.
func TestNothingIsReadAfterAnExportIsLeft(t *testing.T) {
	e := NewExports(ExportDeps{Now: time.Now})
	actor := &core.Actor{WorkspaceID: core.ID{1}}
	reads, left := 0, false
	pages := inTurn(t.Context(), e, actor, pagesOf(t.Context(), e, actor,
		func(context.Context, core.PageRequest) (core.Page[int], error) {
			if left {
				t.Error("a page is read after the end")
			}
			reads++
			return core.Page[int]{Items: []int{reads}, Next: "more"}, nil
		}))
	for range 3 * ExportsAtOnce { // each gives its turn back
		for _, err := range pages {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	left = true
	if reads < 3*ExportsAtOnce {
		t.Errorf("%d pages were read", reads)
	}
}
