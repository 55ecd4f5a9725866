package codes

import (
	"fmt"
	"io"

	"accesscodes/internal/core"
)

// candidates is an endless sequence of values for one new code. The first value is uniformly
// distributed over the format's space. Each further value is one step away, modulo the size of the
// space; the step is random, odd, and the same for the whole sequence. Odd steps are coprime to a
// power of two, so the sequence visits every value before it repeats one: if there is a free value,
// it is found.
type candidates struct {
	format   core.Format
	alphabet string    // its size is a power of two
	source   io.Reader // uniform random bytes
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
	return c.format.Layout(symbols), nil
}

// draw returns one random digit for each symbol. A byte has 256 values and the
// alphabet's size is a power of two, so the low bits of a byte are unbiased.
func (c *candidates) draw() ([]byte, error) {
	digits := make([]byte, c.format.Length())
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
