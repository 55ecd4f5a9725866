package codes

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"accesscodes/internal/core"
)

// maxSuggested is the longest canonical form, in characters, for which typos are searched: the
// longest form that is generated.
const maxSuggested = core.MaxPrefixLength + core.MaxGroups*core.MaxGroupLength

// maxTypos is how many codes are looked up for one suggestion, at most.
const maxTypos = 500

// suggest returns the value of the one code of the caller's workspace that can be redeemed now and
// is one typo away. If there is no such code, or more than one, it returns "". It also returns ""
// while another search for typos runs in the workspace, because a miss costs hundreds of look-ups.
func (s *Redemptions) suggest(ctx context.Context, actor *core.Actor, canonical string) (string, error) {
	at := s.now()
	found, err := s.oneTypoAway(ctx, actor, canonical, at)
	if err != nil {
		return "", err
	}
	if nearest := onlyOne(found, func(c *Code) bool { return c.StatusAt(at) == StatusActive }); nearest != nil {
		return nearest.Value, nil
	}
	return "", nil
}

// Nearest returns the one code of the caller's workspace that is one typo away from a value, or in which
// several characters look like those of the value: of several codes the one that can be redeemed now, if
// there is one such. Otherwise it returns nil, as it does while another search for typos runs in the
// workspace.
//
// Errors: KindUnavailable.
func (s *Redemptions) Nearest(ctx context.Context, actor *core.Actor, value string) (*Code, error) {
	at := s.now()
	canonical := core.Canonical(value)
	found, err := s.oneTypoAway(ctx, actor, canonical, at)
	if err == nil && len(found) == 0 {
		found, err = s.findTypos(ctx, actor, canonical, at, confusedWith)
	}
	if err != nil {
		return nil, err
	}
	if active := onlyOne(found, func(c *Code) bool { return c.StatusAt(at) == StatusActive }); active != nil {
		return active, nil
	}
	if len(found) == 1 {
		return &found[0], nil
	}
	return nil, nil
}

// LooksGenerated reports whether a text may be a generated code of a format, with one typo at most.
func LooksGenerated(f core.Format, text string) bool {
	return resembles(f, []rune(core.Canonical(text)))
}

// oneTypoAway returns the codes of the caller's workspace that are one typo away from a form.
func (s *Redemptions) oneTypoAway(
	ctx context.Context, actor *core.Actor, canonical string, at time.Time,
) ([]Code, error) {
	return s.findTypos(ctx, actor, canonical, at, typosOf)
}

// findTypos returns the codes of the caller's workspace that have one of the forms that may have been
// meant.
func (s *Redemptions) findTypos(
	ctx context.Context, actor *core.Actor, canonical string, at time.Time,
	formsOf func(canonical string, format core.Format) []string,
) ([]Code, error) {
	if length := utf8.RuneCountInString(canonical); length == 0 || length > maxSuggested {
		return nil, nil
	}
	leave, err := s.suggestions.Enter(ctx, actor.WorkspaceID)
	if err != nil {
		return nil, ctx.Err()
	}
	defer leave()
	return s.store.FindCodes(ctx, actor.WorkspaceID, formsOf(canonical, actor.Format), at)
}

// onlyOne returns the one code that is such, or nil if there are none or several.
func onlyOne(found []Code, isOne func(*Code) bool) (one *Code) {
	for i := range found {
		switch {
		case !isOne(&found[i]):
		case one != nil:
			return nil
		default:
			one = &found[i]
		}
	}
	return one
}

// lettersAndDigits are the characters that a typo may have replaced or left out in a chosen value.
const lettersAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// alike are groups of characters that people confuse.
var alike = []string{"0OQ", "1IL", "2Z", "5S", "6G", "8B", "UV"}

// typoKind is a way to mistype. longer says by how many characters the intended value is longer.
type typoKind struct {
	longer int
	find   func(*typos)
}

// typoKinds are in the order in which they are searched.
var typoKinds = []typoKind{
	{0, (*typos).swapped},
	{-1, (*typos).superfluous},
	{0, (*typos).lookAlikes},
	{0, (*typos).replaced},
	{1, (*typos).missing},
}

// typosOf returns canonical forms that are one typo away, at most maxTypos, each once. If the value
// looks generated, forms with the length of generated ones come first.
func typosOf(canonical string, format core.Format) []string {
	t := &typos{typed: []rune(canonical), letters: []rune(lettersAndDigits)}
	kinds := typoKinds
	if resembles(format, t.typed) {
		t.letters = []rune(symbols(format))
		longer := canonicalLength(format) - len(t.typed)
		kinds = slices.Clone(typoKinds)
		slices.SortStableFunc(kinds, func(a, b typoKind) int {
			return distance(a.longer, longer) - distance(b.longer, longer)
		})
	}
	for _, kind := range kinds {
		kind.find(t)
	}
	return t.found
}

// confusedWith returns canonical forms in which two characters look like those that were typed, or every
// one of a kind does, at most maxTypos.
func confusedWith(canonical string, format core.Format) []string {
	t := &typos{typed: []rune(canonical), letters: []rune(lettersAndDigits)}
	if resembles(format, t.typed) {
		t.letters = []rune(symbols(format))
	}
	t.allConfused()
	t.twoConfused()
	return t.found
}

func distance(a, b int) int { return max(a-b, b-a) }

// typos collects the typos of one value, each once.
type typos struct {
	typed   []rune
	letters []rune // characters that may have been intended
	found   []string
	text    []rune // a buffer for the next form
}

// add adds the typed value with the characters from one position to another replaced. It reports
// false when there is no room for more.
func (t *typos) add(from, to int, by ...rune) bool {
	if len(t.found) == maxTypos {
		return false
	}
	t.text = append(append(append(t.text[:0], t.typed[:from]...), by...), t.typed[to:]...)
	if len(t.text) > 0 {
		t.found = append(t.found, string(t.text))
	}
	return true
}

func (t *typos) swapped() {
	for i := 1; i < len(t.typed); i++ {
		if a, b := t.typed[i-1], t.typed[i]; a != b && !t.add(i-1, i+1, b, a) {
			return
		}
	}
}

func (t *typos) superfluous() {
	for i, r := range t.typed {
		if (i == 0 || t.typed[i-1] != r) && !t.add(i, i+1) {
			return
		}
	}
}

func (t *typos) lookAlikes() {
	for i, r := range t.typed {
		for _, other := range alikeTo(r) {
			if other != r && slices.Contains(t.letters, other) && !t.add(i, i+1, other) {
				return
			}
		}
	}
}

// allConfused replaces a character wherever it stands, as who takes every 0 for an O does.
func (t *typos) allConfused() {
	for _, group := range alike {
		for _, typed := range group {
			for _, meant := range group {
				other := strings.ReplaceAll(string(t.typed), string(typed), string(meant))
				if typed != meant && slices.Contains(t.letters, meant) && strings.Count(string(t.typed), string(typed)) > 2 {
					t.found = append(t.found, other)
				}
			}
		}
	}
}

func (t *typos) twoConfused() {
	first := &typos{typed: t.typed, letters: t.letters}
	first.lookAlikes()
	for _, once := range first.found {
		changed := []rune(once)
		at := 0
		for changed[at] == t.typed[at] {
			at++
		}
		for i := at + 1; i < len(changed); i++ {
			for _, other := range alikeTo(changed[i]) {
				if other == changed[i] || !slices.Contains(t.letters, other) {
					continue
				}
				if len(t.found) == maxTypos {
					return
				}
				twice := slices.Clone(changed)
				twice[i] = other
				t.found = append(t.found, string(twice))
			}
		}
	}
}

// replaced works from the end to the beginning: many values begin alike, and people know that part
// by heart.
func (t *typos) replaced() {
	for i, r := range slices.Backward(t.typed) {
		lookAlikes := alikeTo(r)
		for _, other := range t.letters {
			if other != r && !strings.ContainsRune(lookAlikes, other) && !t.add(i, i+1, other) {
				return
			}
		}
	}
}

func (t *typos) missing() {
	for i := len(t.typed); i >= 0; i-- {
		for _, r := range t.letters {
			isBefore := i < len(t.typed) && t.typed[i] == r // inserting it after that one gives the same
			if !isBefore && !t.add(i, i, r) {
				return
			}
		}
	}
}

// alikeTo returns the characters that people confuse with a character, including the character
// itself.
func alikeTo(r rune) string {
	for _, characters := range alike {
		if strings.ContainsRune(characters, r) {
			return characters
		}
	}
	return ""
}

// canonicalLength returns the length of the canonical forms of generated codes.
func canonicalLength(f core.Format) int { return len(f.Prefix) + f.Length() }

// symbols returns the characters of canonical forms of generated codes, each once.
func symbols(f core.Format) string {
	all := core.Alphabet
	for _, r := range f.Prefix {
		if !strings.ContainsRune(all, r) {
			all += string(r)
		}
	}
	return all
}

// resembles reports whether a canonical form may be a generated one with a typo.
func resembles(f core.Format, typed []rune) bool {
	if distance(len(typed), canonicalLength(f)) > 1 {
		return false
	}
	allowed, strange := symbols(f), 0
	for _, r := range typed {
		if !strings.ContainsRune(allowed, r) {
			strange++
		}
	}
	return strange <= 1 && beginsLike(f, string(typed))
}

// beginsLike reports whether a text begins with the prefix, or with a typo of it.
func beginsLike(f core.Format, text string) bool {
	same := 0
	for same < len(f.Prefix) && same < len(text) && f.Prefix[same] == text[same] {
		same++
	}
	if same == len(f.Prefix) {
		return true
	}
	rest, behind := []rune(text[same:]), f.Prefix[same+1:]
	begins := func(skipped int, prefix string) bool {
		return len(rest) >= skipped && strings.HasPrefix(string(rest[skipped:]), prefix)
	}
	return begins(1, behind) || begins(0, behind) || begins(1, f.Prefix[same:]) ||
		len(behind) > 0 && begins(2, behind[1:]) // replaced, missing, superfluous, swapped
}
