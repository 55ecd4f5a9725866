package codes_test

import (
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

func TestAGeneratedCodeHasTheWorkspacesFormat(t *testing.T) {
	w := newWorld(t)
	tests := []struct {
		slug   string
		format core.Format
		want   string
		shown  string
	}{
		{"default", acmeFormat, `^ACME-[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}$`, "ACME-XXXX-XXXX"},
		{
			"no-prefix",
			core.Format{Groups: 6, GroupLength: 8},
			`^[A-HJ-NP-Z2-9]{8}(-[A-HJ-NP-Z2-9]{8}){5}$`,
			"XXXXXXXX" + strings.Repeat("-XXXXXXXX", 5),
		},
		{"smallest", core.Format{Groups: 2, GroupLength: 3}, `^[A-HJ-NP-Z2-9]{3}-[A-HJ-NP-Z2-9]{3}$`, "XXX-XXX"},
		{
			"longest-prefix",
			core.Format{Prefix: "0123456789ABCDEF", Groups: 3, GroupLength: 5},
			`^0123456789ABCDEF(-[A-HJ-NP-Z2-9]{5}){3}$`,
			"0123456789ABCDEF-XXXXX-XXXXX-XXXXX",
		},
	}
	for _, test := range tests {
		t.Run(test.slug, func(t *testing.T) {
			caller := w.join(t, test.slug, test.format)
			for _, key := range []string{"", "k1", "k2"} {
				if got := w.generate(t, caller, normal(key)).Code.Value; !regexp.MustCompile(test.want).MatchString(got) {
					t.Errorf("generated %s, want %s", got, test.want)
				}
			}
			if got := test.format.String(); got != test.shown {
				t.Errorf("String() = %s, want %s", got, test.shown)
			}
		})
	}
}

func TestAFormatOutsideItsLimitsIsRefused(t *testing.T) {
	w := newWorld(t)
	tests := []struct {
		name     string
		format   core.Format
		pointers []string
	}{
		{"lower-case prefix", core.Format{Prefix: "acme", Groups: 2, GroupLength: 4}, []string{"/prefix"}},
		{"dash in the prefix", core.Format{Prefix: "A-B", Groups: 2, GroupLength: 4}, []string{"/prefix"}},
		{"letter beyond ASCII in the prefix", core.Format{Prefix: "É", Groups: 2, GroupLength: 4}, []string{"/prefix"}},
		{"long prefix", core.Format{Prefix: strings.Repeat("A", 17), Groups: 2, GroupLength: 4}, []string{"/prefix"}},
		{"one group", core.Format{Groups: 1, GroupLength: 4}, []string{"/groups"}},
		{"seven groups", core.Format{Groups: 7, GroupLength: 4}, []string{"/groups"}},
		{"groups of two", core.Format{Groups: 2, GroupLength: 2}, []string{"/groupLength"}},
		{"groups of nine", core.Format{Groups: 2, GroupLength: 9}, []string{"/groupLength"}},
		{"everything", core.Format{Prefix: "!", Groups: -1}, []string{"/prefix", "/groups", "/groupLength"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.CreateWorkspace(t.Context(), "refused", "Refused", test.format)
			checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, test.pointers...)
			change := tenancy.WorkspaceChange{
				Prefix:      &test.format.Prefix,
				Groups:      &test.format.Groups,
				GroupLength: &test.format.GroupLength,
			}
			_, err = w.UpdateWorkspace(t.Context(), "acme", change)
			checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, test.pointers...)
		})
	}
	if got, err := w.Workspace(t.Context(), "acme"); err != nil || got.Format != acmeFormat {
		t.Errorf("afterwards the format is %+v, %v", got.Format, err)
	}
}

func TestTheSpaceOfAFormatIsCounted(t *testing.T) {
	tests := []struct {
		symbols, groups, length int
		want                    int64
	}{
		{2, 2, 3, 64},
		{32, 2, 3, 1 << 30},
		{32, 2, 4, 1 << 40},
		{32, 3, 4, 1 << 60},
		{32, 2, 7, math.MaxInt64},
		{32, 6, 8, math.MaxInt64},
	}
	for _, test := range tests {
		if got := codes.Space(core.Format{Groups: test.groups, GroupLength: test.length}, test.symbols); got != test.want {
			t.Errorf("%d symbols, %d groups of %d: %d, want %d", test.symbols, test.groups, test.length, got, test.want)
		}
	}
}

func TestWithoutRandomBytesNoCodeIsGenerated(t *testing.T) {
	w := newWorld(t)
	empty := errors.New("no entropy")
	w.entropy = failingReader{empty}
	issued, err := w.GenerateCode(t.Context(), w.acme, normal(""))
	if !errors.Is(err, empty) || issued.Code.Value != "" {
		t.Errorf("GenerateCode = %+v, %v", issued, err)
	}
	if _, secret, err := w.CreateKey(t.Context(), "acme", tenancy.NewKey{Name: "CRM", Role: tenancy.RoleFull}); !errors.Is(
		err,
		empty,
	) ||
		secret != "" {
		t.Errorf("CreateKey = %q, %v", secret, err)
	}
	if err := tenancy.EnsureSecret(t.Context(), w.Store, w); !errors.Is(err, empty) {
		t.Errorf("EnsureSecret: %v", err)
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }
