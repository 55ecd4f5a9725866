package upload

import (
	"fmt"
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
	Reason core.Reason
	Detail string // a sentence for a person: what the file is, and what to do
}

// Error implements error.
func (e *FileError) Error() string { return string(e.Reason) + ": " + e.Detail }

func invalidFile(detail string, args ...any) *FileError {
	return &FileError{InvalidFile, fmt.Sprintf(detail, args...)}
}

// RowError says why a row is rejected.
type RowError struct {
	Reason core.Reason // of the first mistake
	Column string      // of the first mistake; empty: the row as a whole
	Detail string      // sentences for a person about every mistake
}

// Error implements error.
func (e *RowError) Error() string { return string(e.Reason) + ": " + e.Detail }

func rowError(reason core.Reason, detail string, args ...any) *RowError {
	return &RowError{Reason: reason, Detail: fmt.Sprintf(detail, args...)}
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
	for _, field := range all.Fields[:min(len(all.Fields), maxMistakes)] {
		details = append(details, field.Detail)
	}
	column, _, _ := strings.Cut(strings.TrimPrefix(all.Fields[0].Pointer, "/"), "/")
	column = strings.NewReplacer("~1", "/", "~0", "~").Replace(column)
	return &RowError{Reason: all.Reason, Column: column, Detail: strings.Join(details, "; ")}
}
