package codes

import (
	"fmt"
	"io"

	"accesscodes/internal/core"
	"accesscodes/internal/words"
)

// candidates is an endless sequence of word-safe values for one new code. The first value is
// uniformly distributed over those of the format: a value that holds a word is drawn again. Each
// further value is one step away, modulo the size of the space; the step is random, odd, and the same
// for the whole sequence, and values that hold a word are passed over. Odd steps are coprime to a
// power of two, so the sequence visits every value before it repeats one: if there is a free value,
// it is found. The format must have a word-safe value.
type candidates struct {
	format   core.Format
	alphabet string    // its size is a power of two
	source   io.Reader // uniform random bytes
	words    *words.Filter
	digits   []byte // the current value, one symbol's index each, lowest first
	step     []byte
}

// next returns the next value of the sequence.
func (c *candidates) next() (string, error) {
	first := c.digits == nil
	if first {
		c.digits = make([]byte, c.format.Length())
	}
	symbols, behindPrefix := make([]byte, len(c.digits)), c.words.After(c.format.Prefix)
	for {
		var err error
		if first {
			err = c.draw(c.digits)
		} else {
			err = c.advance()
		}
		if err != nil {
			return "", err
		}
		if c.spell(symbols, behindPrefix) {
			return c.format.Layout(symbols), nil
		}
	}
}

// spell writes the symbols of the current value and reports whether it is word-safe.
func (c *candidates) spell(symbols []byte, behindPrefix words.State) bool {
	at, found := behindPrefix, false
	for i, digit := range c.digits {
		symbols[i] = c.alphabet[digit]
		if at, found = c.words.Step(at, symbols[i]); found {
			return false
		}
	}
	return true
}

// draw fills in one random digit for each symbol. A byte has 256 values and the alphabet's size is a
// power of two, so the low bits of a byte are unbiased.
func (c *candidates) draw(digits []byte) error {
	if _, err := io.ReadFull(c.source, digits); err != nil {
		return fmt.Errorf("read random bytes: %w", err)
	}
	for i := range digits {
		digits[i] &= byte(len(c.alphabet) - 1)
	}
	return nil
}

// advance adds the step to the current value, digit by digit.
func (c *candidates) advance() error {
	if c.step == nil {
		c.step = make([]byte, len(c.digits))
		if err := c.draw(c.step); err != nil {
			return err
		}
		c.step[0] |= 1
	}
	base, carry := len(c.alphabet), 0
	for i := range c.digits {
		sum := int(c.digits[i]) + int(c.step[i]) + carry
		c.digits[i], carry = byte(sum%base), sum/base
	}
	return nil
}
