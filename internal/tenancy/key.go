package tenancy

import (
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"time"

	"accesscodes/internal/core"
)

// An API key's secret consists of keyPrefix, keyRandomLength random base62 characters, and
// keyChecksumLength base62 characters for the CRC-32 (IEEE 802.3) of the random ones. By the
// checksum a mistyped key is refused without a look-up, and secret scanners can match
// \back_[0-9A-Za-z]{36}\b with few false alarms.
const (
	keyPrefix         = "ack_"
	keyRandomLength   = 30
	keyChecksumLength = 6
	keyLength         = len(keyPrefix) + keyRandomLength + keyChecksumLength
	base62            = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// KeyHash is the SHA-256 of a key's secret. It is stored and looked up instead of the secret. The
// secret has 178 random bits, so a plain hash is safe against guessing.
type KeyHash [sha256.Size]byte

// Key authenticates a backend as one workspace.
type Key struct {
	ID          core.ID
	WorkspaceID core.ID
	Name        string
	Role        Role
	Hash        KeyHash
	Display     string // what lists and logs show: ack_ab12…wxyz
	CreatedAt   time.Time
	ExpiresAt   *time.Time
	RevokedAt   *time.Time
	LastUsedAt  *time.Time // accurate to about a minute
	ReplacedBy  core.ID    // the key that replaced it; zero: none
}

// ActiveAt reports whether the key works at an instant.
func (k *Key) ActiveAt(now time.Time) bool {
	return k.RevokedAt == nil && (k.ExpiresAt == nil || now.Before(*k.ExpiresAt))
}

// What can be wrong with a key.
var (
	wrongRole   = core.NewSentence("wrong_key_role", "role must be {roles}")
	keyHasEnded = core.NewSentence("key_has_ended", "a key must expire in the future")
)

func (k *Key) check(now time.Time) error {
	var errs core.FieldErrors
	checkName(&errs, k.Name)
	if !slices.Contains(Roles(), k.Role) {
		errs.Add(core.ReasonInvalidValue, "/role", wrongRole.With("roles", core.Alternatives(Roles())))
	}
	if k.ExpiresAt != nil && !k.ExpiresAt.After(now) {
		errs.Add(core.ReasonInvalidValue, "/expiresAt", keyHasEnded.Said())
	}
	return errs.Err()
}

// newSecret draws a key's secret from a cryptographic source.
func newSecret(entropy io.Reader) (string, error) {
	random := make([]byte, 0, keyRandomLength)
	var buf [keyRandomLength]byte
	for len(random) < keyRandomLength {
		if _, err := io.ReadFull(entropy, buf[:]); err != nil {
			return "", fmt.Errorf("read random bytes: %w", err)
		}
		for _, b := range buf {
			// 248 is the largest multiple of 62 in a byte: values from there on would
			// favour the first symbols.
			if b < 248 && len(random) < keyRandomLength {
				random = append(random, base62[b%62])
			}
		}
	}
	sum := keyChecksum(random)
	return keyPrefix + string(random) + string(sum[:]), nil
}

func keyChecksum(random []byte) (digits [keyChecksumLength]byte) {
	sum := crc32.ChecksumIEEE(random)
	for i := range digits {
		digits[keyChecksumLength-1-i] = base62[sum%62]
		sum /= 62
	}
	return digits
}

// hashSecret returns the hash by which to look up a secret, or false if the text cannot be a key:
// wrong prefix, length or checksum.
func hashSecret(secret string) (KeyHash, bool) {
	if len(secret) != keyLength || !strings.HasPrefix(secret, keyPrefix) {
		return KeyHash{}, false
	}
	var text [keyLength]byte // on the stack
	copy(text[:], secret)
	sum := keyChecksum(text[len(keyPrefix) : keyLength-keyChecksumLength])
	if string(text[keyLength-keyChecksumLength:]) != string(sum[:]) {
		return KeyHash{}, false
	}
	return sha256.Sum256(text[:]), true
}

// HoldsKey reports whether a text contains something that looks like a key's secret, with a right
// checksum or not. Such a text must not be logged.
func HoldsKey(text string) bool {
	for {
		_, rest, found := strings.Cut(text, keyPrefix)
		if !found {
			return false
		}
		symbols := strings.IndexFunc(rest, func(r rune) bool { return !strings.ContainsRune(base62, r) })
		if symbols < 0 {
			symbols = len(rest)
		}
		if symbols >= keyLength-len(keyPrefix) {
			return true
		}
		text = rest
	}
}

// displayForm shows enough of a secret to recognise the key and too little to use it.
func displayForm(secret string) string {
	return secret[:len(keyPrefix)+4] + "…" + secret[keyLength-4:]
}
