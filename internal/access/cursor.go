package access

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// cursor writes and reads the cursors of one list. It is the digest of what is listed.
type cursor [sha256.Size]byte

// sealLength is how many bytes a cursor begins with by which it is refused elsewhere, and
// when it was cut off or changed: a digest of what is listed and of the rest of the cursor,
// which is the key of the last entry that was shown.
const sealLength = 8

// cursorOf returns the cursors of a list of the caller's workspace with these filters.
func cursorOf(list string, caller *Caller, filters ...string) cursor {
	h := sha256.New()
	_, _ = h.Write(caller.Workspace.ID[:]) // a hash never fails
	for _, text := range append(filters, list) {
		_, _ = io.WriteString(h, strconv.Itoa(len(text))+":"+text)
	}
	return cursor(h.Sum(nil))
}

// behind is the cursor behind the entry with this key.
func (c cursor) behind(key []byte) string {
	seal := sha256.Sum256(append(c[:len(c):len(c)], key...))
	return base64.RawURLEncoding.EncodeToString(append(seal[:sealLength:sealLength], key...))
}

// key reads a cursor. Without one there is no key: the list begins at its beginning.
func (c cursor) key(text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	read, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(read) <= sealLength || c.behind(read[sealLength:]) != text {
		return nil, errInvalidCursor()
	}
	return read[sealLength:], nil
}

func (c cursor) textKey(text string) (string, error) {
	key, err := c.key(text)
	if err == nil && !isStorable(string(key)) {
		err = errInvalidCursor()
	}
	return string(key), err
}

func (c cursor) idKey(text string) (ID, error) {
	key, err := c.key(text)
	if err != nil || key == nil {
		return ID{}, err
	}
	if len(key) != len(ID{}) {
		return ID{}, errInvalidCursor()
	}
	return ID(key), nil
}

// behindCode is the cursor behind a code. Its key is its time in microseconds, eight
// bytes, and its canonical form.
func (c cursor) behindCode(code *Code) string {
	return c.behind(append(binary.BigEndian.AppendUint64(nil, uint64(code.CreatedAt.UnixMicro())), Canonical(code.Value)...))
}

func (c cursor) codeKey(text string) (*CodeKey, error) {
	key, err := c.key(text)
	if err != nil || key == nil {
		return nil, err
	}
	if len(key) < 8 {
		return nil, errInvalidCursor()
	}
	read := &CodeKey{CreatedAt: time.UnixMicro(int64(binary.BigEndian.Uint64(key))).UTC(), Canonical: string(key[8:])}
	if !isStorable(read.Canonical) || read.CreatedAt.Year() < 0 || read.CreatedAt.Year() > 9999 {
		return nil, errInvalidCursor()
	}
	return read, nil
}

// isStorable reports whether a database can compare a text with what it holds.
func isStorable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

func errInvalidCursor() *Error {
	return &Error{
		Kind: KindInvalid, Reason: ReasonInvalidCursor,
		Detail: "cursor must be the nextCursor of an earlier page of the same list with the same filters",
	}
}

func invalidParameter(detail string, args ...any) *Error {
	return &Error{Kind: KindInvalid, Reason: ReasonInvalidParameter, Detail: fmt.Sprintf(detail, args...)}
}

// digits writes a time as part of a list's filters.
func digits(t *time.Time) string {
	if t == nil {
		return ""
	}
	return strconv.FormatInt(t.UnixMicro(), 10)
}
