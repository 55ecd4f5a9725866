package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// scale measures the same requests on databases of different sizes.
type scale struct{}

func (scale) title() string { return "scale" }

// sized is a server on a database with so many codes.
type sized struct {
	engine
	codes int
}

func (s sized) name() string { return sizedName(s.engine.name, s.codes) }

// sizedName names the subject of an engine with so many codes.
func sizedName(engine string, codes int) string { return engine + ", " + count(codes) + " codes" }

// count writes a round number as people say it.
func count(n int) string {
	switch {
	case n >= million && n%million == 0:
		return strconv.Itoa(n/million) + " M"
	case n >= 1000 && n%1000 == 0:
		return strconv.Itoa(n/1000) + " k"
	default:
		return strconv.Itoa(n)
	}
}

// scaleKinds are the requests that are measured, by the names that results have, and how the
// script knows them. Generating comes last: it makes the small databases larger.
var scaleKinds = []struct{ name, kind string }{
	{"validate", "validate"},
	{"list", "list"},
	{"redeem", "redeem, any code"},
	{"generate", "generate"},
}

func (c scale) measure(ctx context.Context, b *bench) ([]result, error) {
	var all []sized
	for _, codes := range b.sizes {
		engines, err := b.engines(ctx, "scale_"+strconv.Itoa(codes))
		if err != nil {
			return nil, err
		}
		for _, e := range engines {
			fmt.Printf("  filling %s\n", sizedName(e.name, codes))
			if err := (filling{count: codes}).fill(ctx, e.address); err != nil {
				return nil, fmt.Errorf("fill the database: %w", err)
			}
			all = append(all, sized{e, codes})
		}
	}
	sizes := result{Case: "scale: size", Readings: map[string][]reading{}}
	for _, s := range all {
		r, err := b.sizeOf(ctx, s)
		if err != nil {
			return nil, err
		}
		sizes.Subjects = append(sizes.Subjects, s.name())
		sizes.Readings[s.name()] = []reading{r}
		fmt.Printf("  %-30s %s\n", s.name(), r)
	}
	results := []result{sizes}
	for _, k := range scaleKinds {
		fmt.Printf(" %s\n", k.name)
		var subjects []subject
		for _, s := range all {
			subjects = append(subjects, subject{s.name(), func(ctx context.Context, run int) (reading, error) {
				return b.measure(ctx, s.server, load{
					kind: k.kind, run: fmt.Sprintf("%x-%d", runTag, run), count: s.codes,
					path: fmt.Sprintf("/tenant-codes?limit=%d", pageSize), duration: b.sized.duration,
				})
			}})
		}
		measured, err := inTurn(ctx, "scale: "+k.name, b.sized.runs, subjects)
		if err != nil {
			return nil, err
		}
		results = append(results, measured)
	}
	return results, nil
}

// sizeOf measures a database that has just been filled, and its server, which is idle: the
// filling was not its work.
func (b *bench) sizeOf(ctx context.Context, s sized) (r reading, err error) {
	r.IdleMiB, err = s.server.memory("VmRSS")
	if err != nil {
		return r, err
	}
	var bytes int64
	if path, ok := strings.CutPrefix(s.address, "sqlite:"); ok {
		bytes, err = pagesOfFile(path)
	} else {
		bytes, err = settle(ctx, s.address)
	}
	r.BytesPerCode = float64(bytes) / float64(s.codes)
	return r, err
}

// pagesOfFile is how many bytes an SQLite database has, those in its log counted once.
func pagesOfFile(path string) (bytes int64, err error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	err = sqlitex.ExecuteTransient(conn, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
		&sqlitex.ExecOptions{
			ResultFunc: func(stmt *sqlite.Stmt) error { bytes = stmt.ColumnInt64(0); return nil },
		})
	return bytes, err
}

// settle lets PostgreSQL do now what it would do soon after so much has been inserted, and
// returns the size of the tables and indexes of codes.
func settle(ctx context.Context, address string) (bytes int64, err error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range []string{"VACUUM ANALYZE", "CHECKPOINT"} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return 0, err
		}
	}
	err = conn.QueryRow(ctx, "SELECT pg_total_relation_size('codes')").Scan(&bytes)
	return bytes, err
}
