package access

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of a page of a list, in entries.
const (
	DefaultPage = 50
	MaxPage     = 1000
)

// MaxQueryLength is the longest text to search for, in characters.
const MaxQueryLength = MaxRecipientLength

// Page is one page of a list.
type Page[T any] struct {
	Items []T
	Next  string    // the cursor of the next page; empty: there is none
	At    time.Time // of a list of codes, the instant that it was filtered by
}

// PageRequest asks for one page of a list.
type PageRequest struct {
	Limit  int    // 0: DefaultPage
	Cursor string // of the page before; empty: the first page
}

// limit checks the request's limit and fills it in.
func (p PageRequest) limit() (int, error) {
	switch {
	case p.Limit == 0:
		return DefaultPage, nil
	case p.Limit < 1 || p.Limit > MaxPage:
		return 0, invalidParameter("limit must be a whole number from 1 to %d", MaxPage)
	default:
		return p.Limit, nil
	}
}

// CodeFilter says which codes to list; zero fields do not matter.
type CodeFilter struct {
	Type          Type
	Status        Status
	BatchID       ID
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
	return cmp.Compare(Canonical(b.Value), Canonical(a.Value))
}

// CodeQuery is a page of codes as a store is asked for it.
type CodeQuery struct {
	WorkspaceID ID
	CodeFilter
	After *CodeKey // the last of the page before
	Limit int
	At    time.Time // the instant that statuses are about
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
func (s *Service) ListCodes(ctx context.Context, caller *Caller, filter CodeFilter, page PageRequest) (Page[Code], error) {
	limit, err := page.limit()
	if err != nil {
		return Page[Code]{}, err
	}
	if err := filter.check(); err != nil {
		return Page[Code]{}, err
	}
	list := cursorOf("codes", caller, string(filter.Type), string(filter.Status), filter.BatchID.String(), filter.Query,
		digits(filter.CreatedAfter), digits(filter.CreatedBefore))
	after, err := list.codeKey(page.Cursor)
	if err != nil {
		return Page[Code]{}, err
	}
	at := s.now()
	codes, err := s.Store.Codes(ctx, &CodeQuery{
		WorkspaceID: caller.Workspace.ID, CodeFilter: filter, After: after, Limit: limit + 1, At: at,
	})
	found := pageOf(codes, limit, func(c *Code) string { return list.behindCode(c) })
	found.At = at
	return found, err
}

func (f *CodeFilter) check() error {
	if f.Type != "" && !slices.Contains(Types(), f.Type) {
		return invalidParameter("type must be one of %v, spelt exactly so", Types())
	}
	if f.Status != "" && !slices.Contains(Statuses(), f.Status) {
		return invalidParameter("status must be one of %v", Statuses())
	}
	if before := f.CreatedBefore; before != nil { // the first of the stored instants that is not before it
		up := before.Add(time.Microsecond - time.Nanosecond)
		f.CreatedBefore = &up
	}
	f.CreatedAfter, f.CreatedBefore = storedTime(f.CreatedAfter), storedTime(f.CreatedBefore)
	return checkQuery(f.Query)
}

// checkQuery refuses a text that nothing can begin with.
func checkQuery(text string) error {
	var errs fieldErrors
	checkText(&errs, "", "q", text, MaxQueryLength)
	if errs.err() != nil || !isStorable(text) {
		return invalidParameter("q must be at most %d characters of UTF-8, without control characters", MaxQueryLength)
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
	WorkspaceID ID
	Canonical   string // of the code; empty: any
	UserID      string // empty: any
	After       ID     // the last of the page before; zero: none
	Limit       int
}

// ListRedemptions returns a page of the workspace's redemptions, newest first, those that
// were rolled back among them. Errors are those of [Service.ListCodes].
func (s *Service) ListRedemptions(ctx context.Context, caller *Caller, filter RedemptionFilter, page PageRequest) (Page[Redemption], error) {
	limit, err := page.limit()
	if err != nil {
		return Page[Redemption]{}, err
	}
	canonical := Canonical(filter.Code)
	if filter.Code != "" && canonical == "" || filter.UserID != "" && isNoUserID(filter.UserID) || !isStorable(canonical) {
		return Page[Redemption]{}, nil // which no redemption has
	}
	list := cursorOf("redemptions", caller, canonical, filter.UserID)
	after, err := list.idKey(page.Cursor)
	if err != nil {
		return Page[Redemption]{}, err
	}
	redemptions, err := s.Store.Redemptions(ctx, &RedemptionQuery{
		WorkspaceID: caller.Workspace.ID, Canonical: canonical, UserID: filter.UserID, After: after, Limit: limit + 1,
	})
	return pageOf(redemptions, limit, func(r *Redemption) string { return list.behind(r.ID[:]) }), err
}

// UserFilter says which users to list; zero fields do not matter.
type UserFilter struct {
	Status UserStatus
	Query  string // the beginning of an id
}

// UserQuery is a page of users as a store is asked for it.
type UserQuery struct {
	WorkspaceID ID
	UserFilter
	After string // the last id of the page before; empty: none
	Limit int
}

// ListUsers returns a page of the workspace's registered users, in the order of their ids,
// byte by byte. Errors are those of [Service.ListCodes].
func (s *Service) ListUsers(ctx context.Context, caller *Caller, filter UserFilter, page PageRequest) (Page[User], error) {
	limit, err := page.limit()
	if err != nil {
		return Page[User]{}, err
	}
	if filter.Status != "" && filter.Status != UserNormal && filter.Status != UserPremium {
		return Page[User]{}, invalidParameter("status must be Normal or Premium, spelt exactly so")
	}
	if err := checkQuery(filter.Query); err != nil {
		return Page[User]{}, err
	}
	list := cursorOf("users", caller, string(filter.Status), filter.Query)
	after, err := list.textKey(page.Cursor)
	if err != nil {
		return Page[User]{}, err
	}
	users, err := s.Store.Users(ctx, &UserQuery{WorkspaceID: caller.Workspace.ID, UserFilter: filter, After: after, Limit: limit + 1})
	return pageOf(users, limit, func(u *User) string { return list.behind([]byte(u.ID)) }), err
}

// pageOf makes a page of up to limit of the items, of which one more was asked for to see
// whether there is a next page.
func pageOf[T any](items []T, limit int, cursor func(last *T) string) Page[T] {
	if len(items) <= limit {
		return Page[T]{Items: items}
	}
	return Page[T]{Items: items[:limit], Next: cursor(&items[limit-1])}
}

// PrefixRange returns the texts between which, compared byte by byte, lie exactly those
// that begin with prefix: from low on and before high. An empty high means no end.
func PrefixRange(prefix string) (low, high string) {
	runes := []rune(prefix)
	for i := len(runes) - 1; i >= 0; i-- {
		next := runes[i] + 1
		if next == 0xD800 { // surrogates are no characters (RFC 3629 §3)
			next = 0xE000
		}
		if next <= utf8.MaxRune {
			return prefix, string(append(runes[:i:i], next))
		}
	}
	return prefix, ""
}

// FoldASCII lowers the ASCII letters of a text: what a search for notes and recipients
// compares. Databases differ in what they take for a letter beyond those.
func FoldASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, text)
}
