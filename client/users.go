package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// UserStatus is what a user is.
type UserStatus string

// The statuses of users.
const (
	UserNormal  UserStatus = "Normal"
	UserPremium UserStatus = "Premium"
)

// User is a registered user of yours.
type User struct {
	UserID    string     `json:"userId"` // your own id
	Status    UserStatus `json:"status"`
	CreatedAt time.Time  `json:"createdAt"` // when the user was registered
	UpdatedAt time.Time  `json:"updatedAt"` // when the status changed last
}

// UserFilter says which users a list has. Zero fields leave none out.
type UserFilter struct {
	Status UserStatus
	Query  string // how an id begins
}

func (f *UserFilter) values() url.Values {
	return values{"status": string(f.Status), "q": f.Query}.given()
}

// ListUsers returns a page of the registered users, in the order of their ids, byte by byte.
// [Client.Users] goes through all of them.
func (c *Client) ListUsers(ctx context.Context, filter UserFilter, page PageRequest) (*Page[User], error) {
	return list[User](ctx, c, "listUsers", "users", filter.values(), page)
}

// Users goes through all registered users that a filter leaves, in the order of their ids.
func (c *Client) Users(ctx context.Context, filter UserFilter) iter.Seq2[*User, error] {
	return pages(func(page PageRequest) (*Page[User], error) { return c.ListUsers(ctx, filter, page) })
}

// GetUser looks a user up.
func (c *Client) GetUser(ctx context.Context, userID string) (*User, error) {
	return fetch[User](ctx, c, aboutUser("getUser", http.MethodGet, userID, reads))
}

// putUser is the body of a request to register a user.
type putUser struct {
	Status UserStatus `json:"status"`
}

// PutUser registers a user without a code, or changes what a user is.
func (c *Client) PutUser(ctx context.Context, userID string, status UserStatus) (*User, error) {
	what := aboutUser("putUser", http.MethodPut, userID, settles)
	what.body = putUser{status}
	return fetch[User](ctx, c, what)
}

// EraseUser erases a person. Their redemptions stay, without the id, and what they used stays used.
func (c *Client) EraseUser(ctx context.Context, userID string) error {
	_, err := c.do(ctx, aboutUser("eraseUser", http.MethodDelete, userID, acts), nil)
	return err
}

func aboutUser(operation, method, userID string, effect effect) call {
	return call{operation: operation, method: method, path: []string{"users", userID}, effect: effect}
}
