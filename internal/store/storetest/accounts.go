package storetest

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

func testWorkspaces(t *testing.T, newStore Factory) {
	t.Run("comes back as it went in", func(t *testing.T) {
		s := open(t, newStore)
		first, second := newWorkspace(t, s), newWorkspace(t, s)
		got, err := s.WorkspaceBySlug(t.Context(), first.Slug)
		if err != nil || !cmp.Equal(got, first) {
			t.Errorf("WorkspaceBySlug = %+v, %v", got, err)
		}
		all, err := s.Workspaces(t.Context())
		if diff := cmp.Diff([]tenancy.Workspace{first, second}, all); diff != "" || err != nil {
			t.Errorf("Workspaces: %v (-want +got):\n%s", err, diff)
		}
	})
	t.Run("a slug is taken once", func(t *testing.T) {
		s := open(t, newStore)
		w := newWorkspace(t, s)
		w.ID = newID(t)
		if inserted, err := s.InsertWorkspace(t.Context(), w); inserted || err != nil {
			t.Errorf("InsertWorkspace again = %v, %v", inserted, err)
		}
	})
	t.Run("a change leaves the rest", func(t *testing.T) {
		s := open(t, newStore)
		w := newWorkspace(t, s)
		name, groups, yes, no, colour := "Acme 2", 3, true, false, tenancy.Colour("rose")
		w.Name = name
		steps := []struct {
			change tenancy.WorkspaceChange
			want   func()
		}{
			{tenancy.WorkspaceChange{Name: &name}, func() {}},
			{tenancy.WorkspaceChange{Groups: &groups}, func() { w.Format.Groups = 3 }},
			{tenancy.WorkspaceChange{Suspended: &yes}, func() { at := now; w.SuspendedAt = &at }},
			{tenancy.WorkspaceChange{}, func() {}},
			{tenancy.WorkspaceChange{Suspended: &yes}, func() {}},
			{tenancy.WorkspaceChange{Suspended: &no}, func() { w.SuspendedAt = nil }},
			{tenancy.WorkspaceChange{Suspended: &no}, func() {}},
			{tenancy.WorkspaceChange{Colour: &colour}, func() { w.Colour = colour }},
		}
		for i, step := range steps {
			step.want()
			got, err := s.UpdateWorkspace(t.Context(), w.Slug, step.change, now.Add(time.Duration(i-2)*time.Hour), nil)
			if diff := cmp.Diff(w, got); diff != "" || err != nil {
				t.Fatalf("step %d: %v (-want +got):\n%s", i, err, diff)
			}
		}
		if got, err := s.WorkspaceBySlug(t.Context(), w.Slug); err != nil || !cmp.Equal(got, w) {
			t.Errorf("afterwards: %+v, %v", got, err)
		}
	})
	t.Run("none", func(t *testing.T) {
		s := open(t, newStore)
		if _, err := s.WorkspaceBySlug(t.Context(), "none"); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("WorkspaceBySlug: %v", err)
		}
		if _, err := s.UpdateWorkspace(t.Context(), "none", tenancy.WorkspaceChange{}, now, nil); !errors.Is(
			err,
			core.ErrNotFound,
		) {
			t.Errorf("UpdateWorkspace: %v", err)
		}
		if all, err := s.Workspaces(t.Context()); len(all) != 0 || err != nil {
			t.Errorf("Workspaces = %v, %v", all, err)
		}
	})
}

// newKey stores a key.
func newKey(t *testing.T, s Store, workspace core.ID) tenancy.Key {
	t.Helper()
	k := tenancy.Key{
		ID: newID(t), WorkspaceID: workspace, Name: "CRM", Role: tenancy.RoleIssue,
		Display: "ack_ab12…wxyz", CreatedAt: now,
	}
	copy(k.Hash[:], k.ID[:])
	if err := s.InsertKey(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	return k
}

func testKeys(t *testing.T, newStore Factory) {
	t.Run("comes back as it went in, with its workspace", func(t *testing.T) {
		s := open(t, newStore)
		w, other := newWorkspace(t, s), newWorkspace(t, s)
		first, second := newKey(t, s, w.ID), newKey(t, s, w.ID)
		newKey(t, s, other.ID)
		got, err := s.CallerByHash(t.Context(), first.Hash)
		if diff := cmp.Diff(&tenancy.Caller{Workspace: w, Key: first}, got); diff != "" || err != nil {
			t.Errorf("CallerByHash: %v (-want +got):\n%s", err, diff)
		}
		all, err := s.Keys(t.Context(), w.ID)
		if diff := cmp.Diff([]tenancy.Key{first, second}, all); diff != "" || err != nil {
			t.Errorf("Keys: %v (-want +got):\n%s", err, diff)
		}
	})
	t.Run("revoking keeps the first time and is seen at once", func(t *testing.T) {
		s := open(t, newStore)
		k := newKey(t, s, newWorkspace(t, s).ID)
		lookUp(t, s, k)
		for _, at := range []time.Time{now, now.Add(time.Hour)} {
			if err := s.RevokeKey(t.Context(), k.ID, at); err != nil {
				t.Fatal(err)
			}
			if got := lookUp(t, s, k); got.RevokedAt == nil || !got.RevokedAt.Equal(now) {
				t.Errorf("revoked at %v", got.RevokedAt)
			}
		}
	})
	t.Run("replacing sets the old key's end and stores the new one", func(t *testing.T) {
		s := open(t, newStore)
		old := newKey(t, s, newWorkspace(t, s).ID)
		lookUp(t, s, old)
		next := old
		next.ID, next.Hash[31] = newID(t), 9
		if err := s.ReplaceKey(t.Context(), old.ID, now, next); err != nil {
			t.Fatal(err)
		}
		if got := lookUp(t, s, old); got.ExpiresAt == nil || !got.ExpiresAt.Equal(now) || got.ReplacedBy != next.ID {
			t.Errorf("the old key expires at %v, replaced by %s", got.ExpiresAt, got.ReplacedBy)
		}
		if got := lookUp(t, s, next); !cmp.Equal(got, next) {
			t.Errorf("the new key: %+v", got)
		}
	})
	t.Run("replacing what is not there stores nothing", func(t *testing.T) {
		s := open(t, newStore)
		k := newKey(t, s, newWorkspace(t, s).ID)
		next := k
		next.ID, next.Hash[31] = newID(t), 9
		if err := s.ReplaceKey(t.Context(), newID(t), now, next); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("ReplaceKey: %v", err)
		}
		if _, err := s.Key(t.Context(), next.ID); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("the new key: %v", err)
		}
	})
	t.Run("last use only moves forward", func(t *testing.T) {
		s := open(t, newStore)
		k := newKey(t, s, newWorkspace(t, s).ID)
		for _, at := range []time.Time{now, now.Add(-time.Hour)} {
			if err := s.TouchKeys(t.Context(), map[core.ID]time.Time{k.ID: at, newID(t): at}); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := s.Key(t.Context(), k.ID); err != nil || got.LastUsedAt == nil || !got.LastUsedAt.Equal(now) {
			t.Errorf("Key = %+v, %v", got, err)
		}
	})
	t.Run("addresses", func(t *testing.T) { testKeyAddresses(t, newStore) })
	t.Run("none", func(t *testing.T) {
		s := open(t, newStore)
		if _, err := s.CallerByHash(t.Context(), tenancy.KeyHash{1}); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("CallerByHash: %v", err)
		}
		if _, err := s.Key(t.Context(), newID(t)); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("Key: %v", err)
		}
		if err := s.RevokeKey(t.Context(), newID(t), now); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("RevokeKey: %v", err)
		}
	})
}

func lookUp(t *testing.T, s Store, k tenancy.Key) tenancy.Key {
	t.Helper()
	got, err := s.CallerByHash(t.Context(), k.Hash)
	if err != nil {
		t.Fatalf("CallerByHash: %v", err)
	}
	return got.Key
}

func testInstallation(t *testing.T, newStore Factory) {
	t.Run("the first secret stays", func(t *testing.T) {
		openAgain := newStore(t)
		for _, proposed := range []string{"first", "second"} {
			got, err := openAgain().Secret(t.Context(), []byte(proposed))
			if err != nil || !bytes.Equal(got, []byte("first")) {
				t.Errorf("Secret = %q, %v", got, err)
			}
		}
	})
	t.Run("the public URL is what was stored last", func(t *testing.T) {
		openAgain := newStore(t)
		if _, err := openAgain().Secret(t.Context(), []byte("secret")); err != nil {
			t.Fatal(err)
		}
		for _, url := range []string{"", "https://codes.example.org", "https://example.org/codes"} {
			if url != "" {
				if err := openAgain().SetPublicURL(t.Context(), url); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := openAgain().PublicURL(t.Context()); got != url || err != nil {
				t.Errorf("PublicURL = %q, %v; want %q", got, err, url)
			}
		}
		if got, err := openAgain().Secret(t.Context(), []byte("another")); string(got) != "secret" || err != nil {
			t.Errorf("Secret = %q, %v", got, err)
		}
	})
	t.Run("of many that bootstrap at once one does", func(t *testing.T) {
		openAgain := newStore(t)
		stores := []Store{openAgain(), openAgain()}
		var all sync.WaitGroup
		var created atomic.Int32
		for i := range 20 {
			w := tenancy.Workspace{
				ID:        newID(t),
				Slug:      "default",
				Name:      "Default",
				Format:    core.Format{Prefix: "CODE", Groups: 2, GroupLength: 4},
				CreatedAt: now,
			}
			k := tenancy.Key{ID: newID(t), WorkspaceID: w.ID, Name: "first key", Role: tenancy.RoleFull, CreatedAt: now}
			copy(k.Hash[:], k.ID[:])
			all.Go(func() {
				ok, err := stores[i%2].Bootstrap(t.Context(), w, k)
				if err != nil {
					t.Error(err)
				}
				if ok {
					created.Add(1)
				}
			})
		}
		all.Wait()
		workspaces, err := stores[0].Workspaces(t.Context())
		if err != nil || created.Load() != 1 || len(workspaces) != 1 {
			t.Fatalf("created %d times; workspaces %v, %v", created.Load(), workspaces, err)
		}
		if keys, err := stores[0].Keys(t.Context(), workspaces[0].ID); err != nil || len(keys) != 1 {
			t.Errorf("keys %v, %v", keys, err)
		}
	})
	t.Run("answers a ping", func(t *testing.T) {
		if away, err := open(t, newStore).Ping(t.Context()); err != nil || away != nil {
			t.Error(away, err)
		}
	})
}
