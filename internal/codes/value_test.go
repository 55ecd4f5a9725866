package codes_test

import (
	"fmt"
	"strings"
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// scotland is a flag: emoji tags spell its region.
const scotland = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"

func TestAChosenValueIsKeptAsGivenButForOuterSpace(t *testing.T) {
	w := newWorld(t)
	tests := []struct{ name, value, want string }{
		{"one character", "x", "x"},
		{"case, spaces and dashes inside", "Welcome 2031 – ok", "Welcome 2031 – ok"},
		{"outer spaces", " \u3000Trimmed\u00a0\u2003 ", "Trimmed"},
		{"outer dashes", "-dashed-", "-dashed-"},
		{"emoji", "🎉🎊", "🎉🎊"},
		{"a symbol", "\u2212", "\u2212"},
		{"the longest", strings.Repeat("a", core.MaxCodeLength), strings.Repeat("a", core.MaxCodeLength)},
		{"length is in characters, not bytes", strings.Repeat("🎁", 128), strings.Repeat("🎁", 128)},
		{"outer tabs, line breaks and invisible characters", "\ufeff\tTabbed\u00ad\r\n\u200b", "Tabbed"},
		{"a joined emoji", "👩\u200d🎤 live", "👩\u200d🎤 live"},
		{"a zero-width non-joiner", "\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"},
		{"the flag of Scotland inside", scotland + "!", scotland + "!"},
		{"a heart in colour", "❤\ufe0f", "❤\ufe0f"},
		{"dots around", "..a", "..a"},
		{"three dots", "...", "..."},
		{"512 bytes of form", strings.Repeat("🐈", 128), strings.Repeat("🐈", 128)},
		{"length is after trimming", "  " + strings.Repeat("b", 128) + "\u3000", strings.Repeat("b", 128)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := w.add(t, w.acme, test.value, normal("")).Code.Value; got != test.want {
				t.Errorf("answered %q, want %q", got, test.want)
			}
			got, err := w.Store.Code(t.Context(), w.acme.WorkspaceID, core.Canonical(test.want), start)
			if err != nil || got.Value != test.want {
				t.Errorf("stored %q, %v; want %q", got.Value, err, test.want)
			}
		})
	}
}

func TestAnUnusableChosenValueIsRefusedAndNothingIsStored(t *testing.T) {
	w := newWorld(t)
	tests := []struct{ name, value string }{
		{"empty", ""},
		{"a space", " "},
		{"Unicode spaces", "\u00a0\u2003\u3000\u2028"},
		{"dashes only", "-–—"},
		{"dashes and spaces", " - – "},
		{"129 characters", strings.Repeat("a", 129)},
		{"129 emoji", strings.Repeat("🎁", 129)},
		{"marks only", "\u0301\u0302"},
		{"a variation selector only", "\ufe0f"},
		{"a joiner only", "\u200d"},
		{"tabs and line breaks only", "\t\r\n"},
		{"a dot", "."},
		{"two dots", ".."},
		{"dots among what does not count", "-.\ufe0f ."},
		{"the ligature of two dots", "\u2025"},
		{"20 characters that become more than 512 bytes", strings.Repeat("\ufdfa", 20)},
		{"null character", "a\x00b"},
		{"bell", "a\x07b"},
		{"line break", "a\nb"},
		{"tab", "a\tb"},
		{"next line (C1 control)", "a\u0085b"},
		{"delete", "a\x7fb"},
		{"zero-width space", "a\u200bb"},
		{"byte order mark", "a\ufeffb"},
		{"soft hyphen", "a\u00adb"},
		{"right-to-left override", "a\u202eb"},
		{"language tag", "a\U000e0001b"},
		{"Hangul fillers", "a\u115fb"},
		{"Hangul jungseong filler", "\u1160a"},
		{"Hangul filler", "a\u3164"},
		{"half-width Hangul filler", "a\uffa0b"},
		{"combining grapheme joiner", "a\u034fb"},
		{"blank of Braille", "a\u2800b"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.AddCode(t.Context(), w.acme, test.value, normal(""))
			checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, "/code")
		})
	}
	if codes := w.listCodes(t, codes.CodeFilter{}, 10); len(codes) != 0 {
		t.Errorf("stored: %v", codes)
	}
}

func TestAValueExistsOnceInTheWholeInstallation(t *testing.T) {
	w := newWorld(t)
	other := w.join(t, "other", acmeFormat)
	w.add(t, w.acme, "Welcome-2031", normal(""))
	for _, caller := range []*core.Actor{w.acme, other} {
		for _, value := range []string{"Welcome-2031", "WELCOME 2031", " welcome–2031", "ｗｅｌｃｏｍｅ２０３１", "WELCOME٢٠٣١"} {
			_, err := w.AddCode(t.Context(), caller, value, normal(""))
			checkError(t, err, core.KindInvalid, core.ReasonCodeAlreadyExists, "/code")
		}
	}
}

// TestACodeIsFoundByAnyTextThatMeansIt: what people paste has tabs, line breaks and soft
// hyphens in it, and each keyboard composes letters in its own way.
func TestACodeIsFoundByAnyTextThatMeansIt(t *testing.T) {
	w := newWorld(t)
	list := map[string][]string{
		"NOËL-2031": {
			"noe\u0308l 2031", "\tNOËL-\u00ad2031\r\n", "NO\nËL\x002031",
			"ＮＯËＬ２０３１", "noël٢٠٣١\u202e", " \u200bnoël 20 31",
		},
		"❤ straße": {"❤\ufe0fSTRASSE", "❤stra\u1e9ee"},
	}
	for value, texts := range list {
		w.add(t, w.acme, value, normal(""))
		for i, text := range texts {
			user := fmt.Sprint(value, i)
			got, err := w.GetCode(t.Context(), w.acme, text)
			if err != nil || got.Value != value {
				t.Errorf("GetCode %+q: %q, %v", text, got.Value, err)
			}
			valid, err := w.Validate(t.Context(), w.acme, codes.ValidateRequest{Code: text, UserID: user})
			if err != nil || !valid.Valid {
				t.Errorf("Validate %+q: %+v, %v", text, valid, err)
			}
			held, err := w.Reserve(t.Context(), w.acme, codes.ReserveRequest{Code: text, UserID: user})
			if err != nil || held.Reservation.Code != value {
				t.Errorf("Reserve %+q: %+v, %v", text, held, err)
			}
			made, err := w.Redeem(t.Context(), w.acme, codes.RedeemRequest{Code: text, UserID: user})
			if err != nil || made.Redemption.Code != value {
				t.Errorf("Redeem %+q: %+v, %v", text, made, err)
			}
			filter := codes.RedemptionFilter{Code: text, UserID: user}
			listed, err := w.ListRedemptions(t.Context(), w.acme, filter, core.PageRequest{})
			if err != nil || len(listed.Items) != 1 {
				t.Errorf("ListRedemptions %+q: %+v, %v", text, listed, err)
			}
			if _, err := w.RevokeCode(t.Context(), w.acme, text); err != nil {
				t.Errorf("RevokeCode %+q: %v", text, err)
			}
			if _, err := w.RestoreCode(t.Context(), w.acme, text); err != nil {
				t.Errorf("RestoreCode %+q: %v", text, err)
			}
		}
	}
	page, err := w.ListCodes(t.Context(), w.acme, codes.CodeFilter{Query: "\tnoe\u0308l\u00ad"}, core.PageRequest{})
	if err != nil || len(page.Items) != 1 {
		t.Errorf("ListCodes: %v, %v", page.Items, err)
	}
}
