package core

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"
)

// ID identifies a workspace, an API key, an event and the like. The program makes ids as UUIDv7 (RFC
// 9562 §5.7), so they sort by creation and need no database sequence.
type ID [16]byte

// IsZero reports whether the id identifies nothing.
func (id ID) IsZero() bool { return id == ID{} }

// String returns the id as RFC 9562 text, 8-4-4-4-12 lower-case hexadecimal digits.
func (id ID) String() string {
	var text [36]byte
	hex.Encode(text[0:8], id[0:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:36], id[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// ParseID reads what [ID.String] writes. It accepts nothing else except upper-case hexadecimal
// digits.
func ParseID(text string) (ID, error) {
	var id ID
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return ID{}, errors.New("not a UUID")
	}
	digits := text[0:8] + text[9:13] + text[14:18] + text[19:23] + text[24:36]
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil {
		return ID{}, errors.New("not a UUID")
	}
	return id, nil
}

// FirstID returns an id that is greater than every UUIDv7 made in an earlier millisecond than the
// instant, and not greater than any made in the instant's millisecond or later. It is never zero.
func FirstID(at time.Time) (id ID) {
	var wide [8]byte
	binary.BigEndian.PutUint64(wide[:], uint64(max(at.UnixMilli(), 0)))
	copy(id[:6], wide[2:])
	if id.IsZero() {
		id[len(id)-1] = 1
	}
	return id
}
