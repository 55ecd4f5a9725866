package codes

import (
	"context"
	"strings"
	"unicode/utf8"

	"accesscodes/internal/core"
)

// maxSuggested is the longest canonical form, in characters, that a typo is looked for in:
// the longest that is generated. There are about 140 typos for each character.
const maxSuggested = core.MaxPrefixLength + core.MaxGroups*core.MaxGroupLength

// suggest returns the value of the one code of the caller's workspace that can be redeemed
// now and is one typo away: one wrong, missing or additional character, or two
// neighbours swapped. If there is none, or more than one, it returns "".
func (s *Redemptions) suggest(ctx context.Context, actor *core.Actor, canonical string) (string, error) {
	if utf8.RuneCountInString(canonical) > maxSuggested {
		return "", nil
	}
	at := s.now()
	found, err := s.store.FindCodes(ctx, actor.WorkspaceID, typosOf(canonical), at)
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

// What a typo may have replaced or left out: the letters of every script that the value is
// written in, and what stands between and beside letters in any of them. Looking alike (O and Q,
// 8 and B) needs no list of its own: it is one wrong character.
const (
	latin    = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	greek    = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ"
	cyrillic = "АБВГҐДЕЁЄЖЗИІЇЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"
	between  = "0123456789" + "!\"#$%&'()*+,./:;<=>?@[\\]^_`{|}~" // all of ASCII's but the dash, which does not count
)

// alike are letters that people type for one another: a keyboard has no Ü, or a phone puts an
// accent where none was. They are looked for as wrong characters, beyond the letters of a script.
var alike = []string{
	"AÀÁÂÃÄÅĀĂĄ", "CÇĆČ", "DĎĐ", "EÈÉÊËĒĖĘĚ", "GĞ", "IÌÍÎÏĪİ", "LŁĽ", "NÑŃŇ", "OÒÓÔÕÖØŌŐ", "RŘ", "SŚŞŠȘ",
	"TŤŢȚ", "UÙÚÛÜŪŮŰ", "YÝŸ", "ZŹŻŽ", "ΑΆ", "ΕΈ", "ΗΉ", "ΙΊΪ", "ΟΌ", "ΥΎΫ", "ΩΏ",
}

// lettersOf returns what may stand for any character of a value.
func lettersOf(canonical string) []rune {
	letters := between
	for _, script := range []string{greek, cyrillic} {
		if strings.ContainsAny(canonical, script) {
			letters += script
		}
	}
	if letters == between || strings.ContainsAny(canonical, latin) {
		letters += latin
	}
	return []rune(letters)
}

// alikeTo returns what may stand for one character besides, itself among it.
func alikeTo(typed rune) []rune {
	for _, letters := range alike {
		if strings.ContainsRune(letters, typed) {
			return []rune(letters)
		}
	}
	return nil
}

// typosOf returns every canonical form that is one typo away, each once.
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
	letters, runes := lettersOf(canonical), []rune(canonical)
	for i := 0; i <= len(runes); i++ {
		before, rest := runes[:i], runes[i:]
		for _, r := range letters {
			add(before, []rune{r}, rest)
		}
		if len(rest) == 0 {
			break
		}
		for _, r := range append(alikeTo(rest[0]), letters...) {
			add(before, []rune{r}, rest[1:])
		}
		add(before, rest[1:])
		if len(rest) > 1 {
			add(before, []rune{rest[1], rest[0]}, rest[2:])
		}
	}
	return all
}
