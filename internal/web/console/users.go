package console

import (
	"context"
	"net/http"

	"github.com/a-h/templ"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/overview"
)

func (s *server) userRoutes() []Route {
	return []Route{
		get("/users", core.PermissionRead, s.users),
		get("/register", core.PermissionManage, s.newUser),
		post("/register", core.PermissionManage, s.registerUser),
		get("/users/{id}", core.PermissionRead, s.user),
		post("/users/{id}/status", core.PermissionManage, s.changeUser),
		get("/users/{id}/roll-back/{redemption}", core.PermissionManage, s.askToRollBack),
		post("/users/{id}/roll-back/{redemption}", core.PermissionManage, s.rollBack),
		get("/users/{id}/erase", core.PermissionErase, s.askToErase),
		post("/users/{id}/erase", core.PermissionErase, s.eraseUser),
	}
}

// usersShown is how many users a page shows.
const usersShown = 25

// usersView is what the list of users shows.
type usersView struct {
	form   *form
	status codes.UserStatus
	rows   []userRow
	next   templ.SafeURL // empty: there are no more
	isPart bool          // it does not begin with the first
	counts overview.Counts
}

// userRow is one user in the list.
type userRow struct {
	codes.User
	through string // the code that made them what they are; empty: none that stands
}

// users answers GET /users.
func (s *server) users(ctx context.Context, p *page) error {
	f := p.question()
	v := &usersView{form: f, status: codes.UserStatus(f.get("status")), isPart: f.get("cursor") != ""}
	if v.status != codes.UserNormal && v.status != codes.UserPremium {
		v.status = ""
	}
	found, err := s.deps.Codes.ListUsers(ctx, &p.Actor, codes.UserFilter{Status: v.status, Query: f.get("q")},
		core.PageRequest{Limit: usersShown, Cursor: f.get("cursor")})
	status := http.StatusOK
	if err != nil {
		if !f.take(err) {
			return err
		}
		status = http.StatusUnprocessableEntity
	}
	if v.rows, err = s.userRows(ctx, p, found.Items); err != nil {
		return err
	}
	if found.Next != "" {
		v.next = with(p.path("users"), "q", f.get("q"), "status", string(v.status), "cursor", found.Next)
	}
	if v.counts, err = s.deps.Counts.Counts(ctx, &p.Actor); err != nil {
		return err
	}
	return p.showWith(ctx, status, usersPage(p, v))
}

// userRows are users with the codes that made them what they are.
func (s *server) userRows(ctx context.Context, p *page, users []codes.User) ([]userRow, error) {
	ids := make([]string, len(users))
	for i := range users {
		ids[i] = users[i].ID
	}
	through, err := s.deps.Codes.NewestStanding(ctx, &p.Actor, ids)
	rows := make([]userRow, len(users))
	for i := range users {
		rows[i] = userRow{users[i], through[users[i].ID].Code}
	}
	return rows, err
}

// newUser answers GET /register.
func (s *server) newUser(ctx context.Context, p *page) error {
	f := p.newForm()
	f.set("status", string(codes.UserNormal))
	return p.show(ctx, registerPage(p, f))
}

// registerUser answers POST /register: it is for people who were there before the codes.
func (s *server) registerUser(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	id := f.raw("id") // ids are the customer's: blanks may belong to them
	_, err = s.deps.Codes.GetUser(ctx, &p.Actor, id)
	switch {
	case err == nil:
		f.complain("id", "users.exists")
	case !core.IsKind(err, core.KindNotFound):
		return err
	default:
		_, err = s.deps.Codes.PutUser(ctx, &p.Actor, id, codes.UserStatus(f.get("status")))
		if err != nil && !f.takeUser(err) {
			return err
		}
	}
	if !f.isGood() {
		return p.showWith(ctx, http.StatusUnprocessableEntity, registerPage(p, f))
	}
	p.sayNext("users.registered", "")
	return p.see(p.link("users", id))
}

// takeUser is take for what is wrong with a user: an error names the id by nothing.
func (f *form) takeUser(err error) bool {
	taken := f.take(err)
	if f.wrong[""] != "" {
		f.complain("id", "users.bad_id")
		delete(f.wrong, "")
	}
	return taken
}

// userStatus is what a user is, in a word.
func (p *page) userStatus(status codes.UserStatus) string {
	if status == codes.Unregistered {
		return p.Say("users.unregistered")
	}
	return p.Say("type." + string(status))
}
