package main

import (
	"context"
	"fmt"
	"time"
)

// bulkWork is many codes at once: a batch, downloads, changes, and single codes that are
// generated meanwhile; beside what each database does with as many rows in one statement of its own.
type bulkWork struct{}

func (bulkWork) title() string { return "bulk" }

// Names of the results.
const (
	bulkBatch    = "bulk: batch"
	bulkNDJSON   = "bulk: export, NDJSON"
	bulkCSV      = "bulk: export, CSV"
	bulkRevoke   = "bulk: revoke"
	bulkUndo     = "bulk: undo"
	bulkGenerate = "bulk: generate at a tenth of the peak"
)

// Subjects of generating.
const (
	alone        = ", alone"
	besideBatch  = ", beside a batch"
	besideChange = ", beside a change"
)

// measure has new databases in each run: one that has grown would be another one.
func (w bulkWork) measure(ctx context.Context, b *bench) (results []result, err error) {
	for run := range b.runs {
		engines, err := b.engines(ctx, fmt.Sprintf("bulk_%d", run))
		if err != nil {
			return nil, err
		}
		var sites []*bulkSite
		for _, e := range engines {
			sites = append(sites, &bulkSite{bench: b, engine: e})
		}
		for i, kase := range w.cases(b, sites) {
			fmt.Printf(" %s, run %d\n", kase.name, run+1)
			measured, err := inTurn(ctx, kase.name, 1, kase.subjects)
			if err != nil {
				return nil, err
			}
			if run == 0 {
				results = append(results, measured)
				continue
			}
			for subject, readings := range measured.Readings {
				results[i].Readings[subject] = append(results[i].Readings[subject], readings...)
			}
		}
		b.end()
		b.started = nil
	}
	return results, nil
}

// bulkCase is one kind of work with its subjects.
type bulkCase struct {
	name     string
	subjects []subject
}

// cases are in an order in which each finds what it needs.
func (bulkWork) cases(b *bench, sites []*bulkSite) []bulkCase {
	each := func(name string, measure func(*bulkSite, context.Context) (reading, error)) bulkCase {
		c := bulkCase{name: name}
		for _, s := range sites {
			c.subjects = append(c.subjects, subject{s.engine.name, func(ctx context.Context, _ int) (reading, error) {
				return measure(s, ctx)
			}})
		}
		return c
	}
	batch := each(bulkBatch, (*bulkSite).makeBatch)
	batch.subjects = append(batch.subjects, b.bulkShell(), b.bulkInsert())
	generate := bulkCase{name: bulkGenerate}
	for _, s := range sites {
		generate.subjects = append(generate.subjects,
			subject{s.engine.name + alone, s.generateAlone},
			subject{s.engine.name + besideBatch, s.generateBesideBatch},
			subject{s.engine.name + besideChange, s.generateBesideChange})
	}
	return []bulkCase{
		batch,
		each(bulkNDJSON, func(s *bulkSite, ctx context.Context) (reading, error) { return s.export(ctx, "ndjson") }),
		each(bulkCSV, func(s *bulkSite, ctx context.Context) (reading, error) { return s.export(ctx, "csv") }),
		each(bulkRevoke, (*bulkSite).revoke),
		each(bulkUndo, (*bulkSite).undo),
		generate,
	}
}

// bulkSite is an engine with what was made on it in a run.
type bulkSite struct {
	*bench
	engine
	batch, change string // ids
	tenth         int    // of the codes that it generates in a second
}

func (s *bulkSite) makeBatch(ctx context.Context) (reading, error) {
	body := fmt.Sprintf(`{"count":%d,"type":"Normal"}`, s.rows)
	return s.job(ctx, "/batches", body, "succeeded", &s.batch)
}

func (s *bulkSite) revoke(ctx context.Context) (reading, error) {
	body := fmt.Sprintf(`{"select":{"batchId":%q},"do":{"revoke":true}}`, s.batch)
	return s.job(ctx, "/changes", body, "succeeded", &s.change)
}

func (s *bulkSite) undo(ctx context.Context) (reading, error) {
	var id string
	return s.job(ctx, "/changes/"+s.change+"/undo", "{}", "undone", &id)
}

// job asks for a job over all rows, whose id it keeps, and measures it until it has ended.
func (s *bulkSite) job(ctx context.Context, path, body, want string, id *string) (reading, error) {
	return s.watch(s.rows, func() (time.Duration, error) {
		began := time.Now()
		var j wireJob
		if err := s.server.call(ctx, "POST", path, body, &j); err != nil {
			return 0, err
		}
		*id = j.ID
		ended, err := s.server.await(ctx, j.path(path), want)
		return ended.Sub(began), err
	})
}

// export downloads every code of the workspace.
func (s *bulkSite) export(ctx context.Context, format string) (reading, error) {
	return s.watch(s.rows, func() (time.Duration, error) {
		began := time.Now()
		lines, err := s.server.lines(ctx, "/exports/codes?format="+format)
		if format == "csv" {
			lines-- // the header
		}
		if err == nil && lines != s.rows {
			err = fmt.Errorf("%d codes were exported of %d", lines, s.rows)
		}
		return time.Since(began), err
	})
}

// watch measures work on so many rows: its time is what do returns, and the server's peak memory is
// that of the work alone.
func (s *bulkSite) watch(rows int, do func() (time.Duration, error)) (r reading, err error) {
	if err := s.server.resetPeak(); err != nil {
		return r, err
	}
	before, err := s.server.cpu()
	if err != nil {
		return r, err
	}
	took, err := do()
	if err != nil {
		return r, err
	}
	after, err := s.server.cpu()
	if err != nil {
		return r, err
	}
	r.Rate, r.CPUPerMillion = float64(rows)/took.Seconds(), (after-before).Seconds()/float64(rows)*million
	r.PeakMiB, err = s.server.memory("VmHWM")
	return r, err
}
