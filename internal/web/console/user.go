package console

import (
	"context"
	"net/http"

	"github.com/a-h/templ"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// userView is what the page of a user shows.
type userView struct {
	id          string
	user        codes.User // zero: not registered
	redemptions []codes.Redemption
	names       names
	older       templ.SafeURL // empty: there are no older redemptions
	isPart      bool          // the redemptions do not begin with the newest
	form        *form
}

// link is an address of the user.
func (v *userView) link(p *page, parts ...string) templ.SafeURL {
	return p.link(append([]string{"users", v.id}, parts...)...)
}

// newest is the redemption that can be rolled back: of those that stand, the newest.
func (v *userView) newest() *codes.Redemption {
	var newest *codes.Redemption
	for i := range v.redemptions {
		r := &v.redemptions[i]
		if r.Stands() && (newest == nil || r.Ordinal > newest.Ordinal) {
			newest = r
		}
	}
	return newest
}

// canRollBack reports whether a redemption on the page can be rolled back.
func (v *userView) canRollBack(r *codes.Redemption) bool {
	newest := v.newest()
	return !v.isPart && newest != nil && newest.ID == r.ID
}

// showUser answers with the page of a user.
func (s *server) showUser(ctx context.Context, p *page, status int, f *form) error {
	v, err := s.findUser(ctx, p, p.query("cursor"))
	if err != nil {
		return err
	}
	if v.names, err = s.names(ctx, p); err != nil {
		return err
	}
	f.set("status", string(v.user.Status))
	v.form = f
	return p.showWith(ctx, status, userPage(p, v))
}

// findUser finds the user whom the path names, and what they redeemed. Who is not registered is found if
// they ever redeemed a code here.
func (s *server) findUser(ctx context.Context, p *page, cursor string) (*userView, error) {
	v := &userView{id: p.Path("id"), isPart: cursor != ""}
	user, missing := s.deps.Codes.GetUser(ctx, &p.Actor, v.id)
	if missing != nil && !core.IsKind(missing, core.KindNotFound) {
		return nil, missing
	}
	v.user = user
	found, err := s.deps.Codes.ListRedemptions(ctx, &p.Actor, codes.RedemptionFilter{UserID: v.id},
		core.PageRequest{Cursor: cursor})
	if err != nil {
		return nil, err
	}
	if missing != nil && len(found.Items) == 0 {
		return nil, core.NotFound(core.ReasonUserNotFound, p.Say("users.unknown"))
	}
	v.redemptions = found.Items
	if found.Next != "" {
		v.older = with(string(v.link(p)), "cursor", found.Next)
	}
	return v, nil
}

// user answers GET /users/{id}.
func (s *server) user(ctx context.Context, p *page) error {
	return s.showUser(ctx, p, http.StatusOK, p.newForm())
}

// changeUser answers POST /users/{id}/status: it registers the user, or makes them something else.
func (s *server) changeUser(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	v, err := s.findUser(ctx, p, "")
	if err != nil {
		return err
	}
	user, err := s.deps.Codes.PutUser(ctx, &p.Actor, v.id, codes.UserStatus(f.get("status")))
	if err != nil {
		if !f.takeUser(err) {
			return err
		}
		return s.showUser(ctx, p, http.StatusUnprocessableEntity, f)
	}
	p.sayNext("users.is_now", "", "status", p.userStatus(user.Status))
	return p.see(v.link(p))
}

// rollbackView is what the page before a rollback shows.
type rollbackView struct {
	*userView
	redemption codes.Redemption
}

// findRollback finds what the path asks to roll back.
func (s *server) findRollback(ctx context.Context, p *page) (*rollbackView, error) {
	id, err := p.PathID("redemption", core.ReasonRedemptionNotFound, p.Say("users.no_redemption"))
	if err != nil {
		return nil, err
	}
	v, err := s.findUser(ctx, p, "")
	if err != nil {
		return nil, err
	}
	for _, r := range v.redemptions {
		if r.ID == id {
			return &rollbackView{userView: v, redemption: r}, nil
		}
	}
	return nil, core.NotFound(core.ReasonRedemptionNotFound, p.Say("users.no_redemption"))
}

// askToRollBack answers GET /users/{id}/roll-back/{redemption}.
func (s *server) askToRollBack(ctx context.Context, p *page) error {
	v, err := s.findRollback(ctx, p)
	if err != nil {
		return err
	}
	v.form = p.newForm()
	return p.show(ctx, rollBackPage(p, v))
}

// rollBack answers POST /users/{id}/roll-back/{redemption}.
func (s *server) rollBack(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	v, err := s.findRollback(ctx, p)
	if err != nil {
		return err
	}
	if _, err := s.deps.Codes.Rollback(ctx, &p.Actor, v.redemption.ID, f.get("reason")); err != nil {
		if !f.take(err) {
			return err
		}
		v.form = f
		return p.showWith(ctx, http.StatusUnprocessableEntity, rollBackPage(p, v))
	}
	p.sayNext("users.rolled_back", "", "code", v.redemption.Code)
	return p.see(v.link(p))
}

// askToErase answers GET /users/{id}/erase.
func (s *server) askToErase(ctx context.Context, p *page) error {
	v, err := s.findUser(ctx, p, "")
	if err != nil {
		return err
	}
	v.form = p.newForm()
	return p.show(ctx, erasePage(p, v))
}

// eraseUser answers POST /users/{id}/erase: whoever does it has to write the id, so that nobody else is
// erased.
func (s *server) eraseUser(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	v, err := s.findUser(ctx, p, "")
	if err != nil {
		return err
	}
	if f.raw("id") != v.id {
		f.complain("id", "users.erase_other")
		v.form = f
		return p.showWith(ctx, http.StatusUnprocessableEntity, erasePage(p, v))
	}
	if err := s.deps.Codes.EraseUser(ctx, &p.Actor, v.id); err != nil {
		return err
	}
	p.sayNext("users.erased", "")
	return p.see(p.link("users"))
}
