package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the database/sql driver that goose needs
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/access"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrateTries is how often a migration is tried. Of two processes that start on a
// new file at once, one fails because the other is faster; it finds the work done
// when it tries again.
const migrateTries = 5

// Migrate brings the schema of the file at path up to date and returns what it did.
// A schema that is newer than the program is refused.
func Migrate(ctx context.Context, path string) ([]access.Migration, error) {
	if err := createFile(path); err != nil {
		return nil, err
	}
	var done []access.Migration
	err := withProvider(path, func(p *goose.Provider) error {
		for try := 1; ; try++ {
			err := refuseNewer(ctx, p)
			if err == nil {
				var results []*goose.MigrationResult
				results, err = p.Up(ctx)
				for _, r := range results {
					done = append(done, access.Migration{Version: r.Source.Version, Name: r.Source.Path, AppliedAt: time.Now().UTC()})
				}
			}
			if err == nil || errors.Is(err, access.ErrSchemaTooNew) || try == migrateTries {
				return err
			}
			select {
			case <-time.After(time.Duration(try) * (50*time.Millisecond + rand.N(50*time.Millisecond))):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("migrate %s: %w", path, err)
	}
	return done, nil
}

// MigrationStatus returns every migration that the program knows, oldest first.
// The file is not changed; if it does not exist, it is not created, and everything is
// pending.
func MigrationStatus(ctx context.Context, path string) ([]access.Migration, error) {
	file := path
	migrated, err := isMigrated(path)
	if err != nil {
		return nil, fmt.Errorf("read the migrations of %s: %w", path, err)
	}
	if !migrated {
		file = ":memory:" // goose would write its table into the file
	}
	var all []access.Migration
	err = withProvider(file, func(p *goose.Provider) error {
		if err := refuseNewer(ctx, p); err != nil {
			return err
		}
		statuses, err := p.Status(ctx)
		for _, status := range statuses {
			all = append(all, access.Migration{Version: status.Source.Version, Name: status.Source.Path, AppliedAt: status.AppliedAt.UTC()})
		}
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

func withProvider(path string, act func(*goose.Provider) error) (err error) {
	// The busy timeout comes first: the other pragmas may already need a lock.
	dsn := url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate"}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return err
	}
	return act(provider)
}

func refuseNewer(ctx context.Context, p *goose.Provider) error {
	current, newest, err := p.GetVersions(ctx)
	if err == nil && current > newest {
		err = fmt.Errorf("%w: the database is at version %d, this program knows %d; use a newer accesscodes", access.ErrSchemaTooNew, current, newest)
	}
	return err
}
