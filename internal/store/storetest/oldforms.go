package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// OldDatabase is a new database whose schema is the one from before the second version of
// canonical forms.
type OldDatabase struct {
	Insert  func(t *testing.T, codes []*OldCode)
	Migrate func(t *testing.T)
	Open    func(t *testing.T) Store // after Migrate
	// Forms does the work of that migration once more, with one code in each transaction. It
	// stops with an error before it gives the code number limit another form; 0: no limit.
	Forms func(t *testing.T, limit int) error
}

// errKilled ends the migration of a test.
var errKilled = errors.New("killed")

// Renaming gives a code another form.
type Renaming[T any] = func(ctx context.Context, tx T, from, to string) error

// Killing counts calls and fails from one of them on.
func Killing[T any](limit int, action Renaming[T]) Renaming[T] {
	calls := 0
	return func(ctx context.Context, tx T, from, to string) error {
		if calls++; calls == limit {
			return errKilled
		}
		return action(ctx, tx, from, to)
	}
}

// OldCode is a code as it was stored then, with what became of it.
type OldCode struct {
	Code         codes.Code // with its counters
	Form         string     // its canonical form then
	RetryKey     byte       // 0: none
	Redemptions  []codes.Redemption
	Reservations []codes.Reservation // all held
}

// oldWorld is what an old database held.
type oldWorld struct {
	mine, other *core.Actor
	codes       []*OldCode
}

// long is a value whose form is too long today.
var long = strings.Repeat("\ufdfa", 100)

// oldCode is a code that was made so many hours after another time.
func (w *oldWorld) oldCode(
	t *testing.T, caller *core.Actor, form, value string, hours int, redeemed, held []string,
) *OldCode {
	t.Helper()
	made := now.Add(time.Duration(hours-100) * time.Hour)
	c := &OldCode{Form: form, Code: codes.Code{
		Value: value, WorkspaceID: caller.WorkspaceID, Type: codes.TypeNormal,
		CreatedAt: made, CreatedBy: core.ID{15: 1}, Redemptions: int64(len(redeemed)), Reservations: int64(len(held)),
	}}
	for _, user := range redeemed {
		c.Redemptions = append(c.Redemptions, codes.Redemption{
			ID: newID(t), WorkspaceID: caller.WorkspaceID, Code: value, Type: codes.TypeNormal, UserID: user,
			Grants: codes.UserNormal, Ordinal: 1, CreatedAt: made, CreatedBy: core.ID{15: 1},
		})
	}
	for _, user := range held {
		c.Reservations = append(c.Reservations, codes.Reservation{
			ID: newID(t), WorkspaceID: caller.WorkspaceID, Code: value, UserID: user, State: codes.ReservationHeld,
			ExpiresAt: now.Add(time.Hour), CreatedAt: made, CreatedBy: core.ID{15: 1},
		})
	}
	w.codes = append(w.codes, c)
	return c
}

// newOldWorld has codes of every kind that the migration meets.
func newOldWorld(t *testing.T) *oldWorld {
	t.Helper()
	w := &oldWorld{mine: &core.Actor{}, other: &core.Actor{}}
	for _, caller := range []*core.Actor{w.mine, w.other} {
		caller.WorkspaceID = newID(t)
		caller.ID = newID(t)
	}
	none := []string(nil)
	w.oldCode(t, w.mine, "PLAIN2031", "plain-2031", 0, []string{"anna"}, none)
	w.oldCode(t, w.mine, "NOËL", "Noël", 1, []string{"ada"}, []string{"bob"})
	w.oldCode(t, w.mine, "NOE\u0308L", "Noe\u0308l", 2, []string{"cleo", "dan", "eli"}, []string{"eve"}).RetryKey = 7
	w.oldCode(t, w.mine, "Å1", "Å-1", 2, []string{"fay"}, none)
	w.oldCode(t, w.other, "\u212b1", "\u212b-1", 1, []string{"gus"}, none)
	w.oldCode(t, w.mine, "ß", "ß", 1, []string{"hal"}, none).RetryKey = 8
	w.oldCode(t, w.mine, "SS", "ss", 2, []string{"ida", "jan"}, []string{"kim"})
	w.oldCode(t, w.mine, "STRASSE", "Strasse", 1, none, none)
	w.oldCode(t, w.mine, "STRAßE", "Straße", 2, none, none)
	w.oldCode(t, w.mine, "ＦＵＬＬ２０", "ｆｕｌｌ２０", 3, []string{"leo"}, []string{"mia"})
	w.oldCode(t, w.mine, "CAFE\u0301", "Cafe\u0301", 3, []string{"ned"}, none) // the oldest is looked at last
	w.oldCode(t, w.mine, "CAFÉ", "Café", 2, none, none)
	w.oldCode(t, w.other, "ＣＡＦÉ", "ＣＡＦÉ", 1, none, none)
	w.oldCode(t, w.mine, "ÜBER", "über", 4, none, []string{"oda"})
	w.oldCode(t, w.mine, "TIE\u0308", "TIE\u0308", 5, none, none) // of one instant
	w.oldCode(t, w.mine, "TIË", "TIË", 5, none, none)
	w.oldCode(t, w.mine, "\u3164", "\u3164", 6, none, none) // nothing is left of it today
	w.oldCode(t, w.mine, long, long, 6, none, none)
	return w
}

// oldFormsLeft are the codes of that world that are left with their old forms.
var oldFormsLeft = []string{
	" NOE\u0308L", " Å1", " SS", " STRAßE", " CAFE\u0301", " CAFÉ", " TIË", " \u3164", " " + long,
}

// RunOldForms holds an engine to what the migration to the second version of canonical forms
// must do.
func RunOldForms(t *testing.T, newDatabase func(t *testing.T) OldDatabase) {
	t.Run("every code is found as before", func(t *testing.T) {
		w, db := newOldWorld(t), newDatabase(t)
		db.Insert(t, w.codes)
		db.Migrate(t)
		w.check(t, db)
	})
	t.Run("a second run changes nothing", func(t *testing.T) {
		w, db := newOldWorld(t), newDatabase(t)
		db.Insert(t, w.codes)
		db.Migrate(t)
		before := w.lists(t, db)
		if err := db.Forms(t, 0); err != nil {
			t.Fatal(err)
		}
		checkSame(t, "after a second run", before, w.lists(t, db))
	})
	t.Run("one that was killed goes on", func(t *testing.T) {
		for limit, killed := 1, true; killed; limit *= 2 {
			w, db := newOldWorld(t), newDatabase(t)
			db.Insert(t, w.codes)
			err := db.Forms(t, limit)
			if killed = errors.Is(err, errKilled); err != nil && !killed {
				t.Fatal(err)
			}
			db.Migrate(t)
			w.checkForms(t, db.Open(t))
			w.checkFound(t, db)
			if !killed && limit < len(oldFormsLeft) {
				t.Errorf("only %d codes were given another form", limit-1)
			}
		}
	})
}

// serve returns a server on a migrated database.
func (w *oldWorld) serve(t *testing.T, db OldDatabase) *site {
	t.Helper()
	s := &site{clock: new(clock), mine: w.mine, other: w.other}
	s.Store = db.Open(t)
	s.Services = s.serve(t, s.Store)
	return s
}

func (w *oldWorld) callerOf(c *OldCode) *core.Actor {
	if c.Code.WorkspaceID == w.mine.WorkspaceID {
		return w.mine
	}
	return w.other
}

func (w *oldWorld) checkForms(t *testing.T, store Store) {
	t.Helper()
	forms, err := store.OldForms(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for form := range forms {
		got = append(got, form)
	}
	slices.Sort(got)
	checkSame(t, "old forms", slices.Sorted(slices.Values(oldFormsLeft)), got)
}

// checkFound looks every code up by its value and counts what became of it.
func (w *oldWorld) checkFound(t *testing.T, db OldDatabase) {
	t.Helper()
	s := w.serve(t, db)
	for _, old := range w.codes {
		want := old.Code
		got, err := s.GetCode(t.Context(), w.callerOf(old), want.Value)
		want.HasOldForm = got.HasOldForm
		checkSame(t, fmt.Sprintf("%+q, %v", want.Value, err), want, got)
		listed := s.redemptions(t, w.callerOf(old), codes.RedemptionFilter{Code: want.Value}, 10)
		checkSame(t, fmt.Sprintf("how many redemptions of %+q", want.Value), len(old.Redemptions), len(listed))
	}
}

// lists is what a migrated database lists, page by page.
func (w *oldWorld) lists(t *testing.T, db OldDatabase) (all []any) {
	t.Helper()
	s := w.serve(t, db)
	for _, caller := range []*core.Actor{w.mine, w.other} {
		all = append(all, s.codes(t, caller, codes.CodeFilter{}, 1))
		all = append(all, s.redemptions(t, caller, codes.RedemptionFilter{}, 2))
	}
	return all
}

func (w *oldWorld) check(t *testing.T, db OldDatabase) {
	t.Helper()
	s := w.serve(t, db)
	w.checkForms(t, s.Store)
	w.checkFound(t, db)
	w.checkTexts(t, s)
	w.checkBeforeTheyAreRead(t, db)
	w.checkPages(t, s)
	w.checkCommands(t, s)
	w.checkRetries(t, s)
	s.checkTaken(t)
}

// checkBeforeTheyAreRead checks that texts find the same codes while the server does not know yet
// which old forms are left.
func (w *oldWorld) checkBeforeTheyAreRead(t *testing.T, db OldDatabase) {
	t.Helper()
	s := w.serve(t, db)
	s.Services = codes.NewServices(codes.Deps{
		Store: s.Store, Now: s.time, Entropy: core.SystemEntropy(), NewID: s.nextID, OldFormsUnknown: true,
	})
	w.checkTexts(t, s)
	if left, err := s.ReadOldForms(t.Context()); left != len(oldFormsLeft) || err != nil {
		t.Errorf("%d old forms, %v", left, err)
	}
	w.checkTexts(t, s)
}

// checkTexts looks codes up by other texts: an old form is found by exactly that, all others
// find the code that took the new form.
func (w *oldWorld) checkTexts(t *testing.T, s *site) {
	t.Helper()
	for _, c := range []struct {
		caller     *core.Actor
		text, want string
	}{
		{s.mine, "NOËL", "Noël"},
		{s.mine, "ｎｏëｌ", "Noël"},
		{s.mine, "NO\u00adËL", "Noël"},
		{s.mine, "n-oe\u0308l", "Noe\u0308l"},
		{s.mine, "ß", "ß"},
		{s.mine, "ẞ", "ß"},
		{s.mine, "SS", "ss"},
		{s.mine, "S-s", "ss"},
		{s.mine, "ｓｓ", "ß"},
		{s.mine, "STRASSE", "Strasse"},
		{s.mine, "STRAẞE", "Strasse"},
		{s.mine, "straße", "Straße"},
		{s.mine, "FULL20", "ｆｕｌｌ２０"},
		{s.mine, "full٢٠", "ｆｕｌｌ２０"},
		{s.mine, "Å1", "Å-1"},
		{s.mine, "\u212b1", ""}, // the other's
		{s.other, "Å1", "\u212b-1"},
		{s.other, "a\u030a1", "\u212b-1"},
		{s.other, "CAFE\u0301", "ＣＡＦÉ"},
		{s.other, "cafe", ""},
		{s.mine, "UBER", ""},
		{s.mine, "U\u0308ber", "über"},
	} {
		got, err := s.GetCode(t.Context(), c.caller, c.text)
		if got.Value != c.want || c.want == "" && !core.HasReason(err, core.ReasonCodeNotFound) {
			t.Errorf("%+q finds %+q, %v; want %+q", c.text, got.Value, err, c.want)
		}
	}
	for text, want := range map[string][]string{
		"noe\u0308": {"Noe\u0308l", "Noël"}, "noë": {"Noël"}, "s-s": {"ß", "ss"}, "ß": {"ß"}, "\u3164": {"\u3164"},
	} {
		found := s.codes(t, s.mine, codes.CodeFilter{Query: text}, 10)
		checkSame(t, fmt.Sprintf("a search for %+q", text), want, values(found))
	}
}

// checkPages sees that every code is on exactly one page.
func (w *oldWorld) checkPages(t *testing.T, s *site) {
	t.Helper()
	var want []string
	for _, old := range w.codes {
		if old.Code.WorkspaceID == w.mine.WorkspaceID {
			want = append(want, old.Code.Value)
		}
	}
	slices.Sort(want)
	for limit := 1; limit <= 4; limit++ {
		got := values(s.codes(t, s.mine, codes.CodeFilter{}, limit))
		slices.Sort(got)
		checkSame(t, fmt.Sprint("pages of ", limit), want, got)
	}
}

// checkCommands goes on with what was there: replays, new redemptions, reservations.
func (w *oldWorld) checkCommands(t *testing.T, s *site) {
	t.Helper()
	for i, old := range w.codes {
		caller, value := w.callerOf(old), old.Code.Value
		for _, made := range old.Redemptions {
			again, err := s.Redeem(t.Context(), caller, codes.RedeemRequest{Code: value, UserID: made.UserID})
			if err != nil || !again.Replayed || again.Redemption.ID != made.ID {
				t.Errorf("redeeming %+q again: %+v, %v", value, again, err)
			}
		}
		for _, held := range old.Reservations {
			confirmed, err := s.Confirm(t.Context(), caller, held.ID)
			if err != nil || confirmed.Redemption.UserID != held.UserID {
				t.Errorf("confirming a reservation of %+q: %+v, %v", value, confirmed, err)
			}
		}
		s.redeem(t, caller, value, fmt.Sprint("new ", i))
		for _, made := range old.Redemptions {
			s.rollback(t, caller, made)
		}
		got, err := s.GetCode(t.Context(), caller, value)
		if want := int64(len(old.Reservations) + 1); err != nil || got.Redemptions != want || got.Reservations != 0 {
			t.Errorf("%+q: %d redemptions and %d reservations, %v; want %d and 0",
				value, got.Redemptions, got.Reservations, err, want)
		}
	}
}

func (w *oldWorld) checkRetries(t *testing.T, s *site) {
	t.Helper()
	for _, old := range w.codes {
		if old.RetryKey == 0 {
			continue
		}
		got, err := s.Store.CodeByRetryKey(t.Context(), old.Code.WorkspaceID, [16]byte{old.RetryKey}, now)
		if err != nil || got.Value != old.Code.Value {
			t.Errorf("the retry of %+q: %+v, %v", old.Code.Value, got, err)
		}
	}
}

// checkTaken adds what is there already, and what has been deleted.
func (s *site) checkTaken(t *testing.T) {
	t.Helper()
	add := func(value string) error {
		_, err := s.AddCode(t.Context(), s.mine, value, codes.IssueRequest{Type: codes.TypeNormal})
		return err
	}
	for _, value := range []string{"noël", "NOE\u0308L", "SS", "ß", "strasse", "straße"} {
		checkReason(t, value, add(value), core.ReasonCodeAlreadyExists)
	}
	s.add(t, s.mine, "FRESH", func(c *codes.NewCode) { c.Value, c.Canonical = "İ", " İ" })
	fresh := s.serve(t, s.Store) // which reads the old forms again
	checkReason(t, "an old form whose new form is free", func() error {
		_, err := fresh.AddCode(t.Context(), s.mine, "İ", codes.IssueRequest{Type: codes.TypeNormal})
		return err
	}(), core.ReasonCodeAlreadyExists)
	if err := fresh.DeleteCode(t.Context(), s.mine, "İ"); err != nil {
		t.Fatal(err)
	}
	if _, err := fresh.AddCode(t.Context(), s.mine, "İ", codes.IssueRequest{Type: codes.TypeNormal}); err != nil {
		t.Errorf("adding what was deleted: %v", err)
	}
	if got, err := fresh.GetCode(t.Context(), s.mine, "İ"); err != nil || got.HasOldForm {
		t.Errorf("GetCode = %+v, %v", got, err)
	}
}
