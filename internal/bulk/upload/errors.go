package upload

import (
	"strings"

	"accesscodes/internal/core"
)

// Reasons that only files and their rows have. A row may have the reasons of a request, too.
const (
	InvalidFile  = core.ReasonInvalidFile  // no row of the file can be read
	FileTooLarge = core.ReasonFileTooLarge // see MaxFileBytes; what came before has been read

	LineTooLong     core.Reason = "line_too_long" // see MaxRowBytes
	InvalidText     core.Reason = "invalid_text"  // not UTF-8, or with NUL bytes
	InvalidCSV      core.Reason = "invalid_csv"   // quotes that RFC 4180 does not know
	WrongCellCount  core.Reason = "wrong_cell_count"
	SpreadsheetMade core.Reason = "spreadsheet_value" // a spreadsheet has made another value of it
	CodeUsed        core.Reason = "code_used"         // an exported code without a use left
)

// FileError says why a file cannot be read, or not to its end.
type FileError struct {
	Reason    core.Reason
	core.Said // what the file is, and what to do
}

// Error implements error.
func (e *FileError) Error() string { return string(e.Reason) + ": " + e.Detail }

func invalidFile(said core.Said) *FileError { return &FileError{InvalidFile, said} }

// RowError says why a row is rejected.
type RowError struct {
	Reason core.Reason       // of the first mistake
	Column string            // of the first mistake; empty: the row as a whole
	Detail string            // sentences for a person about every mistake
	Fields []core.FieldError // every mistake
}

// Error implements error.
func (e *RowError) Error() string { return string(e.Reason) + ": " + e.Detail }

func rowError(reason core.Reason, said core.Said) *RowError { return RowErrorAt(reason, "", said) }

// RowErrorAt returns the error about one mistake. column is empty if it is about the row as a whole.
func RowErrorAt(reason core.Reason, column string, said core.Said) *RowError {
	pointer := ""
	if column != "" {
		pointer = "/" + core.EscapePointer(column)
	}
	return &RowError{Reason: reason, Column: column, Detail: said.Detail, Fields: []core.FieldError{said.At(pointer)}}
}

// RowErrorOf is why a row is rejected whose code could not be made or changed.
func RowErrorOf(err error) *RowError {
	refusal := core.AsError(err)
	return &RowError{Reason: refusal.Reason, Detail: refusal.Detail, Fields: refusal.AllSaid()}
}

// maxMistakes is how many mistakes of a row are told.
const maxMistakes = 5

// rowErrorOf tells the mistakes of a row's fields; nil for none.
func rowErrorOf(errs *core.FieldErrors) *RowError {
	err := errs.Err()
	if err == nil {
		return nil
	}
	all := core.AsError(err)
	details := make([]string, 0, maxMistakes)
	fields := make([]core.FieldError, 0, maxMistakes)
	for _, field := range all.Fields[:min(len(all.Fields), maxMistakes)] {
		details = append(details, field.Detail)
		fields = append(fields, field.At("/"+core.EscapePointer(printable(ColumnAt(field.Pointer))))) // keys can be long
	}
	return &RowError{
		Reason: all.Reason, Column: ColumnAt(all.Fields[0].Pointer), Detail: strings.Join(details, "; "), Fields: fields,
	}
}

// ColumnAt is the column that a pointer leads to; empty: none.
func ColumnAt(pointer string) string {
	column, _, _ := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(column)
}
