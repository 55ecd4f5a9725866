package api

import (
	"context"
	"time"

	"accesscodes/internal/codes"
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
func (s *Server) listUsers(ctx context.Context, c *call) error {
	p := c.parameters()
	filter := codes.UserFilter{Status: codes.UserStatus(p.text("status")), Query: p.text("q")}
	request := p.page()
	if p.err != nil {
		return p.err
	}
	page, err := s.service.ListUsers(ctx, &c.actor, filter, request)
	if err != nil {
		return err
	}
	return listed(c, page, showUser)
}

// userList is a page of users.
type userList = list[*userFields]

// getUser answers GET /users/{userId}.
func (s *Server) getUser(ctx context.Context, c *call) error {
	user, err := s.service.GetUser(ctx, &c.actor, c.request.PathValue("userId"))
	if err != nil {
		return err
	}
	return c.answer(showUser(&user))
}

type putUserRequest struct {
	Status optional[string] `json:"status" required:"true" nullable:"false" enum:"Normal,Premium"`
}

// putUser answers PUT /users/{userId}.
func (s *Server) putUser(ctx context.Context, c *call) error {
	var body putUserRequest
	if err := decode(c, &body); err != nil {
		return err
	}
	if err := required(requiredField{"status", body.Status.value}); err != nil {
		return err
	}
	user, err := s.service.PutUser(ctx, &c.actor, c.request.PathValue("userId"), codes.UserStatus(*body.Status.value))
	if err != nil {
		return err
	}
	return c.answer(showUser(&user))
}

// eraseUser answers DELETE /users/{userId}.
func (s *Server) eraseUser(ctx context.Context, c *call) error {
	if err := s.service.EraseUser(ctx, &c.actor, c.request.PathValue("userId")); err != nil {
		return err
	}
	c.answerNothing()
	return nil
}
