package console

import (
	"slices"
	"strings"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// What an endpoint can want.
const (
	typesAll  = "all"
	typesSome = "some"
)

// typeGroup is a kind of events with its types.
type typeGroup struct {
	kind  string
	types []event.Type
}

// typeGroups are all types by their kinds: what their names begin with.
func typeGroups() (groups []typeGroup) {
	for _, t := range event.Types() {
		kind, _, _ := strings.Cut(string(t), ".")
		i := slices.IndexFunc(groups, func(g typeGroup) bool { return g.kind == kind })
		if i < 0 {
			i, groups = len(groups), append(groups, typeGroup{kind: kind})
		}
		groups[i].types = append(groups[i].types, t)
	}
	return groups
}

// pattern is what stands for all types of the kind, also for those of later versions.
func (g *typeGroup) pattern() string { return g.kind + ".*" }

// typePatterns reads which types of events an endpoint is to get: none for all, and what is wrong with that.
// A ticked kind includes its types.
func (f *form) typePatterns() (patterns []string, wrong core.FieldErrors) {
	if f.get("which") == typesAll {
		return nil, wrong
	}
	kinds, types := f.all("kind"), f.all("type")
	for _, group := range typeGroups() {
		if slices.Contains(kinds, group.kind) {
			patterns = append(patterns, group.pattern())
			continue
		}
		for _, t := range group.types {
			if slices.Contains(types, string(t)) {
				patterns = append(patterns, string(t))
			}
		}
	}
	if len(patterns) == 0 {
		wrong.Add(core.ReasonInvalidValue, "/types", noEventKinds.Said())
	}
	return patterns, wrong
}

// setTypes fills in which types an endpoint gets.
func (f *form) setTypes(patterns []string) {
	if len(patterns) == 0 {
		f.set("which", typesAll)
		return
	}
	f.set("which", typesSome)
	sent := f.page.Request.Form
	for _, pattern := range patterns {
		if kind, isKind := strings.CutSuffix(pattern, ".*"); isKind {
			sent.Add("kind", kind)
		} else {
			sent.Add("type", pattern)
		}
	}
}

// hasAny reports whether some types of a kind are ticked one by one.
func (f *form) hasAny(g *typeGroup) bool {
	return slices.ContainsFunc(g.types, func(t event.Type) bool { return slices.Contains(f.all("type"), string(t)) })
}

// wanted names what an endpoint gets: kinds in words, single types by their names.
func (p *page) wanted(patterns []string) string {
	if len(patterns) == 0 {
		return p.Say("webhooks.everything")
	}
	var names []string
	for _, pattern := range patterns {
		if kind, isKind := strings.CutSuffix(pattern, ".*"); isKind && p.Has("activity.kind."+kind) {
			names = append(names, p.Say("activity.kind."+kind))
		} else {
			names = append(names, pattern)
		}
	}
	return strings.Join(names, ", ")
}
