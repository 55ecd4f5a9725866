package access

import (
	"regexp"
	"strings"
	"time"
)

// MaxNameLength is the longest name of a workspace or an API key, in characters.
const MaxNameLength = 100

// slugPattern is what a workspace's slug looks like: a DNS label (RFC 1123 §2.1).
var slugPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Workspace is a customer organisation. It owns codes, users and API keys.
type Workspace struct {
	ID          ID
	Slug        string // its short name on the command line; never changes
	Name        string
	Format      Format // how its generated codes look
	SuspendedAt *time.Time
	CreatedAt   time.Time
}

func (w *Workspace) check() error {
	var errs fieldErrors
	if !slugPattern.MatchString(w.Slug) {
		errs.add(ReasonInvalidValue, "/slug", "slug must be 1 to 63 characters of a-z, 0-9 and dashes, and not begin or end with a dash")
	}
	checkName(&errs, w.Name)
	w.Format.check(&errs)
	return errs.err()
}

func checkName(errs *fieldErrors, name string) {
	if strings.TrimFunc(name, isSpace) == "" {
		errs.add(ReasonInvalidValue, "/name", "name must not be empty")
	}
	if strings.ContainsAny(name, "\t\n\r") { // a list shows it in one line
		errs.add(ReasonInvalidValue, "/name", "name must not contain tabs or line breaks")
	}
	checkText(errs, "/name", "name", name, MaxNameLength)
}

// WorkspaceChange says what to change about a workspace; nil leaves a field as it
// is. Codes that were generated before keep their values.
type WorkspaceChange struct {
	Name        *string
	Prefix      *string
	Groups      *int
	GroupLength *int
	Suspended   *bool // suspending twice keeps the first time
}

func (c *WorkspaceChange) check() error {
	var errs fieldErrors
	if c.Name != nil {
		checkName(&errs, *c.Name)
	}
	format := Format{Groups: DefaultGroups, GroupLength: DefaultGroupLength}
	set(&format.Prefix, c.Prefix)
	set(&format.Groups, c.Groups)
	set(&format.GroupLength, c.GroupLength)
	format.check(&errs)
	return errs.err()
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}
