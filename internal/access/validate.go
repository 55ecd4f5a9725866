package access

import (
	"context"
	"time"
	"unicode/utf8"
)

// ValidateRequest asks whether a code could be redeemed.
type ValidateRequest struct {
	Code   string
	UserID string     // by whom; empty: only the code is judged
	At     *time.Time // when; nil: now
}

// Validation is the answer.
type Validation struct {
	Valid      bool
	Code       *Code      // nil: there is no such code
	At         time.Time  // the instant that the answer is about
	Grants     UserStatus // with Valid: what the user would be
	Why        *Error     // unless Valid
	Suggestion string     // of a code that was not found: the one that was probably meant
}

// Validate says what [Service.Redeem] would, with no effect.
//
// Errors: KindInvalid with the fields that are wrong; KindUnavailable.
func (s *Service) Validate(ctx context.Context, caller *Caller, req ValidateRequest) (Validation, error) {
	var errs fieldErrors
	if req.UserID != "" {
		checkUserID(&errs, "/userId", req.UserID)
	}
	at := s.now()
	if req.At != nil {
		at = *storedTime(req.At)
		checkYear(&errs, "/at", "at", &at)
	}
	canonical, err := lookedUp(req.Code, &errs)
	if HasReason(err, ReasonCodeNotFound) {
		return Validation{At: at, Why: errCodeNotFound()}, nil
	}
	if err != nil {
		return Validation{}, err
	}
	results, err := s.Store.Peek(ctx, []*Act{{
		WorkspaceID: caller.Workspace.ID, Canonical: canonical, UserID: req.UserID, At: at, Hypothetical: req.At != nil, Rule: validate,
	}})
	if err != nil {
		return Validation{}, err
	}
	v := Validation{Code: results[0].Code, At: results[0].At}
	if why := results[0].Err; why != nil {
		v.Why = AsError(why)
		if v.Code == nil && caller.Key.Role.Allows(PermissionRead) {
			v.Suggestion, err = s.suggest(ctx, caller, canonical)
		}
		return v, err
	}
	v.Valid, v.Grants = true, v.Code.Type.Grants()
	return v, nil
}

// maxSuggested is the longest canonical form, in characters, that a typo is looked for in:
// the longest that is generated. There are about 74 typos for each character.
const maxSuggested = MaxPrefixLength + MaxGroups*MaxGroupLength

// suggest returns the value of the one code of the caller's workspace that can be redeemed
// now and is one typo away: one wrong, missing or additional character, or two
// neighbours swapped. If there is none, or more than one, it returns "".
func (s *Service) suggest(ctx context.Context, caller *Caller, canonical string) (string, error) {
	if utf8.RuneCountInString(canonical) > maxSuggested {
		return "", nil
	}
	at := s.now()
	found, err := s.Store.FindCodes(ctx, caller.Workspace.ID, typosOf(canonical), at)
	if err != nil {
		return "", err
	}
	suggestion := ""
	for i := range found {
		switch {
		case found[i].StatusAt(at) != StatusActive:
		case suggestion != "":
			return "", nil
		default:
			suggestion = found[i].Value
		}
	}
	return suggestion, nil
}

// typed are the characters that a typo may have replaced or left out: those that chosen
// codes are nearly always made of, beyond the alphabet of generated ones.
const typed = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// typosOf returns every canonical form that is one typo away, each once. Looking alike
// (O and Q, 8 and B) needs no list of its own: it is one wrong character.
func typosOf(canonical string) []string {
	seen := map[string]bool{canonical: true}
	var all []string
	add := func(parts ...[]rune) {
		var text []rune
		for _, part := range parts {
			text = append(text, part...)
		}
		if typo := string(text); typo != "" && !seen[typo] {
			seen[typo] = true
			all = append(all, typo)
		}
	}
	runes := []rune(canonical)
	for i := 0; i <= len(runes); i++ {
		before, rest := runes[:i], runes[i:]
		for _, r := range typed {
			add(before, []rune{r}, rest)
			if len(rest) > 0 {
				add(before, []rune{r}, rest[1:])
			}
		}
		if len(rest) > 0 {
			add(before, rest[1:])
		}
		if len(rest) > 1 {
			add(before, []rune{rest[1], rest[0]}, rest[2:])
		}
	}
	return all
}
