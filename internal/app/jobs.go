package app

import (
	"fmt"
	"log/slog"
	"time"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
	"accesscodes/internal/tenancy"
)

// newRunner returns the runner of this node, with a worker for each kind of job.
func newRunner(store bareStore, source bulk.Source, load job.Load, log *slog.Logger) (*job.Runner, error) {
	node, err := newID()
	if err != nil {
		return nil, fmt.Errorf("name this node: %w", err)
	}
	imports := bulk.NewImportWorker(store, time.Now, core.SystemEntropy())
	return job.NewRunner(job.RunnerConfig{
		Store: store, Node: node, Now: time.Now, Log: log, Load: load,
		Workers: map[job.Kind]job.Worker{
			bulk.KindBatch:       bulk.NewBatchWorker(store, source, time.Now, core.SystemEntropy()),
			bulk.KindImport:      imports,
			bulk.KindImportBatch: imports,
			bulk.KindChange:      bulk.NewChangeWorker(store, store, time.Now, core.SystemEntropy()),
		},
	}), nil
}

func newBatches(
	store bareStore, source bulk.Source, people *tenancy.Service, runner *job.Runner,
) *bulk.Batches {
	return bulk.NewBatches(bulk.Deps{
		Store: store, Jobs: store, Source: source, Taken: store.CodesTaken, Before: people.Predecessors,
		Now: time.Now, Entropy: core.SystemEntropy(), NewID: newID, Wake: runner.Wake,
	})
}

func newChanges(store bareStore, services *codes.Services, runner *job.Runner) *bulk.Changes {
	return bulk.NewChanges(bulk.ChangesDeps{
		Store: store, Reads: store, Jobs: store, Forms: services.FormsOf,
		Now: time.Now, Entropy: core.SystemEntropy(), NewID: newID, Wake: runner.Wake,
	})
}

func newImports(
	store bareStore, services *codes.Services, people *tenancy.Service, load job.Load,
) *bulk.Imports {
	return bulk.NewImports(bulk.ImportsDeps{
		Store: store, DryRun: store.DryRun, Jobs: store, Forms: services.FormOfNew, Load: load,
		Before: people.Predecessors,
		Now:    time.Now, Entropy: core.SystemEntropy(), NewID: newID,
	})
}
