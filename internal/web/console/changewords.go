package console

import (
	"cmp"
	"slices"

	"accesscodes/internal/bulk"
	"accesscodes/internal/core"
)

// said names the text that says what a change has done.
func said(c *bulk.Change) string {
	if counts, _ := c.Undoing(); counts != nil {
		return "undone"
	}
	return actOf(c)
}

// actOf is what a change does, as pages name it.
func actOf(c *bulk.Change) string {
	if c.Do.Extend != nil {
		return actExtend
	}
	return c.Does()
}

// question is what a page asks before a change.
func (v *changeView) question(p *page) string {
	switch {
	case len(v.codes) == 1:
		return p.Say("changes.ask_one."+v.do, "code", v.codes[0])
	case len(v.codes) > 0:
		return p.Say("changes.ask."+v.do, "count", len(v.codes))
	case v.batch != "":
		return p.Say("changes.ask_batch."+v.do, "batch", v.batch)
	default:
		return p.Say("changes.ask_filter." + v.do)
	}
}

// skipped is why so many codes are passed over.
type skipped struct {
	why   string
	count int64
}

// skippedOf lists why codes are passed over by an act, the most frequent first.
func (p *page) skippedOf(act string, counts bulk.Counts) (all []skipped) {
	for reason, count := range counts.Skipped {
		name := "changes.skipped." + act + "." + string(reason)
		if !p.Has(name) {
			name = "changes.skipped." + string(reason)
		}
		if !p.Has(name) {
			name = "changes.skipped.otherwise"
		}
		all = append(all, skipped{p.Say(name, "count", count, "reason", string(reason)), count})
	}
	slices.SortFunc(all, func(a, b skipped) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.why, b.why))
	})
	return all
}

// changeClass is the class of the stylesheet for how far a change is.
func changeClass(c *bulk.Change) string {
	switch c.State() {
	case bulk.Undoing:
		return "running"
	case bulk.Undone:
		return "done"
	default:
		return jobClass(c.Status)
	}
}

// changeShape is how a change is marked in a list of what happened.
func changeShape(c *bulk.Change) string {
	switch {
	case c.State() == bulk.Undoing || c.State() == bulk.Undone:
		return "back"
	case c.Do.Revoke || c.Do.Delete:
		return "void"
	default:
		return ""
	}
}

// outcome is what a change, or its undoing, has come to.
func outcome(c *bulk.Change) bulk.Counts {
	if counts, _ := c.Undoing(); counts != nil {
		return *counts
	}
	return c.Counts
}

// canUndo reports whether somebody may ask for the undoing of a change, or for it to go on.
func canUndo(p *page, c *bulk.Change) bool {
	until := c.UndoableUntil()
	return c.IsEnded() && until != nil && p.Now().Before(*until) && p.may(core.PermissionManage)
}
