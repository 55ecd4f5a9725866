package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
)

// changing is a change of many codes on a store.
type changing struct {
	t     *testing.T
	s     Store
	actor *core.Actor
	now   time.Time
	all   *bulk.Changes
}

func newChanging(t *testing.T, s Store) *changing {
	t.Helper()
	c := &changing{
		t: t, s: s, now: now,
		actor: &core.Actor{Kind: core.ActorKey, ID: core.ID{15: 9}, WorkspaceID: newWorkspace(t, s).ID},
	}
	c.all = bulk.NewChanges(bulk.ChangesDeps{
		Store: s, Reads: s, Jobs: s, Forms: c.services().FormsOf, Now: c.clock, Entropy: core.SystemEntropy(),
		NewID: nextID, Wake: func() {},
	})
	return c
}

func (c *changing) clock() time.Time { return c.now }

func (c *changing) services() *codes.Services {
	return codes.NewServices(codes.Deps{Store: c.s, Now: c.clock, Entropy: core.SystemEntropy(), NewID: nextID})
}

// add stores codes with these values, one a second, and returns how they are.
func (c *changing) add(values ...string) []codes.Code {
	c.t.Helper()
	list := make([]*codes.NewCode, len(values))
	for i, value := range values {
		list[i] = newCode(c.actor.WorkspaceID, value)
		list[i].CreatedAt = now.Add(time.Duration(i-len(values)) * time.Second)
		list[i].Note, list[i].Metadata = "n"+value, map[string]string{"kept": "1", "lost": value}
		list[i].MaxRedemptions = new(int64(i%3 + 2))
	}
	insert(c.t, c.s, list...)
	return c.codes(values...)
}

func (c *changing) codes(values ...string) (found []codes.Code) {
	c.t.Helper()
	for _, value := range values {
		code, err := c.s.Code(c.t.Context(), c.actor.WorkspaceID, core.Canonical(value), c.now)
		if err != nil {
			c.t.Fatal(err)
		}
		found = append(found, code)
	}
	return found
}

func (c *changing) create(req bulk.NewChange) bulk.Change {
	c.t.Helper()
	made, _, err := c.all.Create(c.t.Context(), c.actor, req)
	if err != nil {
		c.t.Fatal(err)
	}
	return made
}

// step makes one step by a new worker, as a node does that has just started.
func (c *changing) step(size int) (job.Job, error) {
	c.t.Helper()
	j, lease := claim(c.t, c.s, newID(c.t), over)
	worker := bulk.NewChangeWorker(c.s, c.s, func() time.Time { return c.now }, core.SystemEntropy())
	return worker.Step(c.t.Context(), lease, j, size)
}

// work makes steps of a size until the change, or its undoing, has ended, and returns the change.
func (c *changing) work(size int) bulk.Change {
	c.t.Helper()
	for range 1000 {
		j, err := c.step(size)
		if err != nil {
			c.t.Fatal(err)
		}
		if j.IsEnded() {
			return c.find(j.ID)
		}
	}
	c.t.Fatal("the change does not end")
	return bulk.Change{}
}

func (c *changing) find(id core.ID) bulk.Change {
	c.t.Helper()
	found, err := c.all.Change(c.t.Context(), c.actor, id)
	if err != nil {
		c.t.Fatal(err)
	}
	return found
}

func (c *changing) state(id core.ID) bulk.ChangeStatus {
	c.t.Helper()
	found := c.find(id)
	return found.State()
}

func (c *changing) undo(id core.ID) {
	c.t.Helper()
	if _, err := c.all.Undo(c.t.Context(), c.actor, id); err != nil {
		c.t.Fatal(err)
	}
}

func (c *changing) redeem(value, user string) {
	c.t.Helper()
	if _, err := c.services().Redeem(c.t.Context(), c.actor, codes.RedeemRequest{Code: value, UserID: user}); err != nil {
		c.t.Fatal(err)
	}
}

// requireCodes requires the codes with these values to be as wanted.
func (c *changing) requireCodes(want []codes.Code) {
	c.t.Helper()
	values := make([]string, len(want))
	for i := range want {
		values[i] = want[i].Value
	}
	if diff := cmp.Diff(want, c.codes(values...)); diff != "" {
		c.t.Errorf("codes (-want +got):\n%s", diff)
	}
}

func numbered(count int) (values []string) {
	for i := range count {
		values = append(values, fmt.Sprintf("CODE-%03d", i))
	}
	return values
}

var normalCodes = codes.CodeFilter{Type: codes.TypeNormal}

// acts are one of each kind, over codes of which some are revoked.
func acts() map[string]codes.Act {
	later, gone := now.Add(time.Hour), "new"
	return map[string]codes.Act{
		"revoke":  {Revoke: true},
		"restore": {Restore: true},
		"set": {Set: &codes.CodeChange{
			MaxRedemptions: codes.Limit{Given: true, Max: new(int64(3))},
			ExpiresAt:      core.Field[time.Time]{Given: true, Value: &later},
			Note:           core.Field[string]{Given: true},
			Metadata: core.Field[map[string]*string]{
				Given: true, Value: &map[string]*string{"lost": nil, "gained": &gone},
			},
		}},
	}
}
