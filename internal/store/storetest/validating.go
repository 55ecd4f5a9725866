package storetest

import (
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// testValidating asks about a user who has redeemed a code, lost it by a rollback and redeemed it
// again. A redemption counts at the instants at which it stood, the first one and not the last.
func testValidating(t *testing.T, newStore Factory) {
	s := newSite(t, newStore)
	s.add(t, s.mine, "CODE", times(9), of(codes.TypePremium))
	s.add(t, s.mine, "OTHER", times(9))
	s.put(t, s.mine, "bob", codes.UserNormal)
	first := s.redeem(t, s.mine, "CODE", "ada")
	s.pass(time.Hour)
	first = s.rollback(t, s.mine, first)
	s.pass(time.Hour)
	second, cyd := s.redeem(t, s.mine, "CODE", "ada"), s.redeem(t, s.mine, "CODE", "cyd")
	s.revoke(t, "CODE")
	cases := []struct {
		user  string
		after time.Duration // first was made; -1: the present
		want  *codes.Redemption
	}{
		{"ada", -instant, nil},
		{"ada", 0, &first},
		{"ada", time.Hour - instant, &first},
		{"ada", time.Hour, nil},
		{"ada", 2*time.Hour - instant, nil},
		{"ada", 2 * time.Hour, &second},
		{"ada", 9 * time.Hour, &second},
		{"ada", -1, &second},
		{"cyd", 2*time.Hour - instant, nil},
		{"cyd", -1, &cyd},
		{"bob", 2 * time.Hour, nil},
		{"bob", -1, nil},
		{"new", 2 * time.Hour, nil},
		{"", -1, nil},
	}
	check := func() {
		t.Helper()
		for _, c := range cases {
			req, at := codes.ValidateRequest{Code: "CODE", UserID: c.user}, now.Add(c.after)
			if c.after != -1 {
				req.At = &at
			}
			got, err := s.Validate(t.Context(), s.mine, req)
			if err != nil || got.Valid || (got.Why.Reason == core.ReasonAlreadyRedeemed) != (c.want != nil) {
				t.Errorf("%s after %v: %+v, %v", c.user, c.after, got, err)
			}
			checkSame(t, "the redemption of "+c.user+" after "+c.after.String(), c.want, got.Redemption)
		}
	}
	check()
	// Nobody who is registered: what was rolled back is found all the same.
	s.rollback(t, s.mine, second)
	for i := range cases {
		if cases[i].want == &second {
			cases[i].want = nil
		}
	}
	check()
	s.checkUser(t, s.mine, "ada", codes.Unregistered)
	req := codes.ValidateRequest{Code: "OTHER", UserID: "ada", At: &first.CreatedAt}
	other, err := s.Validate(t.Context(), s.mine, req)
	if err != nil || !other.Valid || other.Redemption != nil {
		t.Errorf("of another code: %+v, %v", other, err)
	}
	req.Code = "CODE"
	theirs, err := s.Validate(t.Context(), s.other, req)
	if err != nil || theirs.Why.Reason != core.ReasonCodeNotFound || theirs.Redemption != nil {
		t.Errorf("of another workspace: %+v, %v", theirs, err)
	}
}
