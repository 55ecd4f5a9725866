package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"accesscodes/internal/store/schema"
)

//go:embed migrations/*.sql
var migrations embed.FS

// The lock that lets one node migrate at a time is a row with a lease that its holder renews. It is
// not a session lock, which poolers and some distributed engines do not support. If the holder dies,
// the next node waits until the lease ends.
const (
	lockLease     = 15 * time.Second
	lockHeartbeat = 3 * time.Second
	lockPause     = time.Second // between two tries to get it
	lockTries     = 120
)

// Migrate brings the schema of the database at address up to date and returns what it did. It
// refuses a schema that is newer than the program, and a database that is not durable.
func Migrate(ctx context.Context, address string) (done []schema.Migration, err error) {
	config, err := poolConfig(address)
	if err != nil {
		return nil, err
	}
	if err := onConnection(ctx, config.ConnConfig, checkDurability); err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	err = withProvider(address, func(_ *sql.DB, p *goose.Provider) error {
		done, err = schema.Up(ctx, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("migrate the database: %w", err)
	}
	return done, nil
}

// MigrationStatus returns every migration that the program knows, oldest first. Nothing
// is changed.
func MigrationStatus(ctx context.Context, address string) (all []schema.Migration, err error) {
	err = withProvider(address, func(db *sql.DB, p *goose.Provider) error {
		var migrated bool
		if err := db.QueryRowContext(ctx, "SELECT to_regclass($1) IS NOT NULL",
			goose.DefaultTablename).Scan(&migrated); err != nil {
			return err
		}
		if !migrated {
			all = schema.Known(p)
			return nil
		}
		all, err = schema.Status(ctx, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the database's migrations: %w", err)
	}
	return all, nil
}

func withProvider(address string, do func(*sql.DB, *goose.Provider) error) (err error) {
	config, err := poolConfig(address)
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*config.ConnConfig)
	defer func() { err = errors.Join(err, db.Close()) }()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresTableLocker(
		lock.WithTableLeaseDuration(lockLease), lock.WithTableHeartbeatInterval(lockHeartbeat),
		lock.WithTableLockTimeout(lockPause, lockTries))
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithLocker(locker),
		goose.WithGoMigrations(forms.Migration(formsVersion)))
	if err != nil {
		return err
	}
	return do(db, provider)
}
