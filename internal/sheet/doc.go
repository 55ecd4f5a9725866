// Package sheet prints codes: a list of codes becomes a PDF of labelled cards with QR codes, many on a
// page, to be cut apart. Where the list comes from is not its business: a CSV file is one source. It
// knows no HTTP and no database.
package sheet
