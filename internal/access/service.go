package access

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"
)

// secretLength is the length of an installation's secret in bytes: the size of the
// hash that it keys (RFC 2104 §3).
const secretLength = 32

// Deps is what a [Service] needs from outside.
type Deps struct {
	Store   Store
	Now     func() time.Time
	Entropy io.Reader          // a cryptographic source
	NewID   func() (ID, error) // UUIDv7
}

// Service is everything that can be done with codes, workspaces and keys. The HTTP
// interface, the command line and background work call the same methods. It is safe
// for concurrent use.
type Service struct {
	Deps
	alphabet string // its size is a power of two
	secret   []byte
	usage    keyUsage
}

// NewService returns a service over a migrated store and makes sure that the
// installation has its secret.
func NewService(ctx context.Context, deps Deps) (*Service, error) {
	proposed := make([]byte, secretLength)
	if _, err := io.ReadFull(deps.Entropy, proposed); err != nil {
		return nil, fmt.Errorf("read random bytes: %w", err)
	}
	secret, err := deps.Store.Secret(ctx, proposed)
	if err != nil {
		return nil, fmt.Errorf("read the installation's secret: %w", err)
	}
	return &Service{Deps: deps, alphabet: Alphabet, secret: secret}, nil
}

// SystemEntropy is the operating system's cryptographic random source.
func SystemEntropy() io.Reader { return rand.Reader }

// now is the current time as stores keep it.
func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }
