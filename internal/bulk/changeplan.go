package bulk

import (
	"context"
	"crypto/sha256"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// part is the next part of a change: what is to be done, and where the change goes on after it.
type part struct {
	commands  []*codes.Command
	rollbacks []*codes.Rollback // whose commands these are, if redemptions are rolled back
	standing  []standing        // redemptions of codes that are changed, if they are rolled back later
	people    []Person
	missing   int64 // listed codes that there are not
	looked    int64 // codes that were looked at
	next      place
	isLast    bool
}

// planner finds the parts of a change. It only reads.
type planner struct {
	store ChangeReads
	c     *Change
	list  []string // the canonical forms of the listed codes, sorted
	at    time.Time
}

// standing is a redemption that stands.
type standing struct {
	canonical string
	codes.Redemption
}

// candidate is a code that may be in the selection.
type candidate struct {
	canonical string
	code      *codes.Code // nil: there is none
	next      place       // behind it
}

// plan returns the part of about so many codes and redemptions that begins at the change's place.
func (p *planner) plan(ctx context.Context, size int) (*part, error) {
	if p.c.Place.Counting != "" {
		return p.countOn(ctx, size)
	}
	candidates, isLast, err := p.candidates(ctx, size)
	if err != nil {
		return nil, err
	}
	done := &part{next: p.c.Place, isLast: isLast}
	for i, redemptions := 0, 0; i < len(candidates); i++ {
		of := &candidates[i]
		done.next = of.next
		done.looked++
		if of.code == nil || !p.c.Select.Has(of.code, p.at) {
			if p.c.Listed {
				done.missing++
			}
			continue
		}
		done.commands = append(done.commands, p.c.Do.Command(p.c.WorkspaceID, of.canonical, &p.c.Select, p.at))
		if of.code.Redemptions == 0 {
			continue
		}
		some, err := p.count(ctx, done, of.canonical, core.ID{}, size)
		if err != nil {
			return nil, err
		}
		if redemptions += some; redemptions >= size {
			done.isLast = done.isLast && i+1 == len(candidates) && done.next.Counting == ""
			break
		}
	}
	return done, nil
}

// countOn counts further people of the last code.
func (p *planner) countOn(ctx context.Context, size int) (*part, error) {
	from := p.c.Place
	done := &part{next: from}
	done.next.Counting, done.next.Counted = "", core.ID{}
	_, err := p.count(ctx, done, from.Counting, from.Counted, size)
	return done, err
}

// count adds to a part the people who have redeemed a code, up to so many redemptions and from behind
// one on, and returns how many it has read.
func (p *planner) count(ctx context.Context, done *part, canonical string, after core.ID, size int) (int, error) {
	found, last, err := p.redemptions(ctx, canonical, after, size)
	if err != nil {
		return 0, err
	}
	for i := range found {
		r := &found[i]
		if r.Stands() && r.UserID != "" {
			done.people = append(done.people, p.c.person(r.UserID))
		}
		if r.Stands() && p.c.RollBack {
			done.standing = append(done.standing, standing{canonical, *r})
		}
	}
	if !last.IsZero() {
		done.next.Counting, done.next.Counted = canonical, last
		return size, nil
	}
	return len(found), nil
}

// redemptions returns a page of the redemptions of a code, newest first, from behind one on. last is
// the one to go on behind; zero: there are no further ones.
func (p *planner) redemptions(
	ctx context.Context, canonical string, after core.ID, size int,
) (found []codes.Redemption, last core.ID, err error) {
	found, err = p.store.Redemptions(ctx, &codes.RedemptionQuery{
		WorkspaceID: p.c.WorkspaceID, Canonical: canonical, After: after, Limit: size + 1, MaxBytes: core.MaxPageBytes,
	})
	if err != nil {
		return nil, last, err
	}
	page := core.PageOf(found, size, (*codes.Redemption).Size, func(r *codes.Redemption) string {
		last = r.ID
		return "more"
	})
	return page.Items, last, nil
}

// person returns the mark of a person.
func (c *Change) person(user string) Person {
	sum := sha256.Sum256(append(c.ID[:], user...))
	return Person(sum[:16])
}

// candidates returns the next codes that may be in the selection, and whether there are no further
// ones.
func (p *planner) candidates(ctx context.Context, size int) (all []candidate, isLast bool, err error) {
	if p.c.Listed {
		return p.listed(ctx, size)
	}
	found, err := p.store.Codes(ctx, p.c.Select.Page(p.c.WorkspaceID, p.c.Place.After, size+1, p.at))
	if err != nil {
		return nil, false, err
	}
	page := core.PageOf(found, size, (*codes.Code).Size, func(*codes.Code) string { return "more" })
	for i := range page.Items {
		key := page.Items[i].Key()
		all = append(all, candidate{key.Canonical, &page.Items[i], place{After: &key}})
	}
	return all, page.Next == "", nil
}

// listed is candidates for codes that the request lists.
func (p *planner) listed(ctx context.Context, size int) (all []candidate, isLast bool, err error) {
	begin := min(p.c.Place.Next, len(p.list))
	end := min(begin+size, len(p.list))
	if begin == end {
		return nil, true, nil
	}
	found, err := p.store.FindCodes(ctx, p.c.WorkspaceID, p.list[begin:end], p.at)
	if err != nil {
		return nil, false, err
	}
	byForm := map[string]*codes.Code{}
	for i := range found {
		byForm[found[i].Form()] = &found[i]
	}
	for i, canonical := range p.list[begin:end] {
		all = append(all, candidate{canonical, byForm[canonical], place{Next: begin + i + 1}})
	}
	return all, end == len(p.list), nil
}
