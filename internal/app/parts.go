package app

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/config"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
	"accesscodes/internal/member"
	"accesscodes/internal/overview"
	"accesscodes/internal/store/cached"
	"accesscodes/internal/store/grouped"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/web/api"
	"accesscodes/internal/web/console"
	"accesscodes/internal/webhook"
	"accesscodes/internal/why"
)

// parts are the services of a server, over one store.
type parts struct {
	store   bareStore
	codes   *codes.Services
	tenancy *tenancy.Service
	people  *member.People
	counts  *overview.Service
	events  *event.Service
	batches *bulk.Batches
	changes *bulk.Changes
	imports *bulk.Imports
	exports *bulk.Exports
	hooks   *webhook.Service
	sender  *webhook.Sender
	why     *why.Service
	runner  *job.Runner
}

// surroundings are what the parts tell of what they do.
type surroundings struct {
	log      *slog.Logger
	registry *prometheus.Registry
	proxies  []netip.Prefix
	version  string
}

func newParts(
	ctx context.Context, cfg config.Serve, bare bareStore, gathered *grouped.Store, registry *prometheus.Registry,
	log *slog.Logger,
) (*parts, error) {
	p := &parts{store: bare, codes: newCodes(gathered, cfg.Words)}
	if err := readOldForms(ctx, p.codes, log); err != nil {
		return nil, err
	}
	p.tenancy = newTenancy(cached.New(bare, cached.DefaultLife, time.Now), event.System())
	p.events = event.NewService(bare, time.Now, cfg.EventsKeep, cfg.EventsKeepTypes...)
	var err error
	if p.people, err = newPeople(bare); err != nil {
		return nil, err
	}
	if p.runner, err = newRunner(bare, p.codes, gathered.Load, log); err != nil {
		return nil, err
	}
	p.batches, p.changes = newBatches(bare, p.codes, p.tenancy, p.runner), newChanges(bare, p.codes, p.runner)
	p.counts = overview.New(overview.Deps{Store: bare, Now: time.Now, Load: gathered.Load})
	p.imports = newImports(bare, p.codes, p.tenancy, gathered.Load)
	if p.hooks, p.sender, err = newWebhooks(bare, cfg, registry, log); err != nil {
		return nil, err
	}
	p.exports = newExports(p.codes, p.batches, p.events, bare)
	p.why = why.NewService(why.Deps{
		Codes: p.codes, Log: p.events, Batches: p.batches, Changes: p.changes, Imports: p.imports, Keys: p.tenancy,
		Now: time.Now, Names: p.names,
	})
	return p, nil
}

// names returns what the keys and members of a workspace are called.
func (p *parts) names(ctx context.Context, workspace core.ID) (why.Names, error) {
	keys, err := p.store.Keys(ctx, workspace)
	if err != nil {
		return nil, err
	}
	seated, err := p.store.Seated(ctx, workspace)
	if err != nil {
		return nil, err
	}
	all := make(why.Names, len(keys)+len(seated))
	for i := range keys {
		all[keys[i].ID] = why.Name{Kind: core.ActorKey, Name: keys[i].Name}
	}
	for i := range seated {
		all[seated[i].ID] = why.Name{Kind: core.ActorMember, Name: seated[i].Name}
	}
	return all, nil
}

func (p *parts) api(cfg config.Serve, s surroundings) (*api.Server, error) {
	return api.New(api.Deps{
		Codes: p.codes, Tenancy: p.tenancy, Events: p.events, Ping: p.store.Ping,
		Batches: p.batches, Changes: p.changes, Imports: p.imports, Exports: p.exports,
		Webhooks: p.hooks,
		Log:      s.log, Registry: s.registry, Version: s.version,
		TrustedProxies: s.proxies, NoDocs: !cfg.Docs, NoMetrics: cfg.MetricsListen != "",
	})
}

func (p *parts) console(
	ctx context.Context, database, publicURL string, s surroundings,
) (*console.Server, error) {
	installation, err := p.installation(ctx, database)
	if err != nil {
		return nil, err
	}
	return console.New(console.Deps{
		Installation: installation, UnfinishedJobs: p.store.UnfinishedJobs, CountUnfinished: p.store.CountUnfinished,
		Codes: p.codes, Tenancy: p.tenancy, Why: p.why,
		Sessions: p.people.Sessions, Links: p.people.Links, Members: p.people.Members,
		Batches: p.batches, Changes: p.changes, Imports: p.imports, Exports: p.exports,
		Events: p.events, Counts: p.counts, Webhooks: p.hooks,
		Now: time.Now, PublicURL: publicURL, Version: s.version,
		Log: s.log, Registry: s.registry, TrustedProxies: s.proxies,
	})
}

func (p *parts) readOldForms(ctx context.Context) error {
	_, err := p.codes.ReadOldForms(ctx)
	return err
}

// work starts what is done in the background.
func (p *parts) work(s surroundings) workers {
	background := workers{
		startWorker(keyUsageInterval, p.tenancy.FlushKeyUsage, s.log),
		startWorker(tidyInterval, p.codes.TidyReservations, s.log),
		startWorker(sequenceInterval, p.events.Sequence, s.log),
		startWorker(countInterval, p.counts.Advance, s.log),
		startWorker(pruneInterval, p.events.Prune, s.log),
		startWorker(pruneInterval, (&headLog{p.store, s.log, time.Now}).write, s.log),
		startWorker(pruneInterval, p.changes.Prune, s.log),
		startWorker(pruneInterval, p.imports.Prune, s.log),
		startWorker(pruneInterval, p.people.Sessions.Prune, s.log),
		startWorker(pruneInterval, p.hooks.Prune, s.log),
		startWorker(failureInterval, p.people.Sessions.RecordFailures, s.log),
		startWorker(watchInterval, newNodeWatch(p.store.Ping, s.registry, s.log).look, s.log),
		startWorker(watchInterval, p.readOldForms, s.log),
	}
	p.runner.Start()
	p.sender.Start()
	return background
}
