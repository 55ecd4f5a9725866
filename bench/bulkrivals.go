package main

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"accesscodes/internal/store/postgres"
)

// What the databases do by themselves with the rows of a batch, all in one statement and one commit,
// in tables with the same columns and indexes.
var (
	//go:embed bulk.sql
	bulkShellScript string
	//go:embed bulkseries.sql
	bulkInsertScript string
)

const bulkInsertName = "INSERT … SELECT"

// bulkShell is SQLite's own shell.
func (b *bench) bulkShell() subject { return b.inShell(bulkShellScript, b.rows) }

// bulkInsert is PostgreSQL with a statement that sends it no row.
func (b *bench) bulkInsert() subject {
	return subject{bulkInsertName, func(ctx context.Context, _ int) (r reading, err error) {
		const name = "bulk_insert"
		for _, statement := range []string{"DROP DATABASE IF EXISTS " + name, "CREATE DATABASE " + name} {
			if err := b.cluster.Exec(ctx, "postgres", statement); err != nil {
				return r, err
			}
		}
		if _, err := postgres.Migrate(ctx, b.cluster.URL(name)); err != nil {
			return r, err
		}
		began := time.Now()
		if err := b.cluster.Exec(ctx, name, fmt.Sprintf(bulkInsertScript, b.rows)); err != nil {
			return r, err
		}
		r.Rate = float64(b.rows) / time.Since(began).Seconds()
		r.Note = thousands(float64(b.rows)) + " rows"
		return r, b.cluster.Exec(ctx, "postgres", "DROP DATABASE "+name)
	}}
}
