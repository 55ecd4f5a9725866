package overview

import (
	"cmp"
	"context"
	"slices"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
)

const (
	// endingWithin is how soon a code must end for its batch to be told of.
	endingWithin = 7 * 24 * time.Hour
	// endingShown is how many batches are told of, endingKept how many are counted: so many more that
	// one that ends first is hardly ever found only after it was left out.
	endingShown, endingKept = 20, 200
)

// tally is what was counted in a pass.
type tally struct {
	At             time.Time // when the pass began, and what statuses are about
	ByStatus       map[codes.Status]int64
	ByType         map[codes.Type]int64
	Days           map[int64]int64 // codes made on each of the last days
	Ending         []Ending
	Users, Premium int64
}

func (t *tally) size() (size int64) {
	for _, number := range t.ByType {
		size += number
	}
	return size + t.Users
}

// pass is a count of all codes and users that goes on where it stopped.
type pass struct {
	tally
	Types int           // that are done
	After codes.CodeKey // the last code of the type that is being counted
	User  string        `json:"-"` // the last user, when all types are done; see [Kept]
	Took  time.Duration
}

// newPass returns a pass that begins now. Codes of a later instant are not in it.
func newPass(now time.Time) *pass {
	p := &pass{tally: tally{
		At: now, ByStatus: map[codes.Status]int64{}, ByType: map[codes.Type]int64{}, Days: map[int64]int64{},
	}}
	p.After = p.first()
	return p
}

// first is a key before all codes of the pass, which are counted newest first.
func (p *pass) first() codes.CodeKey { return codes.CodeKey{CreatedAt: p.At.Add(time.Microsecond)} }

// progress compares a pass with the one before it.
func (p *pass) progress(before *tally) float64 {
	if before == nil || before.size() == 0 {
		return 0
	}
	return min(float64(p.size())/float64(before.size()), 1)
}

// step counts some more, and reports whether that was the end.
func (p *pass) step(ctx context.Context, s Store, workspace core.ID, size int) (isEnd bool, err error) {
	if p.Types == len(codes.Types()) {
		if p.User == "" { // an erased one was the last: where it stood is not known any more
			p.Users, p.Premium = 0, 0
		}
		users, err := s.UsersToCount(ctx, workspace, p.User, size)
		for _, user := range users {
			p.addUser(user)
		}
		return err == nil && len(users) < size, err
	}
	kind := codes.Types()[p.Types]
	found, err := s.CodesToCount(ctx, workspace, kind, p.After, size, p.At)
	if err != nil {
		return false, err
	}
	for i := range found {
		p.addCode(&found[i], kind)
	}
	if len(found) < size {
		p.Types, p.After = p.Types+1, p.first()
	}
	return false, nil
}

func (p *pass) addUser(user codes.User) {
	p.Users, p.User = p.Users+1, user.ID
	if user.Status == codes.UserPremium {
		p.Premium++
	}
}

func (p *pass) addCode(code *Code, kind codes.Type) {
	p.After = codes.CodeKey{CreatedAt: code.CreatedAt, Canonical: code.Canonical}
	status := code.StatusAt(p.At)
	p.ByStatus[status]++
	p.ByType[kind]++
	if day := dayOf(code.CreatedAt); day > dayOf(p.At)-days {
		p.Days[day]++
	}
	isUsable := status == codes.StatusActive || status == codes.StatusScheduled
	if isUsable && !code.BatchID.IsZero() && code.ExpiresAt != nil && code.ExpiresAt.Sub(p.At) <= endingWithin {
		p.addEnding(code.BatchID, *code.ExpiresAt)
	}
}

// addEnding counts a code of a batch that ends soon. Codes of a batch mostly follow one another.
func (p *pass) addEnding(batch core.ID, at time.Time) {
	for i := len(p.Ending) - 1; i >= 0; i-- {
		if e := &p.Ending[i]; e.BatchID == batch {
			e.Codes++
			if at.Before(e.At) {
				e.At = at
			}
			return
		}
	}
	p.Ending = append(p.Ending, Ending{batch, 1, at})
	if len(p.Ending) > endingKept {
		last := slices.MaxFunc(p.Ending, compareEnds)
		p.Ending = slices.DeleteFunc(p.Ending, func(e Ending) bool { return e.BatchID == last.BatchID })
	}
}

func compareEnds(a, b Ending) int {
	return cmp.Or(a.At.Compare(b.At), slices.Compare(a.BatchID[:], b.BatchID[:]))
}

// firstEnding returns the batches to tell of.
func firstEnding(all []Ending) []Ending {
	sorted := slices.SortedFunc(slices.Values(all), compareEnds)
	return sorted[:min(len(sorted), endingShown)]
}

// pass goes on with a pass for some time, or begins one. At its end, it replaces the last result. rest
// gives way to interactive requests after a step that took so long.
func (s *Service) pass(ctx context.Context, c *count, limit time.Duration, rest func(took time.Duration)) error {
	if c.Pass == nil {
		c.Pass = newPass(s.deps.Now().UTC().Truncate(time.Microsecond))
	}
	pace := job.NewPace(nil)
	for began := s.deps.Now(); ; {
		start := s.deps.Now()
		isEnd, err := c.Pass.step(ctx, s.deps.Store, c.workspace, pace.Size())
		if err != nil {
			return err
		}
		took := s.deps.Now().Sub(start)
		pace.Took(took)
		c.Pass.Took += took
		if isEnd {
			c.Result, c.Took, c.Next = &c.Pass.tally, c.Pass.Took, s.deps.Now().Add(pauseAfter(c.Pass.Took))
			c.Pass = nil
			return nil
		}
		if s.deps.Now().Sub(began) >= limit {
			return nil
		}
		rest(took)
	}
}

// pauseAfter is how long to wait after a pass: counting takes a fiftieth of the time at most.
func pauseAfter(took time.Duration) time.Duration { return max(50*took, 5*time.Second) }
