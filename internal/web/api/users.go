package api

import (
	"context"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// userFields is a user as callers see it.
type userFields struct {
	UserID    string           `json:"userId" doc:"Your own id of the user." example:"user-4711"`
	Status    codes.UserStatus `json:"status" enum:"Normal,Premium"`
	CreatedAt time.Time        `json:"createdAt" doc:"When the user was registered."`
	UpdatedAt time.Time        `json:"updatedAt" doc:"When the status changed last."`
}

func showUser(u *codes.User) *userFields {
	return &userFields{UserID: u.ID, Status: u.Status, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt}
}

// listUsers answers GET /users.
func (s *server) listUsers(ctx context.Context, c *kit.Call) error {
	p := c.Query()
	filter, request := userFilter(p), p.Page()
	if p.Err() != nil {
		return p.Err()
	}
	page, err := s.service.ListUsers(ctx, &c.Actor, filter, request)
	if err != nil {
		return err
	}
	return kit.AnswerList(c, page, showUser)
}

// userFilter reads which users are asked for.
func userFilter(p *kit.Query) codes.UserFilter {
	return codes.UserFilter{Status: codes.UserStatus(p.Text("status")), Query: p.Text("q")}
}

// userFilters are the parameters that userFilter reads.
func userFilters() []kit.Parameter {
	return []kit.Parameter{
		kit.InQuery("status",
			"Only users with this status.", kit.WordSchema([]codes.UserStatus{codes.UserNormal, codes.UserPremium})),
		kit.InQuery("q", "Only users whose id begins with this.", kit.TextSchema()),
	}
}

// userList is a page of users.
type userList = kit.List[*userFields]

// getUser answers GET /users/{userId}.
func (s *server) getUser(ctx context.Context, c *kit.Call) error {
	user, err := s.service.GetUser(ctx, &c.Actor, c.Path("userId"))
	if err != nil {
		return err
	}
	return c.Answer(showUser(&user))
}

type putUserRequest struct {
	Status kit.Optional[string] `json:"status" required:"true" nullable:"false" enum:"Normal,Premium"`
}

// putUser answers PUT /users/{userId}.
func (s *server) putUser(ctx context.Context, c *kit.Call) error {
	var body putUserRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	user, err := s.service.PutUser(ctx, &c.Actor, c.Path("userId"), codes.UserStatus(*body.Status.Value))
	if err != nil {
		return err
	}
	return c.Answer(showUser(&user))
}

// eraseUser answers DELETE /users/{userId}.
func (s *server) eraseUser(ctx context.Context, c *kit.Call) error {
	if err := s.service.EraseUser(ctx, &c.Actor, c.Path("userId")); err != nil {
		return err
	}
	c.AnswerNothing()
	return nil
}

// userRoutes are the routes about people.
func (s *server) userRoutes() []kit.Route {
	user := []kit.Parameter{kit.InPath("userId", "Your own id of the user. A / in it is written as %2F.")}
	none := []core.Reason{core.ReasonUserNotFound}
	return []kit.Route{
		{
			Method: "GET", Path: "/users", Permission: core.PermissionRead,
			Endpoint: s.listUsers, Tag: tagUsers,
			ID: "listUsers", Summary: "List registered users",
			Description: "In the order of their ids, byte by byte.",
			Parameters:  append(userFilters(), kit.Paging()...),
			Response:    kit.JSON[userList]("UserList"),
		},
		{
			Method: "GET", Path: "/users/{userId}", Permission: core.PermissionRead,
			Endpoint: s.getUser, Tag: tagUsers,
			ID: "getUser", Summary: "Look a user up",
			Parameters: user,
			Response:   kit.JSON[userFields]("User"),
			Reasons:    none,
		},
		{
			Method: "PUT", Path: "/users/{userId}", Permission: core.PermissionManage,
			Endpoint: s.putUser, Tag: tagUsers,
			ID: "putUser", Summary: "Register a user without a code, or change what a user is",
			Description: "For people who were there before the codes.",
			Parameters:  user,
			Request:     kit.JSON[putUserRequest]("PutUser"), Response: kit.JSON[userFields]("User"),
		},
		{
			Method: "DELETE", Path: "/users/{userId}", Permission: core.PermissionManage,
			Endpoint: s.eraseUser, Tag: tagUsers,
			ID: "eraseUser", Summary: "Erase a person",
			Description: "The user is gone. Their redemptions stay, without the id, and what they used stays " +
				"used.",
			Parameters: user,
			Reasons:    none,
		},
	}
}
