package codes

import (
	"slices"
	"strings"
	"time"

	"accesscodes/internal/core"
)

// Selection says which codes of a workspace something is done to.
type Selection struct {
	CodeFilter
	// Until is the time of the request: codes that were made after it are not in the selection.
	Until time.Time
}

// Has reports whether a code is in the selection at an instant.
func (s *Selection) Has(c *Code, at time.Time) bool {
	return !c.CreatedAt.After(s.Until) && s.passes(c, at) && s.finds(c)
}

// MayHave reports whether a code may have been in the selection at some time: what never changes of it
// passes.
func (s *Selection) MayHave(c *Code) bool {
	filter := s.CodeFilter
	filter.Status = ""
	return !c.CreatedAt.After(s.Until) && filter.passes(c, s.Until)
}

// finds reports whether a list that searches for the filter's text shows the code.
func (f *CodeFilter) finds(c *Code) bool {
	if f.Query == "" {
		return true
	}
	form, folded := c.Form(), core.FoldASCII(f.Query)
	begins := func(text, with string) bool { return with != "" && strings.HasPrefix(text, with) }
	return begins(form, core.Canonical(f.Query)) || c.HasOldForm && begins(form, core.OldForm(f.Query)) ||
		begins(core.FoldASCII(c.Note), folded) || begins(core.FoldASCII(c.Recipient), folded)
}

// Page returns a query for the next codes that may be in the selection, in the order of lists. It
// leaves the status and the text to [Selection.Has]: so a page costs the same however few match.
func (s *Selection) Page(workspace core.ID, after *CodeKey, limit int, at time.Time) *CodeQuery {
	filter := s.CodeFilter
	filter.Status, filter.Query = "", ""
	end := s.Until.Add(time.Microsecond)
	if filter.CreatedBefore == nil || end.Before(*filter.CreatedBefore) {
		filter.CreatedBefore = &end
	}
	return &CodeQuery{
		WorkspaceID: workspace, CodeFilter: filter, After: after, Limit: limit, MaxBytes: core.MaxPageBytes, At: at,
	}
}

// Key returns the code's place in the order of lists.
func (c *Code) Key() CodeKey { return CodeKey{c.CreatedAt, c.Form()} }

// CheckFields adds what is wrong with the filter as a part of a body, each with a prefix to its
// pointer, and rounds times to the precision of stores.
func (f *CodeFilter) CheckFields(errs *core.FieldErrors, prefix string) {
	if f.Type != "" && !slices.Contains(Types(), f.Type) {
		errs.Add(core.ReasonInvalidValue, prefix+"/type",
			core.InEnglish("type must be %s, spelt exactly so", core.Alternatives(Types())))
	}
	if f.Status != "" && !slices.Contains(Statuses(), f.Status) {
		errs.Add(core.ReasonInvalidValue, prefix+"/status",
			core.InEnglish("status must be %s", core.Alternatives(Statuses())))
	}
	core.CheckText(errs, prefix+"/q", "q", f.Query, MaxQueryLength)
	f.CreatedAfter, f.CreatedBefore = storedRange(f.CreatedAfter, f.CreatedBefore)
	core.CheckYear(errs, prefix+"/createdAfter", "createdAfter", f.CreatedAfter)
	core.CheckYear(errs, prefix+"/createdBefore", "createdBefore", f.CreatedBefore)
}
