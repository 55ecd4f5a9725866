package client

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrSkip says, as the error of a handler or wrapped in it, that an event will never be dealt with:
// [Client.Consume] goes on with the next one.
var ErrSkip = errors.New("the event is skipped")

// How [Client.Consume] works.
const (
	acknowledgeEvery = time.Second      // at least, while events are dealt with
	longestPause     = time.Minute      // between two tries
	lastPatience     = 10 * time.Second // for what is acknowledged after the end of the context
)

// Handler deals with an event. Its context is that of [Client.Consume].
type Handler func(ctx context.Context, event *Event) error

// ConsumeOption changes how [Client.Consume] works.
type ConsumeOption func(*consumer)

// FromNow lets a consumer whose cursor does not exist yet begin with what happens from now on. This is the
// default.
func FromNow() ConsumeOption { return func(k *consumer) { k.fromStart = false } }

// FromStart lets a consumer whose cursor does not exist yet begin with the oldest event that is kept.
func FromStart() ConsumeOption { return func(k *consumer) { k.fromStart = true } }

// OnlyEvents passes over events that a filter leaves out.
func OnlyEvents(filter EventFilter) ConsumeOption { return func(k *consumer) { k.filter = filter } }

// OnSetback tells a function what keeps a consumer from going on for now, for a log or for metrics. It is
// called by the goroutine that called [Client.Consume].
func OnSetback(tell func(Setback)) ConsumeOption { return func(k *consumer) { k.tell = tell } }

// Setback is a failure that is tried again.
type Setback struct {
	Event *Event // that the handler failed to deal with; nil: the server did not answer
	Err   error
	Wait  time.Duration // until the next try
}

// Consume deals with events in their order, each until the handler has returned nil, and keeps how far it
// is in the cursor of this name, which it makes if need be. It goes on until the context ends, over
// restarts of the server and of this program.
//
// What happens often, such as redemptions, is an event only where a webhook endpoint wants it or the workspace
// has all events recorded.
//
// Each event that the filter leaves comes at least once. It comes a second time only if this program, or its
// way to the server, fails before the event is acknowledged, which is done after each page and at least
// every second: never after that. So let the handler do no harm the second time, for example by keeping
// the event's ID with what it does.
//
// An event whose handler returns an error is handed to it again, after a random time that may grow up to a
// minute, and none comes before that. Only an error that wraps [ErrSkip] gives an event up.
//
// Each name is for one consumer at a time. If another one moves the cursor meanwhile, also by
// [Client.PutCursor], Consume returns an error with [ReasonCursorMoved], and with [ReasonCursorNotFound] if it
// was deleted. If events behind the cursor were deleted already, the error has [ReasonPositionExpired]: put
// the cursor to 0 to go on with the oldest that is kept. When the context ends, what the handler has dealt
// with is acknowledged, and the error is that of the context. An error that is [Temporary] is waited out
// and never returned.
func (c *Client) Consume(ctx context.Context, name string, handle Handler, options ...ConsumeOption) error {
	k := &consumer{client: c, name: name, handle: handle, tell: func(Setback) {}}
	for _, option := range options {
		option(k)
	}
	err := k.run(ctx)
	if ctx.Err() == nil {
		return err
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastPatience)
	defer cancel()
	if err := k.acknowledge(last); err != nil {
		return fmt.Errorf("%w, and not all that was dealt with is acknowledged: %w", endOf(ctx), err)
	}
	return endOf(ctx)
}

// consumer is a run of [Client.Consume].
type consumer struct {
	client    *Client
	name      string
	handle    Handler
	filter    EventFilter
	fromStart bool
	tell      func(Setback)

	done         int64     // everything up to here was dealt with
	acknowledged int64     // where the cursor is
	last         time.Time // when something was acknowledged
	unknown      bool      // the cursor may be at done already, by a try whose answer was lost
}

func (k *consumer) run(ctx context.Context) error {
	cursor, err := patiently(ctx, k, k.begin)
	if err != nil {
		return err
	}
	k.done, k.acknowledged, k.last = cursor.Position, cursor.Position, time.Now()
	for {
		page, err := patiently(ctx, k, k.read)
		if err != nil {
			return err
		}
		for i := range page.Data {
			if err := k.deal(ctx, &page.Data[i]); err != nil {
				return err
			}
		}
		k.done = page.Next
		if err := k.acknowledge(ctx); err != nil {
			return err
		}
	}
}

// begin finds the cursor, or makes it.
func (k *consumer) begin(ctx context.Context) (*Cursor, error) {
	if !k.fromStart {
		return k.client.PutCursor(ctx, k.name, PutCursorRequest{})
	}
	first := PutCursorRequest{Position: Set[int64](0), IfPosition: Null[int64]()}
	cursor, err := k.client.PutCursor(ctx, k.name, first)
	if errors.Is(err, ReasonCursorMoved) {
		return k.client.GetCursor(ctx, k.name)
	}
	return cursor, err
}

func (k *consumer) read(ctx context.Context) (*EventPage, error) {
	return k.client.ListEvents(ctx, EventQuery{
		After: k.done, Filter: k.filter, Limit: followedPage, Wait: followedWait,
	})
}

// deal hands an event to the handler until that has dealt with it.
func (k *consumer) deal(ctx context.Context, event *Event) error {
	k.done = event.Position - 1 // there is nothing in between
	for try := 1; ctx.Err() == nil; try++ {
		err := k.handle(ctx, event)
		if err == nil || errors.Is(err, ErrSkip) {
			k.done = event.Position
			if time.Since(k.last) < acknowledgeEvery {
				return nil
			}
			return k.acknowledge(ctx)
		}
		if ctx.Err() != nil {
			break
		}
		if err := k.acknowledge(ctx); err != nil { // what came before must not wait for this one
			return err
		}
		if err := k.pause(ctx, Setback{Event: event, Err: err}, longestPause, try); err != nil {
			return err
		}
	}
	return endOf(ctx)
}

// acknowledge moves the cursor to what was dealt with, from where this consumer has left it.
func (k *consumer) acknowledge(ctx context.Context) error {
	if k.done == k.acknowledged {
		return nil
	}
	move := PutCursorRequest{Position: Set(k.done), IfPosition: Set(k.acknowledged)}
	_, err := patiently(ctx, k, func(ctx context.Context) (*Cursor, error) {
		cursor, err := k.client.PutCursor(ctx, k.name, move)
		k.unknown = k.unknown || OutcomeUnknown(err)
		if !k.unknown || !errors.Is(err, ReasonCursorMoved) {
			return cursor, err
		}
		// Perhaps this consumer did it, by the try that got no answer.
		moved := err
		if cursor, err = k.client.GetCursor(ctx, k.name); err == nil && cursor.Position != k.done {
			err = moved
		}
		return cursor, err
	})
	if err != nil {
		if errors.Is(err, ReasonCursorMoved) {
			err = fmt.Errorf("client: consume: another consumer has moved the cursor %s: %w", k.name, err)
		}
		return err
	}
	k.acknowledged, k.last, k.unknown = k.done, time.Now(), false
	return nil
}

// patiently makes a call until it succeeds, or fails for a reason that will stay.
func patiently[T any](ctx context.Context, k *consumer, call func(context.Context) (*T, error)) (*T, error) {
	for try := 1; ; try++ {
		result, err := call(ctx)
		if err == nil || ctx.Err() != nil || !Temporary(err) {
			return result, err
		}
		if err := k.pause(ctx, Setback{Err: err}, maxBackoff, try); err != nil {
			return nil, err
		}
	}
}

// pause waits after a failure.
func (k *consumer) pause(ctx context.Context, of Setback, longest time.Duration, try int) error {
	of.Wait = k.client.jitter(backoff(try, longest))
	if e, ok := errors.AsType[*Error](of.Err); ok && of.Event == nil {
		of.Wait += e.RetryAfter
	}
	k.tell(of)
	return k.client.wait(ctx, of.Wait)
}
