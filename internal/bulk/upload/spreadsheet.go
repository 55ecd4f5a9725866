package upload

import (
	"regexp"
	"strings"

	"accesscodes/internal/core"
)

// What spreadsheets make of what is typed into them, and how a row says so.

// isFormulaError reports whether a cell is what a formula shows that failed.
func isFormulaError(text string) bool {
	if !strings.HasPrefix(text, "#") {
		return false
	}
	switch text {
	case "#REF!", "#N/A", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#FIELD!",
		"#NV", "#BEZUG!", "#WERT!", "#ZAHL!", "#¿NOMBRE?", "#¡REF!", "#¡VALOR!", "#NOM?", "#VALEUR!":
		return true
	}
	return false
}

// isTooNarrow reports whether a text is what a spreadsheet shows of a number or a time in a column that is
// too narrow.
func isTooNarrow(text string) bool { return len(text) > 2 && strings.Trim(text, "#") == "" }

// scientific is how a spreadsheet writes a number of many digits, with a point or a comma.
var scientific = regexp.MustCompile(`^-?\d([.,]\d+)?[Ee]\+\d{2,3}$`)

func isScientific(text string) bool {
	return len(text) > 4 && strings.IndexByte(text, '+') > 0 && scientific.MatchString(text)
}

// grouped is a number with a separator of thousands, or with decimals.
var grouped = regexp.MustCompile(`^[+-]?\d+([.,' \x{a0}\x{202f}’]\d+)+$`)

// wholeNumber says why a text is no whole number.
func wholeNumber(text string) core.Sentence {
	switch {
	case isTooNarrow(text):
		return columnTooNarrow
	case isTruth(text):
		return truthNoNumber
	case isScientific(text):
		return scientificNumber
	case grouped.MatchString(text):
		return groupedNumber
	default:
		return noWholeNumber
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
func wrongTime(text string) core.Sentence {
	switch {
	case localDate.MatchString(text):
		return localTime
	case serialDate.MatchString(text):
		return serialTime
	case isTooNarrow(text):
		return columnTooNarrow
	case isTruth(text):
		return truthNoTime
	default:
		return noTime
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
