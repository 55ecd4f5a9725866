package client

import (
	"context"
	"time"
)

// WithWait waits between tries as a test says.
func WithWait(wait func(context.Context, time.Duration) error) Option {
	return func(c *Client) error {
		c.wait = wait
		return nil
	}
}

// WithLongestJitter waits for as long as it may without what the server asks for.
func WithLongestJitter() Option {
	return func(c *Client) error {
		c.jitter = func(below time.Duration) time.Duration { return below }
		return nil
	}
}
