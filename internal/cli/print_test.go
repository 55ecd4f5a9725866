package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"accesscodes/internal/qr/qrtest"
)

const codesCSV = "code,type,note,recipient,expiresAt\n" +
	"ACME-7Q2F-9KXM,Premium,,Zoë Müller,2026-12-31T23:59:59Z\n" +
	"ACME-4T8W-HN3C,Upgrade,'=1+1,,\n"

// file writes a file of the test and returns its path.
func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "codes.csv")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestCodeQR(t *testing.T) {
	const link = "https://app.example.com/join?code={code}"
	folder := t.TempDir()
	png, svg, linked := filepath.Join(folder, "a.png"), filepath.Join(folder, "a.svg"), filepath.Join(folder, "b.png")
	for _, args := range [][]string{
		{"straße-größe", "--png", png},
		{"ACME-7Q2F", "--svg", svg, "--error-correction", "high"},
		{"a b", "--png", linked, "--link", link, "--size", "300", "--quiet-zone", "6"},
	} {
		check(t, newProgram(t).exec(t, append([]string{"code", "qr"}, args...)...), result{})
	}
	got := qrtest.Read(t, png, qrtest.Drawn(t, svg), linked)
	want := []string{"straße-größe", "ACME-7Q2F", "https://app.example.com/join?code=a%20b"}
	if !slices.Equal(got, want) {
		t.Errorf("the decoder read %q", got)
	}
	toStdout := newProgram(t).exec(t, "code", "qr", "ACME-7Q2F", "--svg", "-", "--error-correction", "high")
	written, err := os.ReadFile(svg)
	if err != nil || toStdout.stdout != string(written) {
		t.Errorf("stdout has another picture than the file (%v)", err)
	}
}

func TestBatchPrint(t *testing.T) {
	codes, pdf := file(t, codesCSV), filepath.Join(t.TempDir(), "sheet.pdf")
	p := newProgram(t)
	check(t, p.exec(t, "batch", "print", "--codes", codes, "--out", pdf, "--crop-marks", "--title", "Festival"),
		result{stderr: "2 cards on 1 page\n"})
	const first, second = "Festival ACME-7Q2F-9KXM Premium Valid until 2026-12-31", "Festival ACME-4T8W-HN3C Upgrade"
	if got := words(t, pdf); got != first+" "+second {
		t.Errorf("the sheet says %s", got)
	}
	if got := qrtest.Read(t, qrtest.Pages(t, pdf)...); len(got) != 2 {
		t.Errorf("the decoder read %q", got)
	}

	p.stdin = codesCSV
	p.env["ACCESSCODES_LINE"] = "{note}\nFor {recipient}"
	got := p.exec(t, "batch", "print", "--codes", "-", "--out", "-", "--rows", "1", "--columns", "1", "--paper", "letter")
	if got.code != 0 || got.stderr != "2 cards on 2 pages\n" || !strings.HasPrefix(got.stdout, "%PDF-") {
		t.Fatalf("exit %d: %s", got.code, got.stderr)
	}
	if err := os.WriteFile(pdf, []byte(got.stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := words(t, pdf); got != "ACME-7Q2F-9KXM For Zoë Müller ACME-4T8W-HN3C =1+1" {
		t.Errorf("the sheet says %s", got)
	}
}

// words are those of a PDF.
func words(t *testing.T, pdf string) string {
	t.Helper()
	return strings.Join(strings.Fields(qrtest.Text(t, pdf)), " ")
}

func TestNothingIsLeftOfASheetThatFails(t *testing.T) {
	folder := t.TempDir()
	old := filepath.Join(folder, "sheet.pdf")
	if err := os.WriteFile(old, []byte("the one before"), 0o640); err != nil {
		t.Fatal(err)
	}
	check(t, newProgram(t).exec(t, "batch", "print", "--codes", file(t, "code\nA\nPARTY🎉\n"), "--out", old), result{
		code: 1, stderr: `accesscodes: the code "PARTY🎉" (line 3): the code has 🎉 (U+1F389), which the font does not have: ` +
			"it has Latin, Greek and Cyrillic\n",
	})
	text, err := os.ReadFile(old)
	entries, _ := os.ReadDir(folder)
	if err != nil || string(text) != "the one before" || len(entries) != 1 {
		t.Errorf("%d files, %q, %v", len(entries), text, err)
	}
}

func TestPrintedFilesAreTheOwners(t *testing.T) {
	folder := t.TempDir()
	old, fresh := filepath.Join(folder, "old.svg"), filepath.Join(folder, "new.svg")
	if err := os.WriteFile(old, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{old: 0o640, fresh: 0o600} {
		check(t, newProgram(t).exec(t, "code", "qr", "A", "--svg", name), result{})
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	link := filepath.Join(folder, "link.svg")
	if err := os.Symlink(old, link); err != nil {
		t.Fatal(err)
	}
	check(t, newProgram(t).exec(t, "code", "qr", "B", "--svg", link), result{})
	behind, err := os.ReadFile(old)
	plain, plainErr := os.ReadFile(fresh) // of A
	if target, _ := os.Readlink(link); err != nil || plainErr != nil || target != old || bytes.Equal(behind, plain) {
		t.Errorf("the link leads to %q, which was not written; %v, %v", target, err, plainErr)
	}
	check(t, newProgram(t).exec(t, "code", "qr", "A", "--svg", "/dev/null"), result{})
	missing := filepath.Join(folder, "no", "a.svg")
	check(t, newProgram(t).exec(t, "code", "qr", "A", "--svg", missing),
		result{code: 1, stderr: "accesscodes: open " + missing + ": no such file or directory\n"})
}

func TestPrintingThatMakesNoSense(t *testing.T) {
	codes := file(t, codesCSV)
	const sheet = "batch print --out x.pdf --codes "
	for line, want := range map[string]string{
		"code":                                     "accesscodes code needs a command; see accesscodes code --help",
		"batch":                                    "accesscodes batch needs a command; see accesscodes batch --help",
		"code qr":                                  "accesscodes code qr takes CODE; see accesscodes code qr --help",
		"code qr A":                                "one of --png and --svg is required",
		"batch print":                              "either BATCH or --codes is required; see accesscodes batch print --help",
		"code qr A --png x --svg y":                "one of --png and --svg is required",
		"code qr --png x -- --":                    "code must contain something other than spaces and dashes",
		"code qr A --png x --size 28":              "--size 28 is too small for this QR code, which needs 29 pixels at least",
		"code qr A --png x --size 0":               "--size 0 is not 1 to 10000",
		"code qr A --svg x --quiet-zone -1":        "--quiet-zone -1 is not 0 to 100",
		"code qr A --svg x --error-correction x":   `--error-correction "x" is not low, medium, quartile or high`,
		"code qr A --svg x --link http://x/":       `--link "http://x/" has no {code}, which is where the code goes`,
		sheet + codes + " --paper A5":              `--paper "A5" is not A4 or Letter`,
		sheet + codes + " --margin wide":           `--margin "wide" is not a number`,
		sheet + codes + " --margin 5 --crop-marks": "crop marks need a margin of 6 mm",
		sheet + codes + " --columns 20": "cards of 9.5 × 55.4 mm are too small: 15 mm is the least for a side; " +
			"choose fewer columns or rows, or a smaller margin or gap",
		sheet + codes + " --time-zone Mars": `--time-zone "Mars" is not the name of a time zone that this machine knows`,
		sheet + codes + " --title {":        `--title "{" has a { that does not begin the name of a column such as {code}`,
		sheet + codes + " --line }":         `--line "}" has a } without a {`,
		sheet + codes + " --line {colour}": `"{colour}" names the column colour, which the list does not have; ` +
			"it has code, type, note, recipient, expiresAt",
	} {
		t.Run(line, func(t *testing.T) {
			check(t, newProgram(t).exec(t, strings.Fields(line)...), result{code: 2, stderr: "accesscodes: " + want + "\n"})
		})
	}
}

func TestAListWithoutCodes(t *testing.T) {
	codes := file(t, "name\nA\n")
	check(t, newProgram(t).exec(t, "batch", "print", "--codes", codes, "--out", "-"), result{
		code:   1,
		stderr: `accesscodes: --codes "` + codes + `" cannot be used: the list has no column "code"; it has name` + "\n",
	})
}
