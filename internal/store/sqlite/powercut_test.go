package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"accesscodes/internal/campaign"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/grouped"
	"accesscodes/internal/store/sqlite"
)

// powerClients is how many use the store at once.
const powerClients = 8

// A killed process loses nothing that the system has taken, synced or not; a machine does.
func TestCampaignWhatWasAcknowledgedSurvivesAPowerCut(t *testing.T) {
	cases := []struct {
		name    string
		options sqlite.Options
		every   int // writes and syncs from one power cut to the next
		begins  int // how often the log begins again, at least
	}{
		{"while all is in the log", sqlite.Options{GatherLog: true}, 25, 0},
		{"while the log begins again and again", sqlite.Options{GatherLog: true, LogLength: 1 << 16}, 100, 3},
		{"while the log is written page by page", sqlite.Options{LogLength: 1 << 16}, 200, 3},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			t.Logf("random seed %d", seed)
			d := useWatched(t, seed, c.every, c.options)
			for _, cut := range d.cuts {
				cut.check(t)
			}
			last := d.cuts[len(d.cuts)-1]
			t.Logf(
				"%d power cuts, %d acknowledged, the log began %d times again",
				len(d.cuts),
				len(last.acknowledged),
				last.began,
			)
			if last.began < c.begins {
				t.Errorf("the log began %d times again, want at least %d", last.began, c.begins)
			}
		})
	}
}

// useWatched adds and redeems codes in a new store, on a disk whose power is cut meanwhile and
// when all is done.
func useWatched(t *testing.T, seed uint64, every int, options sqlite.Options) *disk {
	t.Helper()
	path := filepath.Join(t.TempDir(), "codes.db")
	if err := os.WriteFile(path, migrate(t), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := openStore(t, path, sqlite.Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	database, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := newDisk(t, seed, every, database)
	defer watch(&d.database, &d.log)()
	below, err := sqlite.Open(path, options)
	if err != nil {
		t.Fatal(err)
	}
	store := grouped.New(below, grouped.Options{})
	d.use(store)
	d.cutNow()
	store.Close()
	if err := below.Close(); err != nil {
		t.Fatal(err)
	}
	return d
}

// use lets many clients add codes and redeem each.
func (d *disk) use(store codes.Store) {
	service := codes.NewServices(codes.Deps{
		Store: store, Now: time.Now, Entropy: core.SystemEntropy(),
		NewID: func() (core.ID, error) { id, err := uuid.NewV7(); return core.ID(id), err },
	})
	var clients sync.WaitGroup
	codesOfEach := campaign.Length(d.t, 20, 200)
	for client := range powerClients {
		clients.Go(func() {
			for i := range codesOfEach {
				code := fmt.Sprintf("CODE-%d-%d", client, i)
				if _, err := service.AddCode(d.t.Context(), powerUser(), code,
					codes.IssueRequest{Type: codes.TypeNormal}); err != nil {
					d.t.Error(err)
					return
				}
				d.acknowledge(promise{code: code})
				redeemed, err := service.Redeem(d.t.Context(), powerUser(), codes.RedeemRequest{Code: code, UserID: code})
				if err != nil {
					d.t.Error(err)
					return
				}
				d.acknowledge(promise{code, &redeemed.Redemption})
			}
		})
	}
	clients.Wait()
}

// powerUser is an actor who may do everything.
func powerUser() *core.Actor {
	return &core.Actor{WorkspaceID: core.ID{1}, ID: core.ID{2}}
}

// check opens what a power cut has left.
func (c *cut) check(t *testing.T) {
	t.Helper()
	store := openStore(t, c.path, sqlite.Options{})
	workspace := powerUser().WorkspaceID
	for _, p := range c.acknowledged {
		if _, err := store.Code(t.Context(), workspace, core.Canonical(p.code), time.Now()); err != nil {
			t.Errorf("%s: the code %s is lost: %v", c.path, p.code, err)
		}
		if p.redemption == nil {
			continue
		}
		_, got, err := store.Redemption(t.Context(), workspace, p.redemption.ID)
		if err != nil || !cmp.Equal(got, *p.redemption) {
			t.Errorf("%s: the redemption of %s is lost, or changed: %+v, %v", c.path, p.code, got, err)
		}
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	checkInvariants(t, c.path)
}
