package sheet_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/qr"
	"accesscodes/internal/qr/qrtest"
	"accesscodes/internal/sheet"
)

// design is ten cards on A4; change alters it.
func design(t *testing.T, change func(*sheet.Design)) sheet.Design {
	t.Helper()
	a4, _ := sheet.PaperNamed("a4")
	d := sheet.Design{
		Layout: sheet.Layout{Paper: a4, Columns: 2, Rows: 5, Margin: 10, CropMarks: true},
		Level:  qr.Medium, Zone: time.UTC, Title: template(t, "Acme"),
	}
	if change != nil {
		change(&d)
	}
	return d
}

func template(t *testing.T, text string) sheet.Template {
	t.Helper()
	parsed, err := sheet.ParseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func list(t *testing.T, text string) sheet.List {
	t.Helper()
	read, err := sheet.ReadCSV(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// print prints codes and returns the file.
func print(t *testing.T, d sheet.Design, codes string) string {
	t.Helper()
	var out bytes.Buffer
	cards, err := d.Write(&out, list(t, codes))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Count(codes, "\n") - 1; cards != want {
		t.Errorf("%d cards of %d codes", cards, want)
	}
	name := filepath.Join(t.TempDir(), "sheet.pdf")
	if err := os.WriteFile(name, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// odd are codes that are hard to print: long, short, in other scripts.
func odd() []string {
	return []string{
		"ACME-7Q2F-9KXM", "A", "straße-größe-ẞ", "СЕКРЕТ-2026", "Κωδικός", "A1B2C3D4E5F6G7H8", "123456789012", "SUMMER2027",
		strings.Repeat("x", 128), strings.Repeat("WXYZ-", 25) + "END", "два слова", strings.Repeat("ü", 60),
	}
}

func TestADecoderReadsEveryCard(t *testing.T) {
	link, err := qr.ParseLink("https://app.example.com/join?code={code}")
	if err != nil {
		t.Fatal(err)
	}
	letter, _ := sheet.PaperNamed("Letter")
	designs := map[string]func(*sheet.Design){
		"beside the code": nil,
		"a link":          func(d *sheet.Design) { d.Link = link },
		"below the code":  func(d *sheet.Design) { d.Layout.Columns, d.Layout.Rows, d.Layout.Gap = 3, 4, 3 },
		"four a page":     func(d *sheet.Design) { d.Layout.Columns, d.Layout.Rows = 2, 2 },
		"many on Letter": func(d *sheet.Design) {
			d.Layout = sheet.Layout{Paper: letter, Columns: 3, Rows: 7, Margin: 6}
		},
	}
	for name, change := range designs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := design(t, change)
			var want []string
			for _, code := range odd() {
				want = append(want, d.Link.Of(code))
			}
			pages := qrtest.Pages(t, print(t, d, "code\n"+strings.Join(odd(), "\n")+"\n"))
			got := qrtest.Read(t, cut(t, pages, d.Layout, len(odd()))...)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("the decoder read %q, want %q", got, want)
			}
		})
	}
}

// cut cuts pages into cards, as people do, and returns their pictures.
func cut(t *testing.T, pages []string, l sheet.Layout, cards int) (files []string) {
	t.Helper()
	folder := t.TempDir()
	var page *image.Gray
	for i := range cards {
		perPage := l.Columns * l.Rows
		if i%perPage == 0 {
			page = qrtest.Gray(t, pages[i/perPage])
		}
		size := page.Bounds().Size()
		scale := float64(size.X) / l.Paper.Width // pixels of a millimetre
		width := (l.Paper.Width - 2*l.Margin + l.Gap) / float64(l.Columns)
		height := (l.Paper.Height - 2*l.Margin + l.Gap) / float64(l.Rows)
		x, y := l.Margin+float64(i%l.Columns)*width, l.Margin+float64(i%perPage/l.Columns)*height
		card := page.SubImage(image.Rect(
			int(x*scale), int(y*scale), int((x+width-l.Gap)*scale), int((y+height-l.Gap)*scale)))
		name := filepath.Join(folder, fmt.Sprintf("%d.png", i))
		file, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(png.Encode(file, card), file.Close()); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
	}
	return files
}

func TestTexts(t *testing.T) {
	d := design(t, func(d *sheet.Design) {
		d.Title = template(t, "Festival")
		d.Lines = []sheet.Template{template(t, "For {recipient}"), template(t, "Until {expiresAt}")}
	})
	text := qrtest.Text(t, print(t, d, "\ufeffcode;recipient;expiresAt\r\n"+
		"ACME-7Q2F;Zoe\u0308 Müller;2026-12-31T23:59:59Z\r\n"+
		"ACME-9KXM;;2026-06-01T12:30:00Z\r\n"+
		"'=SUM-1;Οδυσσέας;\r\n"))
	words := strings.Join(strings.Fields(text), " ")
	want := "Festival ACME-7Q2F For Zoë Müller Until 2026-12-31 " +
		"Festival ACME-9KXM Until 2026-06-01 12:30 UTC " +
		"Festival =SUM-1 For Οδυσσέας"
	if words != want {
		t.Errorf("got  %s\nwant %s", words, want)
	}
}

func TestDefaultLines(t *testing.T) {
	for columns, want := range map[string]int{"code": 0, "code,note": 0, "code,type": 1, "code,type,expiresAt": 2} {
		if got := len(sheet.DefaultLines(list(t, columns+"\n"))); got != want {
			t.Errorf("%s: %d lines, want %d", columns, got, want)
		}
	}
}

func TestTheSameCardsAreTheSameBytes(t *testing.T) {
	codes := "code\n" + strings.Join(odd(), "\n") + "\n"
	var files [][]byte
	for range 3 {
		file, err := os.ReadFile(print(t, design(t, nil), codes))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	if !bytes.Equal(files[0], files[1]) || !bytes.Equal(files[0], files[2]) {
		t.Error("they are not")
	}
}

func TestRefusals(t *testing.T) {
	small := func(d *sheet.Design) { d.Layout.Columns, d.Layout.Rows = 8, 12 }
	note := func(d *sheet.Design) { d.Lines = []sheet.Template{template(t, "{note}")} }
	cases := []struct {
		name, codes string
		change      func(*sheet.Design)
		want        string
	}{
		{
			"an emoji in a code", "code\nA\nPARTY🎉\n", nil,
			`the code "PARTY🎉" (line 3): the code has 🎉 (U+1F389), which the font does not have: ` +
				`it has Latin, Greek and Cyrillic`,
		},
		{
			"an emoji in a text", "code,note\nA,fine\nB,\"so\n\n💚\"\n", note,
			`the code "B" (line 3): the text has 💚 (U+1F49A), which the font does not have: it has Latin, Greek and Cyrillic`,
		},
		{
			"an invisible character", "code\nA\u200dB\n", nil,
			`the code "A\u200dB" (line 2): the code has U+200D, which the font does not have: it has Latin, Greek and Cyrillic`,
		},
		{
			"a long text", "code,note\nA," + strings.Repeat("word ", 400) + "\n", note,
			`the code "A" (line 2): the text does not fit on a card, not even in letters of 5 points: ` +
				`choose fewer columns or rows, or less text`,
		},
		{
			"a long code on a small card", "code\nA\n" + strings.Repeat("X", 128) + "\n", small,
			`the code "` + strings.Repeat("X", 128) + `" (line 3): the code does not fit on a card, not even in letters of ` +
				`5 points: choose fewer columns or rows, or less text`,
		},
		{
			"small modules", "code\n" + strings.Repeat("é", 30) + "\n",
			func(d *sheet.Design) { small(d); d.Title, d.Level = sheet.Template{}, qr.High },
			`the code "` + strings.Repeat("é", 30) + `" (line 2): its QR code has modules of 0.23 mm, and phones read 0.25 mm ` +
				`at least: choose fewer columns or rows, a shorter link or a lower error correction`,
		},
		{"no code", "code,note\nA,\n ,x\n", nil, "line 3 of the list has no code"},
		{"no codes", "code\n", nil, "the list has no codes"},
		{
			"a broken line", "code,note\nA,x\nB\n", nil,
			"record on line 3: wrong number of fields",
		},
		{"broken quotes", "code\nA\"B\n", nil, `parse error on line 2, column 2: bare " in non-quoted-field`},
		{
			"not UTF-8", "code\nA\xfc\n", nil,
			"line 2 of the list is not UTF-8; save the list as CSV in UTF-8",
		},
		{
			"an unknown column", "code\n" + strings.Repeat("A\n", 3), func(d *sheet.Design) {
				d.Lines = []sheet.Template{template(t, "{nope}")}
			},
			`"{nope}" names the column nope, which the list does not have; it has code`,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			_, err := design(t, c.change).Write(&out, list(t, c.codes))
			if err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			if out.Len() > 0 {
				t.Error("a part of a PDF was written")
			}
		})
	}
}

func TestListsThatCannotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		"":                   "the list is empty; its first line should have the names of its columns",
		"name,note\nA,\n":    `the list has no column "code"; it has name, note`,
		"code,note,note\n":   `the list has two columns "note"`,
		"\xff\xfec\x00o\x00": "line 1 of the list is not UTF-8; save the list as CSV in UTF-8",
		"\"code\nA\n":        `record on line 1; parse error on line 2, column 3: extraneous or missing " in quoted-field`,
	} {
		if _, err := sheet.ReadCSV(strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestTemplatesThatMakeNoSense(t *testing.T) {
	for _, text := range []string{"{", "}", "a {", "{}", "{a", "a}", "{a{b}}", "{{code}}"} {
		if _, err := sheet.ParseTemplate(text); err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("%q has ", text)) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAPreviewIsTheCard(t *testing.T) {
	list := sheet.List{Columns: []string{"code", "recipient"}}
	design := sheet.Design{
		Layout: sheet.Layout{Paper: sheet.Papers()[0], Columns: 3, Rows: 8, Margin: 10}, Level: qr.Medium, Zone: time.UTC,
	}
	var err error
	if design.Title, err = sheet.ParseTemplate("Scan, or type"); err != nil {
		t.Fatal(err)
	}
	card, err := design.Preview(list, sheet.Row{Place: "number 1", Cells: []string{"ACME-7Q2F", "Zoë"}})
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, w := range card.Words {
		words = append(words, w.Text)
		if w.X < 0 || w.X+w.Width > card.Width || w.Y-w.Size < 0 || w.Y > card.Height {
			t.Errorf("%q lies outside of the card: %+v", w.Text, w)
		}
	}
	if got := strings.Join(words, " "); got != "Scan, or type ACME- 7Q2F" {
		t.Errorf("the card says %q", got)
	}
	if places := design.Layout.Places(); len(places) != 24 || places[0].Width != card.Width {
		t.Errorf("%d cards, the first is %+v", len(places), places[0])
	}
	if _, err := design.Preview(list, sheet.Row{Place: "number 2", Cells: []string{" ", ""}}); err == nil {
		t.Error("a card without a code was shown")
	}
}
