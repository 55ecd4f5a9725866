package console

import (
	"strconv"
	"unicode"
	"unicode/utf8"

	"accesscodes/internal/core"
	"accesscodes/internal/why"
)

// sentence is what to say to whoever typed the code. What they should do goes by how things are now. If
// another moment was asked for, at which they were not so, it says how they were then, or will be.
func (v *whyView) sentence(p *page) string {
	said := p.Say(v.sayName(), v.facts(p, v.today())...)
	then := v.answerName()
	if v.at == nil || then == "near" || v.found.Now == nil || then == nameOfAnswer(v.found.Now) {
		return p.Say("why.quoted", "sentence", said)
	}
	if v.tense(p) == "future" {
		said += " " + p.Say("why.will."+then, v.facts(p, &v.found.Answer)...)
	} else {
		said = p.Say("why.was."+then, v.facts(p, &v.found.Answer)...) + " " + said
	}
	return p.Say("why.quoted", "sentence", said)
}

// sayName is the name of the sentence about how things are now.
func (v *whyView) sayName() string {
	name := v.answerName()
	switch {
	case name == "near":
		return "why.say.near" + v.differenceName() + v.characterName()
	case v.found.Now != nil:
		return "why.say." + nameOfAnswer(v.found.Now)
	default:
		return "why.say." + name
	}
}

// characterName is what the name of a sentence about one character of the nearest code ends in.
func (v *whyView) characterName() string {
	d := v.found.Differences[0]
	first, size := utf8.DecodeRuneInString(d.Have)
	switch {
	case len(v.found.Differences) > 1:
		return ""
	case d.Kind == why.DifferenceMissing && d.Position > utf8.RuneCountInString(v.found.Read):
		return ".end"
	case d.Kind != why.DifferenceOther || size < len(d.Have):
		return ""
	case unicode.IsDigit(first):
		return ".digit"
	case unicode.IsLetter(first):
		return ".letter"
	default:
		return ""
	}
}

// help is what whoever reads the sentence out says that they will do.
func (v *whyView) help(p *page) string {
	if p.may(core.PermissionRemedy) {
		return p.Say("why.help")
	}
	return p.Say("why.help.colleague")
}

// maxOrdinal is the highest place in a row that has a word.
const maxOrdinal = 12

// place says which character differs, as people count who have the code before them: "the third character
// after the first dash".
func (v *whyView) place(p *page, d why.Difference) string {
	written := v.found.Code.Value
	if d.Kind == why.DifferenceExtra {
		written = v.found.Typed
	}
	nth, dashes, plain := nthOf(written, d.Position)
	switch {
	case !plain || nth > maxOrdinal || dashes > maxOrdinal:
		return p.Say("why.place.number", "number", d.Position)
	case dashes == 0:
		return p.Say("why.place", "nth", p.ordinal(nth))
	default:
		return p.Say("why.place.after_dash", "nth", p.ordinal(nth), "dash", p.ordinal(dashes))
	}
}

// ordinal is a place in a row: "seventh".
func (p *page) ordinal(n int) string { return p.Say("ordinal." + strconv.Itoa(n)) }

// nthOf returns after how many dashes the character at a position stands, and which one it is from there
// on; not plain: between those that count are others than single dashes.
func nthOf(written string, position int) (nth, dashes int, plain bool) {
	plain = true
	for _, r := range written {
		count := utf8.RuneCountInString(core.Canonical(string(r)))
		switch {
		case count > 0:
			nth += count
			position -= count
		case unicode.Is(unicode.Pd, r) && nth > 0:
			dashes, nth = dashes+1, 0
		default:
			plain = false
		}
		if position <= 0 {
			break
		}
	}
	return nth, dashes, plain
}
