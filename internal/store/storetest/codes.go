package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

func testCodes(t *testing.T, newStore Factory) {
	t.Run("every field comes back as it went in", func(t *testing.T) {
		s := open(t, newStore)
		w := newWorkspace(t, s)
		limit, starts, expires := int64(codes.MaxMaxRedemptions), now.Add(time.Microsecond), now.Add(time.Hour)
		full := newCode(w.ID, "Ünï 🎉-code")
		full.Type, full.MaxRedemptions, full.StartsAt, full.ExpiresAt = codes.TypeUpgrade, &limit, &starts, &expires
		full.Note, full.Recipient = "line 1\n'; DROP TABLE codes; -- \"%s", "ada@example.org"
		full.Metadata = map[string]string{"a": "", "ключ": "значение", `q"`: `\`}
		full.BatchID, full.BatchIndex, full.CreatedBy, full.RevokedAt = newID(t), new(int64(4711)), newID(t), &starts
		for _, f := range codes.Fields() {
			if !f.Counted && reflect.ValueOf(f.Of(&full.Code)).Elem().IsZero() {
				t.Errorf("the test gives %s no value", f.Column)
			}
		}
		bare := newCode(w.ID, "bare")
		insert(t, s, full, bare)
		for _, want := range []*codes.NewCode{full, bare} {
			got, err := s.Code(t.Context(), w.ID, want.Canonical, now)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Code, got); diff != "" {
				t.Errorf("code (-want +got):\n%s", diff)
			}
		}
	})
	t.Run("a taken value is taken in every workspace and spelling, and changes nothing", func(t *testing.T) {
		s := open(t, newStore)
		mine, other := newWorkspace(t, s), newWorkspace(t, s)
		insert(t, s, newCode(mine.ID, "Welcome-2031"))
		for _, value := range []string{"Welcome-2031", "WELCOME2031", "welcome 2031", "welcome–2031"} {
			for _, w := range []tenancy.Workspace{mine, other} {
				again := newCode(w.ID, value)
				again.Note = "second"
				if got := insert(t, s, again)[0].Outcome; got != codes.CodeTaken {
					t.Errorf("inserting %q again: outcome %v", value, got)
				}
			}
		}
		got, err := s.Code(t.Context(), mine.ID, "WELCOME2031", now)
		if err != nil || got.Value != "Welcome-2031" || got.Note != "" {
			t.Errorf("Code = %+v, %v", got, err)
		}
	})
	t.Run("canonical forms are compared byte by byte", func(t *testing.T) {
		s := open(t, newStore)
		w := newWorkspace(t, s)
		// What a database's collation might take for equal.
		values := []string{"STRASSE", "STRAßE", "E\u0301", "\u00c9", "K", "\u212a", "a\x00b"[:1], "🎉", "🎊"}
		var list []*codes.NewCode
		for _, v := range values {
			code := newCode(w.ID, v)
			code.Canonical = v
			list = append(list, code)
		}
		for i, r := range insert(t, s, list...) {
			if r.Outcome != codes.Inserted {
				t.Errorf("%q: outcome %v", values[i], r.Outcome)
			}
		}
	})
	t.Run("the same value twice in one call is inserted once", func(t *testing.T) {
		s := open(t, newStore)
		w := newWorkspace(t, s)
		got := outcomes(insert(t, s, newCode(w.ID, "A-1"), newCode(w.ID, "B"), newCode(w.ID, "a1"), newCode(w.ID, "C")))
		want := []codes.InsertOutcome{codes.Inserted, codes.Inserted, codes.CodeTaken, codes.Inserted}
		if !slices.Equal(got, want) {
			t.Errorf("outcomes %v, want %v", got, want)
		}
	})
	t.Run("a code belongs to its workspace", func(t *testing.T) {
		s := open(t, newStore)
		mine, other := newWorkspace(t, s), newWorkspace(t, s)
		insert(t, s, newCode(mine.ID, "MINE"))
		if _, err := s.Code(t.Context(), other.ID, "MINE", now); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("another workspace's Code: %v", err)
		}
		if _, err := s.Code(t.Context(), mine.ID, "mine", now); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("Code by a form that is not canonical: %v", err)
		}
	})
	t.Run("CodesTaken answers in order, over all workspaces", func(t *testing.T) {
		s := open(t, newStore)
		w, other := newWorkspace(t, s), newWorkspace(t, s)
		insert(t, s, newCode(w.ID, "A"), newCode(other.ID, "C"))
		got, err := s.CodesTaken(t.Context(), []string{"C", "B", "A", "A", "a"})
		if err != nil || !slices.Equal(got, []bool{true, false, true, true, false}) {
			t.Errorf("CodesTaken = %v, %v", got, err)
		}
		if got, err := s.CodesTaken(t.Context(), nil); err != nil || len(got) != 0 {
			t.Errorf("CodesTaken of nothing = %v, %v", got, err)
		}
	})
	t.Run("nothing to insert is nothing done", func(t *testing.T) {
		if got := insert(t, open(t, newStore)); len(got) != 0 {
			t.Errorf("results %v", got)
		}
	})
	t.Run("a code outlives its store", func(t *testing.T) {
		openAgain := newStore(t)
		w := newWorkspace(t, openAgain())
		insert(t, openAgain(), newCode(w.ID, "LASTING"))
		if _, err := openAgain().Code(t.Context(), w.ID, "LASTING", now); err != nil {
			t.Error(err)
		}
	})
}

func testRetries(t *testing.T, newStore Factory) {
	mark := func(code *codes.NewCode, key, print byte) *codes.NewCode {
		code.Retry = codes.Retry{Key: [16]byte{key}, Fingerprint: [16]byte{print}}
		return code
	}
	t.Run("a used key returns the code that it made", func(t *testing.T) {
		s := open(t, newStore)
		w := newWorkspace(t, s)
		first := mark(newCode(w.ID, "FIRST"), 1, 7)
		insert(t, s, first)
		for _, again := range []*codes.NewCode{first, mark(newCode(w.ID, "OTHER"), 1, 8)} {
			got := insert(t, s, again)[0]
			want := codes.InsertResult{
				Outcome:  codes.RetryKeyUsed,
				Existing: &codes.RetriedCode{Code: first.Code, Retry: first.Retry},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		}
		if _, err := s.Code(t.Context(), w.ID, "OTHER", now); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("the second code: %v", err)
		}
	})
	t.Run("a used key is seen within one call", func(t *testing.T) {
		s := open(t, newStore)
		w := newWorkspace(t, s)
		got := outcomes(
			insert(t, s, mark(newCode(w.ID, "A"), 1, 1), mark(newCode(w.ID, "B"), 1, 1), mark(newCode(w.ID, "C"), 2, 1)),
		)
		if want := []codes.InsertOutcome{codes.Inserted, codes.RetryKeyUsed, codes.Inserted}; !slices.Equal(got, want) {
			t.Errorf("outcomes %v, want %v", got, want)
		}
	})
	t.Run("each used key of one call returns its own code", func(t *testing.T) {
		s := open(t, newStore)
		w := newWorkspace(t, s)
		a, b, c := mark(newCode(w.ID, "A"), 3, 1), mark(newCode(w.ID, "B"), 2, 1), mark(newCode(w.ID, "C"), 1, 1)
		insert(t, s, a, b, c)
		got := insert(t, s, mark(newCode(w.ID, "D"), 1, 1), mark(newCode(w.ID, "E"), 4, 1), mark(newCode(w.ID, "F"), 3, 1))
		used := func(by *codes.NewCode) codes.InsertResult {
			return codes.InsertResult{Outcome: codes.RetryKeyUsed, Existing: &codes.RetriedCode{Code: by.Code, Retry: by.Retry}}
		}
		if diff := cmp.Diff([]codes.InsertResult{used(c), {Outcome: codes.Inserted}, used(a)}, got); diff != "" {
			t.Errorf("results (-want +got):\n%s", diff)
		}
	})
	t.Run("a taken value with a new key leaves the key unused", func(t *testing.T) {
		s := open(t, newStore)
		w := newWorkspace(t, s)
		insert(t, s, newCode(w.ID, "A"))
		got := outcomes(append(insert(t, s, mark(newCode(w.ID, "A"), 1, 1)), insert(t, s, mark(newCode(w.ID, "B"), 1, 1))...))
		if want := []codes.InsertOutcome{codes.CodeTaken, codes.Inserted}; !slices.Equal(got, want) {
			t.Errorf("outcomes %v, want %v", got, want)
		}
	})
	t.Run("CodeByRetryKey", func(t *testing.T) {
		s := open(t, newStore)
		w, other := newWorkspace(t, s), newWorkspace(t, s)
		first := mark(newCode(w.ID, "FIRST"), 1, 7)
		insert(t, s, first, newCode(w.ID, "UNMARKED"))
		got, err := s.CodeByRetryKey(t.Context(), w.ID, first.Retry.Key, now)
		if err != nil || !cmp.Equal(got.Code, first.Code) || got.Retry != first.Retry {
			t.Errorf("CodeByRetryKey = %+v, %v", got, err)
		}
		if _, err := s.CodeByRetryKey(t.Context(), other.ID, first.Retry.Key, now); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("another workspace's: %v", err)
		}
		if _, err := s.CodeByRetryKey(t.Context(), w.ID, [16]byte{}, now); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("of the zero key: %v", err)
		}
	})
}

func testConcurrency(t *testing.T, newStore Factory) {
	const callers, values = 200, 10
	// race lets many callers insert at once through two stores on one database and
	// returns how often each outcome was seen.
	race := func(t *testing.T, codeOf func(w core.ID, i int) *codes.NewCode) map[codes.InsertOutcome]int {
		t.Helper()
		openAgain := newStore(t)
		stores := []Store{openAgain(), openAgain()}
		w := newWorkspace(t, stores[0])
		var mu sync.Mutex
		var all sync.WaitGroup
		seen := map[codes.InsertOutcome]int{}
		for i := range callers {
			all.Go(func() {
				results, err := stores[i%2].InsertCodes(t.Context(), []*codes.NewCode{codeOf(w.ID, i)})
				if err != nil {
					t.Errorf("InsertCodes: %v", err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				seen[results[0].Outcome]++
			})
		}
		all.Wait()
		return seen
	}
	t.Run("of many inserts of one value exactly one succeeds", func(t *testing.T) {
		seen := race(t, func(w core.ID, i int) *codes.NewCode { return newCode(w, fmt.Sprint("V", i%values)) })
		if seen[codes.Inserted] != values || seen[codes.CodeTaken] != callers-values {
			t.Errorf("outcomes %v", seen)
		}
	})
	t.Run("of many inserts with one retry key exactly one succeeds", func(t *testing.T) {
		seen := race(t, func(w core.ID, i int) *codes.NewCode {
			code := newCode(w, fmt.Sprint("V", i))
			code.Retry = codes.Retry{Key: [16]byte{byte(i%values + 1)}, Fingerprint: [16]byte{1}}
			return code
		})
		if seen[codes.Inserted] != values || seen[codes.RetryKeyUsed] != callers-values {
			t.Errorf("outcomes %v", seen)
		}
	})
	t.Run("of many random codes for one Idempotency-Key one is given to everybody and is there", func(t *testing.T) {
		s := newSite(t, newStore)
		nodes := []*codes.Services{s.Services, s.serve(t, s.open())}
		var all sync.WaitGroup
		var given sync.Map
		for i := range 5 * values {
			key := fmt.Sprint("order-", i%values)
			all.Go(func() {
				req := codes.IssueRequest{Type: codes.TypeNormal, IdempotencyKey: key}
				made, err := nodes[i/values%2].GenerateCode(t.Context(), s.mine, req)
				if err != nil {
					t.Errorf("GenerateCode: %v", err)
				} else if first, _ := given.LoadOrStore(key, made.Code.Value); first != made.Code.Value {
					t.Errorf("%s got %v and %s", key, first, made.Code.Value)
				}
			})
		}
		all.Wait()
		page, err := s.ListCodes(t.Context(), s.mine, codes.CodeFilter{}, core.PageRequest{})
		if err != nil || len(page.Items) != values {
			t.Errorf("%d codes are there, want %d; %v", len(page.Items), values, err)
		}
	})
}
