package storetest

import (
	"fmt"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

func testInstants(newStore Factory) func(t *testing.T) {
	return func(t *testing.T) {
		s := newSite(t, newStore)
		starts, ends := now.Add(time.Hour), now.Add(2*time.Hour)
		s.add(t, s.mine, "TIMED", from(starts), until(ends))
		cases := []struct {
			at   time.Time
			want core.Reason
		}{
			{starts.Add(-instant), core.ReasonCodeNotStarted},
			{starts, ""},
			{ends.Add(-instant), ""},
			{ends, core.ReasonCodeExpired},
		}
		for i, c := range cases {
			user, at := fmt.Sprint("user ", i), c.at
			judged, err := s.Validate(t.Context(), s.mine, codes.ValidateRequest{Code: "TIMED", UserID: user, At: &at})
			if err != nil || judged.Valid != (c.want == "") || !judged.Valid && judged.Why.Reason != c.want {
				t.Errorf("Validate for %v: %+v, %v; want %q", at, judged, err, c.want)
			}
			s.set(at)
			_, err = s.Redeem(t.Context(), s.mine, codes.RedeemRequest{Code: "TIMED", UserID: user})
			checkReason(t, fmt.Sprint("Redeem at ", at), err, c.want)
			_, err = s.Reserve(t.Context(), s.mine, codes.ReserveRequest{Code: "TIMED", UserID: user + ", too"})
			checkReason(t, fmt.Sprint("Reserve at ", at), err, c.want)
		}
		s.checkUses(t, s.mine, "TIMED", 2, 0) // reservations end with the code
	}
}

func testRefusals(newStore Factory) func(t *testing.T) {
	return func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "FUTURE", from(now.Add(time.Hour)))
		s.add(t, s.mine, "PAST", until(now))
		s.add(t, s.mine, "REVOKED")
		s.revoke(t, "REVOKED")
		s.add(t, s.mine, "USED", times(1))
		s.redeem(t, s.mine, "USED", "normal")
		s.add(t, s.mine, "HELD", times(1))
		s.reserve(t, s.mine, "HELD", "eve", time.Hour)
		s.add(t, s.mine, "NORMAL")
		s.add(t, s.mine, "PREMIUM", of(codes.TypePremium))
		s.add(t, s.mine, "UPGRADE", of(codes.TypeUpgrade))
		s.add(t, s.other, "THEIRS")
		s.put(t, s.mine, "premium", codes.UserPremium)
		cases := []struct {
			code, user string
			want       core.Reason
		}{
			{"FUTURE", "new", core.ReasonCodeNotStarted},
			{"PAST", "new", core.ReasonCodeExpired},
			{"REVOKED", "new", core.ReasonCodeRevoked},
			{"USED", "new", core.ReasonCodeExhausted},
			{"HELD", "new", core.ReasonCodeExhausted},
			{"NORMAL", "normal", core.ReasonUserAlreadyRegistered},
			{"PREMIUM", "normal", core.ReasonUserAlreadyRegistered},
			{"NORMAL", "premium", core.ReasonUserAlreadyRegistered},
			{"UPGRADE", "new", core.ReasonUserNotRegistered},
			{"UPGRADE", "premium", core.ReasonUserAlreadyPremium},
			{"THEIRS", "new", core.ReasonCodeNotFound},
		}
		before := s.everything(t, s.mine)
		for _, c := range cases {
			_, err := s.Redeem(t.Context(), s.mine, codes.RedeemRequest{Code: c.code, UserID: c.user})
			checkReason(t, "Redeem "+c.code+" for "+c.user, err, c.want)
			_, err = s.Reserve(t.Context(), s.mine, codes.ReserveRequest{Code: c.code, UserID: c.user})
			checkReason(t, "Reserve "+c.code+" for "+c.user, err, c.want)
			got, err := s.Validate(t.Context(), s.mine, codes.ValidateRequest{Code: c.code, UserID: c.user})
			if err != nil || got.Valid || got.Why.Reason != c.want {
				t.Errorf("Validate %s for %s: %+v, %v; want %s", c.code, c.user, got, err, c.want)
			}
		}
		checkSame(t, "everything", before, s.everything(t, s.mine))
	}
}
