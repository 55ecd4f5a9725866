package upload

import (
	"bytes"
	"strings"
)

// cell is where a cell is within a row.
type cell struct {
	from, to int
	doubled  bool // it is in quotes, and has quotes that are doubled
}

// splitter splits rows of CSV into cells, by RFC 4180.
type splitter struct {
	separator byte
	cells     []cell // of the last row
	most      int    // how many cells are kept; more are counted
	count     int    // of the last row's cells
	full      bool   // one of those that are not kept is not empty
}

// What became of splitting a row.
type splitting int

const (
	splitWhole splitting = iota
	splitMore            // the row goes on behind the text
	splitOpen            // quotes are opened and never closed
	splitQuote           // quotes where RFC 4180 has none
)

// row splits the first row of a text. It returns how long the row is and how long its end. Quotes end
// at the first that is not doubled, so that nothing is looked at more than twice, however broken.
func (s *splitter) row(text []byte, whole bool) (length, end int, what splitting) {
	s.cells, s.count, s.full = s.cells[:0], 0, false
	at := 0
	for {
		next, what := s.cell(text, at, whole)
		if what != splitWhole {
			return 0, 0, what
		}
		if next == len(text) {
			if !whole {
				return 0, 0, splitMore
			}
			return next, 0, splitWhole
		}
		if text[next] != s.separator {
			if end := endSize(text, next, whole); end != notYet {
				return next, end, splitWhole
			}
			return 0, 0, splitMore
		}
		at = next + 1
	}
}

// cell reads the cell at an index, and returns the index of what ends it.
func (s *splitter) cell(text []byte, at int, whole bool) (next int, what splitting) {
	if at < len(text) && text[at] == '"' {
		return s.quoted(text, at, whole)
	}
	for next = at; next < len(text); next++ {
		switch c := text[next]; {
		case c == s.separator || c == '\n' || c == '\r':
			s.add(cell{from: at, to: next})
			return next, splitWhole
		case c == '"':
			return 0, splitQuote
		}
	}
	s.add(cell{from: at, to: next})
	return next, splitWhole
}

// quoted reads the cell whose quotes are opened at an index.
func (s *splitter) quoted(text []byte, at int, whole bool) (next int, what splitting) {
	c := cell{from: at + 1}
	for to := c.from; ; {
		length := bytes.IndexByte(text[to:], '"')
		if length < 0 {
			return 0, unfinished(whole)
		}
		to += length
		next = to + 1
		switch {
		case next == len(text) && !whole:
			return 0, splitMore
		case next < len(text) && text[next] == '"':
			c.doubled = true
			to += 2
			continue
		case next < len(text) && text[next] != s.separator && text[next] != '\n' && text[next] != '\r':
			return 0, splitQuote
		}
		c.to = to
		s.add(c)
		return next, splitWhole
	}
}

func unfinished(whole bool) splitting {
	if whole {
		return splitOpen
	}
	return splitMore
}

func (s *splitter) add(c cell) {
	s.count++
	if len(s.cells) < s.most {
		s.cells = append(s.cells, c)
	} else if c.from < c.to {
		s.full = true
	}
}

// texts are the cells of the last row, as many as there are columns. Cells that are not there are empty.
func (s *splitter) texts(row string, columns int) []string {
	texts := make([]string, columns)
	for i, c := range s.cells[:min(len(s.cells), columns)] {
		texts[i] = row[c.from:c.to]
		if c.doubled {
			texts[i] = strings.ReplaceAll(texts[i], `""`, `"`)
		}
	}
	return texts
}
