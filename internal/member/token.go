package member

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
)

// tokenLength is the length of a token in bytes: too many to try, so a plain hash is safe.
const tokenLength = 32

// TokenHash is the SHA-256 of a token. It is stored and looked up instead of the token.
type TokenHash [sha256.Size]byte

// newToken draws a token from a cryptographic source. It is written in base64url (RFC 4648 §5).
func newToken(entropy io.Reader) (string, TokenHash, error) {
	random := make([]byte, tokenLength)
	if _, err := io.ReadFull(entropy, random); err != nil {
		return "", TokenHash{}, fmt.Errorf("read random bytes: %w", err)
	}
	token := base64.RawURLEncoding.EncodeToString(random)
	return token, sha256.Sum256([]byte(token)), nil
}

// hashToken returns the hash by which to look up a token, or false if the text cannot be one.
func hashToken(token string) (TokenHash, bool) {
	if len(token) != base64.RawURLEncoding.EncodedLen(tokenLength) {
		return TokenHash{}, false
	}
	return sha256.Sum256([]byte(token)), true
}
