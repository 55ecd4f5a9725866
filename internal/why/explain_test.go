package why_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/why"
)

func ends(at time.Time) func(*codes.Options) {
	return func(o *codes.Options) { o.ExpiresAt = &at }
}

// TestEachReason explains what each reason of redeeming comes from, and which remedies help.
func TestEachReason(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(*testing.T, *world)
		reason  core.Reason
		status  codes.Status
		needed  []why.RemedyKind
		whyNot  map[why.RemedyKind]why.WhyNot
	}{
		{
			"it works", func(t *testing.T, w *world) { w.add(t, "WELCOME", codes.TypePremium, 100) },
			"", codes.StatusActive, nil,
			map[why.RemedyKind]why.WhyNot{
				why.RemedyReplace: why.WhyNotWorks, why.RemedyExtend: why.WhyNotNotEnded,
				why.RemedyRaise: why.WhyNotUsesFree, why.RemedyRestore: why.WhyNotNotRevoked,
			},
		},
		{
			"not found", func(*testing.T, *world) {},
			core.ReasonCodeNotFound, "", nil,
			map[why.RemedyKind]why.WhyNot{
				why.RemedyReplace: why.WhyNotNoCode, why.RemedyExtend: why.WhyNotNoCode,
				why.RemedyRaise: why.WhyNotNoCode, why.RemedyRestore: why.WhyNotNoCode,
			},
		},
		{
			"revoked", func(t *testing.T, w *world) {
				w.add(t, "WELCOME", codes.TypePremium, 0)
				must[codes.Code](t)(w.codes.RevokeCode(t.Context(), w.acme, "WELCOME"))
			},
			core.ReasonCodeRevoked, codes.StatusRevoked,
			[]why.RemedyKind{why.RemedyReplace, why.RemedyRestore},
			map[why.RemedyKind]why.WhyNot{why.RemedyExtend: why.WhyNotNotEnded, why.RemedyRaise: why.WhyNotNoLimit},
		},
		{
			"expired", func(t *testing.T, w *world) {
				w.add(t, "WELCOME", codes.TypePremium, 200, ends(start.Add(time.Hour)))
				w.pass(72 * time.Hour)
			},
			core.ReasonCodeExpired, codes.StatusExpired,
			[]why.RemedyKind{why.RemedyReplace, why.RemedyExtend},
			map[why.RemedyKind]why.WhyNot{why.RemedyRaise: why.WhyNotUsesFree, why.RemedyRestore: why.WhyNotNotRevoked},
		},
		{
			"not started", func(t *testing.T, w *world) {
				w.add(t, "WELCOME", codes.TypePremium, 0, func(o *codes.Options) { o.StartsAt = new(start.Add(time.Hour)) })
			},
			core.ReasonCodeNotStarted, codes.StatusScheduled,
			[]why.RemedyKind{why.RemedyReplace},
			map[why.RemedyKind]why.WhyNot{
				why.RemedyExtend: why.WhyNotNotEnded, why.RemedyRaise: why.WhyNotNoLimit,
				why.RemedyRestore: why.WhyNotNotRevoked,
			},
		},
		{
			"exhausted", func(t *testing.T, w *world) {
				w.add(t, "WELCOME", codes.TypePremium, 1)
				w.redeem(t, "WELCOME", "other")
			},
			core.ReasonCodeExhausted, codes.StatusExhausted,
			[]why.RemedyKind{why.RemedyReplace, why.RemedyRaise},
			map[why.RemedyKind]why.WhyNot{why.RemedyExtend: why.WhyNotNotEnded, why.RemedyRestore: why.WhyNotNotRevoked},
		},
		{
			"registered already", func(t *testing.T, w *world) {
				w.add(t, "WELCOME", codes.TypeNormal, 0)
				must[codes.User](t)(w.codes.PutUser(t.Context(), w.acme, "ann", codes.UserNormal))
			},
			core.ReasonUserAlreadyRegistered, codes.StatusActive, nil,
			map[why.RemedyKind]why.WhyNot{
				why.RemedyReplace: why.WhyNotUser, why.RemedyExtend: why.WhyNotNotEnded,
				why.RemedyRaise: why.WhyNotNoLimit, why.RemedyRestore: why.WhyNotNotRevoked,
			},
		},
		{
			"not registered", func(t *testing.T, w *world) { w.add(t, "WELCOME", codes.TypeUpgrade, 0) },
			core.ReasonUserNotRegistered, codes.StatusActive, nil,
			map[why.RemedyKind]why.WhyNot{
				why.RemedyReplace: why.WhyNotUser, why.RemedyExtend: why.WhyNotNotEnded,
				why.RemedyRaise: why.WhyNotNoLimit, why.RemedyRestore: why.WhyNotNotRevoked,
			},
		},
		{
			"premium already", func(t *testing.T, w *world) {
				w.add(t, "WELCOME", codes.TypeUpgrade, 0)
				must[codes.User](t)(w.codes.PutUser(t.Context(), w.acme, "ann", codes.UserPremium))
			},
			core.ReasonUserAlreadyPremium, codes.StatusActive, nil,
			map[why.RemedyKind]why.WhyNot{
				why.RemedyReplace: why.WhyNotUser, why.RemedyExtend: why.WhyNotNotEnded,
				why.RemedyRaise: why.WhyNotNoLimit, why.RemedyRestore: why.WhyNotNotRevoked,
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.prepare(t, w)
			e := w.explain(t, why.Question{Typed: "wel come", UserID: "ann"})
			if e.Read != "WELCOME" || e.Answer.Reason != c.reason || e.Answer.Status != c.status ||
				e.Answer.Valid != (c.reason == "") {
				t.Errorf("read %q, answer %+v, want the reason %q and the status %q", e.Read, e.Answer, c.reason, c.status)
			}
			_, err := w.codes.Redeem(t.Context(), w.acme, codes.RedeemRequest{Code: "wel come", UserID: "ann"})
			if wrong := core.AsError(err); err != nil && (wrong.Reason != c.reason || wrong.Detail != e.Answer.Detail) {
				t.Errorf("redeeming answers %v, the explanation was %+v", err, e.Answer)
			}
			var needed []why.RemedyKind
			for _, r := range e.Remedies {
				if r.Needed {
					needed = append(needed, r.Kind)
				}
				if r.WhyNot != c.whyNot[r.Kind] || !r.Allowed {
					t.Errorf("%s: %+v, want the reason %q", r.Kind, r, c.whyNot[r.Kind])
				}
			}
			if diff := cmp.Diff(c.needed, needed); diff != "" {
				t.Errorf("remedies (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhoHasRedeemedItGetsTheSameAgain(t *testing.T) {
	w := newWorld(t)
	w.add(t, "WELCOME", codes.TypePremium, 1)
	made := w.redeem(t, "WELCOME", "ann")
	a := w.explain(t, why.Question{Typed: "WELCOME", UserID: "ann"}).Answer
	if !a.Valid || !a.Replay || a.Redemption == nil || a.Redemption.ID != made.ID || a.Reason != "" ||
		a.Effect != why.EffectRegistersPremium || a.User == nil || a.User.Status != codes.UserPremium {
		t.Errorf("got %+v", a)
	}
}

// line writes a column as three characters: typed, read, of the code.
func line(columns []why.Column) string {
	var all []string
	for _, c := range columns {
		mark := ""
		switch {
		case c.Dropped:
			mark = "dropped"
		case c.Missing:
			mark = "missing"
		case c.Extra:
			mark = "extra"
		case c.Differs:
			mark = "differs"
		}
		all = append(all, strings.Join([]string{c.Typed, c.Read, c.Have, mark}, "|"))
	}
	return strings.Join(all, " ")
}

func TestTheNearestCode(t *testing.T) {
	for typed, want := range map[string]struct {
		difference why.Difference
		columns    string
	}{
		"ab 1def": {
			why.Difference{Kind: why.DifferenceOther, Position: 3, Typed: "1", Have: "L"},
			"a|A|A| b|B|B|  |||dropped 1|1|L|differs d|D|D| e|E|E| f|F|F|",
		},
		"abldfe": {
			why.Difference{Kind: why.DifferenceSwapped, Position: 5, Typed: "FE", Have: "EF"},
			"a|A|A| b|B|B| l|L|L| d|D|D| f|F|E|differs e|E|F|differs",
		},
		"abldf": {
			why.Difference{Kind: why.DifferenceMissing, Position: 5, Have: "E"},
			"a|A|A| b|B|B| l|L|L| d|D|D| ||E|missing f|F|F|",
		},
		"ablde": {
			why.Difference{Kind: why.DifferenceMissing, Position: 6, Have: "F"},
			"a|A|A| b|B|B| l|L|L| d|D|D| e|E|E| ||F|missing",
		},
		"abxldef": {
			why.Difference{Kind: why.DifferenceExtra, Position: 3, Typed: "X"},
			"a|A|A| b|B|B| x|X||extra l|L|L| d|D|D| e|E|E| f|F|F|",
		},
	} {
		t.Run(typed, func(t *testing.T) {
			w := newWorld(t)
			w.add(t, "AB-LDEF", codes.TypePremium, 0)
			e := w.explain(t, why.Question{Typed: typed, UserID: "ann"})
			if !e.Nearest || e.Code == nil || e.Code.Value != "AB-LDEF" || e.Would == nil || !e.Would.Valid ||
				e.Answer.Reason != core.ReasonCodeNotFound {
				t.Fatalf("got %+v", e)
			}
			if diff := cmp.Diff([]why.Difference{want.difference}, e.Differences); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
			if got := line(e.Columns); got != want.columns {
				t.Errorf("columns\n%s, want\n%s", got, want.columns)
			}
			if r := e.Remedies[0]; r.Needed || r.Possible || r.WhyNot != why.WhyNotMistyped || !r.Allowed {
				t.Errorf("a replacement: %+v, want that the code must be typed right before", r)
			}
		})
	}
}

// TestLookAlikesAreNearACode mistypes a code by what looks alike, once and more often.
func TestLookAlikesAreNearACode(t *testing.T) {
	w := newWorld(t)
	w.add(t, "OIL-B5-0LIS8", codes.TypePremium, 0)
	w.add(t, "ACME-LLL2-ABCD", codes.TypePremium, 0)
	for typed, wrong := range map[string]int{
		"0il-b5-0lis8": 1, "OIL-85-0LIS8": 1, "OIL-BS-0LIS8": 1, "OIL-B5-0LISB": 1, "OLL-B5-0LIS8": 1, "OI1-B5-0LIS8": 1,
		"0IL-B5-OLIS8": 2, "OIL-8S-0LIS8": 2, "acme 1112 abcd": 3, "ACME-I1L2-ABCD": 2,
		"OIL-85-OL158": 0, // no code is so near
	} {
		e := w.explain(t, why.Question{Typed: typed})
		if e.Nearest != (wrong > 0) || len(e.Differences) != wrong {
			t.Errorf("%s: %+v, want %d differences", typed, e.Differences, wrong)
		}
		marked := 0
		for _, c := range e.Columns {
			if c.Differs {
				marked++
			}
		}
		if marked != wrong {
			t.Errorf("%s: %d characters are marked, want %d", typed, marked, wrong)
		}
		if wrong > 0 && w.find(t, w.acme, typed).Target != why.TargetWhy {
			t.Errorf("%s: the search does not lead to what is near", typed)
		}
	}
}

func TestColumnsOfLettersThatComposeOrAreRead(t *testing.T) {
	w := newWorld(t)
	for typed, want := range map[string]string{
		"Stra\u00dfe":       "S|S|| t|T|| r|R|| a|A|| \u00df|SS|| e|E||",
		"cafe\u0301":        "c|C|| a|A|| f|F|| e\u0301|\u00c9||",
		"\uff37-\u0663":     "\uff37|W|| -|||dropped \u0663|3||",
		"\u1100\u1161":      "\u1100\u1161|\uac00||",
		"acme\u20137\u00a0": "a|A|| c|C|| m|M|| e|E|| \u2013|||dropped 7|7||",
	} {
		e := w.explain(t, why.Question{Typed: typed})
		if got := line(e.Columns); got != want {
			t.Errorf("%q: columns\n%s, want\n%s", typed, got, want)
		}
	}
}

func TestACodeOfAnotherWorkspaceIsNeitherFoundNorNear(t *testing.T) {
	w := newWorld(t)
	other := w.join(t, "other", core.Format{Prefix: "OTHER", Groups: 2, GroupLength: 4})
	request := codes.IssueRequest{Type: codes.TypePremium}
	must[codes.Issued](t)(w.codes.AddCode(t.Context(), other, "SECRET1", request))
	for _, typed := range []string{"SECRET1", "SECRETI", "https://a.example/join?code=SECRET1"} {
		e := w.explain(t, why.Question{Typed: typed})
		if e.Code != nil || e.Nearest || e.Answer.Reason != core.ReasonCodeNotFound || e.Deleted != nil {
			t.Errorf("%s: got %+v", typed, e)
		}
	}
	for _, act := range []func() error{
		func() error { _, err := w.Replace(t.Context(), w.acme, "SECRET1", "", ""); return err },
		func() error { _, err := w.Extend(t.Context(), w.acme, "SECRET1", start.Add(time.Hour)); return err },
		func() error { _, err := w.RaiseLimit(t.Context(), w.acme, "SECRET1", 5); return err },
		func() error { _, err := w.Restore(t.Context(), w.acme, "SECRET1"); return err },
		func() error { _, _, err := w.Timeline(t.Context(), w.acme, "SECRET1"); return err },
	} {
		if err := act(); !core.HasReason(err, core.ReasonCodeNotFound) {
			t.Errorf("got %v, want that there is no such code", err)
		}
	}
}

func TestADeletedCodeIsSaidToBeDeleted(t *testing.T) {
	w := newWorld(t)
	w.add(t, "WELCOME", codes.TypePremium, 0)
	w.pass(time.Hour)
	if err := w.codes.DeleteCode(t.Context(), w.acme, "WELCOME"); err != nil {
		t.Fatal(err)
	}
	e := w.explain(t, why.Question{Typed: "welcome"})
	want := &why.Deletion{At: start.Add(time.Hour), Kind: core.ActorKey, By: w.acme.ID, ByName: "Checkout"}
	if diff := cmp.Diff(want, e.Deleted); diff != "" {
		t.Errorf("deletion (-want +got):\n%s", diff)
	}
}

func TestACodeIsReadFromALink(t *testing.T) {
	w := newWorld(t)
	w.add(t, "WELCOME 2031", codes.TypePremium, 0)
	w.add(t, "50/50", codes.TypePremium, 0)
	for text, want := range map[string]string{
		"https://app.example.com/join?ref=x&code=welcome-2031":       "welcome-2031",
		"https://app.example.com/join?c=welcome+2031":                "welcome 2031",
		"app.example.com/r/WELCOME%202031":                           "WELCOME 2031",
		"https://app.example.com/r/welcome2031/now?utm=mail":         "welcome2031",
		"https://app.example.com/#/join?code=WELCOME2031":            "WELCOME2031",
		"https://app.example.com/#code=WELCOME2031":                  "WELCOME2031",
		"https://app.example.com/join?utm=a&code=ACME-7KQW-M2XN":     "ACME-7KQW-M2XN",
		"https://app.example.com/r/ACME-7KQW-M2XN/now?utm=mail&x=12": "ACME-7KQW-M2XN",
		"50/50": "50/50",
		"a/b":   "a/b",
	} {
		e := w.explain(t, why.Question{Typed: text})
		if e.Typed != want || e.Link != (want != text) {
			t.Errorf("%s: read %q, want %q", text, e.Typed, want)
		}
		if exists := !strings.HasPrefix(want, "ACME") && want != "a/b"; (e.Code != nil) != exists {
			t.Errorf("%s: the code is %v", text, e.Code)
		}
	}
}

func TestWhoMayNotReadIsRefused(t *testing.T) {
	w := newWorld(t)
	nobody := w.as(core.PermissionRedeem)
	_, err := w.Explain(t.Context(), nobody, why.Question{Typed: "WELCOME"})
	_, _, errTimeline := w.Timeline(t.Context(), nobody, "WELCOME")
	_, errFind := w.Find(t.Context(), nobody, "WELCOME")
	for _, err := range []error{err, errTimeline, errFind} {
		if !core.IsKind(err, core.KindForbidden) {
			t.Errorf("got %v", err)
		}
	}
}
