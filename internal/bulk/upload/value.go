package upload

import (
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// value is a cell of CSV, or the value of a member of an object.
type value struct {
	name string
	text string        // the cell, or what a JSON string says
	kind jsontext.Kind // of the JSON value; 0: it is a cell
	raw  jsontext.Value
}

func (v *value) isCell() bool { return v.kind == 0 }

// isNone reports whether the row says that there is none. A cell of spaces is empty where no text is
// asked for.
func (v *value) isNone() bool {
	return v.kind == 'n' || v.isCell() && strings.TrimSpace(v.text) == ""
}

// word returns the text where spaces around it say nothing. ok is false for another type of JSON value.
func (v *value) word(r *reading, otherwise core.Sentence) (word string, ok bool) {
	if !v.isCell() {
		if v.kind != '"' {
			r.wrong(core.ReasonWrongType, v.name, otherwise)
		}
		return v.text, v.kind == '"'
	}
	if isFormulaError(v.text) {
		r.wrongText(SpreadsheetMade, v.name, formulaError, v.text)
		return "", false
	}
	return strings.TrimSpace(v.text), true
}

func readCode(r *reading, v *value) {
	if v.isNone() {
		return
	}
	word, ok := v.word(r, mustBeText)
	switch {
	case !ok:
	case v.isCell() && isScientific(word):
		r.wrong(SpreadsheetMade, v.name, codeMadeOther)
	default:
		r.record.Value = core.CleanValue(v.text, &r.errs)
	}
}

func readType(r *reading, v *value) {
	if v.isNone() {
		return
	}
	word, ok := v.word(r, mustBeText)
	switch {
	case !ok:
	case word == "": // of JSON
		codes.Type("").Check(&r.errs)
	default:
		r.record.Type = codes.Type(word)
		for _, known := range codes.Types() {
			if r.people != nil && v.isCell() && strings.EqualFold(word, string(known)) {
				r.record.Type = known
			}
		}
	}
}

func readRevoked(r *reading, v *value) {
	at, ok := readTime(r, v)
	core.CheckYear(&r.errs, "/"+v.name, v.name, at.Value)
	if ok {
		r.record.RevokedAt = at
	}
}

// readStatus looks for codes whose uses are taken: they must not get them again.
func readStatus(r *reading, v *value) {
	if v.isNone() {
		return
	}
	if word, ok := v.word(r, mustBeText); ok && codes.Status(word) == codes.StatusExhausted {
		r.wrong(CodeUsed, v.name, codeIsUsed)
	}
}

// readerOf returns what reads an option.
func readerOf(f *codes.Field) readFunc {
	of := f.Option.ChangeOf
	switch of(new(codes.CodeChange)).(type) {
	case *codes.Limit:
		return func(r *reading, v *value) {
			if limit, ok := readLimit(r, v); ok {
				*of(&r.record.Change).(*codes.Limit) = limit
			}
		}
	case *core.Field[time.Time]:
		return func(r *reading, v *value) {
			if at, ok := readTime(r, v); ok {
				*of(&r.record.Change).(*core.Field[time.Time]) = at
			}
		}
	case *core.Field[string]:
		return func(r *reading, v *value) {
			if text, ok := readText(r, v); ok {
				*of(&r.record.Change).(*core.Field[string]) = text
			}
		}
	default:
		return readMetadata
	}
}

// readLimit reads a number of uses.
func readLimit(r *reading, v *value) (limit codes.Limit, ok bool) {
	if v.isNone() {
		return codes.Limit{Given: true}, true
	}
	text := string(v.raw)
	switch {
	case v.isCell():
		if text, ok = v.word(r, mustBeNumber); !ok {
			return limit, false
		}
	case v.kind != '0':
		r.wrong(core.ReasonWrongType, v.name, mustBeNumber)
		return limit, false
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		what := mustBeWhole
		if v.isCell() {
			what = wholeNumber(text)
		}
		r.wrongText(core.ReasonInvalidValue, v.name, what, text)
		return limit, false
	}
	return codes.Limit{Given: true, Max: &number}, true
}

// readTime reads a time, to the precision of stores.
func readTime(r *reading, v *value) (at core.Field[time.Time], ok bool) {
	if v.isNone() {
		return core.Field[time.Time]{Given: true}, true
	}
	word, ok := v.word(r, mustBeTime)
	if !ok {
		return at, false
	}
	var t time.Time
	if v.isCell() {
		if r.people != nil && shortYear.MatchString(word) {
			r.wrongText(core.ReasonInvalidValue, v.name, yearTooShort, word)
			return at, false
		}
		day, isDay, err := r.people.day(v.name, word)
		if err != nil {
			r.wrongText(core.ReasonInvalidValue, v.name, noSuchDay, word)
			return at, false
		}
		if isDay {
			return core.Field[time.Time]{Given: true, Value: core.StoredTime(&day)}, true
		}
	}
	if err := t.UnmarshalText([]byte(word)); err != nil {
		r.wrongText(core.ReasonInvalidValue, v.name, wrongTime(word), word)
		return at, false
	}
	return core.Field[time.Time]{Given: true, Value: core.StoredTime(&t)}, true
}

// readText reads a text, of which spaces are a part.
func readText(r *reading, v *value) (text core.Field[string], ok bool) {
	if v.kind == 'n' || v.isCell() && v.text == "" {
		return core.Field[string]{Given: true}, true
	}
	if _, ok := v.word(r, mustBeTextOrNull); !ok {
		return text, false
	}
	said := v.text
	return core.Field[string]{Given: true, Value: &said}, true
}

// readMetadata reads all of a code's metadata, as JSON.
func readMetadata(r *reading, v *value) {
	r.record.WholeMetadata = true
	metadata := &r.record.Change.Metadata
	metadata.Given = true
	if v.isNone() {
		return
	}
	raw := v.raw
	if v.isCell() {
		raw = jsontext.Value(v.text)
	}
	var entries map[string]*string
	err := json.Unmarshal(raw, &entries)
	valid := err == nil && entries != nil
	for _, text := range entries {
		valid = valid && text != nil
	}
	if !valid {
		metadata.Given = false
		reason := core.ReasonWrongType
		if v.isCell() {
			reason = core.ReasonInvalidValue
		}
		r.wrong(reason, v.name, noMetadata)
		return
	}
	if len(entries) > 0 {
		metadata.Value = &entries
	}
}

// readMetadataEntry returns what reads the column of one entry of metadata.
func readMetadataEntry(key string) readFunc {
	return func(r *reading, v *value) {
		text, ok := readText(r, v)
		if !ok {
			return
		}
		metadata := &r.record.Change.Metadata
		if metadata.Value == nil {
			metadata.Given, metadata.Value = true, &map[string]*string{}
		}
		(*metadata.Value)[key] = text.Value
	}
}
