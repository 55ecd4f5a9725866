package core

import (
	"math"
	"strings"
)

// Alphabet holds the symbols of generated codes: 32 upper-case letters and digits
// without I, O, 0 and 1, which people confuse.
const Alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// Limits of a code format.
const (
	MaxPrefixLength    = 16 // characters of A-Z and 0-9
	MinGroups          = 2
	MaxGroups          = 6
	DefaultGroups      = 2
	MinGroupLength     = 3 // characters
	MaxGroupLength     = 8
	DefaultGroupLength = 4
)

// Format describes a workspace's generated codes: PREFIX-ABCD-EFGH.
type Format struct {
	Prefix      string // empty: no prefix and no dash for it
	Groups      int
	GroupLength int // characters in each group
}

// What can be wrong with a format.
var (
	wrongPrefix      = NewSentence("wrong_prefix", "prefix must be 0 to {max} characters of A-Z and 0-9")
	wrongGroups      = NewSentence("wrong_groups", "groups must be from {min} to {max}")
	wrongGroupLength = NewSentence("wrong_group_length", "group length must be from {min} to {max}")
)

// Check adds what is wrong with the format.
func (f Format) Check(errs *FieldErrors) {
	outside := func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') }
	if len(f.Prefix) > MaxPrefixLength || strings.ContainsFunc(f.Prefix, outside) {
		errs.Add(ReasonInvalidValue, "/prefix", wrongPrefix.With("max", MaxPrefixLength))
	}
	if f.Groups < MinGroups || f.Groups > MaxGroups {
		errs.Add(ReasonInvalidValue, "/groups", wrongGroups.With("min", MinGroups, "max", MaxGroups))
	}
	if f.GroupLength < MinGroupLength || f.GroupLength > MaxGroupLength {
		errs.Add(ReasonInvalidValue, "/groupLength", wrongGroupLength.With("min", MinGroupLength, "max", MaxGroupLength))
	}
}

// String shows the format with X for each random character.
func (f Format) String() string {
	return f.Layout([]byte(strings.Repeat("X", f.Length())))
}

// Length is the number of random characters.
func (f Format) Length() int { return f.Groups * f.GroupLength }

// Space returns the number of codes in the format for an alphabet of so many symbols, or the largest
// int64 if there are more.
func (f Format) Space(symbols int) int64 {
	size := math.Pow(float64(symbols), float64(f.Length()))
	if size >= math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(size)
}

// Layout fills the random symbols into the format.
func (f Format) Layout(symbols []byte) string {
	out := make([]byte, 0, len(f.Prefix)+f.Length()+f.Groups)
	out = append(out, f.Prefix...)
	for i := 0; i < len(symbols); i += f.GroupLength {
		if len(out) > 0 {
			out = append(out, '-')
		}
		out = append(out, symbols[i:i+f.GroupLength]...)
	}
	return string(out)
}
