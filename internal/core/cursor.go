package core

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Cursor writes and reads the cursors of one list. It is the digest of what the list shows.
type Cursor [sha256.Size]byte

// sealLength is the length of a cursor's seal, in bytes, at its beginning: a digest of what is
// listed and of the rest of the cursor, which is the key of the last entry shown. By the seal, a
// cursor of another list, or one that was cut off or changed, is refused.
const sealLength = 8

// NewCursor returns the cursors of a workspace's list with these filters.
func NewCursor(list string, workspace ID, filters ...string) Cursor {
	h := sha256.New()
	_, _ = h.Write(workspace[:]) // a hash never fails
	for _, text := range append(filters, list) {
		_, _ = io.WriteString(h, strconv.Itoa(len(text))+":"+text)
	}
	return Cursor(h.Sum(nil))
}

// After returns the cursor after the entry with this key.
func (c Cursor) After(key []byte) string {
	seal := sha256.Sum256(append(c[:len(c):len(c)], key...))
	return base64.RawURLEncoding.EncodeToString(append(seal[:sealLength:sealLength], key...))
}

// Key reads a cursor. An empty text has no key: the list begins at its start.
func (c Cursor) Key(text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	read, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(read) <= sealLength || c.After(read[sealLength:]) != text {
		return nil, InvalidCursor()
	}
	return read[sealLength:], nil
}

// TextKey reads a cursor whose key is a text.
func (c Cursor) TextKey(text string) (string, error) {
	key, err := c.Key(text)
	if err == nil && !IsStorable(string(key)) {
		err = InvalidCursor()
	}
	return string(key), err
}

// IDKey reads a cursor whose key is an id.
func (c Cursor) IDKey(text string) (ID, error) {
	key, err := c.Key(text)
	if err != nil || key == nil {
		return ID{}, err
	}
	if len(key) != len(ID{}) {
		return ID{}, InvalidCursor()
	}
	return ID(key), nil
}

// IsStorable reports whether a database can compare a text with what it holds.
func IsStorable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

// InvalidCursor returns the error about a text that is not a cursor of the list.
func InvalidCursor() *Error {
	return &Error{
		Kind: KindInvalid, Reason: ReasonInvalidCursor,
		Detail: "cursor must be the nextCursor of an earlier page of the same list with the same filters",
	}
}

// Digits writes a time as part of a list's filters; empty for nil.
func Digits(t *time.Time) string {
	if t == nil {
		return ""
	}
	return strconv.FormatInt(t.UnixMicro(), 10)
}
