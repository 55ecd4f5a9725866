// Package bulk moves many rows at once: exports stream whole lists, a page at a time. It has rules and
// file formats, and neither HTTP nor SQL.
package bulk
