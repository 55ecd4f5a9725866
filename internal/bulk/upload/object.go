package upload

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// object reads a line of NDJSON, by the rules of a request that adds a code.
func (r *reading) object(line []byte) *RowError {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(line, &members); err != nil {
		return objectError(err)
	}
	if members == nil {
		return rowError(core.ReasonWrongType, noObject.Said())
	}
	for i := range codes.Fields() {
		r.member(members, codes.Fields()[i].Name)
	}
	r.member(members, statusColumn)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !strings.HasPrefix(name, ignored) {
			said := instead(name, core.Nearest(name, names()), misspeltMember, unknownMember)
			r.errs.Add(core.ReasonUnknownField, "/"+core.EscapePointer(name), said)
		}
	}
	return nil
}

// member reads one member and takes it out.
func (r *reading) member(members map[string]jsontext.Value, name string) {
	raw, given := members[name]
	if !given || name == "" {
		return
	}
	delete(members, name)
	read := readers[name]
	if read == nil {
		return
	}
	v := value{name: name, kind: raw.Kind(), raw: raw}
	if v.kind == '"' {
		text, err := jsontext.AppendUnquote(nil, raw)
		if err != nil {
			r.wrong(core.ReasonInvalidJSON, name, noJSONString)
			return
		}
		v.text = string(text)
	}
	read(r, &v)
}

// objectError says why a line is no object that can be read.
func objectError(err error) *RowError {
	syntactic, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case ok && errors.Is(err, jsontext.ErrDuplicateName):
		name := printable(syntactic.JSONPointer.LastToken())
		return RowErrorAt(core.ReasonDuplicateField, name, memberTwice.With("column", name))
	case ok:
		return rowError(core.ReasonInvalidJSON, brokenObject.With("byte", syntactic.ByteOffset))
	default:
		return rowError(core.ReasonWrongType, noObject.Said())
	}
}
