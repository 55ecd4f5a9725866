// Package words finds offensive words in access codes: over the dashes between groups, over the
// border of prefix and groups, and with digits that look like letters. It has a list of words of its
// own, and reads others. It does not make codes.
package words
