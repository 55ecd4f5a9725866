package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// secretPrefix marks a secret of symmetric signatures, so that people and scanners for leaked secrets know it.
const secretPrefix = "whsec_"

// secretBytes is the length of a new key. Standard Webhooks asks for 24 to 64 bytes; a longer one than
// HMAC-SHA-256's digest adds nothing.
const secretBytes = sha256.Size

// NewSecret returns a new random secret: "whsec_" and 32 bytes in base64.
func NewSecret(entropy io.Reader) (string, error) {
	key := make([]byte, secretBytes)
	if _, err := io.ReadFull(entropy, key); err != nil {
		return "", fmt.Errorf("making a webhook secret: %w", err)
	}
	return secretPrefix + base64.StdEncoding.EncodeToString(key), nil
}

// Signatures returns the value of the header webhook-signature for one try: a signature by each secret,
// separated by spaces. The time is that of the try, and the header webhook-timestamp must hold the same
// second. The id must not contain a full stop, which separates what is signed.
func Signatures(secrets []string, id string, at time.Time, body []byte) (string, error) {
	if len(secrets) == 0 {
		return "", errors.New("signing a webhook: no secret")
	}
	if strings.Contains(id, ".") {
		return "", errors.New("signing a webhook: the id contains a full stop")
	}
	head := id + "." + strconv.FormatInt(at.Unix(), 10) + "."
	signatures := make([]string, 0, len(secrets))
	for _, secret := range secrets {
		key, err := secretKey(secret)
		if err != nil {
			return "", fmt.Errorf("signing a webhook: %w", err)
		}
		mac := hmac.New(sha256.New, key)
		io.WriteString(mac, head)
		mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(signatures, " "), nil
}

// secretKey returns the key that a secret stands for. The error does not repeat the secret.
func secretKey(secret string) ([]byte, error) {
	encoded, found := strings.CutPrefix(secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !found || err != nil || len(key) == 0 {
		return nil, errors.New("not a secret: want " + secretPrefix + " and base64")
	}
	return key, nil
}
