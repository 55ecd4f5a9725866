package tenancy

import (
	"context"
	"fmt"
	"io"
)

// secretLength is the length of an installation's secret in bytes: the size of the
// hash that it keys (RFC 2104 §3).
const secretLength = 32

// InstallationSecret returns the installation's secret, and makes it if there is none yet.
// entropy is a cryptographic source.
func InstallationSecret(ctx context.Context, store InstallationStore, entropy io.Reader) ([]byte, error) {
	proposed := make([]byte, secretLength)
	if _, err := io.ReadFull(entropy, proposed); err != nil {
		return nil, fmt.Errorf("read random bytes: %w", err)
	}
	secret, err := store.Secret(ctx, proposed)
	if err != nil {
		return nil, fmt.Errorf("read the installation's secret: %w", err)
	}
	return secret, nil
}

// PublicURL is the address under which callers reach the installation; empty: nobody has said.
func (s *Service) PublicURL(ctx context.Context) (string, error) { return s.store.PublicURL(ctx) }
