package tenancy

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// MaxNameLength is the longest name of a workspace or an API key, in characters.
const MaxNameLength = 100

// slugPattern matches a workspace's slug: a DNS label (RFC 1123 §2.1).
var slugPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Workspace is a customer organisation. It owns codes, users and API keys.
type Workspace struct {
	ID          core.ID
	Slug        string // its short name on the command line; never changes
	Name        string
	Format      core.Format // how its generated codes look
	SuspendedAt *time.Time
	CreatedAt   time.Time
	Events      EventsRecorded
	Wanted      string // the hot types of events that webhooks want: see [event.WriteHotSet]
	Colour      Colour // of the strip by which people see where they are; empty: none was chosen
}

// Colour is a colour of a workspace.
type Colour string

// Colours lists the colours.
func Colours() []Colour { return []Colour{"sage", "sky", "straw", "rose"} }

// ColourOrOwn returns the colour that was chosen, or one that the workspace keeps, so that who has several
// sees where they are.
func (w *Workspace) ColourOrOwn() Colour {
	if w.Colour != "" {
		return w.Colour
	}
	sum := 0
	for _, b := range w.ID[8:] { // the random end of the id
		sum += int(b)
	}
	return Colours()[sum%len(Colours())]
}

// EventsRecorded says which of a workspace's events are recorded.
type EventsRecorded string

// What may be recorded.
const (
	EventsSome EventsRecorded = "some" // all but the hot ones, which come with each code
	EventsAll  EventsRecorded = "all"  // the hot ones, too: see [event.Type.Hot]
)

// orSome returns the setting, or the default if none was chosen.
func (e EventsRecorded) orSome() string {
	if e == "" {
		return string(EventsSome)
	}
	return string(e)
}

// What can be wrong with a workspace.
var (
	wrongSlug = core.NewSentence("wrong_slug",
		"slug must be 1 to 63 characters of a-z, 0-9 and dashes, and not begin or end with a dash")
	brokenName = core.NewSentence("broken_name", "name must not contain tabs or line breaks")
)

func (w *Workspace) check() error {
	var errs core.FieldErrors
	if !slugPattern.MatchString(w.Slug) {
		errs.Add(core.ReasonInvalidValue, "/slug", wrongSlug.Said())
	}
	checkName(&errs, w.Name)
	w.Format.Check(&errs)
	return errs.Err()
}

func checkName(errs *core.FieldErrors, name string) {
	if strings.TrimFunc(name, core.IsSpace) == "" {
		errs.Add(core.ReasonInvalidValue, "/name", core.Empty.With("field", "name"))
	}
	if strings.ContainsAny(name, "\t\n\r") { // a list shows it in one line
		errs.Add(core.ReasonInvalidValue, "/name", brokenName.Said())
	}
	core.CheckProse(errs, "/name", "name", name, MaxNameLength)
}

// WorkspaceChange says what to change about a workspace; nil leaves a field as it is. Existing codes
// keep their values.
type WorkspaceChange struct {
	Name        *string
	Prefix      *string
	Groups      *int
	GroupLength *int
	Suspended   *bool // suspending twice keeps the first time
	Events      *EventsRecorded
	Colour      *Colour
}

func (c *WorkspaceChange) check() error {
	var errs core.FieldErrors
	if c.Name != nil {
		checkName(&errs, *c.Name)
	}
	format := core.Format{Groups: core.DefaultGroups, GroupLength: core.DefaultGroupLength}
	core.Set(&format.Prefix, c.Prefix)
	core.Set(&format.Groups, c.Groups)
	core.Set(&format.GroupLength, c.GroupLength)
	format.Check(&errs)
	if c.Events != nil && *c.Events != EventsSome && *c.Events != EventsAll {
		errs.Add(core.ReasonInvalidValue, "/events", core.InEnglish("events must be %q or %q", EventsAll, EventsSome))
	}
	if c.Colour != nil && !slices.Contains(Colours(), *c.Colour) {
		errs.Add(core.ReasonInvalidValue, "/colour", core.InEnglish("colour must be %s", core.Alternatives(Colours())))
	}
	return errs.Err()
}

// Listens returns the hot types of events that are recorded in the workspace.
func (w *Workspace) Listens() core.EventSet {
	if w.Events == EventsAll {
		return event.AllHot
	}
	return event.ReadHotSet(w.Wanted)
}
