package words

import (
	"errors"
	"fmt"
	"math/big"

	"accesscodes/internal/core"
)

// Filter finds words in codes that are read character by character. It is an Aho–Corasick automaton:
// its state is the longest end of what was read that a word begins with. So each character takes one
// look into a table, however many words there are. A Filter does not change; it may be used by many
// goroutines.
type Filter struct {
	// next has a row of 1<<rowBits entries for each state: by column, the state that follows, and hit if
	// a word ends there. State 0 is the beginning.
	next []uint16
}

// State is where a [Filter] is in a code.
type State uint16

// Every column is a letter, and one is 1, which looks like two letters. There is a row of them for each
// state.
const (
	rowBits   = 5
	columnOf1 = 26
	noColumn  = 27 // of characters that are in no word
	columns   = 28

	hit       = 1 << 15 // in an entry: a word ends
	maxStates = 1 << 15
)

// lookAlikes are the digits that look like one letter. 1 looks like I and L; it is in prefixes only.
var lookAlikes = map[byte]byte{
	'0': 'O', '2': 'Z', '3': 'E', '4': 'A', '5': 'S', '6': 'G', '7': 'T', '8': 'B', '9': 'G',
}

// columnOf is the column of each character.
var columnOf = func() (all [256]uint8) {
	for i := range all {
		all[i] = noColumn
	}
	for letter := byte('A'); letter <= 'Z'; letter++ {
		all[letter] = letter - 'A'
	}
	for digit, letter := range lookAlikes {
		all[digit] = letter - 'A'
	}
	all['1'] = columnOf1
	return all
}()

// leastShare is the share of the values of each format that a list must leave, whatever the prefix is.
// It bounds how often a value is drawn again.
const leastShare = .1

// New returns the filter of words in capitals A-Z. It refuses a list that leaves less than a tenth of the
// values of a format, or that is too long.
func New(list []string) (*Filter, error) {
	f := None()
	ends := []bool{false}
	for _, word := range list {
		f.insert(0, word, &ends)
		if len(ends) > maxStates {
			return nil, fmt.Errorf("there are too many words: their beginnings may be %d at most", maxStates-1)
		}
	}
	f.link(ends)
	if f.leastShare() < leastShare {
		return nil, errors.New("it would leave less than a tenth of the longest codes")
	}
	return f, nil
}

// None returns a filter without words.
func None() *Filter { return &Filter{next: make([]uint16, 1<<rowBits)} }

// insert adds what is left of a word, in each way to write it, to the tree of beginnings.
func (f *Filter) insert(at State, rest string, ends *[]bool) {
	if rest == "" {
		(*ends)[at] = true
		return
	}
	ways := []uint8{columnOf[rest[0]]}
	if rest[0] == 'I' || rest[0] == 'L' {
		ways = append(ways, columnOf1)
	}
	for _, column := range ways {
		if len(*ends) > maxStates {
			return
		}
		to := &f.next[int(at)<<rowBits|int(column)]
		child := State(*to)
		if child == 0 {
			child = State(len(*ends))
			*to = uint16(child)
			*ends = append(*ends, false)
			f.next = append(f.next, make([]uint16, 1<<rowBits)...)
		}
		f.insert(child, rest[1:], ends)
	}
}

// link turns the tree of beginnings into the automaton, the short ones first.
func (f *Filter) link(ends []bool) {
	fallback := make([]State, len(ends)) // of a beginning: the longest one that it ends with
	queue := []State{0}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for column := range columns {
			to := &f.next[int(at)<<rowBits|column]
			var shorter uint16
			if at != 0 {
				shorter = f.next[int(fallback[at])<<rowBits|column]
			}
			if *to == 0 {
				*to = shorter
				continue
			}
			fallback[*to] = State(shorter)
			ends[*to] = ends[*to] || ends[shorter]
			queue = append(queue, State(*to))
		}
	}
	for i, to := range f.next {
		if ends[to] {
			f.next[i] |= hit
		}
	}
}

// After returns the state behind a prefix. Words that are wholly inside the prefix do not count.
func (f *Filter) After(prefix string) (at State) {
	for i := range len(prefix) {
		at, _ = f.Step(at, prefix[i])
	}
	return at
}

// Step reads a character and reports whether a word ends with it.
func (f *Filter) Step(at State, character byte) (next State, found bool) {
	entry := f.next[int(at)<<rowBits|int(columnOf[character])]
	return State(entry &^ hit), entry&hit != 0
}

// Count returns how many texts of so many symbols of an alphabet can stand behind a prefix without a
// word. It is exact.
func (f *Filter) Count(prefix, alphabet string, length int) *big.Int {
	symbols := symbolsIn(alphabet)
	at := make([]big.Int, len(f.next)>>rowBits) // by state, how many texts lead there
	at[f.After(prefix)].SetInt64(1)
	var add big.Int
	for range length {
		next := make([]big.Int, len(at))
		for state := range at {
			if at[state].Sign() == 0 {
				continue
			}
			for column, n := range symbols {
				if entry := f.next[state<<rowBits|column]; n > 0 && entry&hit == 0 {
					next[entry].Add(&next[entry], add.Mul(&at[state], big.NewInt(n)))
				}
			}
		}
		at = next
	}
	total := new(big.Int)
	for state := range at {
		total.Add(total, &at[state])
	}
	return total
}

// symbolsIn returns how many symbols of an alphabet are in each column.
func symbolsIn(alphabet string) (all [columns]int64) {
	for i := range len(alphabet) {
		all[columnOf[alphabet[i]]]++
	}
	return all
}

// leastShare returns the share of the longest codes without a word behind the prefix that leaves
// fewest. Shorter codes lose less.
func (f *Filter) leastShare() float64 {
	symbols := symbolsIn(core.Alphabet)
	shares := make([]float64, len(f.next)>>rowBits) // by state, of what may follow
	for state := range shares {
		shares[state] = 1
	}
	for range core.MaxGroups * core.MaxGroupLength {
		longer := make([]float64, len(shares))
		for state := range longer {
			for column, n := range symbols {
				if entry := f.next[state<<rowBits|column]; entry&hit == 0 {
					longer[state] += shares[entry] * float64(n) / float64(len(core.Alphabet))
				}
			}
		}
		shares = longer
	}
	least := 1.0
	for _, share := range shares {
		least = min(least, share)
	}
	return least
}
