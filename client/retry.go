package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// effect is what it means to make a call twice.
type effect int

const (
	reads   effect = iota // nothing is changed
	settles               // what the first one did is found by the second one, and nothing more is done
	acts                  // the second one may do something else than the first one
)

// How long to wait between two tries: a random time below a limit that is doubled each time ("full
// jitter"), so that callers who failed together do not come back together.
const (
	firstBackoff = 200 * time.Millisecond
	maxBackoff   = 10 * time.Second
	maxWait      = time.Minute // what the server asks for, too; the caller decides about longer waits
)

// waiter waits for a time, or until a context ends.
type waiter func(context.Context, time.Duration) error

func waitFor(ctx context.Context, length time.Duration) error {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return endOf(ctx)
	}
}

// endOf is why a context has ended.
func endOf(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != ctx.Err() {
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return ctx.Err()
}

// repeat sends a request until it has an answer that counts.
func (c *Client) repeat(
	ctx context.Context, r *request, send func() (*http.Response, error),
) (*http.Response, error) {
	unknown := false // whether a try before may have done it
	for try := 1; ; try++ {
		start := time.Now()
		response, err := send()
		attempt := Attempt{Operation: r.operation, Number: try, RequestID: r.id, Took: time.Since(start), Err: err}
		if err == nil {
			attempt.Status = response.StatusCode
			c.observe(attempt)
			return response, nil
		}
		unknown = carryOver(err, unknown)
		attempt.Status = statusOf(err)
		attempt.Wait, attempt.Again = c.pause(ctx, r, try, err)
		c.observe(attempt)
		if !attempt.Again {
			return nil, err
		}
		if ended := c.wait(ctx, attempt.Wait); ended != nil {
			return nil, fmt.Errorf("%w, before this could be repeated: %w", ended, err)
		}
	}
}

// pause says whether to repeat a call after the failure of a try, and how long to wait first.
func (c *Client) pause(ctx context.Context, r *request, try int, err error) (time.Duration, bool) {
	if r.once || r.file != nil && !r.file.repeatable() || try >= c.tries || ctx.Err() != nil || !mayPass(err, r.effect) {
		return 0, false
	}
	wait := c.jitter(backoff(try, maxBackoff))
	if e, ok := errors.AsType[*Error](err); ok {
		wait += e.RetryAfter
	}
	deadline, limited := ctx.Deadline()
	if wait > maxWait || limited && time.Until(deadline) < wait {
		return 0, false
	}
	return wait, true
}

// backoff is the limit of the time to wait after a try.
func backoff(try int, longest time.Duration) time.Duration {
	return min(longest, firstBackoff<<min(try-1, 16)) // which is hours
}

// Temporary reports whether an error may be over soon, such as a server that is being started again, so
// that a call that changes nothing may be made again. The error has outlived the call's own retries.
func Temporary(err error) bool { return mayPass(err, reads) && !errors.Is(err, context.Canceled) }

// mayPass reports whether a failure may be over by the next try, which may then be made.
func mayPass(err error, effect effect) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.saysUndone || effect != acts && isTemporary(e)
	}
	e, ok := errors.AsType[*NoAnswerError](err)
	return ok && !isPermanent(e.Err) && (e.Unsent || effect != acts)
}

// isTemporary: 502 and 504 come from a proxy, whose server is away.
func isTemporary(e *Error) bool {
	switch e.Status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return e.Reason == ReasonOutcomeUnknown
	}
}

// isPermanent reports whether a connection fails for a reason that will stay.
func isPermanent(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	name, ok := errors.AsType[*net.DNSError](err)
	return ok && name.IsNotFound
}

// carryOver notes on the error of a try that one before may have done what was asked for, and returns
// what the next try has to know.
func carryOver(err error, unknown bool) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		e.unknown = e.unknown || unknown && !settlesIt(e)
		return e.unknown
	}
	if e, ok := errors.AsType[*NoAnswerError](err); ok {
		e.unknown = e.unknown || unknown
		return e.unknown
	}
	return unknown
}

// settlesIt reports whether a refusal is about the thing, so that an earlier try did not do it either:
// it would be found. Others say nothing about earlier tries, such as that the key was revoked meanwhile.
func settlesIt(e *Error) bool {
	switch e.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusConflict:
		return true
	default:
		return false
	}
}

func statusOf(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Status
	}
	return 0
}
