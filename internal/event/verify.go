package event

import (
	"context"
	"fmt"

	"accesscodes/internal/core"
)

// Finding is something that is wrong with a log.
type Finding struct {
	What     Wrong
	From, To int64   // the positions that it is about
	ID       core.ID // of the event at From; zero: there is none
}

// Wrong is what can be wrong with a log.
type Wrong string

// What can be wrong.
const (
	// Changed: the event is not the one that was recorded.
	Changed Wrong = "changed"
	// Removed: there are no events with these positions.
	Removed Wrong = "removed"
	// Inserted: an event that never got its position from the program.
	Inserted Wrong = "inserted"
	// Reordered: these events do not follow on one another as they were recorded.
	Reordered Wrong = "order"
	// CutTail: the newest events are missing.
	CutTail Wrong = "cut tail"
	// Rewritten: the chain has another value than the one that was noted outside, or than the program can
	// have given it.
	Rewritten Wrong = "rewritten"
)

// Verification is what was found out about a log.
type Verification struct {
	Log      Log
	Events   int64     // that are there
	Pruned   int64     // of which only the digest is left
	Erased   int64     // whose content cannot be proven: their person was erased, and the salt with them
	Unlinked int64     // from before the chain began: only their contents were looked at
	Expired  []Mark    // that were to be compared, and lie before the anchor
	Findings []Finding // maxFindings at most
	More     int64     // further findings
}

// maxFindings is how many findings of a log are told one by one.
const maxFindings = 1000

// linksAtOnce is how many links are read at once.
const linksAtOnce = 500

// Verify goes through a log and compares each event with its digest, the digests with the chain, and the
// chain with marks that were noted outside. It reads the log in parts, so its size does not matter, and tells
// progress of the number of positions in each. Events that are added meanwhile are left out.
//
// Who can write the database and knows this program can make a whole new chain: that shows only by a mark
// which they could not change.
func Verify(
	ctx context.Context, store ChainStore, workspace core.ID, expect []Mark, progress func(positions int),
) (Verification, error) {
	for {
		log, err := store.LogOf(ctx, workspace)
		if err != nil {
			return Verification{}, err
		}
		v := &verifier{Verification: Verification{Log: log}, expect: expect}
		if err := v.walk(ctx, store, progress); err != nil {
			return Verification{}, fmt.Errorf("verify the log of the workspace %s: %w", workspace, err)
		}
		// If the old end was cut off meanwhile, what was missing there may be missing rightly.
		after, err := store.LogOf(ctx, workspace)
		if err != nil {
			return Verification{}, err
		}
		if len(v.Findings) == 0 || after.Anchor == log.Anchor {
			return v.Verification, nil
		}
	}
}

// verifier goes through a log.
type verifier struct {
	Verification
	expect []Mark
	last   int64 // the position before the next link; 0 in a log from before the chain: any
	chain  Chain // its value
	// broken is the run of links before the next one that do not follow on what is before them. One alone,
	// which the next link follows, is a changed event; several have another order.
	broken Finding
	// linked is from the first to the last link with a value where the log says that there was no chain yet.
	linked Finding
}

func (v *verifier) walk(ctx context.Context, store ChainStore, progress func(int)) error {
	if v.Log.IsCut() {
		v.last, v.chain = v.Log.Anchor.Position, v.Log.Anchor.Chain
	}
	v.compare(v.Log.Anchor)
	for after, more := int64(0), true; more; {
		links, err := store.Links(ctx, v.Log.Workspace, after, linksAtOnce)
		if err != nil {
			return err
		}
		more = len(links) == linksAtOnce
		for i := range links {
			if after = links[i].Position; after > v.Log.Head.Position { // it was added meanwhile, or see beyond
				more, links = false, links[:i]
				break
			}
			v.take(&links[i])
		}
		progress(len(links))
	}
	v.end()
	return v.beyond(ctx, store)
}

// take looks at the next link.
func (v *verifier) take(l *Link) {
	id := v.count(l)
	if v.last == 0 { // the oldest event of a log that was never cut, or that was before the chain
		v.last = min(l.Position-1, v.Log.Anchor.Position)
	}
	switch {
	case l.Position <= v.last:
		v.find(Finding{Inserted, l.Position, l.Position, id})
		return
	case l.Position > v.last+1:
		v.endRun()
		v.find(Finding{Removed, v.last + 1, l.Position - 1, core.ID{}})
	case l.Position <= v.Log.Anchor.Position: // from before the chain: positions tell what is missing
		v.unlinked(l)
	case v.chain.Next(v.Log.Workspace, l.Position, l.Digest) == l.Chain:
		v.endRun()
	case v.broken.From == 0:
		v.broken = Finding{Changed, l.Position, l.Position, id}
	default:
		v.broken.What, v.broken.To = Reordered, l.Position
	}
	v.last, v.chain = l.Position, l.Chain
	if l.Position > v.Log.Anchor.Position {
		v.compare(Mark{l.Position, l.Chain})
	}
	v.content(l)
}

// unlinked looks at a link from before the chain. Somebody who moves the anchor, so that the chain is not
// followed up to it, must also take the values away: then those that were noted outside tell.
func (v *verifier) unlinked(l *Link) {
	if l.Chain == (Chain{}) {
		return
	}
	if v.linked.From == 0 {
		v.linked = Finding{What: Rewritten, From: l.Position}
	}
	v.linked.To = l.Position
}

// count counts a link and returns the id of its event.
func (v *verifier) count(l *Link) (id core.ID) {
	if l.Position <= v.Log.Anchor.Position && !v.Log.IsCut() {
		v.Unlinked++
	}
	if l.Event == nil {
		v.Pruned++
		return id
	}
	v.Events++
	return l.Event.ID
}

// content compares an event with its digest, and what is not in the digest with what is. Where the person was
// erased, the digest tells nothing.
func (v *verifier) content(l *Link) {
	if l.Event == nil || v.broken.From != 0 {
		return
	}
	erased := l.Event.Salt == nil && l.Event.UserID == "" && l.Event.Type.mayNamePerson()
	if erased {
		v.Erased++
	}
	sum, err := l.Event.Sum() // what cannot be encoded was not recorded
	if !l.Event.Subject.isWhole() || !erased && (err != nil || sum != l.Digest) {
		v.find(Finding{Changed, l.Position, l.Position, l.Event.ID})
	}
}

// compare compares the chain with what was noted of it outside.
func (v *verifier) compare(at Mark) {
	for _, noted := range v.expect {
		if noted.Position == at.Position && noted.Chain != at.Chain {
			v.find(Finding{What: Rewritten, From: at.Position, To: at.Position})
		}
	}
}

// endRun tells of the links that did not follow on what is before them.
func (v *verifier) endRun() {
	if v.broken.From != 0 {
		v.find(v.broken)
	}
	v.broken = Finding{}
}

// end looks at what comes behind the last link.
func (v *verifier) end() {
	wasBroken := v.broken.From != 0
	v.endRun()
	if v.linked.From != 0 {
		v.find(v.linked)
	}
	head := v.Log.Head
	if v.Events+v.Pruned == 0 {
		v.last, v.chain = v.Log.Anchor.Position, v.Log.Anchor.Chain
	}
	switch {
	case v.last < head.Position:
		v.find(Finding{What: CutTail, From: v.last + 1, To: head.Position})
	case v.chain != head.Chain && !wasBroken:
		v.find(Finding{What: Rewritten, From: head.Position, To: head.Position})
	}
	for _, noted := range v.expect {
		switch {
		case noted.Position > head.Position:
			v.find(Finding{What: CutTail, From: head.Position + 1, To: noted.Position})
		case noted.Position >= v.Log.Anchor.Position: // it was compared
		case !v.Log.IsCut() && noted.Chain != Chain{}: // there was a chain, where the log says that there was none
			v.find(Finding{What: Rewritten, From: noted.Position, To: noted.Position})
		default:
			v.Expired = append(v.Expired, noted)
		}
	}
}

// beyond looks for events behind the newest. Of those that were added meanwhile, the head knows afterwards.
func (v *verifier) beyond(ctx context.Context, store ChainStore) error {
	links, err := store.Links(ctx, v.Log.Workspace, v.Log.Head.Position, linksAtOnce)
	if err != nil || len(links) == 0 {
		return err
	}
	now, err := store.LogOf(ctx, v.Log.Workspace)
	if err != nil {
		return err
	}
	if now.Head.Position == 0 { // there are events, and nothing about the log as a whole
		v.find(Finding{What: Rewritten, From: links[0].Position, To: links[len(links)-1].Position})
		return nil
	}
	for i := range links {
		if l := &links[i]; l.Position > now.Head.Position {
			v.find(Finding{Inserted, l.Position, l.Position, v.count(l)})
		}
	}
	return nil
}

// find notes that something is wrong.
func (v *verifier) find(f Finding) {
	if len(v.Findings) == maxFindings {
		v.More++
		return
	}
	v.Findings = append(v.Findings, f)
}
