package access

import (
	"fmt"
	"io"
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

// Format is how a workspace's generated codes look: PREFIX-ABCD-EFGH.
type Format struct {
	Prefix      string // empty: no prefix and no dash for it
	Groups      int
	GroupLength int // characters in each group
}

func (f Format) check(errs *fieldErrors) {
	outside := func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') }
	if len(f.Prefix) > MaxPrefixLength || strings.ContainsFunc(f.Prefix, outside) {
		errs.add(ReasonInvalidValue, "/prefix", "prefix must be 0 to %d characters of A-Z and 0-9", MaxPrefixLength)
	}
	if f.Groups < MinGroups || f.Groups > MaxGroups {
		errs.add(ReasonInvalidValue, "/groups", "groups must be from %d to %d", MinGroups, MaxGroups)
	}
	if f.GroupLength < MinGroupLength || f.GroupLength > MaxGroupLength {
		errs.add(ReasonInvalidValue, "/groupLength", "group length must be from %d to %d", MinGroupLength, MaxGroupLength)
	}
}

// String shows the format with X for each random character.
func (f Format) String() string {
	return f.layout([]byte(strings.Repeat("X", f.length())))
}

func (f Format) length() int { return f.Groups * f.GroupLength }

// space is the number of codes that the format has with an alphabet of so many
// symbols, or the largest int64 if it has more.
func (f Format) space(symbols int) int64 {
	size := math.Pow(float64(symbols), float64(f.length()))
	if size >= math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(size)
}

// layout puts the random symbols into the format.
func (f Format) layout(symbols []byte) string {
	out := make([]byte, 0, len(f.Prefix)+f.length()+f.Groups)
	out = append(out, f.Prefix...)
	for i := 0; i < len(symbols); i += f.GroupLength {
		if len(out) > 0 {
			out = append(out, '-')
		}
		out = append(out, symbols[i:i+f.GroupLength]...)
	}
	return string(out)
}

// candidates is an endless sequence of values for one new code. The first is
// uniformly distributed over the format's space; each further one is a fixed,
// equally random, odd step away, modulo the size of the space. Odd steps are
// coprime to a power of two, so the sequence visits every value before it repeats
// one: a free value is found if there is one.
type candidates struct {
	format   Format
	alphabet string    // its size is a power of two
	source   io.Reader // uniform random bytes, or bytes derived from an idempotency key
	digits   []byte    // the current value, one symbol's index each, lowest first
	step     []byte
}

// next returns the next value of the sequence.
func (c *candidates) next() (string, error) {
	var err error
	switch {
	case c.digits == nil:
		c.digits, err = c.draw()
	case c.step == nil:
		if c.step, err = c.draw(); err == nil {
			c.step[0] |= 1
			c.advance()
		}
	default:
		c.advance()
	}
	if err != nil {
		return "", err
	}
	symbols := make([]byte, len(c.digits))
	for i, digit := range c.digits {
		symbols[i] = c.alphabet[digit]
	}
	return c.format.layout(symbols), nil
}

// draw returns one random digit for each symbol. A byte has 256 values and the
// alphabet's size is a power of two, so the low bits of a byte are unbiased.
func (c *candidates) draw() ([]byte, error) {
	digits := make([]byte, c.format.length())
	if _, err := io.ReadFull(c.source, digits); err != nil {
		return nil, fmt.Errorf("read random bytes: %w", err)
	}
	for i := range digits {
		digits[i] &= byte(len(c.alphabet) - 1)
	}
	return digits, nil
}

// advance adds the step to the current value, digit by digit.
func (c *candidates) advance() {
	base, carry := len(c.alphabet), 0
	for i := range c.digits {
		sum := int(c.digits[i]) + int(c.step[i]) + carry
		c.digits[i], carry = byte(sum%base), sum/base
	}
}
