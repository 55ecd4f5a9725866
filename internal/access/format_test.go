package access_test

import (
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"

	"accesscodes/internal/access"
)

func TestAGeneratedCodeHasTheWorkspacesFormat(t *testing.T) {
	w := newWorld(t)
	tests := []struct {
		slug   string
		format access.Format
		want   string
		shown  string
	}{
		{"default", acmeFormat, `^ACME-[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}$`, "ACME-XXXX-XXXX"},
		{"no-prefix", access.Format{Groups: 6, GroupLength: 8}, `^[A-HJ-NP-Z2-9]{8}(-[A-HJ-NP-Z2-9]{8}){5}$`, "XXXXXXXX" + strings.Repeat("-XXXXXXXX", 5)},
		{"smallest", access.Format{Groups: 2, GroupLength: 3}, `^[A-HJ-NP-Z2-9]{3}-[A-HJ-NP-Z2-9]{3}$`, "XXX-XXX"},
		{"longest-prefix", access.Format{Prefix: "0123456789ABCDEF", Groups: 3, GroupLength: 5}, `^0123456789ABCDEF(-[A-HJ-NP-Z2-9]{5}){3}$`, "0123456789ABCDEF-XXXXX-XXXXX-XXXXX"},
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
		format   access.Format
		pointers []string
	}{
		{"lower-case prefix", access.Format{Prefix: "acme", Groups: 2, GroupLength: 4}, []string{"/prefix"}},
		{"dash in the prefix", access.Format{Prefix: "A-B", Groups: 2, GroupLength: 4}, []string{"/prefix"}},
		{"letter beyond ASCII in the prefix", access.Format{Prefix: "É", Groups: 2, GroupLength: 4}, []string{"/prefix"}},
		{"long prefix", access.Format{Prefix: strings.Repeat("A", 17), Groups: 2, GroupLength: 4}, []string{"/prefix"}},
		{"one group", access.Format{Groups: 1, GroupLength: 4}, []string{"/groups"}},
		{"seven groups", access.Format{Groups: 7, GroupLength: 4}, []string{"/groups"}},
		{"groups of two", access.Format{Groups: 2, GroupLength: 2}, []string{"/groupLength"}},
		{"groups of nine", access.Format{Groups: 2, GroupLength: 9}, []string{"/groupLength"}},
		{"everything", access.Format{Prefix: "!", Groups: -1}, []string{"/prefix", "/groups", "/groupLength"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.CreateWorkspace(t.Context(), "refused", "Refused", test.format)
			checkError(t, err, access.KindInvalid, access.ReasonInvalidValue, test.pointers...)
			change := access.WorkspaceChange{Prefix: &test.format.Prefix, Groups: &test.format.Groups, GroupLength: &test.format.GroupLength}
			_, err = w.UpdateWorkspace(t.Context(), "acme", change)
			checkError(t, err, access.KindInvalid, access.ReasonInvalidValue, test.pointers...)
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
		if got := access.Space(access.Format{Groups: test.groups, GroupLength: test.length}, test.symbols); got != test.want {
			t.Errorf("%d symbols, %d groups of %d: %d, want %d", test.symbols, test.groups, test.length, got, test.want)
		}
	}
}

func TestWithoutRandomBytesNoCodeIsGenerated(t *testing.T) {
	w := newWorld(t)
	empty := errors.New("no entropy")
	w.Entropy = failingReader{empty}
	issued, err := w.GenerateCode(t.Context(), w.acme, normal(""))
	if !errors.Is(err, empty) || issued.Code.Value != "" {
		t.Errorf("GenerateCode = %+v, %v", issued, err)
	}
	if _, secret, err := w.CreateKey(t.Context(), "acme", access.NewKey{Name: "CRM", Role: access.RoleFull}); !errors.Is(err, empty) || secret != "" {
		t.Errorf("CreateKey = %q, %v", secret, err)
	}
	if _, err := access.NewService(t.Context(), w.Deps); !errors.Is(err, empty) {
		t.Errorf("NewService: %v", err)
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }
