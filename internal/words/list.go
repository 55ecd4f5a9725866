package words

import (
	"bufio"
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// Limits of lists. Words of one letter would leave nothing; longer ones than twelve hardly come up.
const (
	minLetters   = 2
	maxLetters   = 12
	maxListBytes = 1 << 20
)

//go:embed words.txt
var list []byte

// Embedded returns the filter of the list that is part of the program.
var Embedded = sync.OnceValue(func() *Filter {
	all, err := Parse(bytes.NewReader(list))
	if err != nil {
		panic(err) // a test reads the same list
	}
	f, err := New(all)
	if err != nil {
		panic(err)
	}
	return f
})

// Parse reads a list: one word a line, of 2 to 12 letters A-Z of either case. Empty lines and what
// stands behind a # do not count. An error names the line and does not repeat it.
func Parse(from io.Reader) ([]string, error) {
	text, err := io.ReadAll(io.LimitReader(from, maxListBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxListBytes {
		return nil, fmt.Errorf("it has more than %d bytes", maxListBytes)
	}
	var all []string
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(text, []byte("\uFEFF"))))
	lines.Buffer(nil, maxListBytes+1)
	for number := 1; lines.Scan(); number++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		word := strings.ToUpper(strings.TrimSpace(line))
		if word == "" {
			continue
		}
		if len(word) < minLetters || len(word) > maxLetters || strings.ContainsFunc(word, isNoLetter) {
			return nil, fmt.Errorf("line %d is not one word of %d to %d letters A-Z", number, minLetters, maxLetters)
		}
		all = append(all, word)
	}
	if len(all) == 0 {
		return nil, errors.New("it holds no word")
	}
	return all, lines.Err()
}

func isNoLetter(r rune) bool { return r < 'A' || r > 'Z' }
