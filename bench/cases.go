package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"accesscodes/internal/store/pgtest"
)

// workCase is one kind of request that is measured.
type workCase struct {
	name    string
	codes   func(p *plan, runs int) int // how many codes there must be before so many runs
	shared  bool                        // there must be one code without a limit, SHARED
	bare    bool                        // the bare server is a subject
	pgbench bool                        // so is pgbench
	pages   bool                        // two pages of a list are the subjects, of each engine
}

// mostPerSecond is more requests than a run makes, so that each can have a code of its own.
const mostPerSecond = 60_000

var cases = []workCase{
	{name: "generate", bare: true, pgbench: true},
	{name: "add", bare: true},
	{name: "validate", bare: true, codes: func(*plan, int) int { return 100_000 }},
	{name: "redeem, one shared code", bare: true, shared: true},
	{name: "redeem, one code each", bare: true, codes: func(p *plan, runs int) int { return runs * p.codesPerRun() }},
	{name: "list", pages: true, codes: func(p *plan, _ int) int { return p.listed }},
}

func caseNames() (names []string) {
	for _, c := range cases {
		names = append(names, c.name)
	}
	return names
}

func (p *plan) codesPerRun() int { return int(p.duration.Seconds() * mostPerSecond) }

// subject is what is measured in a case.
type subject struct {
	name    string
	measure func(ctx context.Context, run int) (reading, error)
}

// Names of the subjects.
const (
	bareServer  = "bare net/http"
	onSQLite    = "SQLite"
	onPostgres  = "PostgreSQL"
	pgbenchName = "pgbench, one row each"
	firstPage   = ", page 1"
	farPage     = ", page 10,000"
)

// measureCase starts what a case needs, measures it and ends what was started.
func (p *plan) measureCase(ctx context.Context, c workCase, folder string, cluster *pgtest.Cluster) (result, error) {
	fmt.Printf("\n%s\n", c.name)
	var started []*process
	defer func() {
		for _, s := range started {
			s.stop()
		}
	}()
	var subjects []subject
	add := func(name string, s *process, path string) {
		subjects = append(subjects, subject{name, func(ctx context.Context, run int) (reading, error) {
			return p.measure(ctx, s, p.wrkArguments(c, run, path))
		}})
	}
	if c.bare {
		bare, err := start(ctx, p.bare, nil, nil)
		if err != nil {
			return result{}, err
		}
		started = append(started, bare)
		add(bareServer, bare, "")
	}
	database := strings.Map(func(r rune) rune { return map[bool]rune{true: r, false: '_'}[r >= 'a' && r <= 'z'] }, c.name)
	if err := cluster.Exec(ctx, "postgres", "CREATE DATABASE "+database); err != nil {
		return result{}, err
	}
	for _, e := range []struct{ name, address string }{
		{onSQLite, "sqlite:" + filepath.Join(folder, database+".db")},
		{onPostgres, cluster.URL(database)},
	} {
		s, err := p.startServer(ctx, folder, e.address)
		if err != nil {
			return result{}, err
		}
		started = append(started, s)
		if err := p.fill(ctx, c, e.address); err != nil {
			return result{}, fmt.Errorf("fill the database: %w", err)
		}
		if !c.pages {
			add(e.name, s, "")
			continue
		}
		far, err := farAway(ctx, s)
		if err != nil {
			return result{}, err
		}
		add(e.name+firstPage, s, "/tenant-codes?limit=50")
		add(e.name+farPage, s, "/tenant-codes?limit=50&cursor="+far)
	}
	if c.pgbench {
		subjects = append(subjects, subject{pgbenchName, func(ctx context.Context, _ int) (reading, error) {
			return p.pgbench(ctx, folder, cluster, database)
		}})
	}
	return p.measureAll(ctx, c, subjects)
}

// wrkArguments are what the script gets.
func (p *plan) wrkArguments(c workCase, run int, path string) []string {
	first, count := 0, 0
	switch {
	case c.name == "validate":
		count = c.codes(p, 0)
	case c.codes != nil:
		first, count = run*p.codesPerRun(), p.codesPerRun()
	}
	return []string{c.name, fmt.Sprintf("%x-%d", runTag, run), strconv.Itoa(first), strconv.Itoa(count), path}
}

// measureAll runs every subject in turn, as often as planned.
func (p *plan) measureAll(ctx context.Context, c workCase, subjects []subject) (result, error) {
	all := result{Case: c.name, Readings: map[string][]reading{}}
	for _, s := range subjects {
		all.Subjects = append(all.Subjects, s.name)
	}
	for run := range p.runs {
		for _, s := range subjects {
			r, err := s.measure(ctx, run)
			if err != nil {
				return result{}, fmt.Errorf("%s: %w", s.name, err)
			}
			all.Readings[s.name] = append(all.Readings[s.name], r)
			fmt.Printf("  %-24s %s\n", s.name, r)
		}
	}
	return all, nil
}
