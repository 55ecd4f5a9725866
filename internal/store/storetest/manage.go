package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

func testRevoking(t *testing.T, newStore Factory) {
	s := newSite(t, newStore)
	s.add(t, s.mine, "CODE", times(3), noted("kept"), until(now.Add(24*time.Hour)))
	s.add(t, s.mine, "BESIDE")
	s.redeem(t, s.mine, "CODE", "ada")
	held := s.reserve(t, s.mine, "CODE", "bob", time.Hour)
	want := s.code(t, s.mine, "CODE", now)
	first, last := now.Add(instant), now.Add(5*instant)
	steps := []struct {
		do      func() (codes.Code, error)
		revoked *time.Time
		refusal core.Reason
	}{
		{func() (codes.Code, error) { return s.RevokeCode(t.Context(), s.mine, "code") }, &first, core.ReasonCodeRevoked},
		{func() (codes.Code, error) { return s.RevokeCode(t.Context(), s.mine, "CODE") }, &first, core.ReasonCodeRevoked},
		{func() (codes.Code, error) { return s.RestoreCode(t.Context(), s.mine, "C-O-D-E") }, nil, ""},
		{func() (codes.Code, error) { return s.RestoreCode(t.Context(), s.mine, "CODE") }, nil, ""},
		{func() (codes.Code, error) { return s.RevokeCode(t.Context(), s.mine, "CODE") }, &last, core.ReasonCodeRevoked},
	}
	for i, step := range steps {
		s.pass(instant)
		want.RevokedAt = step.revoked
		got, err := step.do()
		checkSame(t, fmt.Sprintf("step %d, %v", i, err), want, got)
		checkSame(t, fmt.Sprintf("stored after step %d", i), want, s.code(t, s.mine, "CODE", s.time()))
		valid, err := s.Validate(t.Context(), s.mine, codes.ValidateRequest{Code: "CODE", UserID: "bob"})
		if err != nil || valid.Valid != (step.refusal == "") {
			t.Errorf("Validate after step %d: %+v, %v", i, valid, err)
		}
	}
	_, err := s.Confirm(t.Context(), s.mine, held.ID)
	checkReason(t, "Confirm", err, core.ReasonCodeRevoked)
	s.checkUses(t, s.mine, "CODE", 1, 1)
	if got := s.code(t, s.mine, "BESIDE", s.time()); got.RevokedAt != nil {
		t.Error("another code is revoked")
	}
	_, err = s.RevokeCode(t.Context(), s.mine, "NONE")
	checkReason(t, "RevokeCode of none", err, core.ReasonCodeNotFound)
	_, err = s.RestoreCode(t.Context(), s.mine, "NONE")
	checkReason(t, "RestoreCode of none", err, core.ReasonCodeNotFound)
}

func testDeleting(t *testing.T, newStore Factory) {
	t.Run("only a code that was never used", func(t *testing.T) {
		s := newSite(t, newStore)
		cases := []struct {
			code string
			use  func(code string)
			want core.Reason
		}{
			{"NEVER USED", func(string) {}, ""},
			{"REVOKED", func(code string) { s.revoke(t, code) }, ""},
			{
				"ERASED FROM",
				func(code string) { s.redeem(t, s.mine, code, "eve"); s.erase(t, s.mine, "eve") },
				core.ReasonCodeInUse,
			},
			{"REDEEMED", func(code string) { s.redeem(t, s.mine, code, code) }, core.ReasonCodeInUse},
			{"ROLLED BACK", func(code string) { s.rollback(t, s.mine, s.redeem(t, s.mine, code, code)) }, core.ReasonCodeInUse},
			{"RESERVED", func(code string) { s.reserve(t, s.mine, code, code, 0) }, core.ReasonCodeInUse},
			{"RELEASED", func(code string) { s.release(t, s.mine, s.reserve(t, s.mine, code, code, 0)) }, core.ReasonCodeInUse},
			{
				"LAPSED",
				func(code string) { s.reserve(t, s.mine, code, code, time.Minute); s.pass(time.Minute) },
				core.ReasonCodeInUse,
			},
			{"TIDIED", func(code string) {
				s.reserve(t, s.mine, code, code, time.Minute)
				s.pass(time.Minute)
				s.checkTidied(t, 2)
			}, core.ReasonCodeInUse},
			{"NONE", func(code string) { s.delete(t, code) }, core.ReasonCodeNotFound},
		}
		for _, c := range cases {
			s.add(t, s.mine, c.code)
			c.use(c.code)
		}
		for _, c := range cases {
			before, errBefore := s.GetCode(t.Context(), s.mine, c.code)
			checkReason(t, c.code, s.DeleteCode(t.Context(), s.mine, c.code), c.want)
			after, err := s.GetCode(t.Context(), s.mine, c.code)
			if c.want == "" {
				checkReason(t, c.code+" afterwards", err, core.ReasonCodeNotFound)
				s.add(t, s.mine, c.code) // the value is free
				s.redeem(t, s.mine, c.code, c.code)
				continue
			}
			checkSame(t, c.code+" afterwards", []any{before, reasonOf(errBefore)}, []any{after, reasonOf(err)})
		}
	})
	t.Run("keeps its Idempotency-Key, and no other's", func(t *testing.T) {
		s := newSite(t, newStore)
		add := func(value, key string) (codes.Issued, error) {
			return s.AddCode(t.Context(), s.mine, value, codes.IssueRequest{Type: codes.TypeNormal, IdempotencyKey: key})
		}
		for _, key := range []string{"first", "second"} {
			if _, err := add("CODE "+key, key); err != nil {
				t.Fatal(err)
			}
		}
		s.delete(t, "CODE first")
		_, err := add("CODE first", "first")
		checkReason(t, "the same request after its code was deleted", err, core.ReasonCodeDeleted)
		_, err = add("OTHER", "first")
		checkReason(t, "another request with the key of a deleted code", err, core.ReasonIdempotencyKeyReused)
		if got, err := add("CODE second", "second"); err != nil || !got.Replayed {
			t.Errorf("the key of a code that stayed: %+v, %v", got, err)
		}
		if got, err := add("CODE first", "third"); err != nil || got.Replayed {
			t.Errorf("the value of a deleted code with a new key: %+v, %v", got, err)
		}
		_, err = add("CODE first", "first")
		checkReason(t, "the same request when its value is there again", err, core.ReasonCodeDeleted)
		s.delete(t, "CODE first")
		for _, key := range []string{"first", "third"} {
			_, err = add("CODE first", key)
			checkReason(t, "the key "+key+" when both codes were deleted", err, core.ReasonCodeDeleted)
		}
	})
	t.Run("leaves the mark that a retry finds", func(t *testing.T) {
		s := newSite(t, newStore)
		gone, there := coded(s.mine, "GONE"), coded(s.mine, "THERE")
		gone.Retry = codes.Retry{Key: [16]byte{1}, Fingerprint: [16]byte{2}}
		there.Retry = codes.Retry{Key: [16]byte{2}, Fingerprint: [16]byte{3}}
		insert(t, s.Store, gone, there)
		s.delete(t, "GONE")
		got, err := s.Store.CodeByRetryKey(t.Context(), gone.WorkspaceID, gone.Retry.Key, now)
		if err != nil || !got.Deleted || got.Retry != gone.Retry {
			t.Errorf("CodeByRetryKey: %+v, %v", got, err)
		}
		_, err = s.Store.CodeByRetryKey(t.Context(), s.other.WorkspaceID, gone.Retry.Key, now)
		if !errors.Is(err, core.ErrNotFound) {
			t.Errorf("another workspace's: %v", err)
		}
		fresh, again, late := coded(s.mine, "FRESH"), coded(s.mine, "AGAIN"), coded(s.mine, "LATE")
		fresh.Retry, again.Retry, late.Retry = codes.Retry{Key: [16]byte{3}}, there.Retry, gone.Retry
		results := insert(t, s.Store, late, fresh, again, coded(s.mine, "UNMARKED"))
		want := []codes.InsertOutcome{codes.RetryKeyUsed, codes.Inserted, codes.RetryKeyUsed, codes.Inserted}
		checkSame(t, "outcomes", want, outcomes(results))
		if of := results[0].Existing; !of.Deleted || of.Retry != gone.Retry {
			t.Errorf("of the deleted code: %+v", of)
		}
		if of := results[2].Existing; of.Deleted || of.Value != "THERE" {
			t.Errorf("of the code that is there: %+v", of)
		}
		taken, err := s.Store.CodesTaken(t.Context(), []string{"LATE", "GONE", "AGAIN"})
		if err != nil || slices.Contains(taken, true) {
			t.Errorf("taken %v, %v", taken, err)
		}
	})
	t.Run("and retrying at the same time never make a second code", func(t *testing.T) {
		s := newSite(t, newStore)
		second := s.serve(t, s.open())
		generate := func(on *codes.Services, key string) (codes.Issued, error) {
			return on.GenerateCode(t.Context(), s.mine, codes.IssueRequest{Type: codes.TypeNormal, IdempotencyKey: key})
		}
		for round := range 5 {
			key := fmt.Sprint("order-", round)
			first, err := generate(s.Services, key)
			if err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			all.Go(func() { s.delete(t, first.Code.Value) })
			for _, on := range []*codes.Services{s.Services, second} {
				all.Go(func() {
					got, err := generate(on, key)
					isFirst := err == nil && got.Replayed && got.Code.Value == first.Code.Value
					if !isFirst && reasonOf(err) != core.ReasonCodeDeleted {
						t.Errorf("a retry got %+v, %v", got, err)
					}
				})
			}
			all.Wait()
			_, err = generate(second, key)
			checkReason(t, "a retry afterwards", err, core.ReasonCodeDeleted)
		}
		page, err := s.ListCodes(t.Context(), s.mine, codes.CodeFilter{}, core.PageRequest{})
		if err != nil || len(page.Items) != 0 {
			t.Errorf("%d codes are there, %v", len(page.Items), err)
		}
	})
}

// delete deletes one of my codes, which must succeed.
func (s *site) delete(t *testing.T, value string) {
	t.Helper()
	if err := s.DeleteCode(t.Context(), s.mine, value); err != nil {
		t.Fatalf("DeleteCode %q: %v", value, err)
	}
}
