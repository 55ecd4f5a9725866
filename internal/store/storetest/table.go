package storetest

import (
	"fmt"
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// cell is what a code of a type does for a user.
type cell struct {
	name    string
	code    codes.Type
	user    codes.UserStatus
	becomes codes.UserStatus // if it is refused: what the user stays
	refused core.Reason      // "": it is not
}

func cells() []cell {
	return []cell{
		{"a Normal code, an unknown user", codes.TypeNormal, codes.Unregistered, codes.UserNormal, ""},
		{
			"a Normal code, a Normal user", codes.TypeNormal, codes.UserNormal, codes.UserNormal,
			core.ReasonUserAlreadyRegistered,
		},
		{
			"a Normal code, a Premium user", codes.TypeNormal, codes.UserPremium, codes.UserPremium,
			core.ReasonUserAlreadyRegistered,
		},
		{"a Premium code, an unknown user", codes.TypePremium, codes.Unregistered, codes.UserPremium, ""},
		{
			"a Premium code, a Normal user", codes.TypePremium, codes.UserNormal, codes.UserNormal,
			core.ReasonUserAlreadyRegistered,
		},
		{
			"a Premium code, a Premium user", codes.TypePremium, codes.UserPremium, codes.UserPremium,
			core.ReasonUserAlreadyRegistered,
		},
		{
			"an Upgrade code, an unknown user", codes.TypeUpgrade, codes.Unregistered, codes.Unregistered,
			core.ReasonUserNotRegistered,
		},
		{"an Upgrade code, a Normal user", codes.TypeUpgrade, codes.UserNormal, codes.UserPremium, ""},
		{
			"an Upgrade code, a Premium user", codes.TypeUpgrade, codes.UserPremium, codes.UserPremium,
			core.ReasonUserAlreadyPremium,
		},
	}
}

// testTable looks at every cell of the table of types and users, one after the other in the
// same workspace, each with a code and users of its own.
func testTable(t *testing.T, newStore Factory) {
	s := newSite(t, newStore)
	for _, c := range cells() {
		t.Run(c.name, func(t *testing.T) {
			s.add(t, s.mine, c.name, of(c.code), times(2))
			for _, user := range []string{c.redeemer(), c.holder()} {
				if c.user != codes.Unregistered {
					s.put(t, s.mine, user, c.user)
				}
			}
			s.checkJudged(t, c)
			made := []codes.Redemption{s.checkRedeems(t, c), s.checkReserves(t, c)}
			if c.refused != "" {
				s.checkUses(t, s.mine, c.name, 0, 0)
				return
			}
			for _, r := range made {
				checkSame(t, fmt.Sprint("what the code made of ", r.UserID), []codes.UserStatus{c.user, c.becomes},
					[]codes.UserStatus{r.Before, r.Grants})
				s.checkStored(t, core.Canonical(c.name), r)
			}
			s.checkUses(t, s.mine, c.name, 2, 0)
		})
	}
}

// redeemer is a user who redeems the code at once, holder is one who reserves it first.
func (c *cell) redeemer() string { return "who redeems " + c.name }
func (c *cell) holder() string   { return "who reserves " + c.name }

func (s *site) checkJudged(t *testing.T, c cell) {
	t.Helper()
	got, err := s.Validate(t.Context(), s.mine, codes.ValidateRequest{Code: c.name, UserID: c.redeemer()})
	if err != nil {
		t.Fatalf("Validate: %v", err)
	}
	if c.refused != "" && (got.Valid || got.Why.Reason != c.refused) {
		t.Errorf("Validate: %+v, want the reason %q", got, c.refused)
	}
	if c.refused == "" && (!got.Valid || got.Grants != c.becomes) {
		t.Errorf("Validate: %+v, want that it grants %q", got, c.becomes)
	}
}

func (s *site) checkRedeems(t *testing.T, c cell) codes.Redemption {
	t.Helper()
	got, err := s.Redeem(t.Context(), s.mine, codes.RedeemRequest{Code: c.name, UserID: c.redeemer()})
	checkReason(t, "Redeem", err, c.refused)
	s.checkUser(t, s.mine, c.redeemer(), c.becomes)
	return got.Redemption
}

func (s *site) checkReserves(t *testing.T, c cell) (confirmed codes.Redemption) {
	t.Helper()
	got, err := s.Reserve(t.Context(), s.mine, codes.ReserveRequest{Code: c.name, UserID: c.holder()})
	checkReason(t, "Reserve", err, c.refused)
	s.checkUser(t, s.mine, c.holder(), c.user)
	if err == nil {
		confirmed = s.confirm(t, s.mine, got.Reservation)
		s.checkUser(t, s.mine, c.holder(), c.becomes)
	}
	return confirmed
}
