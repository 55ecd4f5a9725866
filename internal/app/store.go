package app

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"accesscodes/internal/access"
	"accesscodes/internal/config"
	"accesscodes/internal/store/sqlite"
)

// OpenService migrates a database and opens a service on it, as commands that work
// straight on the database need it. Close it with the returned function.
func OpenService(ctx context.Context, database string) (*access.Service, func() error, error) {
	store, err := openStore(ctx, database)
	if err != nil {
		return nil, nil, err
	}
	service, err := newService(ctx, store)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return service, store.Close, nil
}

// openStore migrates and opens the bare store of an engine.
func openStore(ctx context.Context, database string) (access.Store, error) {
	if _, err := Migrate(ctx, database); err != nil {
		return nil, err
	}
	db, err := config.ParseDatabase(database)
	if err != nil {
		return nil, err
	}
	return sqlite.Open(db.Path, sqlite.Options{})
}

// Migrate brings a database's schema up to date and returns what it did.
func Migrate(ctx context.Context, database string) ([]access.Migration, error) {
	db, err := config.ParseDatabase(database)
	if err != nil {
		return nil, err
	}
	return sqlite.Migrate(ctx, db.Path)
}

// MigrationStatus returns the migrations of a database, applied and pending.
func MigrationStatus(ctx context.Context, database string) ([]access.Migration, error) {
	db, err := config.ParseDatabase(database)
	if err != nil {
		return nil, err
	}
	return sqlite.MigrationStatus(ctx, db.Path)
}

func newService(ctx context.Context, store access.Store) (*access.Service, error) {
	return access.NewService(ctx, access.Deps{
		Store: store, Now: time.Now, Entropy: access.SystemEntropy(),
		NewID: func() (access.ID, error) {
			id, err := uuid.NewV7()
			return access.ID(id), err
		},
	})
}
