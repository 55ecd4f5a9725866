package app

import (
	"context"

	"accesscodes/internal/config"
	"accesscodes/internal/web/console"
)

// installation tells of the database, for whoever runs it. It names no code and no user. Which migrations
// are applied is read now: the program has just applied its own.
func (p *parts) installation(
	ctx context.Context, database string,
) (func(context.Context) (console.Installation, error), error) {
	db, err := config.ParseDatabase(database)
	if err != nil {
		return nil, err
	}
	at := console.Installation{Engine: string(db.Engine)}
	migrations, err := MigrationStatus(ctx, database)
	if err != nil {
		return nil, err
	}
	for _, m := range migrations {
		if m.AppliedAt.IsZero() {
			at.Pending++
		} else {
			at.Schema = max(at.Schema, m.Version)
		}
	}
	return func(ctx context.Context) (console.Installation, error) {
		i := at
		var err error
		if i.EngineVersion, i.Bytes, err = p.store.About(ctx); err != nil {
			return i, err
		}
		if db.Engine == config.SQLite {
			i.Free, i.FreeKnown = freeOnDisk(db.Path)
		}
		i.Away, err = p.store.Ping(ctx)
		return i, err
	}, nil
}
