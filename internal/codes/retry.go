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

// Retry marks a code that was asked for with an Idempotency-Key
// (draft-ietf-httpapi-idempotency-key-header). It lives in the code's own row, by which a
// retry finds the code on any node, and stays on record when the code is deleted. No table
// of past answers is kept.
type Retry struct {
	Key         [16]byte // digest of the workspace and the key
	Fingerprint [16]byte // digest of what was asked for
}

// IsZero reports whether the code was asked for without an Idempotency-Key.
func (r Retry) IsZero() bool { return r == Retry{} }

// parseIdempotencyKey returns the key without the quotes that the draft's
// structured-field form has. Empty stays empty: no key was sent.
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

// InvalidIdempotencyKey is the error about a key that cannot be one.
func InvalidIdempotencyKey() *core.Error {
	return &core.Error{
		Kind: core.KindInvalid, Reason: core.ReasonInvalidIdempotencyKey,
		Detail: fmt.Sprintf("Idempotency-Key must be sent once, with 1 to %d visible ASCII characters, bare or quoted", MaxIdempotencyKeyLength),
	}
}

// retryKey digests an Idempotency-Key within its workspace.
func retryKey(workspace core.ID, key string) [16]byte {
	sum := sha256.Sum256(append(workspace[:], key...))
	return [16]byte(sum[:16])
}

// fingerprint digests what a request asks for. act keeps an added code apart from a
// generated one. The digests are stored: a request that does without a later field must keep
// the one that it has.
func fingerprint(act, value string, codeType Type, o *Options) [16]byte {
	h := sha256.New()
	for _, text := range []string{act, value, string(codeType), o.Note, o.Recipient} {
		digestText(h, text)
	}
	limit := int64(0)
	if o.MaxRedemptions.Max != nil {
		limit = *o.MaxRedemptions.Max
	}
	digestNumber(h, limit)
	digestTime(h, o.StartsAt)
	digestTime(h, o.ExpiresAt)
	for _, key := range sortedKeys(o.Metadata) {
		digestText(h, key)
		digestText(h, o.Metadata[key])
	}
	return [16]byte(h.Sum(nil)[:16])
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
