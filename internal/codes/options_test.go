package codes_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// limitOf is a limit as a request with this number states it.
func limitOf(n int64) codes.Limit { return codes.Limit{Given: true, Max: &n} }

// after is the instant so long after the start.
func after(d time.Duration) *time.Time {
	at := start.Add(d)
	return &at
}

// entries is metadata with so many entries.
func entries(n int) map[string]string {
	metadata := map[string]string{}
	for i := range n {
		metadata[fmt.Sprint("key", i)] = "value"
	}
	return metadata
}

func TestOptionsUpToTheirLimitsComeBackAsGiven(t *testing.T) {
	w := newWorld(t)
	long := func(n int) string { return strings.Repeat("é", n) } // limits are in characters, not bytes
	tests := []struct {
		name    string
		options codes.Options
	}{
		{"none", codes.Options{}},
		{"one redemption", codes.Options{MaxRedemptions: limitOf(1)}},
		{"most redemptions", codes.Options{MaxRedemptions: limitOf(1<<53 - 1)}},
		{"started in the past", codes.Options{StartsAt: after(-time.Hour)}},
		{"expires a microsecond from now", codes.Options{ExpiresAt: after(time.Microsecond)}},
		{
			"a life of a microsecond",
			codes.Options{StartsAt: after(time.Hour), ExpiresAt: after(time.Hour + time.Microsecond)},
		},
		{"the longest note", codes.Options{Note: long(500)}},
		{"a note of several lines", codes.Options{Note: "a\tb\r\nc"}},
		{"the longest recipient", codes.Options{Recipient: long(320)}},
		{"most metadata", codes.Options{Metadata: entries(50)}},
		{"the longest metadata", codes.Options{Metadata: map[string]string{long(40): long(500)}}},
		{"an empty metadata value", codes.Options{Metadata: map[string]string{"k": ""}}},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			value := fmt.Sprint("V", i)
			issued := w.add(t, w.acme, value, codes.IssueRequest{Type: codes.TypePremium, Options: test.options})
			want := codes.Code{
				Value: value, WorkspaceID: w.acme.WorkspaceID, Type: codes.TypePremium,
				MaxRedemptions: test.options.MaxRedemptions.Max,
				StartsAt:       test.options.StartsAt, ExpiresAt: test.options.ExpiresAt,
				Note: test.options.Note, Recipient: test.options.Recipient, Metadata: test.options.Metadata,
				CreatedAt: start, CreatedBy: w.acme.ID,
			}
			if diff := cmp.Diff(codes.Issued{Code: want}, issued); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			got, err := w.Store.Code(t.Context(), w.acme.WorkspaceID, value, start)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("stored: %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestOptionsBeyondTheirLimitsAreRefusedAndNothingIsStored(t *testing.T) {
	w := newWorld(t)
	metadata := func(key, value string) codes.Options {
		return codes.Options{Metadata: map[string]string{key: value}}
	}
	long41 := strings.Repeat("k", 41)
	tests := []struct {
		name    string
		options codes.Options
		pointer string
	}{
		{"no redemption", codes.Options{MaxRedemptions: limitOf(0)}, "/maxRedemptions"},
		{"fewer than none", codes.Options{MaxRedemptions: limitOf(-1)}, "/maxRedemptions"},
		{"more redemptions than JSON keeps", codes.Options{MaxRedemptions: limitOf(1 << 53)}, "/maxRedemptions"},
		{"expired", codes.Options{ExpiresAt: after(-time.Microsecond)}, "/expiresAt"},
		{"expires now", codes.Options{ExpiresAt: after(0)}, "/expiresAt"},
		{"expires within this microsecond", codes.Options{ExpiresAt: after(999)}, "/expiresAt"},
		{
			"expires before it starts",
			codes.Options{StartsAt: after(2 * time.Hour), ExpiresAt: after(time.Hour)},
			"/expiresAt",
		},
		{"expires when it starts", codes.Options{StartsAt: after(time.Hour), ExpiresAt: after(time.Hour)}, "/expiresAt"},
		{
			"expires in the microsecond it starts",
			codes.Options{StartsAt: after(time.Hour), ExpiresAt: after(time.Hour + 999)},
			"/expiresAt",
		},
		{"long note", codes.Options{Note: strings.Repeat("n", 501)}, "/note"},
		{"control character in the note", codes.Options{Note: "a\x00b"}, "/note"},
		{"escape character in the note", codes.Options{Note: "\x1b[31m"}, "/note"},
		{"long recipient", codes.Options{Recipient: strings.Repeat("r", 321)}, "/recipient"},
		{"control character in the recipient", codes.Options{Recipient: "a\x7f"}, "/recipient"},
		{"too much metadata", codes.Options{Metadata: entries(51)}, "/metadata"},
		{"empty metadata key", metadata("", "v"), "/metadata/"},
		{"long metadata key", metadata(long41, "v"), "/metadata/" + long41},
		{"control character in a metadata key", metadata("a\u0085", "v"), "/metadata/a\u0085"},
		{"long metadata value", metadata("k", strings.Repeat("v", 501)), "/metadata/k"},
		{"control character in a metadata value", metadata("k", "\x01"), "/metadata/k"},
		{"slash and tilde in the pointer", metadata("a/b~c~1", "\x01"), "/metadata/a~1b~0c~01"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.AddCode(t.Context(), w.acme, "REFUSED",
				codes.IssueRequest{Type: codes.TypeNormal, Options: test.options})
			checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, test.pointer)
			if w.stored(t, "REFUSED") {
				t.Error("it was stored")
			}
			_, err = w.GenerateCode(t.Context(), w.acme, codes.IssueRequest{Type: codes.TypeNormal, Options: test.options})
			checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, test.pointer)
		})
	}
}

func TestEveryFaultOfARequestIsToldAtOnce(t *testing.T) {
	w := newWorld(t)
	_, err := w.AddCode(t.Context(), w.acme, "-", codes.IssueRequest{Type: "Gold", Options: codes.Options{
		MaxRedemptions: limitOf(0), StartsAt: after(time.Hour), ExpiresAt: after(time.Minute),
		Note: "\x00", Recipient: "\x00", Metadata: map[string]string{"b": "\x00", "a": "\x00", "fine": ""},
	}})
	checkError(t, err, core.KindInvalid, core.ReasonInvalidValue,
		"/code", "/type", "/maxRedemptions", "/expiresAt", "/note", "/recipient", "/metadata/a", "/metadata/b")
	for _, field := range core.AsError(err).Fields {
		if field.Detail == "" {
			t.Errorf("%s says nothing", field.Pointer)
		}
	}
}

func TestATypeIsSpeltExactly(t *testing.T) {
	w := newWorld(t)
	for _, good := range codes.Types() {
		if got := w.generate(t, w.acme, codes.IssueRequest{Type: good}).Code.Type; got != good {
			t.Errorf("asked for %q, got %q", good, got)
		}
	}
	for _, bad := range []codes.Type{"", "normal", "PREMIUM", "upgrade", "Normal ", "Gold"} {
		_, err := w.GenerateCode(t.Context(), w.acme, codes.IssueRequest{Type: bad})
		checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, "/type")
		_, err = w.AddCode(t.Context(), w.acme, "REFUSED", codes.IssueRequest{Type: bad})
		checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, "/type")
	}
	if w.stored(t, "REFUSED") {
		t.Error("a code of an unknown type was stored")
	}
}

func TestAnAddedCodeHasNoLimitAndAGeneratedOneIsForOneUse(t *testing.T) {
	w := newWorld(t)
	one, five := int64(1), int64(5)
	tests := []struct {
		name            string
		limit           codes.Limit
		added, generate *int64
	}{
		{"left out", codes.Limit{}, nil, &one},
		{"null", codes.Limit{Given: true}, nil, nil},
		{"a number", limitOf(5), &five, &five},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			req := codes.IssueRequest{Type: codes.TypeNormal, Options: codes.Options{MaxRedemptions: test.limit}}
			for action, issued := range map[string]struct{ got, want *int64 }{
				"add":      {w.add(t, w.acme, test.name, req).Code.MaxRedemptions, test.added},
				"generate": {w.generate(t, w.acme, req).Code.MaxRedemptions, test.generate},
			} {
				if diff := cmp.Diff(issued.want, issued.got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", action, diff)
				}
			}
		})
	}
}
