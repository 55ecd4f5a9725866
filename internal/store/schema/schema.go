// Package schema brings the schema of a store up to date. It holds what both engines share; their
// own migrations are SQL files in their folders.
package schema

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/pressly/goose/v3"
)

// tries is how often a migration is tried. If two processes start on a new database at once, one
// fails because the other is faster; when it tries again it finds the work done.
const tries = 5

// Up applies every pending migration and returns them. A schema that is newer than the program is
// refused with [ErrSchemaTooNew].
func Up(ctx context.Context, p *goose.Provider) ([]Migration, error) {
	var done []Migration
	for try := 1; ; try++ {
		pending, err := hasPending(ctx, p)
		if err == nil && !pending {
			return done, nil
		}
		if err == nil {
			var results []*goose.MigrationResult
			results, err = p.Up(ctx)
			for _, r := range results {
				done = append(done, Migration{Version: r.Source.Version, Name: r.Source.Path, AppliedAt: time.Now().UTC()})
			}
		}
		if err == nil || errors.Is(err, ErrSchemaTooNew) || try == tries {
			return done, err
		}
		select {
		case <-time.After(time.Duration(try) * (50*time.Millisecond + rand.N(50*time.Millisecond))):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Status returns every migration that the program knows, oldest first. The database must have been
// migrated before, because the library would create its own table in it.
func Status(ctx context.Context, p *goose.Provider) ([]Migration, error) {
	if _, err := hasPending(ctx, p); err != nil {
		return nil, err
	}
	statuses, err := p.Status(ctx)
	var all []Migration
	for _, status := range statuses {
		all = append(
			all,
			Migration{Version: status.Source.Version, Name: status.Source.Path, AppliedAt: status.AppliedAt.UTC()},
		)
	}
	return all, err
}

// Known returns every migration that the program knows, all of them pending, as in a database that
// was never migrated.
func Known(p *goose.Provider) []Migration {
	var all []Migration
	for _, source := range p.ListSources() {
		all = append(all, Migration{Version: source.Version, Name: source.Path})
	}
	return all
}

// hasPending compares versions. It takes no lock, so a program with nothing to do waits for nothing.
func hasPending(ctx context.Context, p *goose.Provider) (bool, error) {
	current, newest, err := p.GetVersions(ctx)
	if err == nil && current > newest {
		err = fmt.Errorf(
			"%w: the database is at version %d, this program knows %d; use a newer accesscodes",
			ErrSchemaTooNew,
			current,
			newest,
		)
	}
	return current < newest, err
}
