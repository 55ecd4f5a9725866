package storetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// recording is a workspace that listens, and the requests that are made in it.
type recording struct {
	*site
	ctx  context.Context
	held codes.Reservation // the last one
	made codes.Redemption  // the last one
}

// recorded is a request and what is told by the events that it causes.
type recorded struct {
	name string
	do   func() error
	want []string // of a value that is not known, only the type
}

func (r *recording) add(value string, kind codes.Type, limit codes.Limit) error {
	options := codes.Options{MaxRedemptions: limit}
	_, err := r.AddCode(r.ctx, r.mine, value, codes.IssueRequest{Type: kind, Options: options})
	return err
}

func (r *recording) redeemFor(code, user string) error {
	got, err := r.Redeem(r.ctx, r.mine, codes.RedeemRequest{Code: code, UserID: user})
	r.made = got.Redemption
	return err
}

func (r *recording) reserveFor(code, user string) error {
	got, err := r.Reserve(r.ctx, r.mine, codes.ReserveRequest{Code: code, UserID: user})
	r.held = got.Reservation
	return err
}

func (r *recording) end(do func(context.Context, *core.Actor, core.ID) (codes.Reserved, error)) func() error {
	return func() error { _, err := do(r.ctx, r.mine, r.held.ID); return err }
}

func (r *recording) confirmHeld() error { _, err := r.Confirm(r.ctx, r.mine, r.held.ID); return err }

func (r *recording) rollBack() error {
	_, err := r.Rollback(r.ctx, r.mine, r.made.ID, "by mistake")
	return err
}

func (r *recording) change(want codes.CodeChange) func() error {
	return func() error { _, err := r.ChangeCode(r.ctx, r.mine, "up", want); return err }
}

func (r *recording) of(do func(context.Context, *core.Actor, string) (codes.Code, error)) func() error {
	return func() error { _, err := do(r.ctx, r.mine, "up"); return err }
}

func (r *recording) putEve(status codes.UserStatus) func() error {
	return func() error { _, err := r.PutUser(r.ctx, r.mine, "eve", status); return err }
}

func once() codes.Limit {
	one := int64(1)
	return codes.Limit{Given: true, Max: &one}
}

// uses are the requests that use a code up, and give uses back.
func (r *recording) uses() []recorded {
	redeem := func(user string) func() error { return func() error { return r.redeemFor("one", user) } }
	reserve := func(user string) func() error { return func() error { return r.reserveFor("one", user) } }
	return []recorded{
		{"add", func() error { return r.add("One", codes.TypeNormal, once()) }, []string{"code.created code:One by key"}},
		{"generate", func() error {
			_, err := r.GenerateCode(r.ctx, r.mine, codes.IssueRequest{Type: codes.TypeNormal})
			return err
		}, []string{"code.created"}},
		{"add again", func() error { return r.add("one", codes.TypeNormal, once()) }, nil},
		{"redeem the last use", redeem("ada"), []string{
			"redemption.created code:One ada by key", "user.registered user: ada by key", "code.exhausted code:One by key",
		}},
		{"redeem what is used up", redeem("bob"), nil},
		{"redeem again", redeem("ada"), nil},
		{"roll back", r.rollBack, []string{
			"redemption.rolled_back code:One ada by key", "user.changed user: ada by key",
		}},
		{"roll back again", r.rollBack, nil},
		{"reserve", reserve("ada"), []string{"reservation.created code:One ada by key"}},
		{"reserve again", reserve("ada"), nil},
		{"release", r.end(r.Release), []string{"reservation.released code:One ada by key"}},
		{"release again", r.end(r.Release), nil},
		{"reserve for another", reserve("bob"), []string{"reservation.created code:One bob by key"}},
		{"confirm", r.confirmHeld, []string{
			"reservation.confirmed code:One bob by key", "redemption.created code:One bob by key",
			"user.registered user: bob by key", "code.exhausted code:One by key",
		}},
		{"confirm again", r.confirmHeld, nil},
	}
}

// management are the requests that change a code and people, and what else becomes of them.
func (r *recording) management() []recorded {
	return []recorded{
		{"add an upgrade", func() error { return r.add("Up", codes.TypeUpgrade, codes.Limit{}) }, []string{
			"code.created code:Up by key",
		}},
		{"reserve", func() error { return r.reserveFor("up", "bob") }, []string{"reservation.created code:Up bob by key"}},
		{"redeem what is reserved", func() error { return r.redeemFor("up", "bob") }, []string{
			"reservation.confirmed code:Up bob by key", "redemption.created code:Up bob by key",
			"user.upgraded user: bob by key",
		}},
		{"put", r.putEve(codes.UserNormal), []string{"user.registered user: eve by key"}},
		{"reserve", func() error { return r.reserveFor("up", "eve") }, []string{"reservation.created code:Up eve by key"}},
		{"release what has lapsed", func() error { r.pass(time.Hour); return r.end(r.Release)() }, []string{
			"reservation.lapsed code:Up eve by system",
		}},
		{"revoke", r.of(r.RevokeCode), []string{"code.revoked code:Up by key"}},
		{"revoke again", r.of(r.RevokeCode), nil},
		{"restore", r.of(r.RestoreCode), []string{"code.restored code:Up by key"}},
		{"change", r.change(codes.CodeChange{Note: given("new")}), []string{"code.updated code:Up by key"}},
		{"change nothing", r.change(codes.CodeChange{Note: given("new")}), nil},
		{"limit to what is used", r.change(codes.CodeChange{MaxRedemptions: once()}), []string{
			"code.updated code:Up by key", "code.exhausted code:Up by key",
		}},
		{"delete what was used", func() error { return r.DeleteCode(r.ctx, r.mine, "up") }, nil},
		{"add", func() error { return r.add("New", codes.TypeNormal, once()) }, []string{"code.created code:New by key"}},
		{"delete", func() error { return r.DeleteCode(r.ctx, r.mine, "new") }, []string{"code.deleted code:New by key"}},
		{"put another status", r.putEve(codes.UserPremium), []string{"user.changed user: eve by key"}},
		{"put the same status", r.putEve(codes.UserPremium), nil},
		{"erase", func() error { return r.EraseUser(r.ctx, r.mine, "eve") }, []string{"user.erased user: eve by key"}},
		{"erase nobody", func() error { return r.EraseUser(r.ctx, r.mine, "nobody") }, nil},
	}
}

func testRecording(t *testing.T, newStore Factory) {
	r := &recording{site: newSite(t, newStore), ctx: t.Context()}
	r.mine.RequestID = "request-7"
	r.listen(t, r.mine)
	after := int64(0)
	for _, step := range append(r.uses(), r.management()...) {
		if err := step.do(); err != nil && step.want != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		found := r.logOf(t, event.Query{Workspace: r.mine.WorkspaceID, After: after})
		got := toldAll(found)
		if len(step.want) == 1 && len(got) == 1 && !strings.Contains(step.want[0], " ") {
			got[0], _, _ = strings.Cut(got[0], " ")
		}
		checkSame(t, step.name, step.want, got)
		for i, e := range found {
			after++
			if e.Position != after || e.RequestID != "request-7" || !e.At.Equal(r.time()) {
				t.Errorf("%s: event %d: position %d, want %d; request %q; at %s", step.name, i, e.Position, after,
					e.RequestID, e.At)
			}
			if sum, err := e.Sum(); err != nil || sum != e.Digest || len(e.Salt) == 0 {
				t.Errorf("%s: event %d: its digest is that of something else (%v)", step.name, i, err)
			}
		}
	}
}
