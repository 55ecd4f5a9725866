// Package fuzz holds the fuzz targets, and other tests of what must hold whatever the
// input is. They stand apart from the packages that they test, and need no database,
// because a fuzz target's whole binary is compiled with instrumentation: with SQLite in
// it that takes minutes.
package fuzz
