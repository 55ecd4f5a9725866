package client

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"time"
)

// BatchStatus is what becomes of a batch.
type BatchStatus string

// The statuses of batches.
const (
	BatchQueued    BatchStatus = "queued"
	BatchRunning   BatchStatus = "running"
	BatchSucceeded BatchStatus = "succeeded" // every code is there
	BatchFailed    BatchStatus = "failed"    // see Failure; the codes that it has stay
	BatchCanceled  BatchStatus = "canceled"  // the codes that it has stay
)

// Ended reports whether no further code will be made.
func (s BatchStatus) Ended() bool {
	return s == BatchSucceeded || s == BatchFailed || s == BatchCanceled
}

// Batch is many codes that are made at once, of random values, or that an import has brought. Times are in
// UTC, to the microsecond.
type Batch struct {
	ID             string            `json:"id"` // a UUID
	Name           string            `json:"name"`
	Count          int64             `json:"count"`          // how many codes were asked for
	Type           Type              `json:"type"`           // empty: the codes were imported
	MaxRedemptions *int64            `json:"maxRedemptions"` // of each code; nil: no limit
	StartsAt       *time.Time        `json:"startsAt"`
	ExpiresAt      *time.Time        `json:"expiresAt"`
	Note           string            `json:"note"`
	Recipient      string            `json:"recipient"`
	Metadata       map[string]string `json:"metadata"`
	Format         CodeFormat        `json:"format"` // zero: the codes were imported
	Status         BatchStatus       `json:"status"`
	Progress       Progress          `json:"progress"`
	Redeemed       *int64            `json:"redeemed"` // codes that are used; nil: counting takes too long
	CreatedAt      time.Time         `json:"createdAt"`
	StartedAt      *time.Time        `json:"startedAt"`
	FinishedAt     *time.Time        `json:"finishedAt"`
	CreatedBy      string            `json:"createdBy"`         // the id of the API key
	Failure        string            `json:"failure,omitempty"` // why it has failed, in words

	// Replayed: [Client.CreateBatch] had been called before with the same key, perhaps by a retry.
	Replayed bool `json:"-"`
}

func (b *Batch) replayed() *bool { return &b.Replayed }

// CodeFormat is what generated codes look like.
type CodeFormat struct {
	Prefix      string `json:"prefix"` // empty: none
	Groups      int    `json:"groups"`
	GroupLength int    `json:"groupLength"` // characters in each group
}

// Progress says how far something is.
type Progress struct {
	Done      int64 `json:"done"`
	Total     int64 `json:"total"`
	PerSecond int64 `json:"perSecond"` // on average since it was started
}

// CreateBatchRequest says what codes to make. Count and Type are required; what is not explained is as
// in [GenerateCodeRequest], and holds for each code.
type CreateBatchRequest struct {
	Count          int64             `json:"count"` // how many codes, 1 to 10,000,000
	Type           Type              `json:"type"`
	Name           string            `json:"name,omitempty"`  // for your own people, up to 200 characters
	Format         FormatChoice      `json:"format,omitzero"` // of the codes; zero: the workspace's
	MaxRedemptions Field[int64]      `json:"maxRedemptions,omitzero"`
	StartsAt       time.Time         `json:"startsAt,omitzero"`
	ExpiresAt      time.Time         `json:"expiresAt,omitzero"`
	Note           string            `json:"note,omitempty"`
	Recipient      string            `json:"recipient,omitempty"`
	Metadata       map[string]string `json:"metadata,omitempty"`

	IdempotencyKey string `json:"-"`
}

// FormatChoice is what the codes of a batch look like. What is left out is the workspace's.
type FormatChoice struct {
	Prefix      Field[string] `json:"prefix,omitzero"` // letters and digits; Set(""): none
	Groups      int           `json:"groups,omitempty"`
	GroupLength int           `json:"groupLength,omitempty"`
}

// CreateBatch has many codes made. It returns before they are: see [Client.FollowBatch].
func (c *Client) CreateBatch(ctx context.Context, r CreateBatchRequest) (*Batch, error) {
	return fetch[Batch](ctx, c, call{
		operation: "createBatch", method: http.MethodPost, path: []string{"batches"}, body: r,
		effect: settles, key: idempotencyKey(r.IdempotencyKey),
	})
}

// ListBatches returns a page of batches, newest first. [Client.Batches] goes through all of them.
func (c *Client) ListBatches(ctx context.Context, page PageRequest) (*Page[Batch], error) {
	return list[Batch](ctx, c, "listBatches", "batches", values{}.given(), page)
}

// Batches goes through all batches, newest first.
func (c *Client) Batches(ctx context.Context) iter.Seq2[*Batch, error] {
	return pages(func(page PageRequest) (*Page[Batch], error) { return c.ListBatches(ctx, page) })
}

// GetBatch looks a batch up.
func (c *Client) GetBatch(ctx context.Context, id string) (*Batch, error) {
	return fetch[Batch](ctx, c, aboutBatch("getBatch", http.MethodGet, id, reads))
}

// CancelBatch ends a batch: no further code is made. Canceling twice changes nothing; one that has ended
// otherwise is [ReasonBatchFinished].
func (c *Client) CancelBatch(ctx context.Context, id string) (*Batch, error) {
	return fetch[Batch](ctx, c, aboutBatch("cancelBatch", http.MethodPost, id, settles, "cancel"))
}

// DownloadBatch returns the codes that a batch has as a file, from an index on, in the order of their
// indexes; an empty format is NDJSON, and CSV has only index, code and status. After a break go on at the
// index behind the last whole line. [Client.BatchCodes] does so by itself.
func (c *Client) DownloadBatch(ctx context.Context, id string, from int64, format ExportFormat) (*Download, error) {
	what := aboutBatch("downloadBatch", http.MethodGet, id, reads, "codes")
	format = cmp.Or(format, FormatNDJSON)
	what.query = values{"from": number(from), "format": string(format)}.given()
	return c.download(ctx, what, format)
}

func aboutBatch(operation, method, id string, effect effect, rest ...string) call {
	path := append([]string{"batches", id}, rest...)
	return call{operation: operation, method: method, path: path, effect: effect}
}

// FollowBatch looks at a batch now and then, and yields it each time, until it has ended: then it is the
// last thing that it yields. So is an error.
func (c *Client) FollowBatch(ctx context.Context, id string) iter.Seq2[*Batch, error] {
	return follow(ctx, c, func() (*Batch, error) { return c.GetBatch(ctx, id) },
		func(b *Batch) bool { return b.Status.Ended() })
}

// BatchCodes goes through the codes that a batch has, from an index on, in the order of their indexes. If
// the connection breaks, it goes on behind the last one, as often as [WithRetries] says without a code in
// between. An error is the last thing that it yields.
func (c *Client) BatchCodes(ctx context.Context, id string, from int64) iter.Seq2[*Code, error] {
	return func(yield func(*Code, error) bool) {
		for breaks := 1; ; breaks++ {
			var failed error
			for code, err := range c.batchPart(ctx, id, from) {
				if err != nil {
					failed = err
					break
				}
				if !yield(code, nil) {
					return
				}
				from, breaks = *code.BatchIndex+1, 1
			}
			if failed == nil {
				return
			}
			if failed = c.beforeNext(ctx, breaks, failed); failed != nil {
				yield(nil, failed)
				return
			}
		}
	}
}

// broken is the error of a file that broke off after its first byte, which may be asked for again.
type broken struct{ error }

// ofPart tells a file that broke off from one that cannot be read.
func ofPart(err error) error {
	if _, ok := errors.AsType[*NoAnswerError](err); ok {
		return broken{err}
	}
	return fmt.Errorf("client: downloadBatch: the file cannot be read: %w", err)
}

// beforeNext waits before the rest of a file is asked for, or returns why it is not.
func (c *Client) beforeNext(ctx context.Context, breaks int, err error) error {
	b, ok := errors.AsType[broken](err)
	if !ok {
		return err
	}
	if breaks >= c.tries || ctx.Err() != nil || !Temporary(b.error) {
		return b.error
	}
	if ended := c.wait(ctx, c.jitter(min(maxBackoff, firstBackoff<<min(breaks-1, 6)))); ended != nil {
		return fmt.Errorf("%w, before the rest could be asked for: %w", ended, b.error)
	}
	return nil
}

// batchPart yields codes until their file ends or breaks off.
func (c *Client) batchPart(ctx context.Context, id string, from int64) iter.Seq2[*Code, error] {
	return func(yield func(*Code, error) bool) {
		file, err := c.DownloadBatch(ctx, id, from, FormatNDJSON)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = file.Close() }() // never fails
		for lines := json.NewDecoder(file); ; {
			code := new(Code)
			err := lines.Decode(code)
			if err == nil && code.BatchIndex == nil {
				err = errors.New("a code has no index")
			}
			if err == io.EOF { // what wraps it is no end
				return
			}
			if err != nil {
				yield(nil, ofPart(err))
				return
			}
			if !yield(code, nil) {
				return
			}
		}
	}
}
