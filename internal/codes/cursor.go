package codes

import (
	"encoding/binary"
	"time"

	"accesscodes/internal/core"
)

// afterCode returns the cursor after a code. Its key is the code's time in microseconds, in eight
// bytes, and its canonical form.
func afterCode(c core.Cursor, code *Code) string {
	return afterKey(c, CodeKey{code.CreatedAt, code.Form()})
}

func afterKey(c core.Cursor, key CodeKey) string {
	return c.After(append(binary.BigEndian.AppendUint64(nil, uint64(key.CreatedAt.UnixMicro())), key.Canonical...))
}

// codeKeyOf reads what afterCode writes.
func codeKeyOf(c core.Cursor, text string) (*CodeKey, error) {
	key, err := c.Key(text)
	if err != nil || key == nil {
		return nil, err
	}
	if len(key) < 8 {
		return nil, core.InvalidCursor()
	}
	read := &CodeKey{CreatedAt: time.UnixMicro(int64(binary.BigEndian.Uint64(key))).UTC(), Canonical: string(key[8:])}
	if !core.IsStorable(read.Canonical) || read.CreatedAt.Year() < 0 || read.CreatedAt.Year() > 9999 {
		return nil, core.InvalidCursor()
	}
	return read, nil
}

// Keys of no code, beside all codes in the order of lists.
var (
	afterTheNewest  = CodeKey{CreatedAt: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)}
	beforeTheOldest = CodeKey{CreatedAt: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)}
)
