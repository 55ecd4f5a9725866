package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"accesscodes/internal/store/pgtest"
)

// benchCase is something to measure.
type benchCase interface {
	title() string
	measure(ctx context.Context, b *bench) ([]result, error)
}

var cases = []benchCase{
	workCase{name: "generate", rivals: []rival{bareServer, pocketBase, pds}, tools: true},
	workCase{name: "add", rivals: []rival{bareServer}},
	workCase{name: "validate", rivals: []rival{bareServer}, codes: func(*plan) int { return 100_000 }},
	workCase{name: "redeem, one shared code", rivals: []rival{bareServer}, shared: true},
	workCase{
		name:   "redeem, one code each",
		rivals: []rival{bareServer},
		codes:  func(p *plan) int { return p.runs * p.codesPerRun() },
	},
	workCase{name: "list", pages: true, codes: func(p *plan) int { return p.listed }},
	halfLoad{},
	bulkWork{},
	consolePages{},
	scale{},
}

func caseNames() (names []string) {
	for _, c := range cases {
		names = append(names, c.title())
	}
	return names
}

// bench is a case under way: what it has started ends with it.
type bench struct {
	*plan
	folder  string
	cluster *pgtest.Cluster
	name    string
	started []*process
}

func (b *bench) end() {
	for _, s := range b.started {
		s.stop()
	}
}

// Names of the subjects that are the server itself.
const (
	onSQLite   = "SQLite"
	onPostgres = "PostgreSQL"
)

// engine is a server on a database of its own.
type engine struct {
	name    string // of the kind of database
	address string
	server  *process
}

// engines starts a server on each kind of database. purpose is part of the databases' names.
func (b *bench) engines(ctx context.Context, purpose string) ([]engine, error) {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, purpose)
	if err := b.cluster.Exec(ctx, "postgres", "CREATE DATABASE "+name); err != nil {
		return nil, err
	}
	all := []engine{
		{name: onSQLite, address: "sqlite:" + filepath.Join(b.folder, name+".db")},
		{name: onPostgres, address: b.cluster.URL(name)},
	}
	for i := range all {
		server, err := b.startServer(ctx, b.folder, all[i].address)
		if err != nil {
			return nil, err
		}
		b.started = append(b.started, server)
		all[i].server = server
	}
	return all, nil
}

// subject is what is measured in a case.
type subject struct {
	name    string
	measure func(ctx context.Context, run int) (reading, error)
}

// inTurn runs every subject in turn, so often.
func inTurn(ctx context.Context, name string, runs int, subjects []subject) (result, error) {
	all := result{Case: name, Readings: map[string][]reading{}}
	for _, s := range subjects {
		all.Subjects = append(all.Subjects, s.name)
	}
	for run := range runs {
		for _, s := range subjects {
			syscall.Sync() // what another subject has left unwritten would be written by the syncs of this one
			r, err := s.measure(ctx, run)
			if err != nil {
				return result{}, fmt.Errorf("%s: %w", s.name, err)
			}
			all.Readings[s.name] = append(all.Readings[s.name], r)
			fmt.Printf("  %-30s %s\n", s.name, r)
		}
	}
	return all, nil
}

// workCase is one kind of request.
type workCase struct {
	name   string
	codes  func(p *plan) int // how many codes there must be before
	shared bool              // there must be one code without a limit, SHARED
	rivals []rival
	tools  bool // so are pgbench and the sqlite3 shell
	pages  bool // two pages of a list are the subjects, of each engine
}

func (c workCase) title() string { return c.name }

// mostPerSecond is more requests than a run makes, so that each can have a code of its own.
const mostPerSecond = 60_000

func (p *plan) codesPerRun() int { return int(p.duration.Seconds() * mostPerSecond) }

func (c workCase) measure(ctx context.Context, b *bench) ([]result, error) {
	var subjects []subject
	for _, r := range c.rivals {
		server, skipped, err := r.start(ctx)
		if err != nil {
			return nil, err
		}
		if skipped != "" {
			fmt.Printf("  %-30s skipped: %s\n", r.name, skipped)
			continue
		}
		b.started = append(b.started, server)
		subjects = append(subjects, subject{r.name, func(ctx context.Context, run int) (reading, error) {
			l := c.load(b.plan, run)
			if r.kind != "" {
				l.kind = r.kind
			}
			return b.measure(ctx, server, l)
		}})
	}
	engines, err := b.engines(ctx, c.name)
	if err != nil {
		return nil, err
	}
	for _, e := range engines {
		f := filling{shared: c.shared, once: true}
		if c.codes != nil {
			f.count = c.codes(b.plan)
		}
		if err := f.fill(ctx, e.address); err != nil {
			return nil, fmt.Errorf("fill the database: %w", err)
		}
		if !c.pages {
			subjects = append(subjects, subject{e.name, func(ctx context.Context, run int) (reading, error) {
				return b.measure(ctx, e.server, c.load(b.plan, run))
			}})
			continue
		}
		pages, err := b.pagesOf(ctx, e, f.count)
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, pages...)
	}
	if c.tools {
		subjects = append(subjects, b.pgbench(engines[1].address), b.shell(), b.disk())
	}
	measured, err := inTurn(ctx, c.name, b.runs, subjects)
	return []result{measured}, err
}

// load is what the case's requests are.
func (c workCase) load(p *plan, run int) load {
	l := load{kind: c.name, run: fmt.Sprintf("%x-%d", runTag, run), duration: p.duration}
	switch {
	case c.name == "validate":
		l.count = c.codes(p)
	case c.codes != nil:
		l.first, l.count = run*p.codesPerRun(), p.codesPerRun()
	}
	return l
}

// pageSize is how many codes a page of the measured lists has.
const pageSize = 50

// pagesOf are two pages of a list of so many codes: the first and the one in the middle.
func (b *bench) pagesOf(ctx context.Context, e engine, count int) ([]subject, error) {
	middle := count / pageSize / 2
	far, err := farAway(ctx, e.server, middle)
	if err != nil {
		return nil, err
	}
	page := func(name, path string) subject {
		return subject{e.name + name, func(ctx context.Context, _ int) (reading, error) {
			return b.measure(ctx, e.server, load{kind: "list", path: path, duration: b.duration})
		}}
	}
	first := fmt.Sprintf("/tenant-codes?limit=%d", pageSize)
	return []subject{page(firstPage, first), page(farPage, first+"&cursor="+far)}, nil
}

const (
	firstPage = ", first page"
	farPage   = ", page in the middle"
)

// runTag makes what this process sends different from what an earlier one did.
var runTag = time.Now().UnixNano()
