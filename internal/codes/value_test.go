package codes_test

import (
	"strings"
	"testing"

	"accesscodes/internal/core"
)

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
		{"null character", "a\x00b"},
		{"bell", "a\x07b"},
		{"line break", "a\nb"},
		{"line break at the end", "ab\n"},
		{"tab at the start", "\tab"},
		{"next line (C1 control)", "a\u0085b"},
		{"delete", "a\x7fb"},
		{"zero-width space", "a\u200bb"},
		{"zero-width joiner", "a\u200db"},
		{"byte order mark", "\ufeffab"},
		{"soft hyphen", "a\u00adb"},
		{"right-to-left override", "a\u202eb"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.AddCode(t.Context(), w.acme, test.value, normal(""))
			checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, "/code")
			if w.stored(t, test.value) {
				t.Error("it was stored")
			}
		})
	}
}

func TestAValueExistsOnceInTheWholeInstallation(t *testing.T) {
	w := newWorld(t)
	other := w.join(t, "other", acmeFormat)
	w.add(t, w.acme, "Welcome-2031", normal(""))
	for _, caller := range []*core.Actor{w.acme, other} {
		for _, value := range []string{"Welcome-2031", "WELCOME 2031", " welcome–2031"} {
			_, err := w.AddCode(t.Context(), caller, value, normal(""))
			checkError(t, err, core.KindInvalid, core.ReasonCodeAlreadyExists, "/code")
		}
	}
}
