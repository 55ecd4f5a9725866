// Package qrtest reads QR codes back in tests, with a decoder that is not ours: zbarimg of Debian's
// zbar-tools, with pdftoppm of poppler-utils for PDF and rsvg-convert of librsvg2-bin for SVG. It is not
// for the program.
package qrtest

import (
	"bytes"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Read returns the texts of the QR codes in pictures, in the order of the pictures.
func Read(t testing.TB, pictures ...string) []string {
	t.Helper()
	options := []string{"--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"}
	text := run(t, "zbarimg", append(options, pictures...)...)
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// Pages draws the pages of a PDF, at 200 dots per inch, and returns the files of the pictures.
func Pages(t testing.TB, pdf string) []string {
	t.Helper()
	start := filepath.Join(t.TempDir(), "page")
	run(t, "pdftoppm", "-r", "200", "-gray", pdf, start)
	pages, err := filepath.Glob(start + "*.pgm")
	if err != nil || len(pages) == 0 {
		t.Fatalf("%s has no pages (%v)", pdf, err)
	}
	return pages
}

// Gray reads the picture of a page, which is a PGM (https://netpbm.sourceforge.net/doc/pgm.html).
func Gray(t testing.TB, page string) *image.Gray {
	t.Helper()
	file, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var width, height int
	if _, err := fmt.Sscanf(string(file[:min(64, len(file))]), "P5\n%d %d\n255\n", &width, &height); err != nil {
		t.Fatalf("%s is not a PGM: %v", page, err)
	}
	return &image.Gray{Pix: file[len(file)-width*height:], Stride: width, Rect: image.Rect(0, 0, width, height)}
}

// Drawn returns the file of a picture of an SVG, in its own size.
func Drawn(t testing.TB, svg string) string {
	t.Helper()
	picture := filepath.Join(t.TempDir(), "drawn.png")
	run(t, "rsvg-convert", "--output", picture, svg)
	return picture
}

// Text returns the text of a PDF as pdftotext finds it, words separated by white space.
func Text(t testing.TB, pdf string) string {
	t.Helper()
	return run(t, "pdftotext", "-raw", pdf, "-")
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v: %s (scripts/install-test-deps installs what is missing)", cmd, err, stderr.String())
	}
	return stdout.String()
}
