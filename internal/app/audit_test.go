package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

// TestHeadsAreLoggedOnceADay, by two nodes, with what audit verify expects.
func TestHeadsAreLoggedOnceADay(t *testing.T) {
	database := "sqlite:" + t.TempDir() + "/codes.db"
	store, err := openStore(t.Context(), database, openOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	workspaces := newTenancy(store, event.System())
	format := core.Format{Groups: 2, GroupLength: 4}
	if _, err := workspaces.CreateWorkspace(t.Context(), "acme", "Acme", format); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	var logged bytes.Buffer
	node := func() *headLog {
		return &headLog{store, slog.New(slog.NewTextHandler(&logged, nil)), func() time.Time { return now }}
	}
	first, second := node(), node()
	head := func() string {
		logs, err := store.Logs(t.Context())
		if err != nil || len(logs) != 1 {
			t.Fatalf("%d logs, %v", len(logs), err)
		}
		return logs[0].Head.String()
	}
	for _, step := range []struct {
		name   string
		node   *headLog
		passed time.Duration
		want   int
	}{
		{"the first node", first, 0, 1},
		{"the same again", first, time.Hour, 0},
		{"the other node", second, time.Hour, 0},
		{"on the next day", second, 24 * time.Hour, 1},
		{"the first then", first, 0, 0},
	} {
		logged.Reset()
		now = now.Add(step.passed)
		if err := step.node.write(t.Context()); err != nil {
			t.Fatal(err)
		}
		line := `level=INFO msg="audit head" workspace=acme head=` + head() + "\n"
		if got := strings.Count(logged.String(), line); got != step.want {
			t.Errorf("%s: logged %q, want %d times %q", step.name, logged.String(), step.want, line)
		}
	}
}

// unmarkable is a store that cannot be written.
type unmarkable struct {
	event.ChainStore
	tenancy.WorkspaceStore
}

func (unmarkable) HeadLogged(context.Context, core.ID, time.Time) error {
	return core.Unavailable(errors.New("the disk is full"))
}

// TestHeadsAreLoggedBeforeThatIsNoted: all of them, also where nothing can be noted.
func TestHeadsAreLoggedBeforeThatIsNoted(t *testing.T) {
	store, err := openStore(t.Context(), "sqlite:"+t.TempDir()+"/codes.db", openOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	workspaces := newTenancy(store, event.System())
	for _, slug := range []string{"acme", "umbrella"} {
		if _, err := workspaces.CreateWorkspace(t.Context(), slug, slug, core.Format{Groups: 2, GroupLength: 4}); err != nil {
			t.Fatal(err)
		}
	}
	var logged bytes.Buffer
	h := &headLog{unmarkable{store, store}, slog.New(slog.NewTextHandler(&logged, nil)), time.Now}
	if err := h.write(t.Context()); !core.IsKind(err, core.KindUnavailable) ||
		!strings.Contains(logged.String(), "workspace=acme") || !strings.Contains(logged.String(), "workspace=umbrella") {
		t.Errorf("%v, logged %q", err, logged.String())
	}
}
