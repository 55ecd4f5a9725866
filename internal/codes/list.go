package codes

import (
	"cmp"
	"context"
	"slices"
	"time"

	"accesscodes/internal/core"
)

// MaxQueryLength is the longest text to search for, in characters.
const MaxQueryLength = MaxRecipientLength

// CodeFilter says which codes to list; zero fields do not matter.
type CodeFilter struct {
	Type          Type
	Status        Status
	BatchID       core.ID
	Query         string // the beginning of a canonical value, a note or a recipient; case does not matter
	CreatedAfter  *time.Time
	CreatedBefore *time.Time
}

// CodeKey is a code's place in the order of lists: newest first, by canonical form within
// an instant. It never changes.
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

// CodeQuery is a page of codes as a store is asked for it.
type CodeQuery struct {
	WorkspaceID core.ID
	CodeFilter
	OldForm string   // the old form of Query, where codes have such; else empty
	After   *CodeKey // the last of the page before
	Limit   int
	At      time.Time // the instant that statuses are about
}

// Types are the types to list.
func (q *CodeQuery) Types() []Type {
	if q.Type != "" {
		return []Type{q.Type}
	}
	return Types()
}

// ListCodes returns a page of the workspace's codes, newest first. A code that exists
// throughout is on exactly one page, whatever is added meanwhile.
//
// Errors: KindInvalid with ReasonInvalidParameter or ReasonInvalidCursor;
// KindUnavailable.
func (s *Service) ListCodes(ctx context.Context, actor *core.Actor, filter CodeFilter, page core.PageRequest) (core.Page[Code], error) {
	limit, err := page.CheckedLimit()
	if err != nil {
		return core.Page[Code]{}, err
	}
	if err := filter.check(); err != nil {
		return core.Page[Code]{}, err
	}
	list := core.NewCursor("codes", actor.WorkspaceID, string(filter.Type), string(filter.Status), filter.BatchID.String(), filter.Query,
		core.Digits(filter.CreatedAfter), core.Digits(filter.CreatedBefore))
	after, err := codeKeyOf(list, page.Cursor)
	if err != nil {
		return core.Page[Code]{}, err
	}
	at := s.now()
	query := &CodeQuery{WorkspaceID: actor.WorkspaceID, CodeFilter: filter, After: after, Limit: limit + 1, At: at}
	if old := core.OldForm(filter.Query); len(s.oldForms) > 0 && old != core.OldForm("") {
		query.OldForm = old
	}
	codes, err := s.store.Codes(ctx, query)
	found := core.PageOf(codes, limit, func(c *Code) string { return afterCode(list, c) })
	found.At = at
	return found, err
}

func (f *CodeFilter) check() error {
	if f.Type != "" && !slices.Contains(Types(), f.Type) {
		return core.InvalidParameter("type must be one of %v, spelt exactly so", Types())
	}
	if f.Status != "" && !slices.Contains(Statuses(), f.Status) {
		return core.InvalidParameter("status must be one of %v", Statuses())
	}
	if before := f.CreatedBefore; before != nil { // the first of the stored instants that is not before it
		up := before.Add(time.Microsecond - time.Nanosecond)
		f.CreatedBefore = &up
	}
	f.CreatedAfter, f.CreatedBefore = core.StoredTime(f.CreatedAfter), core.StoredTime(f.CreatedBefore)
	return checkQuery(f.Query)
}

// checkQuery refuses a text that nothing can begin with.
func checkQuery(text string) error {
	var errs core.FieldErrors
	core.CheckText(&errs, "", "q", text, MaxQueryLength)
	if errs.Err() != nil || !core.IsStorable(text) {
		return core.InvalidParameter("q must be at most %d characters of UTF-8, without control characters", MaxQueryLength)
	}
	return nil
}

// RedemptionFilter says which redemptions to list; zero fields do not matter.
type RedemptionFilter struct {
	Code   string // however it is spelt
	UserID string
}

// RedemptionQuery is a page of redemptions as a store is asked for it.
type RedemptionQuery struct {
	WorkspaceID core.ID
	Canonical   string  // of the code; empty: any
	UserID      string  // empty: any
	After       core.ID // the last of the page before; zero: none
	Limit       int
}

// ListRedemptions returns a page of the workspace's redemptions, newest first, those that
// were rolled back among them. Errors are those of [Service.ListCodes].
func (s *Redemptions) ListRedemptions(ctx context.Context, actor *core.Actor, filter RedemptionFilter, page core.PageRequest) (core.Page[Redemption], error) {
	limit, err := page.CheckedLimit()
	if err != nil {
		return core.Page[Redemption]{}, err
	}
	canonical, err := s.formOf(ctx, actor, filter.Code)
	if err != nil {
		return core.Page[Redemption]{}, err
	}
	if filter.Code != "" && canonical == "" || filter.UserID != "" && isNoUserID(filter.UserID) || core.IsTooLong(canonical) {
		return core.Page[Redemption]{}, nil // which no redemption has
	}
	list := core.NewCursor("redemptions", actor.WorkspaceID, canonical, filter.UserID)
	after, err := list.IDKey(page.Cursor)
	if err != nil {
		return core.Page[Redemption]{}, err
	}
	redemptions, err := s.store.Redemptions(ctx, &RedemptionQuery{
		WorkspaceID: actor.WorkspaceID, Canonical: canonical, UserID: filter.UserID, After: after, Limit: limit + 1,
	})
	return core.PageOf(redemptions, limit, func(r *Redemption) string { return list.After(r.ID[:]) }), err
}

// UserFilter says which users to list; zero fields do not matter.
type UserFilter struct {
	Status UserStatus
	Query  string // the beginning of an id
}

// UserQuery is a page of users as a store is asked for it.
type UserQuery struct {
	WorkspaceID core.ID
	UserFilter
	After string // the last id of the page before; empty: none
	Limit int
}

// ListUsers returns a page of the workspace's registered users, in the order of their ids,
// byte by byte. Errors are those of [Service.ListCodes].
func (s *Users) ListUsers(ctx context.Context, actor *core.Actor, filter UserFilter, page core.PageRequest) (core.Page[User], error) {
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
	users, err := s.store.Users(ctx, &UserQuery{WorkspaceID: actor.WorkspaceID, UserFilter: filter, After: after, Limit: limit + 1})
	return core.PageOf(users, limit, func(u *User) string { return list.After([]byte(u.ID)) }), err
}
