// Package upload reads an uploaded file of codes row by row, and writes the file of the rows that were
// rejected. It knows CSV and NDJSON, what spreadsheets do to both, and how files are broken: memory
// stays flat whatever comes, every line is either in a row or blank, and whatever is wrong is said in
// words for the person who has to mend the file.
//
// It does not know what becomes of a row: it neither stores codes nor asks whether they exist.
package upload

// Limits of a file.
const (
	MaxFileBytes = 1 << 30  // unpacked, and packed too
	MaxRowBytes  = 64 << 10 // of one row, with its line breaks
)

// Format is how a file holds its rows. It is stored with imports.
type Format string

// The formats.
const (
	CSV    Format = "csv"    // RFC 4180 with a header; also with ; or tabs, and with any kind of line end
	NDJSON Format = "ndjson" // a JSON object on each line
)
