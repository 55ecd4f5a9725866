package codes

import (
	"context"
	"time"

	"accesscodes/internal/core"
)

// Remedies only ever help: what somebody else has done meanwhile to the same end stays.

// ExtendCode makes a code end at an instant. A code that ends later, or never, stays as it is.
//
// Errors are those of [Service.ChangeCode].
func (s *Service) ExtendCode(ctx context.Context, actor *core.Actor, value string, until time.Time) (Code, error) {
	return s.manage(ctx, actor, value, Command{Rule: extend(until)})
}

// extend makes a code end at an instant, unless it ends later.
func extend(until time.Time) func(*Execution) Result {
	return changeFrom(func(c *Code) (want CodeChange) {
		if c.ExpiresAt != nil && until.After(*c.ExpiresAt) {
			want.ExpiresAt = core.Field[time.Time]{Given: true, Value: &until}
		}
		return want
	})
}

// RaiseLimit makes it possible to redeem a code so many times. A code with a higher limit, or none,
// stays as it is.
//
// Errors are those of [Service.ChangeCode].
func (s *Service) RaiseLimit(ctx context.Context, actor *core.Actor, value string, to int64) (Code, error) {
	return s.manage(ctx, actor, value, Command{Rule: changeFrom(func(c *Code) (want CodeChange) {
		if c.MaxRedemptions != nil && to > *c.MaxRedemptions {
			want.MaxRedemptions = Limit{Given: true, Max: &to}
		}
		return want
	})})
}

// RestoreUnreplaced undoes [Service.RevokeCode], unless another code replaces the code, or it was a
// replacement that was withdrawn: there would be two that can be redeemed.
//
// Errors: KindNotFound with ReasonCodeNotFound; KindConflict with ReasonCodeRevoked if it was replaced or
// withdrawn; KindUnavailable.
func (s *Service) RestoreUnreplaced(ctx context.Context, actor *core.Actor, value string) (Code, error) {
	return s.manage(ctx, actor, value, Command{Rule: func(x *Execution) Result {
		switch c := x.code(); {
		case c == nil || c.RevokedAt == nil:
		case c.Metadata[MetadataReplacedBy] != "":
			return refuse(core.Conflict(core.ReasonCodeRevoked, "this code stays revoked: another one has replaced it"))
		case c.IsWithdrawn():
			return refuse(errWithdrawn(&c.Code))
		}
		return revoke(false)(x)
	}})
}

// changeFrom changes the code's options by what a function makes of the code as it is.
func changeFrom(want func(*Code) CodeChange) func(*Execution) Result {
	return func(x *Execution) Result {
		c := x.code()
		if c == nil {
			return refuse(errCodeNotFound())
		}
		wanted := want(&c.Code)
		return change(&wanted)(x)
	}
}
