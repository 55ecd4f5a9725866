package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"accesscodes/internal/access"
	"accesscodes/internal/config"
	"accesscodes/internal/store/postgres"
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
	e, err := engineOf(database)
	if err != nil {
		return nil, err
	}
	if _, err := e.migrate(ctx); err != nil {
		return nil, err
	}
	return e.open(ctx)
}

// Migrate brings a database's schema up to date and returns what it did.
func Migrate(ctx context.Context, database string) ([]access.Migration, error) {
	e, err := engineOf(database)
	if err != nil {
		return nil, err
	}
	return e.migrate(ctx)
}

// MigrationStatus returns the migrations of a database, applied and pending.
func MigrationStatus(ctx context.Context, database string) ([]access.Migration, error) {
	e, err := engineOf(database)
	if err != nil {
		return nil, err
	}
	return e.migrationStatus(ctx)
}

// Distribute spreads the tables of a PostgreSQL database over the nodes of a Citus cluster
// and returns where each lies then.
func Distribute(ctx context.Context, database string) ([]access.Placement, error) {
	e, err := engineOf(database)
	if err != nil {
		return nil, err
	}
	if e.distribute == nil {
		return nil, fmt.Errorf("a database of the kind %s lies on one machine; only PostgreSQL with the extension citus can be distributed", e.name)
	}
	if _, err := e.migrate(ctx); err != nil {
		return nil, err
	}
	return e.distribute(ctx)
}

// engine is what can be done with the kind of database that an address names.
type engine struct {
	name                     config.Engine
	open                     func(context.Context) (access.Store, error)
	migrate, migrationStatus func(context.Context) ([]access.Migration, error)
	distribute               func(context.Context) ([]access.Placement, error) // nil: impossible
}

func engineOf(database string) (engine, error) {
	db, err := config.ParseDatabase(database)
	if err != nil {
		return engine{}, err
	}
	if db.Engine == config.Postgres {
		return engine{
			name:            db.Engine,
			open:            func(ctx context.Context) (access.Store, error) { return postgres.Open(ctx, db.URL, postgres.Options{}) },
			migrate:         func(ctx context.Context) ([]access.Migration, error) { return postgres.Migrate(ctx, db.URL) },
			migrationStatus: func(ctx context.Context) ([]access.Migration, error) { return postgres.MigrationStatus(ctx, db.URL) },
			distribute:      func(ctx context.Context) ([]access.Placement, error) { return postgres.Distribute(ctx, db.URL) },
		}, nil
	}
	return engine{
		name:            db.Engine,
		open:            func(context.Context) (access.Store, error) { return sqlite.Open(db.Path, sqlite.Options{}) },
		migrate:         func(ctx context.Context) ([]access.Migration, error) { return sqlite.Migrate(ctx, db.Path) },
		migrationStatus: func(ctx context.Context) ([]access.Migration, error) { return sqlite.MigrationStatus(ctx, db.Path) },
	}, nil
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
