package tenancy

import (
	"context"
	"fmt"
	"io"
)

// secretLength is the length of an installation's secret in bytes.
const secretLength = 32

// EnsureSecret makes the installation's secret if there is none yet. No value given to callers is
// derived from it: it only tells one installation from another when a database is copied. entropy is
// a cryptographic source.
func EnsureSecret(ctx context.Context, store InstallationStore, entropy io.Reader) error {
	proposed := make([]byte, secretLength)
	if _, err := io.ReadFull(entropy, proposed); err != nil {
		return fmt.Errorf("read random bytes: %w", err)
	}
	if _, err := store.Secret(ctx, proposed); err != nil {
		return fmt.Errorf("read the installation's secret: %w", err)
	}
	return nil
}

// PublicURL returns the address under which callers reach the installation; empty: it is not set.
func (s *Service) PublicURL(ctx context.Context) (string, error) { return s.store.PublicURL(ctx) }
