package sheet

import (
	"fmt"
	"strings"
	"time"
)

// Template is a text of a card with the names of columns in it: "Valid until {expiresAt}".
type Template struct {
	text  string
	parts []part
}

// part is a piece of a template: a text as it is, or the cell of a column.
type part struct{ text, column string }

// ParseTemplate reads a template. Its errors go on after the name of what holds the template.
func ParseTemplate(text string) (Template, error) {
	t := Template{text: text}
	for rest := text; rest != ""; {
		before, after, found := strings.Cut(rest, "{")
		if strings.Contains(before, "}") {
			return Template{}, fmt.Errorf("%q has a } without a {", text)
		}
		t.parts = append(t.parts, part{text: before})
		if !found {
			break
		}
		column, behind, closed := strings.Cut(after, "}")
		if !closed || column == "" || strings.Contains(column, "{") {
			return Template{}, fmt.Errorf("%q has a { that does not begin the name of a column such as {code}", text)
		}
		t.parts, rest = append(t.parts, part{column: column}), behind
	}
	return t, nil
}

// bound is a template whose columns are known.
type bound struct {
	parts []boundPart
	zone  *time.Location
}

type boundPart struct {
	text  string
	index int // of the cell; -1: the text
	time  bool
}

// bind finds the template's columns in a list.
func (t Template) bind(list List, zone *time.Location) (bound, error) {
	b := bound{zone: zone}
	for _, p := range t.parts {
		if p.column == "" {
			b.parts = append(b.parts, boundPart{text: p.text, index: -1})
			continue
		}
		index := list.index(p.column)
		if index < 0 {
			return bound{}, fmt.Errorf("%q names the column %s, which the list does not have; it has %s",
				t.text, p.column, strings.Join(list.Columns, ", "))
		}
		b.parts = append(b.parts, boundPart{index: index, time: strings.HasSuffix(p.column, "At")})
	}
	return b, nil
}

// of returns the text for a row. It is empty if the template has columns and all of their cells are.
func (b bound) of(row Row) string {
	var text strings.Builder
	columns, filled := 0, 0
	for _, p := range b.parts {
		if p.index < 0 {
			text.WriteString(p.text)
			continue
		}
		cell := strings.TrimSpace(row.Cells[p.index])
		columns++
		if cell != "" {
			filled++
		}
		if p.time {
			cell = readable(cell, b.zone)
		}
		text.WriteString(cell)
	}
	if columns > 0 && filled == 0 {
		return ""
	}
	return text.String()
}

// readable writes a time (RFC 3339) for people: without seconds, and without the time of day if the
// whole day counts, whether the time is its last second or the first one of the next day. What is not
// a time stays.
func readable(cell string, zone *time.Location) string {
	at, err := time.Parse(time.RFC3339, cell)
	if err != nil {
		return cell
	}
	at = at.In(zone)
	last := at.Add(-time.Nanosecond)
	switch {
	case at.Hour() == 23 && at.Minute() == 59 && at.Second() == 59:
		return at.Format(time.DateOnly)
	case last.Day() != at.Day():
		return last.Format(time.DateOnly)
	default:
		return at.Format("2006-01-02 15:04 MST")
	}
}
