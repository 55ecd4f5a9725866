package codes

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"

	"accesscodes/internal/core"
)

// MaxIdempotencyKeyLength is the longest Idempotency-Key, in characters.
const MaxIdempotencyKeyLength = 255

// Retry marks a code that was requested with an Idempotency-Key
// (draft-ietf-httpapi-idempotency-key-header). It is stored in the code's own row, so that a retry
// finds the code on any node. It stays on record when the code is deleted. There is no table of past
// answers.
type Retry struct {
	Key         [16]byte // digest of the workspace and the key
	Fingerprint [16]byte // digest of what was asked for
}

// IsZero reports whether the code was asked for without an Idempotency-Key.
func (r Retry) IsZero() bool { return r == Retry{} }

// parseIdempotencyKey returns the key without the quotes of the draft's structured-field form. An
// empty header gives an empty key: no key was sent.
func parseIdempotencyKey(header string) (string, error) {
	key := header
	if len(key) >= 2 && strings.HasPrefix(key, `"`) && strings.HasSuffix(key, `"`) {
		key = key[1 : len(key)-1]
	}
	invisible := func(r rune) bool { return r < '!' || r > '~' }
	if header != "" && (key == "" || len(key) > MaxIdempotencyKeyLength || strings.ContainsFunc(key, invisible)) {
		return "", InvalidIdempotencyKey()
	}
	return key, nil
}

// InvalidIdempotencyKey returns the error about an invalid key.
func InvalidIdempotencyKey() *core.Error {
	return &core.Error{
		Kind: core.KindInvalid, Reason: core.ReasonInvalidIdempotencyKey,
		Detail: fmt.Sprintf("Idempotency-Key must be sent once, with 1 to %d visible ASCII characters, bare or quoted",
			MaxIdempotencyKeyLength),
	}
}

// retryKey digests an Idempotency-Key within its workspace.
func retryKey(workspace core.ID, key string) [16]byte {
	sum := sha256.Sum256(append(workspace[:], key...))
	return [16]byte(sum[:16])
}

// fingerprint digests what a request asks for. way distinguishes an added code from a generated one.
// The digests are stored, so a request without a later field must keep the digest that it has.
// Therefore the first fields are digested kind by kind, and later ones only where they are given,
// with their names.
func fingerprint(way, value string, codeType Type, o *Options) [16]byte {
	h := sha256.New()
	for _, text := range []string{way, value, string(codeType)} {
		digestText(h, text)
	}
	digestFields[*string](h, o)
	digestFields[*Limit](h, o)
	digestFields[**time.Time](h, o)
	digestFields[*map[string]string](h, o)
	for i := range fields {
		if option := fields[i].Option; option != nil && option.Late && !isNone(option.Of(o)) {
			digestText(h, fields[i].Name)
			digestField(h, option.Of(o))
		}
	}
	return [16]byte(h.Sum(nil)[:16])
}

// digestFields digests the first fields of one kind.
func digestFields[Kind any](h hash.Hash, o *Options) {
	for i := range fields {
		option := fields[i].Option
		if option == nil || option.Late {
			continue
		}
		if value, ok := option.Of(o).(Kind); ok {
			digestField(h, value)
		}
	}
}

func digestField(h hash.Hash, value any) {
	switch v := value.(type) {
	case *string:
		digestText(h, *v)
	case *Limit:
		digestNumber(h, core.OrZero(v.Max))
	case **time.Time:
		digestTime(h, *v)
	case *map[string]string:
		for _, key := range sortedKeys(*v) {
			digestText(h, key)
			digestText(h, (*v)[key])
		}
	default:
		panic(fmt.Sprintf("an option of the type %T", value))
	}
}

// isNone reports whether a request leaves an option out.
func isNone(value any) bool {
	switch v := value.(type) {
	case *string:
		return *v == ""
	case *Limit:
		return v.Max == nil
	case **time.Time:
		return *v == nil
	case *map[string]string:
		return len(*v) == 0
	default:
		return false
	}
}

func digestText(h hash.Hash, text string) {
	digestNumber(h, int64(len(text)))
	_, _ = io.WriteString(h, text) // a hash never fails
}

func digestTime(h hash.Hash, t *time.Time) {
	if t == nil {
		digestNumber(h, -1)
		return
	}
	digestNumber(h, 1)
	digestNumber(h, t.UnixMicro())
}

func digestNumber(h hash.Hash, n int64) {
	_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
}
