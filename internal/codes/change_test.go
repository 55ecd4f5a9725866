package codes_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// given is a field of a change with a value.
func given[T any](value T) core.Field[T] { return core.Field[T]{Given: true, Value: &value} }

// none is a field of a change that takes away what is there.
func none[T any]() core.Field[T] { return core.Field[T]{Given: true} }

// patch is a merge patch of metadata: each pair is a key and its value; "-" removes it.
func patch(pairs ...string) core.Field[map[string]*string] {
	entries := map[string]*string{}
	for i := 0; i < len(pairs); i += 2 {
		entries[pairs[i]] = nil
		if pairs[i+1] != "-" {
			entries[pairs[i]] = &pairs[i+1]
		}
	}
	return given(entries)
}

// full is a code with every option.
func full() codes.Options {
	return codes.Options{
		MaxRedemptions: limitOf(5), StartsAt: after(time.Hour), ExpiresAt: after(2 * time.Hour),
		Note: "for Ada", Recipient: "ada@example.org", Metadata: map[string]string{"a": "1", "b": "2"},
	}
}

// TestAChangeChangesWhatItGives applies merge patches (RFC 7396) to a code with every
// option and to one with none. want changes the code as the patch must.
func TestAChangeChangesWhatItGives(t *testing.T) {
	long := func(n int) string { return strings.Repeat("é", n) }
	tests := []struct {
		name    string
		options codes.Options
		change  codes.CodeChange
		want    func(*codes.Code)
	}{
		{"nothing", full(), codes.CodeChange{}, func(*codes.Code) {}},
		{"nothing of a bare code", codes.Options{}, codes.CodeChange{}, func(*codes.Code) {}},
		{"the limit", full(), codes.CodeChange{MaxRedemptions: limitOf(7)}, func(c *codes.Code) { *c.MaxRedemptions = 7 }},
		{
			"the least limit",
			full(),
			codes.CodeChange{MaxRedemptions: limitOf(1)},
			func(c *codes.Code) { *c.MaxRedemptions = 1 },
		},
		{
			"the largest limit",
			codes.Options{},
			codes.CodeChange{MaxRedemptions: limitOf(codes.MaxMaxRedemptions)},
			func(c *codes.Code) {
				c.MaxRedemptions = limitOf(codes.MaxMaxRedemptions).Max
			},
		},
		{
			"no limit",
			full(),
			codes.CodeChange{MaxRedemptions: codes.Limit{Given: true}},
			func(c *codes.Code) { c.MaxRedemptions = nil },
		},
		{
			"the start",
			full(),
			codes.CodeChange{StartsAt: given(*after(time.Minute))},
			func(c *codes.Code) { c.StartsAt = after(time.Minute) },
		},
		{
			"a start that has been",
			codes.Options{},
			codes.CodeChange{StartsAt: given(*after(-time.Hour))},
			func(c *codes.Code) { c.StartsAt = after(-time.Hour) },
		},
		{
			"a start a microsecond before the expiry that is stored",
			full(),
			codes.CodeChange{StartsAt: given(*after(2*time.Hour - time.Microsecond))},
			func(c *codes.Code) {
				c.StartsAt = after(2*time.Hour - time.Microsecond)
			},
		},
		{"no start", full(), codes.CodeChange{StartsAt: none[time.Time]()}, func(c *codes.Code) { c.StartsAt = nil }},
		{
			"the expiry",
			full(),
			codes.CodeChange{ExpiresAt: given(*after(3 * time.Hour))},
			func(c *codes.Code) { c.ExpiresAt = after(3 * time.Hour) },
		},
		{
			"an expiry a microsecond from now",
			codes.Options{},
			codes.CodeChange{ExpiresAt: given(*after(time.Microsecond))},
			func(c *codes.Code) {
				c.ExpiresAt = after(time.Microsecond)
			},
		},
		{
			"an expiry a microsecond after the start that is stored",
			full(),
			codes.CodeChange{ExpiresAt: given(*after(time.Hour + time.Microsecond))},
			func(c *codes.Code) {
				c.ExpiresAt = after(time.Hour + time.Microsecond)
			},
		},
		{"no expiry", full(), codes.CodeChange{ExpiresAt: none[time.Time]()}, func(c *codes.Code) { c.ExpiresAt = nil }},
		{
			"both times, each beyond the other that is stored",
			full(),
			codes.CodeChange{StartsAt: given(*after(5 * time.Hour)), ExpiresAt: given(*after(6 * time.Hour))},
			func(c *codes.Code) {
				c.StartsAt, c.ExpiresAt = after(5*time.Hour), after(6*time.Hour)
			},
		},
		{
			"a start beyond the expiry that it takes away",
			full(),
			codes.CodeChange{StartsAt: given(*after(5 * time.Hour)), ExpiresAt: none[time.Time]()},
			func(c *codes.Code) {
				c.StartsAt, c.ExpiresAt = after(5*time.Hour), nil
			},
		},
		{
			"a time in another zone, finer than what is kept",
			full(),
			codes.CodeChange{ExpiresAt: given(after(3 * time.Hour).In(time.FixedZone("", 3600)).Add(999))},
			func(c *codes.Code) {
				c.ExpiresAt = after(3 * time.Hour)
			},
		},
		{"the note", full(), codes.CodeChange{Note: given("a\r\n\tb")}, func(c *codes.Code) { c.Note = "a\r\n\tb" }},
		{
			"the longest note",
			full(),
			codes.CodeChange{Note: given(long(codes.MaxNoteLength))},
			func(c *codes.Code) { c.Note = long(codes.MaxNoteLength) },
		},
		{"no note", full(), codes.CodeChange{Note: none[string]()}, func(c *codes.Code) { c.Note = "" }},
		{"an empty note", full(), codes.CodeChange{Note: given("")}, func(c *codes.Code) { c.Note = "" }},
		{"the recipient", full(), codes.CodeChange{Recipient: given("bob")}, func(c *codes.Code) { c.Recipient = "bob" }},
		{
			"the longest recipient",
			full(),
			codes.CodeChange{Recipient: given(long(codes.MaxRecipientLength))},
			func(c *codes.Code) { c.Recipient = long(codes.MaxRecipientLength) },
		},
		{"no recipient", full(), codes.CodeChange{Recipient: none[string]()}, func(c *codes.Code) { c.Recipient = "" }},
		{"an entry more", full(), codes.CodeChange{Metadata: patch("c", "3")}, func(c *codes.Code) { c.Metadata["c"] = "3" }},
		{"another value", full(), codes.CodeChange{Metadata: patch("a", "9")}, func(c *codes.Code) { c.Metadata["a"] = "9" }},
		{"an empty value", full(), codes.CodeChange{Metadata: patch("a", "")}, func(c *codes.Code) { c.Metadata["a"] = "" }},
		{
			"an entry less",
			full(),
			codes.CodeChange{Metadata: patch("a", "-")},
			func(c *codes.Code) { delete(c.Metadata, "a") },
		},
		{
			"every entry less",
			full(),
			codes.CodeChange{Metadata: patch("a", "-", "b", "-")},
			func(c *codes.Code) { c.Metadata = nil },
		},
		{"an entry less that is not there", full(), codes.CodeChange{Metadata: patch("z", "-")}, func(*codes.Code) {}},
		{"an entry less of a bare code", codes.Options{}, codes.CodeChange{Metadata: patch("z", "-")}, func(*codes.Code) {}},
		{
			"all at once",
			full(),
			codes.CodeChange{Metadata: patch("a", "-", "b", "9", "c", "3")},
			func(c *codes.Code) { c.Metadata = map[string]string{"b": "9", "c": "3"} },
		},
		{
			"entries of a bare code",
			codes.Options{},
			codes.CodeChange{Metadata: patch("z", "-", "a", "1", "b", "2")},
			func(c *codes.Code) {
				c.Metadata = map[string]string{"a": "1", "b": "2"}
			},
		},
		{"no entry in the patch", full(), codes.CodeChange{Metadata: patch()}, func(*codes.Code) {}},
		{
			"no metadata",
			full(),
			codes.CodeChange{Metadata: none[map[string]*string]()},
			func(c *codes.Code) { c.Metadata = nil },
		},
		{
			"one of the most entries for another",
			codes.Options{Metadata: entries(50)},
			codes.CodeChange{Metadata: patch("key0", "-", "new", "1")},
			func(c *codes.Code) {
				delete(c.Metadata, "key0")
				c.Metadata["new"] = "1"
			},
		},
		{"everything away", full(), codes.CodeChange{
			MaxRedemptions: codes.Limit{Given: true}, StartsAt: none[time.Time](), ExpiresAt: none[time.Time](),
			Note: none[string](), Recipient: none[string](), Metadata: none[map[string]*string](),
		}, func(c *codes.Code) {
			c.MaxRedemptions, c.StartsAt, c.ExpiresAt, c.Note, c.Recipient, c.Metadata = nil, nil, nil, "", "", nil
		}},
	}
	w := newWorld(t)
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			value := fmt.Sprint("Code ", i)
			want := w.add(t, w.acme, value, of(codes.TypePremium, test.options)).Code
			test.want(&want)
			for range 2 { // the same change again changes nothing more
				checkSame(t, "answer", want, w.change(t, fmt.Sprint("CODE-", i), test.change))
				checkSame(t, "code", want, w.code(t, value))
			}
		})
	}
}

// heavy are so many entries of metadata of 500 bytes each, key by value.
func heavy(count int) (pairs []string) {
	for i := range count {
		pairs = append(pairs, fmt.Sprintf("%012d", i), strings.Repeat("v", 488))
	}
	return pairs
}

// TestTheLimitOfMetadataBindsOnlyWhatIsSet: a code that has more from an earlier version can be
// changed in all else, and lose some of it.
func TestTheLimitOfMetadataBindsOnlyWhatIsSet(t *testing.T) {
	w := newWorld(t)
	old := &codes.NewCode{Canonical: "OLD", Code: codes.Code{
		Value: "OLD", WorkspaceID: w.acme.WorkspaceID, Type: codes.TypeNormal, Metadata: map[string]string{},
		CreatedAt: start, CreatedBy: w.acme.ID,
	}}
	pairs := heavy(40)
	for i := 0; i < len(pairs); i += 2 {
		old.Metadata[pairs[i]] = pairs[i+1]
	}
	if _, err := w.Store.InsertCodes(t.Context(), []*codes.NewCode{old}); err != nil {
		t.Fatal(err)
	}
	note, first := "a note", pairs[0]
	for name, change := range map[string]codes.CodeChange{
		"a note":        {Note: given(note)},
		"an entry less": {Metadata: core.Field[map[string]*string]{Given: true, Value: &map[string]*string{first: nil}}},
	} {
		if _, err := w.ChangeCode(t.Context(), w.acme, "OLD", change); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := w.code(t, "OLD"); got.Note != note || len(got.Metadata) != len(old.Metadata)-1 {
		t.Errorf("note %q, %d entries", got.Note, len(got.Metadata))
	}
	_, err := w.ChangeCode(t.Context(), w.acme, "OLD", codes.CodeChange{Metadata: patch("k", "v")})
	checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, "/metadata")
	if _, err := w.ChangeCode(t.Context(), w.acme, "OLD",
		codes.CodeChange{Metadata: none[map[string]*string]()}); err != nil {
		t.Errorf("none: %v", err)
	}
}

// TestMetadataHas8KiBInAll: of new codes and of redemptions, of keys and values, in bytes.
func TestMetadataHas8KiBInAll(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "CODE", normal(""))
	metadata := map[string]string{}
	for i := range 8 { // 1,024 bytes each
		metadata[fmt.Sprintf("%024d", i)] = strings.Repeat("é", 500)
	}
	req := of(codes.TypeNormal, codes.Options{Metadata: metadata})
	w.add(t, w.acme, "AS-MUCH", req)
	if _, err := w.Redeem(t.Context(), w.acme,
		codes.RedeemRequest{Code: "CODE", UserID: "ada", Metadata: metadata}); err != nil {
		t.Errorf("Redeem: %v", err)
	}
	metadata["k"] = ""
	_, err := w.AddCode(t.Context(), w.acme, "MORE", req)
	checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, "/metadata")
	_, err = w.GenerateCode(t.Context(), w.acme, req)
	checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, "/metadata")
	_, err = w.Redeem(t.Context(), w.acme, codes.RedeemRequest{Code: "CODE", UserID: "bob", Metadata: metadata})
	checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, "/metadata")
}

func TestAChangeBeyondALimitIsRefusedAndChangesNothing(t *testing.T) {
	year := func(y int) core.Field[time.Time] { return given(time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC)) }
	longKey := strings.Repeat("k", codes.MaxMetadataKeyLength+1)
	tests := []struct {
		name     string
		change   codes.CodeChange
		pointers []string
	}{
		{"no redemption", codes.CodeChange{MaxRedemptions: limitOf(0)}, []string{"/maxRedemptions"}},
		{"fewer than none", codes.CodeChange{MaxRedemptions: limitOf(-1)}, []string{"/maxRedemptions"}},
		{
			"more than JSON keeps",
			codes.CodeChange{MaxRedemptions: limitOf(codes.MaxMaxRedemptions + 1)},
			[]string{"/maxRedemptions"},
		},
		{
			"an expiry that has been",
			codes.CodeChange{StartsAt: none[time.Time](), ExpiresAt: given(*after(-time.Microsecond))},
			[]string{"/expiresAt"},
		},
		{"an expiry now", codes.CodeChange{StartsAt: none[time.Time](), ExpiresAt: given(*after(0))}, []string{"/expiresAt"}},
		{
			"an expiry within this microsecond",
			codes.CodeChange{StartsAt: none[time.Time](), ExpiresAt: given(*after(999))},
			[]string{"/expiresAt"},
		},
		{
			"an expiry at the start that is stored",
			codes.CodeChange{ExpiresAt: given(*after(time.Hour))},
			[]string{"/expiresAt"},
		},
		{
			"an expiry before the start that is stored",
			codes.CodeChange{ExpiresAt: given(*after(time.Minute))},
			[]string{"/expiresAt"},
		},
		{
			"a start at the expiry that is stored",
			codes.CodeChange{StartsAt: given(*after(2 * time.Hour))},
			[]string{"/startsAt"},
		},
		{
			"a start in the microsecond of the expiry that is stored",
			codes.CodeChange{StartsAt: given(*after(2*time.Hour + 999))},
			[]string{"/startsAt"},
		},
		{
			"a start after the expiry that is stored",
			codes.CodeChange{StartsAt: given(*after(3 * time.Hour))},
			[]string{"/startsAt"},
		},
		{
			"times in the wrong order",
			codes.CodeChange{StartsAt: given(*after(5 * time.Hour)), ExpiresAt: given(*after(4 * time.Hour))},
			[]string{"/expiresAt"},
		},
		{"a start before the year 0", codes.CodeChange{StartsAt: year(-1)}, []string{"/startsAt"}},
		{"an expiry after the year 9999", codes.CodeChange{ExpiresAt: year(10000)}, []string{"/expiresAt"}},
		{"a long note", codes.CodeChange{Note: given(strings.Repeat("n", codes.MaxNoteLength+1))}, []string{"/note"}},
		{"a control character in the note", codes.CodeChange{Note: given("\x00")}, []string{"/note"}},
		{
			"a long recipient",
			codes.CodeChange{Recipient: given(strings.Repeat("n", codes.MaxRecipientLength+1))},
			[]string{"/recipient"},
		},
		{"a control character in the recipient", codes.CodeChange{Recipient: given("\x7f")}, []string{"/recipient"}},
		{"an empty metadata key", codes.CodeChange{Metadata: patch("", "v")}, []string{"/metadata/"}},
		{"a long metadata key", codes.CodeChange{Metadata: patch(longKey, "v")}, []string{"/metadata/" + longKey}},
		{
			"a long metadata value",
			codes.CodeChange{Metadata: patch("a/b", strings.Repeat("v", codes.MaxMetadataValueLength+1))},
			[]string{"/metadata/a~1b"},
		},
		{"more metadata than there may be in all", codes.CodeChange{Metadata: patch(heavy(17)...)}, []string{"/metadata"}},
		{"a control character in a metadata value", codes.CodeChange{Metadata: patch("k", "\x1b")}, []string{"/metadata/k"}},
		{
			"more entries than there may be, with those that are stored",
			codes.CodeChange{Metadata: func() core.Field[map[string]*string] {
				more := patch()
				for key, value := range entries(49) {
					(*more.Value)[key] = &value
				}
				return more
			}()},
			[]string{"/metadata"},
		},
		{"everything", codes.CodeChange{
			MaxRedemptions: limitOf(0), StartsAt: given(*after(5 * time.Hour)), ExpiresAt: given(*after(4 * time.Hour)),
			Note: given("\x00"), Recipient: given("\x00"), Metadata: patch("b", "\x00", "a", "\x00"),
		}, []string{"/maxRedemptions", "/expiresAt", "/note", "/recipient", "/metadata/a", "/metadata/b"}},
	}
	w := newWorld(t)
	before := w.add(t, w.acme, "CODE", of(codes.TypeNormal, full())).Code
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.ChangeCode(t.Context(), w.acme, "CODE", test.change)
			checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, test.pointers...)
			checkSame(t, "code", before, w.code(t, "CODE"))
		})
	}
}

// TestAnExpiredCodeCanBeChanged: only an expiry that is given has to lie in the future.
func TestAnExpiredCodeCanBeChanged(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "CODE", of(codes.TypeNormal, codes.Options{ExpiresAt: after(time.Hour)}))
	w.pass(time.Hour)
	w.change(t, "CODE", codes.CodeChange{Note: given("too late"), MaxRedemptions: limitOf(9)})
	w.change(t, "CODE", codes.CodeChange{StartsAt: given(*after(0))})
	_, err := w.Redeem(t.Context(), w.acme, codes.RedeemRequest{Code: "CODE", UserID: "ada"})
	checkRefused(t, err, core.ReasonCodeExpired)
	w.change(t, "CODE", codes.CodeChange{ExpiresAt: given(*after(time.Hour + time.Microsecond))})
	w.redeem(t, "CODE", "ada")
}

// TestToRepeatWhatACodeIsIsNoChange, although the code could not be made so today.
func TestToRepeatWhatACodeIsIsNoChange(t *testing.T) {
	w := newWorld(t)
	old := codes.Code{
		Value: "OLD", WorkspaceID: w.acme.WorkspaceID, Type: codes.TypeNormal, CreatedAt: start, CreatedBy: w.acme.ID,
		MaxRedemptions: limitOf(1).Max, StartsAt: after(2 * time.Hour), ExpiresAt: after(time.Hour),
		Note: strings.Repeat("n", codes.MaxNoteLength+1), Recipient: strings.Repeat("r", codes.MaxRecipientLength+1),
		Metadata: entries(codes.MaxMetadataEntries + 1),
	}
	old.Metadata["long"] = strings.Repeat("v", codes.MaxMetadataValueLength+1)
	results, err := w.Store.InsertCodes(t.Context(), []*codes.NewCode{{Code: old, Canonical: "OLD"}})
	if err != nil || results[0].Outcome != codes.Inserted {
		t.Fatalf("%+v, %v", results, err)
	}
	w.pass(3 * time.Hour)
	elsewhere := old.ExpiresAt.In(time.FixedZone("", 3600)).Add(999) // below what is kept
	unchanged := map[string]codes.CodeChange{
		"the limit":      {MaxRedemptions: codes.Limit{Given: true, Max: old.MaxRedemptions}},
		"the start":      {StartsAt: given(*old.StartsAt)},
		"the expiry":     {ExpiresAt: given(*old.ExpiresAt)},
		"in another way": {ExpiresAt: given(elsewhere)},
		"the note":       {Note: given(old.Note)},
		"the recipient":  {Recipient: given(old.Recipient)},
		"an entry":       {Metadata: patch("long", old.Metadata["long"], "absent", "-")},
	}
	all := codes.CodeChange{
		MaxRedemptions: codes.Limit{Given: true, Max: old.MaxRedemptions},
		StartsAt:       given(*old.StartsAt), ExpiresAt: given(*old.ExpiresAt),
		Note: given(old.Note), Recipient: given(old.Recipient), Metadata: given(map[string]*string{}),
	}
	for key, value := range old.Metadata {
		(*all.Metadata.Value)[key] = &value
	}
	unchanged["everything"] = all
	for name, change := range unchanged {
		t.Run(name, func(t *testing.T) { checkSame(t, "code", old, w.change(t, "OLD", change)) })
	}
	refused := map[string]codes.CodeChange{
		"/expiresAt":     {StartsAt: none[time.Time](), ExpiresAt: given(old.ExpiresAt.Add(time.Microsecond))},
		"/startsAt":      {StartsAt: given(old.StartsAt.Add(time.Microsecond))},
		"/note":          {Note: given(old.Note + "n")},
		"/recipient":     {Recipient: given(old.Recipient + "r")},
		"/metadata":      {Metadata: patch("new", "1")},
		"/metadata/long": {Metadata: patch("long", old.Metadata["long"][1:]+"w")},
	}
	for pointer, change := range refused {
		t.Run(pointer, func(t *testing.T) {
			_, err := w.ChangeCode(t.Context(), w.acme, "OLD", change)
			checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, pointer)
		})
	}
	mended := all
	mended.Note, mended.Metadata, mended.ExpiresAt = given("short"), patch("long", "short", "key1", "-"), none[time.Time]()
	delete(old.Metadata, "key1")
	old.Note, old.Metadata["long"], old.ExpiresAt = "short", "short", nil
	checkSame(t, "mended", old, w.change(t, "OLD", mended))
}

// TestTheLimitIsNeverLessThanWhatIsTaken counts what was redeemed and what is held at the
// moment, but neither what was given back nor what has lapsed.
func TestTheLimitIsNeverLessThanWhatIsTaken(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "CODE", of(codes.TypeNormal, uses(9)))
	w.redeem(t, "CODE", "ada")
	w.rollback(t, w.redeem(t, "CODE", "bob"))
	w.reserve(t, "CODE", "cyd", time.Minute)
	w.reserve(t, "CODE", "dan", 10*time.Second)
	w.release(t, w.reserve(t, "CODE", "eve", time.Minute))
	before := w.code(t, "CODE")
	for _, n := range []int64{1, 2} {
		_, err := w.ChangeCode(t.Context(), w.acme, "CODE", codes.CodeChange{MaxRedemptions: limitOf(n), Note: given("lost")})
		checkRefused(t, err, core.ReasonCodeInUse)
		checkSame(
			t,
			"detail",
			"maxRedemptions cannot be less than what is taken already: 1 redeemed, 2 reserved",
			core.AsError(err).Detail,
		)
	}
	checkSame(t, "code", before, w.code(t, "CODE"))
	w.change(t, "CODE", codes.CodeChange{MaxRedemptions: limitOf(3)})
	_, err := w.Redeem(t.Context(), w.acme, codes.RedeemRequest{Code: "CODE", UserID: "fay"})
	checkRefused(t, err, core.ReasonCodeExhausted)

	w.pass(10*time.Second - time.Microsecond)
	_, err = w.ChangeCode(t.Context(), w.acme, "CODE", codes.CodeChange{MaxRedemptions: limitOf(2)})
	checkRefused(t, err, core.ReasonCodeInUse)
	w.pass(time.Microsecond)
	w.change(t, "CODE", codes.CodeChange{MaxRedemptions: limitOf(2)})
	w.change(t, "CODE", codes.CodeChange{MaxRedemptions: codes.Limit{Given: true}})
	w.redeem(t, "CODE", "fay")
	w.checkUses(t, "CODE", 2, 1)
}

// TestALimitThatIsLeftAloneIsNoReasonToRefuse: on a node whose clock is behind, a reservation whose
// use went to another user still counts.
func TestALimitThatIsLeftAloneIsNoReasonToRefuse(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "CODE", of(codes.TypeNormal, uses(1)))
	w.reserve(t, "CODE", "ada", 10*time.Second)
	w.pass(10 * time.Second)
	w.redeem(t, "CODE", "bob")
	w.pass(-time.Second)
	w.change(t, "CODE", codes.CodeChange{Note: given("kept")})
}

func TestARaisedLimitMakesACodeUsableAgain(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "ONE", of(codes.TypeNormal, uses(1)))
	w.redeem(t, "ONE", "ada")
	w.change(t, "ONE", codes.CodeChange{MaxRedemptions: limitOf(2)})
	w.redeem(t, "ONE", "bob")
	_, err := w.Redeem(t.Context(), w.acme, codes.RedeemRequest{Code: "ONE", UserID: "cyd"})
	checkRefused(t, err, core.ReasonCodeExhausted)
}

// TestAReservationKeepsItsEndWhenTheCodeIsChanged: a later expiry of the code does not
// lengthen a reservation that was cut short.
func TestAReservationKeepsItsEndWhenTheCodeIsChanged(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "CODE", of(codes.TypeNormal, codes.Options{ExpiresAt: after(time.Minute)}))
	held := w.reserve(t, "CODE", "ada", time.Hour)
	w.change(t, "CODE", codes.CodeChange{ExpiresAt: none[time.Time]()})
	w.pass(time.Minute)
	_, err := w.Confirm(t.Context(), w.acme, held.ID)
	checkRefused(t, err, core.ReasonReservationLapsed)
	w.checkUses(t, "CODE", 0, 0)
}
