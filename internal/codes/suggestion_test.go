package codes_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/storetest"
	"accesscodes/internal/tenancy"
)

// suggest returns what is suggested for a value that must not be found.
func (w *world) suggest(t *testing.T, caller *core.Actor, typed string) string {
	t.Helper()
	got, err := w.Validate(t.Context(), caller, codes.ValidateRequest{Code: typed})
	if err != nil || got.Valid || got.Code != nil {
		t.Fatalf("Validate %q: %+v, %v", typed, got, err)
	}
	checkRefused(t, got.Why, core.ReasonCodeNotFound)
	return got.Suggestion
}

func TestAValueOneTypoAwayFromOneCodeGetsASuggestion(t *testing.T) {
	const code, short, beyond = "ACME-7KQW-M2XN", "X1", "ÜBER-ÄÖ"
	w := newWorld(t)
	for _, value := range []string{code, short, beyond, "GOLD-8BS5", "FRÜHLING_24", "ЛЕТО-2031", "SAVE$50", "SUMMER!"} {
		w.add(t, w.acme, value, normal(""))
	}
	tests := []struct{ name, typed, want string }{
		{"a wrong character", "ACME-7KQW-M2XP", code},
		{"a wrong first character", "BCME-7KQW-M2XN", code},
		{"a missing character", "ACME-7KW-M2XN", code},
		{"the last is missing", "ACME-7KQW-M2X", code},
		{"the first is missing", "CME-7KQW-M2XN", code},
		{"a doubled character", "ACME-7KQQW-M2XN", code},
		{"an additional character", "ACME-7KQW-M2XN9", code},
		{"an additional first character", "9ACME-7KQW-M2XN", code},
		{"two swapped", "ACME-7QKW-M2XN", code},
		{"the first two swapped", "CAME-7KQW-M2XN", code},
		{"the last two swapped", "ACME-7KQW-M2NX", code},
		{"two swapped across a dash", "ACME-7KQM-W2XN", code},
		{"O for Q", "ACME-7KOW-M2XN", code},
		{"0 for Q", "ACME-7K0W-M2XN", code},
		{"Z for 2", "ACME-7KQW-MZXN", code},
		{"8 for B", "GOLD-88S5", "GOLD-8BS5"},
		{"B for 8", "GOLD-BBS5", "GOLD-8BS5"},
		{"5 for S", "GOLD-8B55", "GOLD-8BS5"},
		{"S for 5", "GOLD-8BSS", "GOLD-8BS5"},
		{"in another spelling", " acme 7kqw–m2xp", code},
		{"of a short code", "X", short},
		{"of a short code, swapped", "1X", short},
		{"beyond ASCII, one missing of the others", "ÜBE-ÄÖ", beyond},
		{"beyond ASCII, swapped", "ÜBER-ÖÄ", beyond},
		{"beyond ASCII, doubled", "ÜÜBER-ÄÖ", beyond},
		{"a character that codes rarely have", "ACME-7KQW-M2X_", code},
		{"an emoji for a character", "ACME-7KQW-M2X🎉", code},

		{"swapped marks", "SAVE5$0", "SAVE$50"},
		{"a doubled mark", "SUMMER!!", "SUMMER!"},
		{"another script, swapped", "ЛТЕО-2031", "ЛЕТО-2031"},
		{"another script, a wrong digit", "ЛЕТО-2032", "ЛЕТО-2031"},

		{"a letter without its dots", "fruhling_24", ""},
		{"a missing mark", "summer", ""},
		{"another script, a wrong letter", "лито2031", ""},
		{"two typos", "ACME-7KQW-M2PP", ""},
		{"two missing", "ACME-7K-M2XN", ""},
		{"two swapped that are no neighbours", "ACME-WKQ7-M2XN", ""},
		{"nothing like it", "HELLO", ""},
		{"a value that no code can have", strings.Repeat("A", core.MaxCodeLength+1), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := w.suggest(t, w.acme, test.typed); got != test.want {
				t.Errorf("%q gets the suggestion %q, want %q", test.typed, got, test.want)
			}
		})
	}
}

func TestOnlyACodeThatCanBeRedeemedIsSuggested(t *testing.T) {
	tests := []struct {
		name    string
		options codes.Options
		events  func(*testing.T, *world)
		want    string
	}{
		{"active", codes.Options{}, func(*testing.T, *world) {}, "CODE"},
		{"revoked", codes.Options{}, func(t *testing.T, w *world) { w.revoke(t, "CODE") }, ""},
		{"restored", codes.Options{}, func(t *testing.T, w *world) {
			w.revoke(t, "CODE")
			if _, err := w.RestoreCode(t.Context(), w.acme, "CODE"); err != nil {
				t.Fatal(err)
			}
		}, "CODE"},
		{
			"expires soon",
			codes.Options{ExpiresAt: after(time.Hour)},
			func(_ *testing.T, w *world) { w.pass(time.Hour - time.Microsecond) },
			"CODE",
		},
		{"expired", codes.Options{ExpiresAt: after(time.Hour)}, func(_ *testing.T, w *world) { w.pass(time.Hour) }, ""},
		{"scheduled", codes.Options{StartsAt: after(time.Hour)}, func(*testing.T, *world) {}, ""},
		{"started", codes.Options{StartsAt: after(time.Hour)}, func(_ *testing.T, w *world) { w.pass(time.Hour) }, "CODE"},
		{"used", uses(1), func(t *testing.T, w *world) { w.redeem(t, "CODE", "ada") }, ""},
		{"reserved", uses(1), func(t *testing.T, w *world) { w.reserve(t, "CODE", "ada", time.Minute) }, ""},
		{
			"reserved until now",
			uses(1),
			func(t *testing.T, w *world) { w.reserve(t, "CODE", "ada", time.Minute); w.pass(time.Minute) },
			"CODE",
		},
		{"rolled back", uses(1), func(t *testing.T, w *world) { w.rollback(t, w.redeem(t, "CODE", "ada")) }, "CODE"},
	}
	worlds := manyWorlds(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := worlds(t)
			w.add(t, w.acme, "CODE", of(codes.TypeNormal, test.options))
			test.events(t, w)
			if got := w.suggest(t, w.acme, "CODF"); got != test.want {
				t.Errorf("suggestion %q, want %q", got, test.want)
			}
		})
	}
}

func TestNothingIsSuggestedIfTwoCodesAreAsNear(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "FAIR-A", normal(""))
	w.add(t, w.acme, "FAIR-B", of(codes.TypeUpgrade, codes.Options{}))
	for _, typed := range []string{"FAIR-C", "FAIR", "FAIR-AB"} {
		if got := w.suggest(t, w.acme, typed); got != "" {
			t.Errorf("%q gets the suggestion %q", typed, got)
		}
	}
	w.revoke(t, "FAIR-B")
	if got := w.suggest(t, w.acme, "FAIR-C"); got != "FAIR-A" {
		t.Errorf("with one of them revoked: suggestion %q", got)
	}
}

func TestNothingIsSuggestedForACodeThatIsThere(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "FAIR-A", normal(""))
	w.add(t, w.acme, "FAIR-B", normal(""))
	w.revoke(t, "FAIR-B")
	got, err := w.Validate(t.Context(), w.acme, codes.ValidateRequest{Code: "FAIR-B"})
	if err != nil || got.Suggestion != "" || !core.HasReason(got.Why, core.ReasonCodeRevoked) {
		t.Errorf("answer %+v, %v", got, err)
	}
}

// TestNoSuggestionTellsOfAnotherWorkspace: not even by making one's own code one of two.
func TestNoSuggestionTellsOfAnotherWorkspace(t *testing.T) {
	w := newWorld(t)
	other := w.join(t, "other", acmeFormat)
	w.add(t, w.acme, "OURS-A", normal(""))
	w.add(t, other, "OURS-B", normal(""))
	w.add(t, other, "THEIRS", normal(""))
	for typed, want := range map[string]string{
		"THEIRZ": "", // one typo away from theirs
		"THEIRS": "", // theirs itself
		"OURS-C": "OURS-A",
		"OURS-B": "OURS-A",
	} {
		if got := w.suggest(t, w.acme, typed); got != want {
			t.Errorf("%q gets the suggestion %q, want %q", typed, got, want)
		}
	}
}

func TestOnlyWhoMayLookThingsUpGetsSuggestions(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "CODE", normal(""))
	want := map[tenancy.Role]string{
		tenancy.RoleFull:   "CODE",
		tenancy.RoleRead:   "CODE",
		tenancy.RoleRedeem: "",
		tenancy.RoleIssue:  "",
	}
	for _, role := range tenancy.Roles() {
		_, secret := w.key(t, "acme", tenancy.NewKey{Name: string(role), Role: role})
		if got := w.suggest(t, w.login(t, secret), "CODF"); got != want[role] {
			t.Errorf("the role %s gets the suggestion %q, want %q", role, got, want[role])
		}
	}
}

// TestTyposAreLookedForInTheLongestGeneratedValues, and in none that are longer.
func TestTyposAreLookedForInTheLongestGeneratedValues(t *testing.T) {
	w := newWorld(t)
	const longest = core.MaxPrefixLength + core.MaxGroups*core.MaxGroupLength
	long := strings.Repeat("A", longest)
	w.add(t, w.acme, long, normal(""))
	for _, test := range []struct{ name, typed, want string }{
		{"as long, one of them wrong", long[1:] + "B", long},
		{"one too many", long + "B", ""},
		{"dashes do not count", strings.Repeat("a-", longest-1) + "b", long},
	} {
		if got := w.suggest(t, w.acme, test.typed); got != test.want {
			t.Errorf("%s: suggestion %q, want %q", test.name, got, test.want)
		}
	}
}

// TestTyposAreLookedForInTheirOrder, each once, and not for ever.
func TestTyposAreLookedForInTheirOrder(t *testing.T) {
	const most = 500
	format := core.Format{Prefix: "AC", Groups: 2, GroupLength: 3}
	beginnings := map[string][]string{
		"O8!": {"8O!", "O!8", "8!", "O!", "O8", "08!", "Q8!", "OB!", "O8A", "O8B", "O8C"}, // chosen
		"AAA": {"AA", "AAB", "AAC"},
	}
	for typed, want := range beginnings {
		checkSame(t, typed, want, codes.TyposOf(typed, format)[:len(want)])
	}
	for _, typed := range []string{
		"A", "ACABCDEF", "ACABCDE", "ACABCDEFG", "CAABCDEF", "ABCDEFGHIJKLMNOP", strings.Repeat("7", 64), "ÄÖ🎉", "",
	} {
		all := codes.TyposOf(typed, format)
		seen := map[string]bool{}
		for _, typo := range all {
			if seen[typo] || typo == typed || typo == "" {
				t.Errorf("%q: %q is looked for twice, or for nothing", typed, typo)
			}
			seen[typo] = true
		}
		if len(all) > most {
			t.Errorf("%q: %d typos", typed, len(all))
		}
	}
	for _, typed := range []string{"ACABCDE", "ACBCDEF", "CABCDEF"} { // as many as fit, whichever is missing
		for i := range len(typed) + 1 {
			if meant := typed[:i] + "A" + typed[i:]; !slices.Contains(codes.TyposOf(typed, format), meant) {
				t.Errorf("%q is not looked for when %q is typed", meant, typed)
			}
		}
	}
}

// TestOneTypoIsLookedForAtATime: another miss of the workspace gets no suggestion, and does not
// wait; one of another workspace does get one.
func TestOneTypoIsLookedForAtATime(t *testing.T) {
	w := newWorld(t)
	other := w.join(t, "other", acmeFormat)
	w.add(t, w.acme, "OURS", normal(""))
	w.add(t, other, "THEIRS", normal(""))
	store := &slowSearch{Store: w.Store, slow: w.acme.WorkspaceID, begun: make(chan struct{}), goOn: make(chan struct{})}
	w.Services = w.serve(t, store)
	first := make(chan string)
	go func() { first <- w.suggest(t, w.acme, "OURZ") }()
	<-store.begun
	if got := w.suggest(t, w.acme, "OURX"); got != "" {
		t.Errorf("while another is looked for: suggestion %q", got)
	}
	if got := w.suggest(t, other, "THEIRZ"); got != "THEIRS" {
		t.Errorf("in another workspace: suggestion %q", got)
	}
	close(store.goOn)
	if got := <-first; got != "OURS" {
		t.Errorf("the first: suggestion %q", got)
	}
}

// slowSearch is a store in which one workspace's search for typos waits.
type slowSearch struct {
	storetest.Store
	slow        core.ID
	begun, goOn chan struct{}
}

func (s *slowSearch) FindCodes(
	ctx context.Context,
	workspace core.ID,
	canonicals []string,
	at time.Time,
) ([]codes.Code, error) {
	if workspace == s.slow {
		s.begun <- struct{}{}
		<-s.goOn
	}
	return s.Store.FindCodes(ctx, workspace, canonicals, at)
}

// TestALookForTyposStopsWithItsCaller: after so many look-ups as were done before.
func TestALookForTyposStopsWithItsCaller(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Store.FindCodes(ctx, w.acme.WorkspaceID, codes.TyposOf("CODE", acmeFormat), start); !errors.Is(
		err,
		context.Canceled,
	) {
		t.Errorf("error %v", err)
	}
}

func BenchmarkHotMiss(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		codes.TyposOf("ACME7KQWM2XP", acmeFormat)
	}
}

func TestASuggestionShowsTheCodeAsItWasGiven(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "Welcome 2031", normal(""))
	if got := w.suggest(t, w.acme, "wlecome2031"); got != "Welcome 2031" {
		t.Errorf("suggestion %q", got)
	}
	generated := w.generate(t, w.acme, normal("")).Code.Value
	if got := w.suggest(t, w.acme, generated[:len(generated)-1]); got != generated {
		t.Errorf("suggestion %q, want %q", got, generated)
	}
}
