package storetest

import (
	"errors"
	"fmt"
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
			{"ERASED FROM", func(code string) { s.redeem(t, s.mine, code, "eve"); s.erase(t, s.mine, "eve") }, core.ReasonCodeInUse},
			{"REDEEMED", func(code string) { s.redeem(t, s.mine, code, code) }, core.ReasonCodeInUse},
			{"ROLLED BACK", func(code string) { s.rollback(t, s.mine, s.redeem(t, s.mine, code, code)) }, core.ReasonCodeInUse},
			{"RESERVED", func(code string) { s.reserve(t, s.mine, code, code, 0) }, core.ReasonCodeInUse},
			{"RELEASED", func(code string) { s.release(t, s.mine, s.reserve(t, s.mine, code, code, 0)) }, core.ReasonCodeInUse},
			{"LAPSED", func(code string) { s.reserve(t, s.mine, code, code, time.Minute); s.pass(time.Minute) }, core.ReasonCodeInUse},
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
	t.Run("frees its Idempotency-Key, and no other's", func(t *testing.T) {
		s := newSite(t, newStore)
		add := func(value, key string) (codes.Issued, error) {
			return s.AddCode(t.Context(), s.mine, value, codes.IssueRequest{Type: codes.TypeNormal, IdempotencyKey: key})
		}
		for _, key := range []string{"first", "second"} {
			if _, err := add("CODE "+key, key); err != nil {
				t.Fatal(err)
			}
		}
		_, err := add("OTHER", "first")
		checkReason(t, "the key of a code that is there", err, core.ReasonIdempotencyKeyReused)
		s.delete(t, "CODE first")
		if got, err := add("OTHER", "first"); err != nil || got.Replayed {
			t.Errorf("the key of a deleted code: %+v, %v", got, err)
		}
		if got, err := add("CODE second", "second"); err != nil || !got.Replayed {
			t.Errorf("the key of a code that stayed: %+v, %v", got, err)
		}
		s.delete(t, "CODE second")
		if got, err := add("CODE second", "second"); err != nil || got.Replayed {
			t.Errorf("the same request after its code was deleted: %+v, %v", got, err)
		}
	})
	t.Run("a retry key finds nothing any more", func(t *testing.T) {
		s := newSite(t, newStore)
		code := coded(s.mine, "CODE")
		code.Retry = codes.Retry{Key: [16]byte{1}, Fingerprint: [16]byte{2}}
		insert(t, s.Store, code)
		s.delete(t, "CODE")
		if _, err := s.Store.CodeByRetryKey(t.Context(), code.WorkspaceID, code.Retry.Key, now); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("CodeByRetryKey: %v", err)
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
