package member

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

// LinkKind is what a one-time link is for.
type LinkKind string

// The kinds.
const (
	LinkSetup  LinkKind = "setup"  // the first person: operator, owner of all workspaces that there are
	LinkInvite LinkKind = "invite" // a seat in a workspace, or to operate
	LinkReset  LinkKind = "reset"  // a new password
)

// How long links can be used.
const (
	SetupLife  = time.Hour
	InviteLife = 7 * 24 * time.Hour
	ResetLife  = 24 * time.Hour
)

// Link lets somebody in once.
type Link struct {
	ID            core.ID
	Kind          LinkKind
	Email         string // who it is for; empty: whoever has it
	WorkspaceID   core.ID
	Workspace     string // its name; empty: it is for none
	Role          Role
	Operator      bool
	CreatedBy     core.ID
	CreatedByName string
	CreatedAt     time.Time
	ExpiresAt     time.Time
}

// errLink is the same for every link that is of no use.
var errLink = core.NotFound(core.ReasonLinkNotFound,
	"this link has been used, has expired or was never right; ask for a new one")

// Links makes one-time links and lets people in by them.
type Links struct{ base }

// SetUp makes a link by which the first person sets the installation up; "" if there is somebody.
// Earlier ones stay good until one is used.
func (s *Links) SetUp(ctx context.Context) (token string, err error) {
	some, err := s.deps.Store.HasMembers(ctx)
	if err != nil || some {
		return "", err
	}
	token, made, err := s.make(ctx, Link{Kind: LinkSetup, Operator: true}, SetupLife, nil)
	if err != nil || !made {
		return "", err
	}
	return token, nil
}

// make stores a new link and returns its token.
func (s *Links) make(
	ctx context.Context, l Link, life time.Duration, events func(l *Link) ([]*event.Event, error),
) (token string, made bool, err error) {
	if l.ID, err = s.deps.NewID(); err != nil {
		return "", false, err
	}
	token, hash, err := newToken(s.deps.Entropy)
	if err != nil {
		return "", false, err
	}
	l.CreatedAt = s.now()
	l.ExpiresAt = l.CreatedAt.Add(life)
	var recorded []*event.Event
	if events != nil {
		if recorded, err = events(&l); err != nil {
			return "", false, err
		}
	}
	made, err = s.deps.Store.InsertLink(ctx, l, hash, recorded...)
	return token, made, err
}

// Invitation asks somebody to join.
type Invitation struct {
	Email     string
	Role      Role
	Workspace *tenancy.Workspace // nil: none, only to operate the installation
	Operator  bool
}

// Invite makes a link by which somebody joins the actor's workspace.
//
// Errors: KindForbidden; KindInvalid; KindConflict with ReasonMemberExists for who is in it already.
func (s *Links) Invite(ctx context.Context, actor *core.Actor, email string, role Role) (string, error) {
	if err := actor.Require(core.PermissionAdminister); err != nil {
		return "", err
	}
	w := &tenancy.Workspace{ID: actor.WorkspaceID}
	return s.InviteAs(ctx, actorOf(actor), actor.RequestID, Invitation{Email: email, Role: role, Workspace: w})
}

// InviteAs is Invite for who runs the installation.
func (s *Links) InviteAs(ctx context.Context, by event.Actor, requestID string, asked Invitation) (string, error) {
	var errs core.FieldErrors
	email := normalEmail(asked.Email)
	checkEmail(&errs, email)
	l := Link{
		Kind: LinkInvite, Email: email, Role: asked.Role, Operator: asked.Operator, CreatedBy: by.ID, CreatedByName: by.Name,
	}
	if asked.Workspace != nil {
		l.WorkspaceID = asked.Workspace.ID
		checkRole(&errs, asked.Role)
	}
	if err := errs.Err(); err != nil {
		return "", err
	}
	if err := s.checkNew(ctx, &l); err != nil {
		return "", err
	}
	token, _, err := s.make(ctx, l, InviteLife, func(l *Link) ([]*event.Event, error) {
		return s.eventsOfLink(l, l.leadsTo(), by, requestID, event.MemberInvited, l.ID)
	})
	if errors.Is(err, ErrMayNot) {
		err = errMayNot
	}
	return token, err
}

// roleOperator is what events call it to run the installation.
const roleOperator = "operator"

// leadsTo returns the workspace that a link leads to, if it leads to one.
func (l *Link) leadsTo() []core.ID {
	if l.WorkspaceID.IsZero() {
		return nil
	}
	return []core.ID{l.WorkspaceID}
}

// eventsOfLink makes an event in the log of each workspace that a link concerns, and of the installation if
// it concerns that.
func (s *base) eventsOfLink(
	l *Link, workspaces []core.ID, by event.Actor, requestID string, t event.Type, about core.ID,
) (all []*event.Event, err error) {
	record := func(log core.ID, role string) {
		e, makeErr := s.eventIn(log, by, requestID, t, about, event.Data{"role": role})
		all, err = append(all, e), errors.Join(err, makeErr)
	}
	for _, workspace := range workspaces {
		record(workspace, string(l.Role))
	}
	if l.Operator {
		record(event.Installation, roleOperator)
	}
	return all, err
}

// checkNew refuses to invite somebody to where they are.
func (s *Links) checkNew(ctx context.Context, l *Link) error {
	m, err := s.deps.Store.MemberByEmail(ctx, l.Email)
	if errors.Is(err, core.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if l.WorkspaceID.IsZero() && m.Operator {
		return core.Conflict(core.ReasonMemberExists, l.Email+" runs the installation already")
	}
	seats, err := s.deps.Store.Seats(ctx, m.ID)
	if err != nil {
		return err
	}
	for _, seat := range seats {
		if seat.Workspace.ID == l.WorkspaceID {
			return core.Conflict(core.ReasonMemberExists,
				fmt.Sprintf("%s is a member already, with the role %s; change the role instead", l.Email, seat.Role))
		}
	}
	return nil
}

// Reset makes a link by which somebody chooses a new password. Errors: KindNotFound.
func (s *Links) Reset(ctx context.Context, email string) (string, error) {
	m, err := s.deps.Store.MemberByEmail(ctx, normalEmail(email))
	if errors.Is(err, core.ErrNotFound) {
		return "", memberNotFound()
	}
	if err != nil {
		return "", err
	}
	token, _, err := s.make(ctx, Link{Kind: LinkReset, Email: m.Email}, ResetLife, nil)
	return token, err
}

// Open returns what a link is for, without using it. Errors: one and the same of KindNotFound for every
// link that cannot be used.
func (s *Links) Open(ctx context.Context, token string) (Link, error) {
	hash, ok := hashToken(token)
	if !ok {
		return Link{}, errLink
	}
	l, err := s.deps.Store.LinkByToken(ctx, hash, s.now())
	if errors.Is(err, core.ErrNotFound) {
		return Link{}, errLink
	}
	return l, err
}

// NewPerson is what somebody says of themselves who uses a link.
type NewPerson struct {
	Email          string // only for setting up: other links are for an address
	Name           string // for who has no account yet
	Password       string // a new one; who is invited and has an account gives the one they have
	Language       string
	Address, Agent string // of the browser
	Device         string // as with [Credentials]
}

// Acceptance is what is stored when a link is used.
type Acceptance struct {
	Token       TokenHash
	Link        Link
	Member      Member // as it is afterwards; it may be new
	New         bool   // the person has no account yet
	EndSessions bool   // all that the person has
	Session     Session
	SessionHash TokenHash
	DeviceHash  TokenHash // of the browser
	At          time.Time
	// Events makes the events about the seats that the person gets.
	Events func(workspaces []core.ID) ([]*event.Event, error)
}

// Accept uses a link up and signs its person in. Of many who use one link at once, one succeeds. A link
// alone never changes the password of an account that there is, but for one that is made for that.
//
// Errors: KindNotFound as with Open; KindInvalid; KindUnauthenticated with ReasonSignInFailed if who has
// an account gives a wrong password; KindTooMany.
func (s *Links) Accept(ctx context.Context, token string, p NewPerson) (SignedIn, error) {
	in, err := s.accept(ctx, token, &p)
	if errors.Is(err, ErrAddressTaken) { // the account was made meanwhile, so the password must be its own
		in, err = s.accept(ctx, token, &p)
	}
	return in, err
}

func (s *Links) accept(ctx context.Context, token string, p *NewPerson) (in SignedIn, err error) {
	l, err := s.Open(ctx, token)
	if err != nil {
		return SignedIn{}, err
	}
	if l.Kind == LinkSetup {
		l.Role = RoleOwner
	}
	a := &Acceptance{Link: l, At: s.now(), EndSessions: l.Kind == LinkReset}
	a.Token, _ = hashToken(token)
	if err := s.fill(ctx, a, p); err != nil {
		return SignedIn{}, err
	}
	if in.Again, err = s.knowsDevice(ctx, a.Member.ID, p.Device); err != nil {
		return SignedIn{}, err
	}
	if a.Session, in.Token, a.SessionHash, err = s.newSession(a.Member.ID, p.Address, p.Agent); err != nil {
		return SignedIn{}, err
	}
	if in.Device, a.DeviceHash, err = newToken(s.deps.Entropy); err != nil {
		return SignedIn{}, err
	}
	a.Events = func(workspaces []core.ID) ([]*event.Event, error) {
		by := (&Who{Member: a.Member}).actor()
		return s.eventsOfLink(&a.Link, workspaces, by, "", event.MemberJoined, a.Member.ID)
	}
	err = s.deps.Store.AcceptLink(ctx, a)
	if errors.Is(err, core.ErrNotFound) {
		err = errLink
	}
	if err != nil {
		return SignedIn{}, err
	}
	in.Member, in.Session = a.Member, a.Session
	in.Seats, err = s.deps.Store.Seats(ctx, a.Member.ID)
	return in, err
}

// fill finds or makes the person who uses a link.
func (s *Links) fill(ctx context.Context, a *Acceptance, p *NewPerson) error {
	// What no password can be is said before it is known whether there is an account.
	var errs core.FieldErrors
	checkLength(&errs, p.Password)
	if err := errs.Err(); err != nil {
		return err
	}
	email := a.Link.Email
	if a.Link.Kind == LinkSetup {
		email = normalEmail(p.Email)
	}
	m, err := s.deps.Store.MemberByEmail(ctx, email)
	switch {
	case errors.Is(err, core.ErrNotFound) && a.Link.Kind == LinkReset:
		return errLink
	case errors.Is(err, core.ErrNotFound):
		return s.fillNew(ctx, a, p, email)
	case err != nil:
		return err
	}
	a.Member = m
	a.Member.Operator = m.Operator || a.Link.Operator
	if a.Link.Kind == LinkInvite {
		return s.prove(ctx, &m, p)
	}
	checkPassword(&errs, p.Password, m.Email, m.Name)
	if err := errs.Err(); err != nil {
		return err
	}
	a.Member.Password, err = s.passwords.hash(ctx, true, p.Password)
	return err
}

// prove checks the password of who has an account.
func (s *Links) prove(ctx context.Context, m *Member, p *NewPerson) error {
	if err := s.throttle.try(s.deps.Now(), m.Email, p.Address, false); err != nil {
		return err
	}
	right, err := s.passwords.matches(ctx, true, p.Password, m.Password)
	if err != nil || right {
		return err
	}
	seats, err := s.deps.Store.Seats(ctx, m.ID)
	if err != nil {
		return err
	}
	return s.failed(m, seats)
}

func (s *Links) fillNew(ctx context.Context, a *Acceptance, p *NewPerson, email string) error {
	var errs core.FieldErrors
	name := strings.TrimSpace(p.Name)
	checkName(&errs, name)
	checkEmail(&errs, email)
	checkPassword(&errs, p.Password, email, name)
	if err := errs.Err(); err != nil {
		return err
	}
	id, err := s.deps.NewID()
	if err != nil {
		return err
	}
	a.New = true
	a.Member = Member{
		ID: id, Email: email, Name: name, Operator: a.Link.Operator, CreatedAt: a.At, LastSeenAt: &a.At,
	}
	a.Member.Password, err = s.passwords.hash(ctx, true, p.Password)
	return err
}
