package why

import (
	"strings"
	"unicode"

	"accesscodes/internal/core"
)

// capitals returns a canonical form as it is shown, character by character.
func capitals(form string) string { return strings.Map(unicode.ToUpper, form) }

// compare returns a text character by character beside how it is read and beside a form, and how the
// form differs; an empty form: there is none to compare with.
func compare(typed, have string) ([]Column, []Difference) {
	columns := columnsOf(typed)
	if have == "" {
		return columns, nil
	}
	read, form := []rune(core.Canonical(typed)), []rune(have)
	d := differenceOf(read, form)
	columns = beside(columns, form, d)
	all := []Difference{d}
	if d.Kind == DifferenceOther { // there may be more
		for i := d.Position; i < min(len(read), len(form)); i++ {
			if read[i] != form[i] {
				all = append(all, Difference{
					Kind: DifferenceOther, Position: i + 1, Typed: capitals(string(read[i])), Have: capitals(string(form[i])),
				})
			}
		}
	}
	return columns, all
}

// columnsOf returns how each character of a text is read. Marks stay with their letter.
func columnsOf(typed string) (columns []Column) {
	var read strings.Builder
	start := 0
	runes := []rune(typed)
	for i := range runes {
		if i+1 < len(runes) && unicode.Is(unicode.M, runes[i+1]) {
			continue
		}
		part := string(runes[start : i+1])
		form := core.Canonical(part)
		read.WriteString(form)
		columns = append(columns, Column{Typed: part, Read: capitals(form), Dropped: form == ""})
		start = i + 1
	}
	if whole := core.Canonical(typed); read.String() != whole { // its characters compose
		return []Column{{Typed: typed, Read: capitals(whole), Dropped: whole == ""}}
	}
	return columns
}

// differenceOf returns how a form differs from what was read, if it is one typo away.
func differenceOf(read, form []rune) Difference {
	at := 0
	for at < len(read) && at < len(form) && read[at] == form[at] {
		at++
	}
	d := Difference{Kind: DifferenceOther, Position: at + 1}
	text := func(runes []rune, n int) string { return capitals(string(runes[at:min(at+n, len(runes))])) }
	switch {
	case len(form) > len(read):
		d.Kind, d.Have = DifferenceMissing, text(form, 1)
	case len(form) < len(read):
		d.Kind, d.Typed = DifferenceExtra, text(read, 1)
	case at+1 < len(read) && read[at] == form[at+1] && read[at+1] == form[at] && read[at] != read[at+1]:
		d.Kind, d.Typed, d.Have = DifferenceSwapped, text(read, 2), text(form, 2)
	default:
		d.Typed, d.Have = text(read, 1), text(form, 1)
	}
	return d
}

// beside adds to columns what the form has in each.
func beside(columns []Column, form []rune, d Difference) (all []Column) {
	position := 1 // of the next character that is read
	next := 0     // of the form
	take := func(n int) string {
		from := min(next, len(form))
		next = min(from+n, len(form))
		return capitals(string(form[from:next]))
	}
	for _, c := range columns {
		if c.Dropped {
			all = append(all, c)
			continue
		}
		if d.Kind == DifferenceMissing && position == d.Position {
			all = append(all, Column{Have: take(1), Missing: true})
		}
		length := len([]rune(c.Read))
		if c.Extra = d.Kind == DifferenceExtra && position == d.Position; !c.Extra {
			c.Have = take(length)
			c.Differs = c.Have != c.Read
		}
		position += length
		all = append(all, c)
	}
	if d.Kind == DifferenceMissing && position == d.Position {
		all = append(all, Column{Have: take(1), Missing: true})
	}
	return all
}
