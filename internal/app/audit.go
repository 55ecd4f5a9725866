package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

// InstallationLog is what the log of the installation itself is called. No slug has this form.
const InstallationLog = "@installation"

// Audit reads the hash chains over the logs of a database.
type Audit struct {
	Store event.ChainStore
	names map[core.ID]string
}

// OpenAudit opens a database to verify its logs. Close it with the returned function.
func OpenAudit(ctx context.Context, database string) (*Audit, func() error, error) {
	store, err := openStore(ctx, database, openOptions{})
	if err != nil {
		return nil, nil, err
	}
	names, err := logNames(ctx, store)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return &Audit{store, names}, store.Close, nil
}

// logNames are the slugs of the workspaces by their ids.
func logNames(ctx context.Context, store tenancy.WorkspaceStore) (map[core.ID]string, error) {
	all, err := store.Workspaces(ctx)
	names := map[core.ID]string{event.Installation: InstallationLog}
	for _, w := range all {
		names[w.ID] = w.Slug
	}
	return names, err
}

// Name is what a log is called: the workspace's slug, or its id if there is no such workspace.
func (a *Audit) Name(log core.ID) string { return nameOfLog(a.names, log) }

func nameOfLog(names map[core.ID]string, log core.ID) string {
	if name, known := names[log]; known {
		return name
	}
	return log.String()
}

// Find returns the log that has a name, or an id.
//
// Errors: KindNotFound.
func (a *Audit) Find(name string) (core.ID, error) {
	for id, known := range a.names {
		if known == name {
			return id, nil
		}
	}
	if id, err := core.ParseID(name); err == nil {
		return id, nil
	}
	return core.ID{}, core.NotFound(core.ReasonWorkspaceNotFound,
		fmt.Sprintf("there is no workspace with the slug %s", name))
}

// Logs returns every log that has ever held an event, in the order of their names.
func (a *Audit) Logs(ctx context.Context) ([]event.Log, error) {
	logs, err := a.Store.Logs(ctx)
	slices.SortFunc(logs, func(x, y event.Log) int { return strings.Compare(a.Name(x.Workspace), a.Name(y.Workspace)) })
	return logs, err
}

// headLog writes the newest value of each log to the server's log, once a day: so it stands where who can
// write the database may not be able to change it. It is written before that is noted, so no kill can lose it;
// it may stand there twice.
type headLog struct {
	store interface {
		event.ChainStore
		tenancy.WorkspaceStore
	}
	log *slog.Logger
	now func() time.Time
}

// write writes what no node has written today. A log whose line cannot be noted keeps no other one waiting.
func (h *headLog) write(ctx context.Context) error {
	day := h.now()
	names, _ := logNames(ctx, h.store) // without them, logs are named by their ids
	var errs []error
	for last := (core.ID{}); ; {
		logs, err := h.store.UnloggedHeads(ctx, last, day)
		if err != nil || len(logs) == 0 {
			return errors.Join(append(errs, err)...)
		}
		for _, l := range logs {
			h.log.Info("audit head", "workspace", nameOfLog(names, l.Workspace), "head", l.Head.String())
			if err := h.store.HeadLogged(ctx, l.Workspace, day); err != nil {
				errs = append(errs, err)
			}
			last = l.Workspace
		}
	}
}
