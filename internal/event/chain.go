package event

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"accesscodes/internal/core"
)

// Chain is a value of the hash chain over a log: it depends on the digest and the position of every event up
// to the one that has it. The zero value stands before the first event.
type Chain [sha256.Size]byte

// chainDomain keeps values of the chain apart from every other SHA-256.
const chainDomain = "accesscodes event chain v1\n"

// Next returns the value at the event behind the one that has c. It covers, one after the other:
// chainDomain, c, the workspace's 16 bytes, the position as 8 bytes with the highest first, and the digest.
// Digests stay when a person is erased, so the chain does.
func (c Chain) Next(workspace core.ID, position int64, digest Digest) Chain {
	var text [len(chainDomain) + sha256.Size + len(core.ID{}) + 8 + sha256.Size]byte
	rest := text[copy(text[:], chainDomain):]
	rest = rest[copy(rest, c[:]):]
	rest = rest[copy(rest, workspace[:]):]
	binary.BigEndian.PutUint64(rest, uint64(position))
	copy(rest[8:], digest[:])
	return sha256.Sum256(text[:])
}

// String returns the value in hexadecimal.
func (c Chain) String() string { return hex.EncodeToString(c[:]) }

// Mark is a position of a log and the chain's value there: whoever has noted it elsewhere can tell later
// whether the log up to it is still the same.
type Mark struct {
	Position int64
	Chain    Chain
}

// String returns the mark as [ParseMark] reads it.
func (m Mark) String() string { return strconv.FormatInt(m.Position, 10) + ":" + m.Chain.String() }

// ParseMark reads a position, a colon and a value of the chain in hexadecimal.
func ParseMark(text string) (m Mark, err error) {
	position, chain, _ := strings.Cut(text, ":")
	if m.Position, err = strconv.ParseInt(position, 10, 64); err != nil || m.Position < 0 {
		return Mark{}, errWrongMark
	}
	value, err := hex.DecodeString(chain)
	if err != nil || len(value) != len(m.Chain) {
		return Mark{}, errWrongMark
	}
	m.Chain = Chain(value)
	return m, nil
}

var errWrongMark = errors.New("must be a position, a colon and 64 hexadecimal digits")

// Log is what the store keeps of a log as a whole.
type Log struct {
	Workspace core.ID
	Head      Mark // the newest event
	// Anchor is the newest event that was cut off at the old end. In a log that is older than the chain it
	// is where the chain begins, with the zero value.
	Anchor Mark
}

// IsCut reports whether the anchor is an event that was cut off: no event up to it is left.
func (l *Log) IsCut() bool { return l.Anchor.Chain != Chain{} }

// Link is one position of a log: an event, or what is left of one that was pruned before older ones.
type Link struct {
	Position int64
	Digest   Digest
	Chain    Chain // zero: from before the chain began
	Event    *Event
}

// Continue gives the events of one log the positions up to newest, and the values of the chain behind the
// value before them. It returns the value at the last.
func Continue(before Chain, newest int64, events []*Event) Chain {
	position := newest - int64(len(events))
	for _, e := range events {
		position++
		before = before.Next(e.Workspace, position, e.Digest)
		e.Position, e.Chain = position, before
	}
	return before
}
