package upload

import (
	"regexp"
	"strings"
)

// What spreadsheets make of what is typed into them, and how a row says so. Details go on behind the
// name of the column.

// spreadsheetError says that a cell is what a formula shows that failed; empty: it is not.
func spreadsheetError(text string) string {
	if !strings.HasPrefix(text, "#") {
		return ""
	}
	switch text {
	case "#REF!", "#N/A", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#FIELD!",
		"#NV", "#BEZUG!", "#WERT!", "#ZAHL!", "#¿NOMBRE?", "#¡REF!", "#¡VALOR!", "#NOM?", "#VALEUR!":
		return " is " + text + ", the error of a formula in a spreadsheet; put the value itself into the cell"
	}
	return ""
}

// isTooNarrow reports whether a text is what a spreadsheet shows of a number or a time in a column that is
// too narrow.
func isTooNarrow(text string) bool { return len(text) > 2 && strings.Trim(text, "#") == "" }

const tooNarrow = " is ###, which a spreadsheet shows where a column is too narrow; widen it and save again"

// scientific is how a spreadsheet writes a number of many digits, with a point or a comma.
var scientific = regexp.MustCompile(`^-?\d([.,]\d+)?[Ee]\+\d{2,3}$`)

func isScientific(text string) bool {
	return len(text) > 4 && strings.IndexByte(text, '+') > 0 && scientific.MatchString(text)
}

// grouped is a number with a separator of thousands, or with decimals.
var grouped = regexp.MustCompile(`^[+-]?\d+([.,' \x{a0}\x{202f}’]\d+)+$`)

// wholeNumber says why a text is no whole number.
func wholeNumber(text string) string {
	const example = "; write a whole number with digits alone, like 1000"
	switch {
	case isTooNarrow(text):
		return tooNarrow
	case isTruth(text):
		return " is " + text + ", not a number" + example + ", or nothing for no limit"
	case isScientific(text):
		return " has been turned into scientific notation by a spreadsheet" + example
	case grouped.MatchString(text):
		return " has a separator of thousands or decimals" + example
	default:
		return " must be a whole number, like 1000, or empty for no limit"
	}
}

// isTruth reports whether a text is a truth value of a spreadsheet.
func isTruth(text string) bool {
	switch strings.ToUpper(text) {
	case "TRUE", "FALSE", "WAHR", "FALSCH", "VRAI", "FAUX", "VERDADERO", "FALSO":
		return true
	}
	return false
}

var (
	// localDate is a date of people: days, months and years in any order, maybe with a time of day.
	localDate = regexp.MustCompile(`^\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{1,4}\.?` +
		`([T, ]+\d{1,2}[:.]\d{2}([:.]\d{2})?([.,]\d+)?\s?([AaPp]\.?[Mm]\.?)?)?$`)
	// serialDate is a date as a number: the days since 1899-12-30.
	serialDate = regexp.MustCompile(`^\d{5}([.,]\d+)?$`)
)

// wrongTime says why a text is no time.
func wrongTime(text string) string {
	const example = "; write it like 2031-12-31T23:59:00Z (RFC 3339, with the time zone)"
	switch {
	case localDate.MatchString(text):
		return " is a date in a local format or without its time zone" + example
	case serialDate.MatchString(text):
		return " is a number, in which a spreadsheet counts days" + example
	case isTooNarrow(text):
		return tooNarrow
	case isTruth(text):
		return " is " + text + ", not a time" + example
	default:
		return " must be a time" + example
	}
}

// digits watches for codes that may have lost zeros at their beginning: all codes of the file are
// digits, and not of one length.
type digits struct {
	other             bool // a code is something else
	shortest, longest int
}

func (d *digits) see(code string) {
	if d.other || code == "" {
		return
	}
	for i := range len(code) {
		if code[i] < '0' || code[i] > '9' {
			d.other = true
			return
		}
	}
	if d.shortest == 0 || len(code) < d.shortest {
		d.shortest = len(code)
	}
	d.longest = max(d.longest, len(code))
}

func (d *digits) suspicious() bool { return !d.other && d.shortest < d.longest }
