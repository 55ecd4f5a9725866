package member

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

// Limits of what people say about themselves.
const (
	MaxNameLength  = 100 // characters
	MaxEmailLength = 254 // bytes: RFC 3696 erratum 1690
)

// Member is a person who can sign in.
type Member struct {
	ID         core.ID
	Email      string // in lower case; unique
	Name       string
	Password   string // its hash; see [hash]
	Language   string // a tag such as "de"; empty: as the browser asks
	Operator   bool   // runs the installation
	CreatedAt  time.Time
	LastSeenAt *time.Time // accurate to a minute
}

// Seat is a role of a person in a workspace.
type Seat struct {
	Workspace tenancy.Workspace
	Role      Role
}

// Seated is a person in a workspace, as the others there see them.
type Seated struct {
	Member
	Role     Role
	JoinedAt time.Time
}

// Session lets a browser act for a person until it ends.
type Session struct {
	ID        core.ID
	MemberID  core.ID
	CreatedAt time.Time
	SeenAt    time.Time // accurate to a minute
	ExpiresAt time.Time
	Address   string // of the browser when the session began
	Agent     string // what the browser says it is, shortened
}

// How long sessions live.
const (
	SessionIdle = 12 * time.Hour      // without a request
	SessionLife = 30 * 24 * time.Hour // at most
)

// ActiveAt reports whether the session can be used at an instant.
func (s *Session) ActiveAt(now time.Time) bool {
	return now.Before(s.ExpiresAt) && now.Before(s.SeenAt.Add(SessionIdle))
}

// Who is a person who is signed in.
type Who struct {
	Member  Member
	Session Session
	Seats   []Seat // in the order of the workspaces' names
}

// Actor returns the person as they act in a workspace. It reports false if they have no seat there, or
// the workspace is suspended.
func (w *Who) Actor(slug string) (core.Actor, tenancy.Workspace, bool) {
	i := slices.IndexFunc(w.Seats, func(s Seat) bool { return s.Workspace.Slug == slug })
	if i < 0 || w.Seats[i].Workspace.SuspendedAt != nil {
		return core.Actor{}, tenancy.Workspace{}, false
	}
	seat := w.Seats[i]
	return core.Actor{
		Kind: core.ActorMember, ID: w.Member.ID, Name: w.Member.Name,
		Role: string(seat.Role), Permissions: seat.Role.Permissions(),
		WorkspaceID: seat.Workspace.ID, Workspace: seat.Workspace.Slug, Format: seat.Workspace.Format,
		Listens: seat.Workspace.Listens(),
	}, seat.Workspace, true
}

// actor returns the person as events name them.
func (w *Who) actor() event.Actor {
	return event.Actor{Kind: core.ActorMember, ID: w.Member.ID, Name: w.Member.Name}
}

// normalEmail writes an address as it is stored and compared.
func normalEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// What can be wrong with what is said about a person.
var (
	noEmail      = core.NewSentence("no_email", "email must be an address like mara@example.org")
	emailTooLong = core.NewSentence("email_too_long", "email must have at most {max} bytes")
	notOneLine   = core.NewSentence("not_one_line", "{field} must be one line")
	wrongRole    = core.NewSentence("wrong_member_role", "role must be {roles}")
)

// checkEmail adds what is wrong with an address in its normal form. It does not prove that there is
// such an address.
func checkEmail(errs *core.FieldErrors, email string) {
	local, domain, ok := strings.Cut(email, "@")
	if !ok || local == "" || domain == "" || strings.ContainsAny(domain, "@ ") || strings.Contains(local, " ") {
		errs.Add(core.ReasonInvalidValue, "/email", noEmail.Said())
	}
	if len(email) > MaxEmailLength {
		errs.Add(core.ReasonInvalidValue, "/email", emailTooLong.With("max", MaxEmailLength))
	}
	core.CheckProse(errs, "/email", "email", email, MaxEmailLength)
	if strings.ContainsAny(email, "\t\r\n") {
		errs.Add(core.ReasonInvalidValue, "/email", notOneLine.With("field", "email"))
	}
}

// checkName adds what is wrong with a name.
func checkName(errs *core.FieldErrors, name string) {
	if utf8.RuneCountInString(strings.TrimSpace(name)) == 0 {
		errs.Add(core.ReasonMissingField, "/name", core.Empty.With("field", "name"))
	}
	core.CheckProse(errs, "/name", "name", name, MaxNameLength)
	if strings.ContainsAny(name, "\t\r\n") {
		errs.Add(core.ReasonInvalidValue, "/name", notOneLine.With("field", "name"))
	}
}

func checkRole(errs *core.FieldErrors, role Role) {
	if !slices.Contains(Roles(), role) {
		errs.Add(core.ReasonInvalidValue, "/role", wrongRole.With("roles", core.Alternatives(Roles())))
	}
}
