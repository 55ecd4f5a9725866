package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"time"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
	"accesscodes/internal/member"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/tenancy"
)

// deed is something that happened.
type deed struct {
	at time.Time
	do func(ctx context.Context) error
}

// world is an installation whose clock can be set.
type world struct {
	today time.Time // its beginning, UTC
	dice  *rand.Rand

	codes   *codes.Services
	tenancy *tenancy.Service
	members *member.People
	batches *bulk.Batches
	changes *bulk.Changes
	imports *bulk.Imports
	runner  *job.Runner

	workspace   tenancy.Workspace
	secret      string
	shop, crm   core.Actor // keys of programs
	mara, priya core.Actor
	redeemable  []string // codes that anybody may redeem

	now  time.Time
	seed io.Reader // of ids
}

// entropy is a source of randomness that gives the same each time. Nothing here is a secret.
func entropy(seed byte) io.Reader { return rand.NewChaCha8([32]byte{seed}) }

func newWorld(store *sqlite.Store) (*world, error) {
	w := &world{
		today: time.Now().UTC().Truncate(24 * time.Hour), dice: rand.New(rand.NewPCG(2027, 1)), seed: entropy('i'),
	}
	w.set(w.today.AddDate(0, 0, -firstDay))
	w.codes = codes.NewServices(codes.Deps{
		Store: store, Now: w.clock, Entropy: entropy('c'), NewID: w.newID, OldFormsUnknown: true,
	})
	w.tenancy = tenancy.NewService(tenancy.Deps{Store: store, Now: w.clock, Entropy: entropy('t'), NewID: w.newID})
	people := member.Deps{Store: store, Now: w.clock, Entropy: entropy('m'), NewID: w.newID}
	var err error
	if w.members, err = member.New(people); err != nil {
		return nil, fmt.Errorf("let people in: %w", err)
	}
	w.beginBulk(store)
	return w, nil
}

// beginBulk makes the services of bulk work.
func (w *world) beginBulk(store *sqlite.Store) {
	imports := bulk.NewImportWorker(store, w.clock, entropy('w'))
	w.runner = job.NewRunner(job.RunnerConfig{
		Store: store, Node: core.ID{1}, Now: w.clock, Log: slog.New(slog.DiscardHandler),
		Workers: map[job.Kind]job.Worker{
			bulk.KindBatch:       bulk.NewBatchWorker(store, w.codes.Service, w.clock, entropy('b')),
			bulk.KindImport:      imports,
			bulk.KindImportBatch: imports,
			bulk.KindChange:      bulk.NewChangeWorker(store, store, w.clock, entropy('x')),
		},
	})
	w.batches = bulk.NewBatches(bulk.Deps{
		Store: store, Jobs: store, Source: w.codes.Service, Taken: store.CodesTaken, Before: w.tenancy.Predecessors,
		Now: w.clock, Entropy: entropy('j'), NewID: w.newID, Wake: w.runner.Wake,
	})
	w.changes = bulk.NewChanges(bulk.ChangesDeps{
		Store: store, Reads: store, Jobs: store, Forms: w.codes.FormsOf,
		Now: w.clock, Entropy: entropy('k'), NewID: w.newID, Wake: w.runner.Wake,
	})
	w.imports = bulk.NewImports(bulk.ImportsDeps{
		Store: store, DryRun: store.DryRun, Jobs: store, Forms: w.codes.FormOfNew, Before: w.tenancy.Predecessors,
		Now: w.clock, Entropy: entropy('l'), NewID: w.newID,
	})
}

// set sets the clock.
func (w *world) set(at time.Time) { w.now = at }

// clock goes on a little whenever somebody looks at it, so that nothing happens at the same time.
func (w *world) clock() time.Time {
	w.now = w.now.Add(time.Millisecond)
	return w.now
}

// newID returns a UUIDv7 of the clock's time.
func (w *world) newID() (id core.ID, err error) {
	now := w.clock()
	_, err = io.ReadFull(w.seed, id[:])
	binary.BigEndian.PutUint64(id[:8], uint64(now.UnixMilli())<<16|0x7000|uint64(binary.BigEndian.Uint16(id[6:])&0xfff))
	id[8] = id[8]&0x3f | 0x80
	return id, err
}

// ago is a time of a day so many days ago.
func (w *world) ago(days, hour, minute int) time.Time {
	return w.today.AddDate(0, 0, -days).Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
}

// work does what jobs there are.
func (w *world) work(ctx context.Context) error {
	for worked := true; worked; {
		var err error
		if worked, err = w.runner.TakeTurn(ctx); err != nil {
			return fmt.Errorf("work on a job: %w", err)
		}
	}
	return nil
}
