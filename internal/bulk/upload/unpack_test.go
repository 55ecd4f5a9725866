package upload_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"accesscodes/internal/bulk/upload"
)

// packed packs a text again and again, one member of gzip behind the other.
func packed(t *testing.T, text string, times int) []byte {
	t.Helper()
	var out bytes.Buffer
	for range times {
		w := gzip.NewWriter(&out)
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func TestUnpack(t *testing.T) {
	const table = "code,type\nABC,Normal\n"
	for name, file := range map[string][]byte{"plain": []byte(table), "packed": packed(t, table, 1)} {
		got, err := io.ReadAll(upload.Unpack(iotest.OneByteReader(bytes.NewReader(file))))
		if err != nil || string(got) != table {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if got, err := io.ReadAll(upload.Unpack(strings.NewReader(""))); err != nil || len(got) > 0 {
		t.Errorf("nothing: %q, %v", got, err)
	}
}

func TestPackedFilesThatCannotBeUnpacked(t *testing.T) {
	whole := packed(t, strings.Repeat("ABC,Normal\n", 1000), 1)
	mangled := bytes.Clone(whole)
	mangled[len(mangled)/2] ^= 0xff
	cases := []struct {
		name, want string
		file       []byte
	}{
		{"half", "breaks off", whole[:len(whole)/2]},
		{"the magic alone", "breaks off", whole[:2]},
		{"mangled", "cannot be unpacked", mangled},
		{"no gzip", "cannot be unpacked", []byte("\x1f\x8bABC,Normal and so on")},
		{"garbage behind", "cannot be unpacked", append(bytes.Clone(whole), "garbage behind it"...)},
		{"a bomb", "300 times", packed(t, strings.Repeat("\x00", 32<<20), 1)},
		{"a bomb in members", "300 times", packed(t, strings.Repeat("A,Normal\n", 1<<20), 3)},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			_, err := io.Copy(io.Discard, upload.Unpack(bytes.NewReader(test.file)))
			checkFileError(t, err, upload.InvalidFile, test.want)
		})
	}
}

// TestAPackedUploadCutOff ends with the error of the connection, not with one about the file.
func TestAPackedUploadCutOff(t *testing.T) {
	broken := errors.New("the connection broke")
	whole := packed(t, "code\nABC\n", 1)
	for _, length := range []int{2, 5, len(whole) - 4} {
		cut := io.MultiReader(bytes.NewReader(whole[:length]), iotest.ErrReader(broken))
		if _, err := io.ReadAll(upload.Unpack(cut)); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", length, err)
		}
	}
}
