package app

import (
	"context"

	"accesscodes/internal/config"
	"accesscodes/internal/web/console"
)

// installation tells of the database, for whoever runs it. It names no code and no user.
func (p *parts) installation(database string) func(context.Context) (console.Installation, error) {
	return func(ctx context.Context) (i console.Installation, err error) {
		db, err := config.ParseDatabase(database)
		if err != nil {
			return i, err
		}
		i.Engine = string(db.Engine)
		if i.EngineVersion, i.Bytes, err = p.store.About(ctx); err != nil {
			return i, err
		}
		if db.Engine == config.SQLite {
			i.Free, i.FreeKnown = freeOnDisk(db.Path)
		}
		if i.Away, err = p.store.Ping(ctx); err != nil {
			return i, err
		}
		migrations, err := MigrationStatus(ctx, database)
		for _, m := range migrations {
			if m.AppliedAt.IsZero() {
				i.Pending++
			} else {
				i.Schema = max(i.Schema, m.Version)
			}
		}
		return i, err
	}
}
