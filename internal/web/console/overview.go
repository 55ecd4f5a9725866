package console

import (
	"context"
	"slices"

	"github.com/a-h/templ"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/overview"
	"accesscodes/internal/tenancy"
)

func (s *server) overviewRoutes() []Route {
	return []Route{get("", core.PermissionRead, s.overview)}
}

// Limits of what the first page lists.
const (
	newestRedemptions = 6
	runningBatches    = 5
	endingBatches     = 5
)

// overviewView is what the first page of a workspace shows.
type overviewView struct {
	counts  overview.Counts
	newest  []codes.Redemption
	running []bulk.Batch
	ending  []endingBatch
	keys    []tenancy.Key // that end soon
}

// endingBatch is a batch of which codes end this week.
type endingBatch struct {
	overview.Ending
	name string
}

// overview answers GET /console/w/{workspace}.
func (s *server) overview(ctx context.Context, p *page) error {
	v := new(overviewView)
	var err error
	if v.counts, err = s.deps.Counts.Counts(ctx, &p.Actor); err != nil {
		return err
	}
	newest, err := s.deps.Codes.ListRedemptions(ctx, &p.Actor, codes.RedemptionFilter{},
		core.PageRequest{Limit: newestRedemptions})
	if err != nil {
		return err
	}
	v.newest = newest.Items
	batches, err := s.deps.Batches.ListUncounted(ctx, &p.Actor, core.PageRequest{Limit: runningBatches})
	if err != nil {
		return err
	}
	v.running = slices.DeleteFunc(batches.Items, func(b bulk.Batch) bool { return b.IsEnded() })
	if err := s.findEnding(ctx, p, v); err != nil {
		return err
	}
	if p.may(core.PermissionAdminister) {
		if v.keys, err = s.endingKeys(ctx, p); err != nil {
			return err
		}
	}
	return p.show(ctx, overviewPage(p, v))
}

// findEnding names the batches of which codes end this week.
func (s *server) findEnding(ctx context.Context, p *page, v *overviewView) error {
	first := v.counts.Ending[:min(len(v.counts.Ending), endingBatches)]
	ids := make([]core.ID, len(first))
	for i := range first {
		ids[i] = first[i].BatchID
	}
	batches, err := s.deps.Batches.Some(ctx, &p.Actor, ids)
	for _, ending := range first {
		if batch, found := batches[ending.BatchID]; found { // codes may name a batch that an old program made
			v.ending = append(v.ending, endingBatch{ending, p.batchName(&batch)})
		}
	}
	return err
}

// endingKeys are the keys that end soon and that no other has replaced.
func (s *server) endingKeys(ctx context.Context, p *page) ([]tenancy.Key, error) {
	keys, err := s.deps.Tenancy.By(&p.Actor).Keys(ctx, p.workspace.Slug)
	return slices.DeleteFunc(keys, func(k tenancy.Key) bool {
		return !k.ActiveAt(p.Now()) || !k.ReplacedBy.IsZero() || k.ExpiresAt == nil || !p.endsSoon(*k.ExpiresAt)
	}), err
}

// all is how many codes there are.
func (v *overviewView) all() (all int64) {
	for _, n := range v.counts.ByStatus {
		all += n
	}
	return all
}

// isEmpty reports whether nothing was ever done here.
func (v *overviewView) isEmpty() bool {
	return !v.counts.Counting && v.all() == 0 && len(v.newest) == 0 && len(v.running) == 0
}

// sum adds up a value of each day.
func (v *overviewView) sum(of func(overview.Day) int64) (sum int64) {
	for _, day := range v.counts.Days {
		sum += of(day)
	}
	return sum
}

func codesOf(d overview.Day) int64       { return d.Codes }
func redemptionsOf(d overview.Day) int64 { return d.Redemptions }

// refresh are the attributes of a part that is loaded again while something goes on.
func (v *overviewView) refresh(p *page, part string) templ.Attributes {
	if !v.counts.Counting && len(v.running) == 0 {
		return nil
	}
	return p.hx("get", p.path(), "trigger", "every 2s", "select", part, "target", part, "swap", "outerHTML")
}

// didName is the name of the text about what a redemption did.
func didName(r *codes.Redemption) string {
	if r.Before != "" {
		return "did.upgraded"
	}
	return "did.registered." + string(r.Grants)
}

// share is a status in the bar of all codes, 1000 wide.
type share struct{ class, x, width string }

// shares cuts the bar of all codes at the statuses. One that a few codes have is still seen.
func (v *overviewView) shares() (all []share) {
	const gap, least = 2.5, 3.0
	shown := 0
	for _, n := range v.counts.ByStatus {
		if n > 0 {
			shown++
		}
	}
	room := 1000 - gap*float64(max(shown-1, 0))
	total, x := float64(max(v.all(), 1)), 0.0
	for _, status := range shownStatuses {
		n := v.counts.ByStatus[status]
		if n == 0 {
			continue
		}
		width := max(float64(n)/total*room, least)
		all = append(all, share{statusClass(status), decimal(x), decimal(width)})
		x += width + gap
	}
	return all
}
