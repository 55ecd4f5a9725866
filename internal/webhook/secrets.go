package webhook

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"accesscodes/internal/core"
)

// sealedPrefix marks a secret that is encrypted.
const sealedPrefix = "sealed:"

// Secrets encrypts the secrets of endpoints as they are stored: AES-256-GCM, by a key that is derived
// with HKDF-SHA-256 (RFC 5869). Without a key they are stored as they are.
type Secrets struct{ aead cipher.AEAD }

// NewSecrets returns the encryption by what a secret file holds; empty: none.
func NewSecrets(secret []byte) (*Secrets, error) {
	if len(secret) == 0 {
		return &Secrets{}, nil
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "accesscodes: secrets of webhook endpoints", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the key of secrets: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &Secrets{aead}, err
}

// seal returns a secret of an endpoint as it is stored.
func (s *Secrets) seal(endpoint core.ID, secret string) string {
	if s.aead == nil {
		return secret
	}
	sealed := s.aead.Seal(nil, nil, []byte(secret), endpoint[:])
	return sealedPrefix + base64.StdEncoding.EncodeToString(sealed)
}

var errSealed = errors.New("the secret cannot be read: it was encrypted with another --secret-file, or this " +
	"server has none; rotate the secret, or start the server with the right file")

// open returns a secret that is stored.
func (s *Secrets) open(endpoint core.ID, stored string) (string, error) {
	encoded, isSealed := strings.CutPrefix(stored, sealedPrefix)
	if !isSealed {
		return stored, nil
	}
	sealed, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || s.aead == nil {
		return "", errSealed
	}
	secret, err := s.aead.Open(nil, nil, sealed, endpoint[:])
	if err != nil {
		return "", errSealed
	}
	return string(secret), nil
}
