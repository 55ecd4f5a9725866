package upload

// Row is a row of a file, whether it can be read or not. It stays what it is when the next is read.
type Row struct {
	Line  int // of the file, in which it begins; the first is 1, the header
	Lines int // how many lines it takes: a cell in quotes may have line breaks
	// Raw is what the file has, without the line end: any bytes, not always UTF-8. Empty when the line
	// is too long.
	Raw string
	Err *RowError // why the row cannot be split; [Row.Record] tells what is wrong in its values

	header *header
	cells  []string // one for each column
	object string   // the line of NDJSON
	json   bool
}
