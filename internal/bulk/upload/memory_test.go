package upload_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"accesscodes/internal/bulk/upload"
)

// endless is a file of so many bytes: a beginning, and then a text over and over.
func endless(begin, text string, size int64) io.Reader {
	chunk := strings.Repeat(text, 1+(64<<10)/len(text))
	chunk = chunk[:len(chunk)/len(text)*len(text)]
	return io.MultiReader(strings.NewReader(begin), &repeater{text: chunk, left: size})
}

type repeater struct {
	text string
	at   int
	left int64
}

// Read implements [io.Reader].
func (r *repeater) Read(into []byte) (int, error) {
	if r.left <= 0 {
		return 0, io.EOF
	}
	n := copy(into[:min(int64(len(into)), r.left)], r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	r.left -= int64(n)
	return n, nil
}

const maxHeap = 20 << 20

// TestMemoryStaysFlat whatever a large file is made of.
func TestMemoryStaysFlat(t *testing.T) {
	const header = "code,type,note,metadata\n"
	note := strings.Repeat("spring ", 60)
	good := "ACME-7KQW-M2XN,Normal,\"" + note + "\",\"{\"\"a\"\":\"\"b\"\"}\"\n"
	cases := []struct {
		name   string
		format upload.Format
		file   io.Reader
		least  int // rows
	}{
		{"good rows", upload.CSV, endless(header, good, 200<<20), 4e5},
		{"objects", upload.NDJSON, endless("", "{\"code\":\"ACME-7KQW-M2XN\",\"note\":\""+note+"\"}\n", 20<<20), 4e4},
		{"one line", upload.CSV, endless(header, "x", 50<<20), 1},
		{"one line of an object", upload.NDJSON, endless("{", "x", 50<<20), 1},
		{"quotes never closed", upload.CSV, endless(header, "\"A\n", 2<<20), 6e5},
		{"quotes closed far away", upload.CSV, endless(header, "\""+strings.Repeat("A\n", 40_000)+"\"\n", 2<<20), 1e6},
		{"separators", upload.CSV, endless(header, ",", 20<<20), 1},
		{"line breaks", upload.CSV, endless(header, "\r", 5<<20), 0},
		{"quotes", upload.CSV, endless(header, "\"\"", 20<<20), 1},
		{"long cells", upload.CSV, endless(header, strings.Repeat("é", 30_000)+"\n", 50<<20), 800},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			f, err := upload.Open(test.file, test.format)
			if err != nil {
				t.Fatal(err)
			}
			if rows := countFlat(t, f); rows < test.least {
				t.Errorf("only %d rows", rows)
			}
		})
	}
}

// countFlat reads a file and watches the heap meanwhile.
func countFlat(t *testing.T, f *upload.Reader) (rows int) {
	t.Helper()
	check := func() {
		var stats runtime.MemStats
		if runtime.ReadMemStats(&stats); stats.HeapAlloc > maxHeap {
			t.Fatalf("after %d rows the heap has %d MiB", rows, stats.HeapAlloc>>20)
		}
	}
	for {
		row, err := f.Next()
		if err == io.EOF {
			check()
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		row.Record()
		if rows++; rows%20_000 == 0 {
			check()
		}
	}
}

// BenchmarkHotRows reads rows, alone and into records.
func BenchmarkHotRows(b *testing.B) {
	const header = "code,type,maxRedemptions,startsAt,expiresAt,note,recipient,metadata\n"
	files := []struct {
		name, begin, row string
		format           upload.Format
	}{
		{"csv", header, "ACME-7KQW-M2XN,Premium,3,,2031-12-31T23:59:00Z,spring,ada@example.com,\n", upload.CSV},
		{"quoted", header, `"ACME-7KQW-M2XN","Premium","3","","","say ""hi""","ada","{""a"":""b""}"` + "\n", upload.CSV},
		{
			"ndjson", "", `{"code":"ACME-7KQW-M2XN","type":"Premium","maxRedemptions":3,"expiresAt":"2031-12-31T23:59:00Z",` +
				`"note":"spring"}` + "\n", upload.NDJSON,
		},
	}
	for _, file := range files {
		for _, whole := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/records=%v", file.name, whole), func(b *testing.B) {
				f, err := upload.Open(endless(file.begin, file.row, 1<<29), file.format)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					row, err := f.Next()
					if err == nil && whole {
						_, rejected := row.Record()
						if rejected != nil {
							b.Fatal(rejected)
						}
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}
