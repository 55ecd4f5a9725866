package codes

import (
	"io"

	"accesscodes/internal/core"
	"accesscodes/internal/words"
)

// SetAlphabet makes the service draw codes from other symbols, so few that collisions
// happen. Their number must be a power of two.
func (s *Service) SetAlphabet(symbols string) { s.alphabet = symbols }

// SetWords makes the service refuse to generate values with these words.
func (s *Service) SetWords(filter *words.Filter) { s.words = filter }

// Candidates returns the function that goes through the values for one new code.
func Candidates(
	format core.Format, alphabet string, source io.Reader, filter *words.Filter,
) func() (string, error) {
	return (&candidates{format: format, alphabet: alphabet, source: source, words: filter}).next
}

// Space returns the number of codes of a format with so many symbols.
func Space(format core.Format, symbols int) int64 { return format.Space(symbols) }

// Behind returns the cursor of a list behind the entry with this key, whatever it is.
func Behind(key []byte, list string, caller *core.Actor, filters ...string) string {
	return core.NewCursor(list, caller.WorkspaceID, filters...).After(key)
}

// Held returns how many reservations of the command's code are stored as held.
func (s *Execution) Held() int64 { return s.code().Held }

// TyposOf returns what is looked up for a value that is not found.
func TyposOf(canonical string, format core.Format) []string { return typosOf(canonical, format) }
