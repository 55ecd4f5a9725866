package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

// Crowds are what an engine's own SQL fills a database with before [Costs].
type Crowds struct {
	Mine, Other core.ID // workspaces
	// ForeignCodes is how many codes named FOREIGN00000 and so on Other has. Mine has MINE00000 to
	// MINE19999.
	ForeignCodes int
	// Held is how many live reservations Other's code CROWDED and Mine's code CROWDEDMINE have.
	// Mine's QUIET has none.
	Held int
	// Redeemed is how many redemptions CROWDED has, all of Other's user "admin".
	Redeemed int
}

// Costs holds a store to this: what a look-up or a list costs depends on what the caller's own
// workspace has, and a look-up of a code not on how many uses of it are held.
func Costs(t *testing.T, store Store, fill func(Crowds)) {
	s := &site{clock: new(clock)}
	s.Store = store
	s.Services = s.serve(t, store)
	s.mine, s.other = newCaller(t, s.Store), newCaller(t, s.Store)
	fill(
		Crowds{Mine: s.mine.WorkspaceID, Other: s.other.WorkspaceID, ForeignCodes: 50_000, Held: 70_000, Redeemed: 50_000},
	)
	redeemer := *s.mine // who gets no suggestions
	redeemer.Permissions = tenancy.RoleRedeem.Permissions()
	later := now.Add(24 * time.Hour)
	validate := func(code, user string, at *time.Time) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			_, err := s.Validate(ctx, &redeemer, codes.ValidateRequest{Code: code, UserID: user, At: at})
			return err
		}
	}
	search := func(filter codes.CodeFilter) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			page, err := s.ListCodes(ctx, s.mine, filter, core.PageRequest{})
			if len(page.Items) > 0 {
				t.Errorf("%+v finds %v", filter, values(page.Items))
			}
			return err
		}
	}
	redemptions := func(code string) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			_, err := s.ListRedemptions(ctx, s.mine, codes.RedemptionFilter{Code: code}, core.PageRequest{})
			return err
		}
	}
	remove := func(code string) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			err := s.DeleteCode(ctx, s.mine, code)
			if core.HasReason(err, core.ReasonCodeNotFound) {
				return nil
			}
			return fmt.Errorf("deleting %s: %w", code, err)
		}
	}
	for _, c := range []struct {
		name        string
		full, empty func(ctx context.Context) error
	}{
		{
			"a search that 50,000 codes of others match",
			search(codes.CodeFilter{Query: "foreign"}),
			search(codes.CodeFilter{Query: "nothing"}),
		},
		{
			"a search for a type that 50,000 codes of others match",
			search(codes.CodeFilter{Query: "foreign", Type: codes.TypeNormal}),
			search(codes.CodeFilter{Query: "nothing", Type: codes.TypeNormal}),
		},
		{"a look-up of another's crowded code", validate("CROWDED", "", nil), validate("ABSENT", "", nil)},
		{"a user who is known to others", validate("MINE00000", "admin", nil), validate("MINE00000", "nobody", nil)},
		{"the redemptions of another's code", redemptions("CROWDED"), redemptions("ABSENT")},
		{"deleting another's code", remove("CROWDED"), remove("ABSENT")},
		{"a look-up of a code with 70,000 uses held", validate("CROWDEDMINE", "", nil), validate("QUIET", "", nil)},
		{"the same of an instant when all have lapsed", validate("CROWDEDMINE", "", &later), validate("QUIET", "", &later)},
	} {
		t.Run(c.name, func(t *testing.T) { checkSameCost(t, c.full, c.empty) })
	}
	code := s.code(t, s.mine, "CROWDEDMINE", now)
	if code.Reservations != 70_000 {
		t.Errorf("%d are reserved", code.Reservations)
	}
}

// checkSameCost compares the shortest of many runs, taken in turn, so that whatever else the
// machine does is left out.
func checkSameCost(t *testing.T, full, empty func(ctx context.Context) error) {
	t.Helper()
	const runs, factor, noise = 25, 3, 500 * time.Microsecond
	shortest := [2]time.Duration{time.Hour, time.Hour}
	for range runs {
		for i, do := range []func(ctx context.Context) error{full, empty} {
			start := time.Now()
			if err := do(t.Context()); err != nil {
				t.Fatal(err)
			}
			shortest[i] = min(shortest[i], time.Since(start))
		}
	}
	t.Logf("%v, and %v without", shortest[0], shortest[1])
	if shortest[0] > factor*shortest[1]+noise {
		t.Errorf("it takes %v, and %v without them", shortest[0], shortest[1])
	}
}
