package upload

import (
	"maps"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// Record is what a row says about a code, checked: everything that can be said without the time of
// day and the other codes. Times may be in the past.
type Record struct {
	Value string     // trimmed, as it is stored
	Type  codes.Type // empty: the row does not say it
	// Change is what the row says about the options: of each, nothing (its column is absent), none (its
	// cell is empty, or null), or a value. WholeMetadata: its metadata is all that the code is to have.
	Change        codes.CodeChange
	WholeMetadata bool
	RevokedAt     core.Field[time.Time]
}

// NewCode returns the type and the options of a code that does not exist yet.
func (r *Record) NewCode() (codes.Type, codes.Options, *RowError) {
	if r.Type == "" {
		return "", codes.Options{}, RowErrorAt(core.ReasonMissingField, typeColumn, typeMissing.Said())
	}
	return r.Type, r.Change.Options(), nil
}

// ChangeTo returns what has to change about a code with this metadata.
func (r *Record) ChangeTo(metadata map[string]string) codes.CodeChange {
	change := r.Change
	if !r.WholeMetadata || change.Metadata.Value == nil {
		return change
	}
	entries := maps.Clone(*change.Metadata.Value)
	for key := range metadata {
		if _, stays := entries[key]; !stays {
			entries[key] = nil
		}
	}
	change.Metadata.Value = &entries
	return change
}

// reading is a record that is being read.
type reading struct {
	record Record
	errs   core.FieldErrors
	dates  *dates
}

// wrong adds a mistake of a field, which is without a value then.
func (r *reading) wrong(reason core.Reason, name string, what core.Sentence) {
	r.wrongText(reason, name, what, "")
}

// wrongText is wrong for a sentence that repeats what the field has.
func (r *reading) wrongText(reason core.Reason, name string, what core.Sentence, text string) {
	pointer := "/" + core.EscapePointer(name)
	said := what.With("column", name, "value", printable(text))
	r.errs.AddUnread(reason, pointer, pointer, said)
}

// result checks the record as a whole.
func (r *reading) result() (*Record, *RowError) {
	if r.record.Value == "" && !r.errs.Names("/"+codeColumn) {
		r.wrong(core.ReasonMissingField, codeColumn, codeMissing)
	}
	if r.record.Type != "" {
		r.record.Type.Check(&r.errs)
	}
	options := r.record.Change.Options()
	options.Check(&r.errs)
	if err := rowErrorOf(&r.errs); err != nil {
		return nil, err
	}
	return &r.record, nil
}

// Record reads what the row says, and notes for the reader of the file how it says it. The error is the
// row's own, if it has one.
func (r *Row) Record() (*Record, *RowError) {
	if r.Err != nil {
		return nil, r.Err
	}
	reading := reading{dates: r.header.dates}
	if r.json {
		if err := reading.object([]byte(r.object)); err != nil {
			return nil, err
		}
		return reading.result()
	}
	for i, read := range r.header.readers {
		if read != nil {
			read(&reading, &value{name: r.header.as[i], text: r.cells[i]})
		}
	}
	return reading.result()
}
