package qr_test

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"accesscodes/internal/qr"
	"accesscodes/internal/qr/qrtest"
)

// texts are of every encoding, and of lengths that make QR codes of many sizes.
func texts() []string {
	all := []string{
		"0", "12345678", "ACME-7Q2F-9KXM", "acme", "straße-größe", "СЕКРЕТ", "Κωδικός", "日本語", "🎉 party",
		"https://app.example.com/join?code=ACME-7Q2F-9KXM", strings.Repeat("ü", 128),
	}
	for _, length := range []int{17, 50, 128, 300} {
		all = append(all, strings.Repeat("7", length), strings.Repeat("AB-", length/3), strings.Repeat("ab-", length/3))
	}
	return all
}

func draw(t *testing.T, name string, write func(io.Writer) error) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), name))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(write(file), file.Close()); err != nil {
		t.Fatal(err)
	}
	return file.Name()
}

func TestADecoderReadsEveryPNG(t *testing.T) {
	for _, level := range qr.Levels() {
		var pictures []string
		for i, text := range texts() {
			code, err := qr.New(text, level)
			if err != nil {
				t.Fatal(err)
			}
			picture := qr.Picture{Code: code, Size: 4 * (code.Size() + 2*qr.QuietZone), Margin: qr.QuietZone}
			pictures = append(pictures, draw(t, fmt.Sprint(i, ".png"), picture.PNG))
		}
		if got := qrtest.Read(t, pictures...); !slices.Equal(got, texts()) {
			t.Errorf("%s: the decoder read %q", level, got)
		}
	}
}

// capacity is how many bytes the QR codes of each size hold with medium error correction (ISO/IEC 18004,
// Table 7).
var capacity = []int{
	14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666, 711, 779, 857, 911,
	997, 1059, 1125, 1190, 1264, 1370, 1452, 1538, 1628, 1722, 1809, 1911, 1989, 2099, 2213, 2331,
}

func TestADecoderReadsEverySize(t *testing.T) {
	var texts, pictures []string
	for i, length := range capacity {
		text := strings.Repeat("code ", length/5+1)[:length]
		code, err := qr.New(text, qr.Medium)
		if want := 21 + 4*i; err != nil || code.Size() != want {
			t.Fatalf("%d bytes are %d modules wide, want %d (%v)", length, code.Size(), want, err)
		}
		picture := qr.Picture{Code: code, Size: 4 * (code.Size() + 2*qr.QuietZone), Margin: qr.QuietZone}
		texts, pictures = append(texts, text), append(pictures, draw(t, fmt.Sprint(i, ".png"), picture.PNG))
	}
	for i, got := range qrtest.Read(t, pictures...) {
		if got != texts[i] {
			t.Errorf("size %d: %q", i+1, got)
		}
	}
}

func TestADecoderReadsSVG(t *testing.T) {
	var pictures []string
	for i, text := range texts()[:11] {
		code, err := qr.New(text, qr.Medium)
		if err != nil {
			t.Fatal(err)
		}
		picture := qr.Picture{Code: code, Size: 600, Margin: qr.QuietZone}
		pictures = append(pictures, qrtest.Drawn(t, draw(t, fmt.Sprint(i, ".svg"), picture.SVG)))
	}
	if got := qrtest.Read(t, pictures...); !slices.Equal(got, texts()[:11]) {
		t.Errorf("the decoder read %q", got)
	}
}

func TestAPNGHasTheSizeThatWasAskedFor(t *testing.T) {
	code, err := qr.New("ACME", qr.Medium)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{29, 100, 512} {
		file, err := os.Open(draw(t, "x.png", qr.Picture{Code: code, Size: size, Margin: 4}.PNG))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }()
		drawn, err := png.Decode(file)
		if err != nil || drawn.Bounds() != image.Rect(0, 0, size, size) {
			t.Fatalf("%v, %v", drawn.Bounds(), err)
		}
		checkQuietZone(t, drawn, size/29*4)
	}
	err = qr.Picture{Code: code, Size: 28, Margin: 4}.PNG(io.Discard)
	if small, ok := errors.AsType[qr.TooSmallError](err); !ok || small.Least != 29 {
		t.Errorf("28 pixels: %v", err)
	}
}

func checkQuietZone(t *testing.T, drawn image.Image, width int) {
	t.Helper()
	inner := drawn.Bounds().Inset(width)
	for y := range drawn.Bounds().Dy() {
		for x := range drawn.Bounds().Dx() {
			r, _, _, _ := drawn.At(x, y).RGBA()
			if r == 0 && !(image.Point{x, y}).In(inner) {
				t.Fatalf("%d, %d is dark, in a quiet zone of %d pixels", x, y, width)
			}
		}
	}
}

func TestRunsAreTheDarkModules(t *testing.T) {
	code, err := qr.New("ACME", qr.High)
	if err != nil {
		t.Fatal(err)
	}
	drawn := map[[2]int]bool{}
	for _, run := range code.Runs() {
		for i := range run.Length {
			drawn[[2]int{run.X + i, run.Y}] = true
		}
	}
	for y := -1; y <= code.Size(); y++ {
		for x := -1; x <= code.Size(); x++ {
			if drawn[[2]int{x, y}] != code.Dark(x, y) {
				t.Errorf("%d, %d", x, y)
			}
		}
	}
}

func TestTooLong(t *testing.T) {
	if _, err := qr.New(strings.Repeat("a", 3000), qr.Low); !errors.Is(err, qr.ErrTooLong) {
		t.Error(err)
	}
}

func TestLink(t *testing.T) {
	const codes = "A B+C/D?E#F%G&H=ü"
	const escaped = "A%20B%2BC%2FD%3FE%23F%25G%26H%3D%C3%BC"
	for template, want := range map[string]string{
		"":                                codes,
		"https://x.test/join?code={code}": "https://x.test/join?code=" + escaped,
		"https://x.test/{code}#{code}":    "https://x.test/" + escaped + "#" + escaped,
		"myapp:join/{code}":               "myapp:join/" + escaped,
	} {
		link, err := qr.ParseLink(template)
		if got := link.Of(codes); err != nil || got != want {
			t.Errorf("%q: %q, %v", template, got, err)
		}
	}
}

func TestLinksThatMakeNoSense(t *testing.T) {
	for template, want := range map[string]string{
		"https://x.test/join":             "has no {code}, which is where the code goes",
		"https://x.test/{Code}":           "has no {code}, which is where the code goes",
		"https://x.test/{code}?{name}":    "has braces around something other than {code}",
		"x.test/join?code={code}":         "is not an address such as https://app.example.com/join?code={code}",
		"https://x.test/my page?c={code}": "is not an address such as https://app.example.com/join?code={code}",
		"https://{code}.x.test/":          "has {code} before the path; it goes into the path or behind ? or #",
		"https://x.test:{code}":           "is not an address such as https://app.example.com/join?code={code}",
		"{code}://x.test/":                "has {code} before the path; it goes into the path or behind ? or #",
	} {
		if _, err := qr.ParseLink(template); err == nil || err.Error() != want {
			t.Errorf("%q: %v", template, err)
		}
	}
}
