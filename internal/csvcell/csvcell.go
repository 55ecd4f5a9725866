// Package csvcell makes a text safe to be a cell of a CSV file that people open in a
// spreadsheet, and reads such a cell again. It is not about quotes and separators, which are
// encoding/csv's.
package csvcell

import "strings"

// A spreadsheet runs a cell that begins with one of these as a formula:
// https://owasp.org/www-community/attacks/CSV_Injection
const formulaStarts = "=+-@\t\r"

// quote before such a cell makes a spreadsheet show it as text.
const quote = "'"

// Defuse returns the cell for a text: a text that would run as a formula has a quote in front.
// A text that begins with quotes and then like a formula gets one more, so that [Restore]
// knows which one to take off.
func Defuse(text string) string {
	if startsFormula(strings.TrimLeft(text, quote)) {
		return quote + text
	}
	return text
}

// Restore returns the text of a cell that [Defuse] made. Whoever reads such a file needs it, with a
// reader of their own too: the quote is not a part of the text. That each text comes back shows that
// Defuse loses nothing.
func Restore(cell string) string {
	if startsFormula(strings.TrimLeft(cell, quote)) {
		return strings.TrimPrefix(cell, quote)
	}
	return cell
}

func startsFormula(text string) bool {
	return text != "" && strings.Contains(formulaStarts, text[:1])
}
