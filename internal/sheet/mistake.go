package sheet

import (
	"fmt"
	"strconv"

	"accesscodes/internal/core"
)

// What people can mend in a design, or in a list.
var (
	cropMargin = core.NewSentence("crop_margin", "crop marks need a margin of {least} mm")
	smallCards = core.NewSentence("small_cards", "cards of {width} × {height} mm are too small: {least} mm is the "+
		"least for a side; choose fewer columns or rows, or a smaller margin or gap")
	textTooLong = core.NewSentence("card_text_too_long", "the {what} does not fit on a card, not even in letters of "+
		"{points} points: choose fewer columns or rows, or less text")
	strangeCharacter = core.NewSentence("strange_character",
		"the {what} has {character}, which the font does not have: it has Latin, Greek and Cyrillic")
	smallModules = core.NewSentence("small_modules", "its QR code has modules of {size} mm, and phones read {least} mm "+
		"at least: choose fewer columns or rows, a shorter link or a lower error correction")
	longLink  = core.NewSentence("long_link", "it is too long for a QR code with this error correction")
	emptyCard = core.NewSentence("empty_card", "there is nothing to show")
	noCards   = core.NewSentence("no_cards", "the list has no codes")
)

// Mistake is what is wrong with a design, or with the card of one code, in words for people. Other errors
// of this package are those of whoever reads or writes.
type Mistake struct {
	core.Said
	Code  string // of which the card cannot be drawn; empty: it is about all
	Place string // of the code in the source: "line 7"
}

// Error implements error.
func (m *Mistake) Error() string {
	if m.Code == "" {
		return m.Detail
	}
	return fmt.Sprintf("the code %q (%s): %s", m.Code, m.Place, m.Detail)
}

// at says which card a mistake is about.
func at(err error, code, place string) error {
	if m, is := err.(*Mistake); is {
		return &Mistake{Said: m.Said, Code: code, Place: place}
	}
	return fmt.Errorf("the code %q (%s): %w", code, place, err)
}

// millimetres writes a length without needless digits.
func millimetres(length float64) string { return strconv.FormatFloat(length, 'g', -1, 64) }
