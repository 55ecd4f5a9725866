package console

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

// menuItem is an entry of the menu: its page and the key after g that goes there.
type menuItem struct {
	name  string
	path  []string
	key   string
	needs core.Permission
}

var menu = [][]menuItem{
	{
		{"overview", nil, "g o", core.PermissionRead},
		{"codes", []string{"codes"}, "g c", core.PermissionRead},
		{"why", []string{"why"}, "g w", core.PermissionRead},
		{"batches", []string{"batches"}, "g b", core.PermissionFollow},
		{"users", []string{"users"}, "g u", core.PermissionRead},
	},
	{
		{"keys", []string{"keys"}, "g k", core.PermissionAdminister},
		{"webhooks", []string{"webhooks"}, "g h", core.PermissionWebhooks},
		{"activity", []string{"activity"}, "g a", core.PermissionRead},
		{"settings", []string{"settings"}, "g s", core.PermissionManage},
	},
}

// menu is what the person can go to.
func (p *page) menu() (groups [][]menuItem) {
	for _, group := range menu {
		var shown []menuItem
		for _, item := range group {
			if p.may(item.needs) {
				shown = append(shown, item)
			}
		}
		if len(shown) > 0 {
			groups = append(groups, shown)
		}
	}
	return groups
}

// currentIf marks the entry of the page that is shown.
func currentIf(current bool) templ.Attributes {
	if current {
		return templ.Attributes{"aria-current": "page"}
	}
	return nil
}

// stockOf is the colour of a workspace's stub, as the stylesheet calls it.
func stockOf(w tenancy.Workspace) string { return string(w.ColourOrOwn()) }

// mark is the short sign of a workspace: its prefix, else its slug.
func mark(w tenancy.Workspace) string {
	if w.Format.Prefix != "" {
		return w.Format.Prefix
	}
	return strings.ToUpper(w.Slug)
}

// statusClass is the class of the stylesheet for a status.
func statusClass(s codes.Status) string {
	if s == codes.StatusExhausted {
		return "used-up"
	}
	return string(s)
}

// group is a part of a value as it is shown.
type group struct {
	text         string
	dash, prefix bool
}

// groupsOf cuts a value at its dashes. The prefix of the workspace steps back.
func (p *page) groupsOf(value string) (all []group) {
	for i, piece := range strings.Split(value, "-") {
		if i > 0 {
			all = append(all, group{text: "-", dash: true})
		}
		all = append(all, group{text: piece})
	}
	if len(all) > 1 && p.workspace.Format.Prefix != "" && strings.EqualFold(all[0].text, p.workspace.Format.Prefix) {
		all[0].prefix = true
	}
	return all
}

// isLong reports whether a value may have to break.
func isLong(value string) bool { return utf8.RuneCountInString(value) > 24 }

// stepIf marks the step that somebody is at.
func stepIf(current bool) templ.Attributes {
	if current {
		return templ.Attributes{"aria-current": "step"}
	}
	return nil
}

// list names several as a sentence does: "Mara Lindt, Tomás Ruiz or Priya Nair".
func (p *page) list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return p.Say("list.or", "first", strings.Join(names[:last], ", "), "last", names[last])
}

// outsideMenu are the pages that belong to no workspace.
func (p *page) outsideMenu() []string {
	items := []string{"workspaces"}
	if p.who.Member.Operator {
		items = append(items, "installation")
	}
	return append(items, "account", "help")
}

// livePreview are the attributes of a form of which a part shows at once what was typed. The part is
// taken out of the page that the address shows for the form's fields, and others by their ids with it.
func (p *page) livePreview(part, address string, others ...string) templ.Attributes {
	attributes := []string{
		"get", address, "trigger", "input delay:250ms", "select", part, "target", part, "swap", "outerHTML",
		"sync", "this:replace",
	}
	if len(others) > 0 {
		attributes = append(attributes, "select-oob", strings.Join(others, ","))
	}
	return p.hx(attributes...)
}

// isPreview reports whether htmx gets what a live preview shows.
func (p *page) isPreview() bool { return strings.HasPrefix(p.Request.Header.Get("HX-Source"), "form") }

// withChoice is a list of sizes to choose from, together with the one that is chosen.
func withChoice(choices []int, chosen string) []int {
	n, err := strconv.Atoi(chosen)
	if err != nil || n < 1 || slices.Contains(choices, n) {
		return choices
	}
	return slices.Sorted(slices.Values(append(slices.Clone(choices), n)))
}
