// Package console is the interface for people: pages that a browser shows. Each noun has a file with
// its routes and handlers, and one of the same name with its templates (*.templ, of which templ makes
// *_templ.go). Rules are in the areas, words in package text, everything below HTTP in package kit.
package console
