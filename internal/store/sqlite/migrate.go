package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the database/sql driver that goose needs
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/store/schema"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the schema of the file at path up to date and returns what it did.
// A schema that is newer than the program is refused.
func Migrate(ctx context.Context, path string) (done []schema.Migration, err error) {
	file, err := createFile(path)
	if err == nil {
		err = file.Close() // before SQLite has it open
	}
	if err != nil {
		return nil, err
	}
	err = withProvider(path, func(p *goose.Provider) error {
		done, err = schema.Up(ctx, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("migrate %s: %w", path, err)
	}
	return done, nil
}

// MigrationStatus returns every migration that the program knows, oldest first.
// The file is not changed; if it does not exist, it is not created, and everything is
// pending.
func MigrationStatus(ctx context.Context, path string) (all []schema.Migration, err error) {
	migrated, err := isMigrated(path)
	if err != nil {
		return nil, fmt.Errorf("read the migrations of %s: %w", path, err)
	}
	err = withProvider(path, func(p *goose.Provider) error { // which opens the file when it is asked something
		if !migrated {
			all = schema.Known(p)
			return nil
		}
		all, err = schema.Status(ctx, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the migrations of %s: %w", path, err)
	}
	return all, nil
}

// isMigrated reports whether a file exists and was ever migrated. It writes nothing.
func isMigrated(path string) (found bool, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	err = sqlitex.ExecuteTransient(conn, "SELECT 1 FROM sqlite_schema WHERE name = ?", &sqlitex.ExecOptions{
		Args:       []any{goose.DefaultTablename},
		ResultFunc: func(*sqlite.Stmt) error { found = true; return nil },
	})
	return found, err
}

func withProvider(path string, do func(*goose.Provider) error) (err error) {
	db, err := openSQL(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithGoMigrations(forms.Migration(formsVersion)))
	if err != nil {
		return err
	}
	return do(provider)
}

// openSQL opens a file as the library that migrates needs it.
func openSQL(path string) (*sql.DB, error) {
	// The busy timeout comes first: the other pragmas may already need a lock.
	const pragmas = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate"
	dsn := url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: pragmas}
	db, err := sql.Open("sqlite", dsn.String())
	if err == nil {
		db.SetMaxOpenConns(2) // the library keeps one while a migration in Go uses the other
	}
	return db, err
}
