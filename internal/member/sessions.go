package member

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Sessions signs people in and out, and does what they do about themselves.
type Sessions struct{ base }

// Credentials are what somebody gives to sign in.
type Credentials struct {
	Email, Password string
	Address, Agent  string // of the browser
	Device          string // the token that the browser got at an earlier time; empty: none
}

// SignedIn is a session that has begun.
type SignedIn struct {
	Who
	Token  string // of the session
	Device string // by which the browser is known next time
	Again  bool   // the person is the last who signed in from this browser
}

var (
	// errSignIn is the same for every wrong sign-in: nobody finds out who has an account.
	errSignIn = &core.Error{
		Kind: core.KindUnauthenticated, Reason: core.ReasonSignInFailed, Detail: "e-mail or password is wrong",
	}
	// errSession is the same for every token that is of no use.
	errSession = &core.Error{
		Kind: core.KindUnauthenticated, Reason: core.ReasonSessionNotFound, Detail: "sign in to go on",
	}
)

// seenInterval is how accurately it is stored when somebody was last seen.
const seenInterval = time.Minute

// SignIn begins a session. Until the password is known to be right, it does the same for an address
// without an account as for one that has one, so its time tells nothing.
//
// Errors: KindUnauthenticated with ReasonSignInFailed; KindTooMany after too many tries; KindUnavailable
// while too many others try.
func (s *Sessions) SignIn(ctx context.Context, c Credentials) (SignedIn, error) {
	email := normalEmail(c.Email)
	if len(email) > MaxEmailLength || !utf8.ValidString(email) || strings.ContainsRune(email, 0) {
		return SignedIn{}, errSignIn // nobody has such an address
	}
	m, err := s.deps.Store.MemberByEmail(ctx, email)
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return SignedIn{}, err
	}
	known, err := s.knowsDevice(ctx, m.ID, c.Device)
	if err != nil {
		return SignedIn{}, err
	}
	if err := s.throttle.try(s.deps.Now(), email, c.Address, known); err != nil {
		return SignedIn{}, err
	}
	right, err := s.passwords.matches(ctx, known, c.Password, m.Password)
	if err != nil {
		return SignedIn{}, err
	}
	seats, err := s.deps.Store.Seats(ctx, m.ID)
	if err != nil {
		return SignedIn{}, err
	}
	if !right {
		return SignedIn{}, s.failed(&m, seats)
	}
	s.throttle.forget(email, c.Address)
	return s.begin(ctx, &m, seats, c, known)
}

// knowsDevice reports whether a person has signed in from a browser. It asks for nobody, too.
func (s *base) knowsDevice(ctx context.Context, member core.ID, device string) (bool, error) {
	hash, ok := hashToken(device)
	if !ok {
		return false, nil
	}
	return s.deps.Store.KnowsDevice(ctx, member, hash)
}

func (s *Sessions) begin(
	ctx context.Context, m *Member, seats []Seat, c Credentials, known bool,
) (in SignedIn, err error) {
	in = SignedIn{Who: Who{Member: *m, Seats: seats}, Again: known}
	var hash, deviceHash TokenHash
	if in.Session, in.Token, hash, err = s.newSession(m.ID, c.Address, c.Agent); err != nil {
		return SignedIn{}, err
	}
	if in.Device, deviceHash, err = newToken(s.deps.Entropy); err != nil {
		return SignedIn{}, err
	}
	events, err := s.eventsOfSeats(m, seats, event.SessionStarted, event.Data{})
	if err != nil {
		return SignedIn{}, err
	}
	if err := s.deps.Store.InsertSession(ctx, in.Session, hash, deviceHash, events...); err != nil {
		return SignedIn{}, err
	}
	return in, nil
}

// Authenticate returns who has a session's token.
//
// Errors: one and the same of KindUnauthenticated for every token that cannot be used.
func (s *Sessions) Authenticate(ctx context.Context, token string) (Who, error) {
	hash, ok := hashToken(token)
	if !ok {
		return Who{}, errSession
	}
	who, err := s.deps.Store.SessionByToken(ctx, hash)
	if errors.Is(err, core.ErrNotFound) {
		return Who{}, errSession
	}
	if err != nil {
		return Who{}, err
	}
	now := s.now()
	if !who.Session.ActiveAt(now) {
		return Who{}, errSession
	}
	if now.Sub(who.Session.SeenAt) >= seenInterval {
		err := s.deps.Store.TouchSession(ctx, who.Session.ID, who.Member.ID, now)
		if err != nil && !core.IsKind(err, core.KindUnavailable) { // pages can be read while nothing can be stored
			return Who{}, err
		}
		who.Session.SeenAt = now
	}
	return who, nil
}

// SignOut ends the session.
func (s *Sessions) SignOut(ctx context.Context, who *Who) error {
	err := s.deps.Store.DeleteSession(ctx, who.Member.ID, who.Session.ID)
	if errors.Is(err, core.ErrNotFound) {
		return nil
	}
	return err
}

// List returns the person's sessions, newest first.
func (s *Sessions) List(ctx context.Context, who *Who) ([]Session, error) {
	return s.deps.Store.Sessions(ctx, who.Member.ID, s.now())
}

// End ends one of the person's sessions. Errors: KindNotFound.
func (s *Sessions) End(ctx context.Context, who *Who, id core.ID) error {
	err := s.deps.Store.DeleteSession(ctx, who.Member.ID, id)
	if errors.Is(err, core.ErrNotFound) {
		return core.NotFound(core.ReasonSessionMissing, "there is no such session any more")
	}
	return err
}

// EndOthers ends all of the person's sessions but this one.
func (s *Sessions) EndOthers(ctx context.Context, who *Who) error {
	return s.deps.Store.DeleteOtherSessions(ctx, who.Member.ID, who.Session.ID)
}

// ChangePassword changes the person's password and ends their other sessions.
//
// Errors: KindUnauthenticated with ReasonSignInFailed if the old one is wrong; KindInvalid; KindTooMany.
func (s *Sessions) ChangePassword(ctx context.Context, who *Who, old, password string) error {
	m, err := s.deps.Store.MemberByEmail(ctx, who.Member.Email)
	if err != nil {
		return err
	}
	// Who has stolen a session must not keep the person from signing in: the tries count apart.
	if err := s.throttle.take(s.deps.Now(), map[string]pace{"c" + m.Email: ofDevice}); err != nil {
		return err
	}
	right, err := s.passwords.matches(ctx, true, old, m.Password)
	if err != nil {
		return err
	}
	if !right {
		return s.failed(&m, who.Seats)
	}
	var errs core.FieldErrors
	checkPassword(&errs, password, m.Email, m.Name)
	if err := errs.Err(); err != nil {
		return err
	}
	hash, err := s.passwords.hash(ctx, true, password)
	if err != nil {
		return err
	}
	changed, err := s.deps.Store.ChangePassword(ctx, m.ID, m.Password, hash, who.Session.ID)
	if err == nil && !changed { // somebody has changed it meanwhile
		err = errSignIn
	}
	return err
}

// UpdateProfile changes what a person is called and in which language they read. The log of each of their
// workspaces tells of another name, so that nobody acts under one that was not theirs. Errors: KindInvalid.
func (s *Sessions) UpdateProfile(ctx context.Context, who *Who, name, language string) error {
	var errs core.FieldErrors
	checkName(&errs, name)
	if len(language) > 35 { // RFC 5646 §4.4.1
		errs.Add(core.ReasonInvalidValue, "/language", core.InEnglish("language must be a tag such as de"))
	}
	core.CheckText(&errs, "/language", "language", language, 35)
	if err := errs.Err(); err != nil {
		return err
	}
	var events []*event.Event
	if name != who.Member.Name {
		data := event.Data{}
		data.Change("name", who.Member.Name, name)
		var err error
		if events, err = s.eventsOfSeats(&who.Member, who.Seats, event.MemberChanged, data); err != nil {
			return err
		}
	}
	return s.deps.Store.UpdateProfile(ctx, who.Member.ID, name, language, events...)
}

// Prune deletes what has ended: call it about every minute.
func (s *Sessions) Prune(ctx context.Context) error {
	for {
		deleted, err := s.deps.Store.PrunePeople(ctx, s.now())
		if err != nil || deleted == 0 {
			return err
		}
	}
}
