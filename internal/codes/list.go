package codes

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
	"unicode/utf8"

	"accesscodes/internal/core"
)

// MaxQueryLength is the longest text to search for, in characters.
const MaxQueryLength = MaxRecipientLength

// CodeFilter says which codes to list; zero fields filter nothing.
type CodeFilter struct {
	Type          Type
	Status        Status
	BatchID       core.ID
	Query         string // the beginning of a canonical value, a note or a recipient; case does not matter
	CreatedAfter  *time.Time
	CreatedBefore *time.Time
	// ExpiresAfter and ExpiresBefore: a code without an end passes neither.
	ExpiresAfter  *time.Time `json:",omitempty"`
	ExpiresBefore *time.Time `json:",omitempty"`
}

// CodeKey is a code's place in the order of lists: newest first, and by canonical form for codes of
// one instant. It never changes.
type CodeKey struct {
	CreatedAt time.Time
	Canonical string
}

// CompareInLists orders codes as lists show them.
func CompareInLists(a, b Code) int {
	if order := b.CreatedAt.Compare(a.CreatedAt); order != 0 {
		return order
	}
	return cmp.Compare(b.Form(), a.Form())
}

// CodeQuery asks a store for a page of codes.
type CodeQuery struct {
	WorkspaceID core.ID
	CodeFilter
	OldestFirst bool
	OldForm     string   // the old form of Query, if some codes have old forms; else empty
	After       *CodeKey // the last of the page before
	Except      string   // the canonical form of a code to leave out; empty: none
	Limit       int
	MaxBytes    int       // after how much content the store may stop; see [core.Budget]
	At          time.Time // the instant that statuses are about
}

// Compare orders codes as the query asks for them.
func (q *CodeQuery) Compare(a, b Code) int {
	if q.OldestFirst {
		return CompareInLists(b, a)
	}
	return CompareInLists(a, b)
}

// Types returns the types to list.
func (q *CodeQuery) Types() []Type {
	if q.Type != "" {
		return []Type{q.Type}
	}
	return Types()
}

// ListCodes returns a page of the workspace's codes, newest first or oldest first. A code that exists during the
// whole listing is on exactly one page, even if codes are added meanwhile. A code whose whole value
// is the filter's text comes first.
//
// Errors: KindInvalid with ReasonInvalidParameter or ReasonInvalidCursor; KindUnavailable, with
// ReasonOverloaded if the workspace reads too many lists at once.
func (s *Service) ListCodes(
	ctx context.Context,
	actor *core.Actor,
	filter CodeFilter,
	page core.PageRequest,
) (core.Page[Code], error) {
	limit, err := page.CheckedLimit()
	if err != nil {
		return core.Page[Code]{}, err
	}
	if err := filter.check(); err != nil {
		return core.Page[Code]{}, err
	}
	name, beforeAll := "codes", afterTheNewest
	if page.OldestFirst {
		name, beforeAll = "oldest codes", beforeTheOldest
	}
	list := core.NewCursor(name, actor.WorkspaceID, filter.texts()...)
	after, err := codeKeyOf(list, page.Cursor)
	if err != nil {
		return core.Page[Code]{}, err
	}
	leave, err := s.lists.Enter(ctx, actor.WorkspaceID)
	if err != nil {
		return core.Page[Code]{}, err
	}
	defer leave()
	q := &CodeQuery{
		WorkspaceID: actor.WorkspaceID, CodeFilter: filter, OldestFirst: page.OldestFirst,
		After: after, Except: filter.exactly(),
		Limit: limit + 1, MaxBytes: core.MaxPageBytes, At: page.At,
	}
	if q.At.IsZero() {
		q.At = s.now()
	}
	if old := core.OldForm(filter.Query); !s.oldForms.areNone() && old != core.OldForm("") {
		q.OldForm = old
	}
	first, err := s.exactMatch(ctx, q)
	if err != nil {
		return core.Page[Code]{}, err
	}
	codes, err := s.store.Codes(ctx, q)
	found := core.PageOf(append(first, codes...), limit, (*Code).Size, func(c *Code) string {
		if q.Except != "" && c.Form() == q.Except {
			return afterKey(list, beforeAll) // it comes first, whatever its age
		}
		return afterCode(list, c)
	})
	found.At = q.At
	return found, err
}

// texts are the filter as texts, which tell it from others.
func (f *CodeFilter) texts() []string {
	all := []string{
		string(f.Type), string(f.Status), f.BatchID.String(), f.Query,
		core.Digits(f.CreatedAfter), core.Digits(f.CreatedBefore),
	}
	if f.ends() { // cursors of before there was this filter go on
		all = append(all, core.Digits(f.ExpiresAfter), core.Digits(f.ExpiresBefore))
	}
	return all
}

// ends reports whether the filter asks when codes end.
func (f *CodeFilter) ends() bool { return f.ExpiresAfter != nil || f.ExpiresBefore != nil }

// withoutIndex returns the filter less what no index finds.
func (f *CodeFilter) withoutIndex() CodeFilter {
	rest := *f
	rest.Status, rest.Query, rest.ExpiresAfter, rest.ExpiresBefore = "", "", nil, nil
	return rest
}

// IsIndexed reports whether indexes alone find what the filter asks for.
func (f *CodeFilter) IsIndexed() bool { return *f == f.withoutIndex() }

// HasMoreCodes reports whether a filter finds more codes than so many, without a look at what no index
// finds, see [CodeFilter.IsIndexed]: with that, it may find fewer.
//
// Errors: KindInvalid with ReasonInvalidParameter; KindUnavailable, also if counting takes too long.
func (s *Service) HasMoreCodes(ctx context.Context, actor *core.Actor, filter CodeFilter, than int) (bool, error) {
	if err := filter.check(); err != nil {
		return false, err
	}
	leave, err := s.lists.Enter(ctx, actor.WorkspaceID)
	if err != nil {
		return false, err
	}
	defer leave()
	count, err := s.store.CountCodes(ctx, &CodeQuery{
		WorkspaceID: actor.WorkspaceID, CodeFilter: filter.withoutIndex(), Limit: than + 1,
	})
	return count > than, err
}

// exactly returns the canonical form of a code whose whole value is the filter's text; empty: no
// code can have it.
func (f *CodeFilter) exactly() string {
	canonical := core.Canonical(f.Query)
	if utf8.RuneCountInString(canonical) > core.MaxCodeLength {
		return ""
	}
	return canonical
}

// exactMatch returns the code that the list leaves out, if it passes the other filters. It is on the
// first page, whatever its age, and costs one look-up.
func (s *Service) exactMatch(ctx context.Context, q *CodeQuery) ([]Code, error) {
	if q.Except == "" || q.After != nil {
		return nil, nil
	}
	code, err := s.store.Code(ctx, q.WorkspaceID, q.Except, q.At)
	if errors.Is(err, core.ErrNotFound) || err == nil && !q.passes(&code, q.At) {
		return nil, nil
	}
	return []Code{code}, err
}

// passes reports whether a code passes every filter but the text.
func (f *CodeFilter) passes(c *Code, at time.Time) bool {
	return (f.Type == "" || c.Type == f.Type) &&
		(f.Status == "" || c.StatusAt(at) == f.Status) &&
		(f.BatchID.IsZero() || c.BatchID == f.BatchID) &&
		isBetween(c.CreatedAt, f.CreatedAfter, f.CreatedBefore) &&
		(!f.ends() || c.ExpiresAt != nil && isBetween(*c.ExpiresAt, f.ExpiresAfter, f.ExpiresBefore))
}

// isBetween reports whether an instant is after one and before another; nil: no bound.
func isBetween(at time.Time, after, before *time.Time) bool {
	return (after == nil || at.After(*after)) && (before == nil || at.Before(*before))
}

func (f *CodeFilter) check() error {
	if f.Type != "" && !slices.Contains(Types(), f.Type) {
		return core.InvalidParameter("type must be %s, spelt exactly so", core.Alternatives(Types()))
	}
	if f.Status != "" && !slices.Contains(Statuses(), f.Status) {
		return core.InvalidParameter("status must be %s", core.Alternatives(Statuses()))
	}
	f.CreatedAfter, f.CreatedBefore = storedRange(f.CreatedAfter, f.CreatedBefore)
	f.ExpiresAfter, f.ExpiresBefore = storedRange(f.ExpiresAfter, f.ExpiresBefore)
	return checkQuery(f.Query)
}

// storedRange rounds the ends of a time range to the precision of stores. The second becomes the
// first stored instant that is not before it.
func storedRange(after, before *time.Time) (storedAfter, storedBefore *time.Time) {
	if before != nil {
		up := before.Add(time.Microsecond - time.Nanosecond)
		before = &up
	}
	return core.StoredTime(after), core.StoredTime(before)
}

var wrongQuery = core.NewSentence("wrong_query",
	"q must be at most {max} characters of UTF-8, without control characters")

// checkQuery refuses a text that no stored text can begin with.
func checkQuery(text string) error {
	var errs core.FieldErrors
	core.CheckText(&errs, "", "q", text, MaxQueryLength)
	if errs.Err() != nil || !core.IsStorable(text) {
		return core.WrongParameter(wrongQuery.With("max", MaxQueryLength))
	}
	return nil
}

// RedemptionFilter says which redemptions to list; zero fields filter nothing.
type RedemptionFilter struct {
	Code          string // in any spelling
	UserID        string
	CreatedAfter  *time.Time
	CreatedBefore *time.Time
}

// RedemptionQuery asks a store for a page of redemptions.
type RedemptionQuery struct {
	WorkspaceID   core.ID
	Canonical     string // of the code; empty: any
	UserID        string // empty: any
	CreatedAfter  *time.Time
	CreatedBefore *time.Time
	After         core.ID // the last of the page before; zero: none
	Limit         int
	MaxBytes      int // after how much content the store may stop; see [core.Budget]
}

// idSlack is the largest difference between the time in a redemption's id and its CreatedAt. The id
// is made first; then the command waits for its commit and may be tried for some seconds.
const idSlack = 10 * time.Minute

// IDs returns the range of ids in which the query's redemptions lie: from low on and before high;
// zero: no bound. So a time range, too, is a range of the list's index. Not everything in the range
// matches.
func (q *RedemptionQuery) IDs() (low, high core.ID) {
	if q.CreatedAfter != nil {
		low = core.FirstID(q.CreatedAfter.Add(-idSlack))
	}
	high = q.After
	if q.CreatedBefore != nil {
		before := core.FirstID(q.CreatedBefore.Add(idSlack))
		if high.IsZero() || slices.Compare(before[:], high[:]) < 0 {
			high = before
		}
	}
	return low, high
}

// ListRedemptions returns a page of the workspace's redemptions, newest first, including those that
// were rolled back. Errors are those of [Service.ListCodes].
func (s *Redemptions) ListRedemptions(
	ctx context.Context,
	actor *core.Actor,
	filter RedemptionFilter,
	page core.PageRequest,
) (core.Page[Redemption], error) {
	limit, err := page.CheckedLimit()
	if err != nil {
		return core.Page[Redemption]{}, err
	}
	canonical, err := s.formOf(ctx, actor, filter.Code)
	if err != nil {
		return core.Page[Redemption]{}, err
	}
	if filter.Code != "" && canonical == "" || filter.UserID != "" && isNoUserID(filter.UserID) ||
		core.IsTooLong(canonical) {
		return core.Page[Redemption]{}, nil // no redemption can match
	}
	filter.CreatedAfter, filter.CreatedBefore = storedRange(filter.CreatedAfter, filter.CreatedBefore)
	list := core.NewCursor("redemptions", actor.WorkspaceID, canonical, filter.UserID,
		core.Digits(filter.CreatedAfter), core.Digits(filter.CreatedBefore))
	after, err := list.IDKey(page.Cursor)
	if err != nil {
		return core.Page[Redemption]{}, err
	}
	leave, err := s.lists.Enter(ctx, actor.WorkspaceID)
	if err != nil {
		return core.Page[Redemption]{}, err
	}
	defer leave()
	redemptions, err := s.store.Redemptions(ctx, &RedemptionQuery{
		WorkspaceID: actor.WorkspaceID, Canonical: canonical, UserID: filter.UserID,
		CreatedAfter: filter.CreatedAfter, CreatedBefore: filter.CreatedBefore,
		After: after, Limit: limit + 1, MaxBytes: core.MaxPageBytes,
	})
	return core.PageOf(
		redemptions,
		limit,
		(*Redemption).Size,
		func(r *Redemption) string { return list.After(r.ID[:]) },
	), err
}

// UserFilter says which users to list; zero fields filter nothing.
type UserFilter struct {
	Status UserStatus
	Query  string // the beginning of an id
}

// UserQuery asks a store for a page of users.
type UserQuery struct {
	WorkspaceID core.ID
	UserFilter
	After    string // the last id of the page before; empty: none
	Limit    int
	MaxBytes int // after how much content the store may stop; see [core.Budget]
}

// ListUsers returns a page of the workspace's registered users, in the order of their ids,
// byte by byte. Errors are those of [Service.ListCodes].
func (s *Users) ListUsers(
	ctx context.Context,
	actor *core.Actor,
	filter UserFilter,
	page core.PageRequest,
) (core.Page[User], error) {
	limit, err := page.CheckedLimit()
	if err != nil {
		return core.Page[User]{}, err
	}
	if filter.Status != "" && filter.Status != UserNormal && filter.Status != UserPremium {
		return core.Page[User]{}, core.InvalidParameter("status must be Normal or Premium, spelt exactly so")
	}
	if err := checkQuery(filter.Query); err != nil {
		return core.Page[User]{}, err
	}
	list := core.NewCursor("users", actor.WorkspaceID, string(filter.Status), filter.Query)
	after, err := list.TextKey(page.Cursor)
	if err != nil {
		return core.Page[User]{}, err
	}
	leave, err := s.lists.Enter(ctx, actor.WorkspaceID)
	if err != nil {
		return core.Page[User]{}, err
	}
	defer leave()
	users, err := s.store.Users(ctx, &UserQuery{
		WorkspaceID: actor.WorkspaceID, UserFilter: filter, After: after, Limit: limit + 1, MaxBytes: core.MaxPageBytes,
	})
	return core.PageOf(users, limit, (*User).Size, func(u *User) string { return list.After([]byte(u.ID)) }), err
}
