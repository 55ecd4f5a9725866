package client

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// ChangeStatus is what becomes of a change.
type ChangeStatus string

// The statuses of changes.
const (
	ChangeQueued    ChangeStatus = "queued"
	ChangeRunning   ChangeStatus = "running"
	ChangeSucceeded ChangeStatus = "succeeded"
	ChangeFailed    ChangeStatus = "failed"   // see Failure; what is done stays done
	ChangeCanceled  ChangeStatus = "canceled" // what is done stays done
	ChangeUndoing   ChangeStatus = "undoing"
	ChangeUndone    ChangeStatus = "undone"
)

// Ended reports whether a change, or its undoing, has come to its end.
func (s ChangeStatus) Ended() bool {
	return s != ChangeQueued && s != ChangeRunning && s != ChangeUndoing
}

// Change is one thing done to many codes. Times are in UTC, to the microsecond.
type Change struct {
	ID            string           `json:"id"` // a UUID
	Status        ChangeStatus     `json:"status"`
	Do            string           `json:"do"`            // revoke, restore, delete or set
	Matched       int64            `json:"matched"`       // codes of the selection
	Changed       int64            `json:"changed"`       // codes that are different now
	Skipped       map[string]int64 `json:"skipped"`       // codes that stay as they are, by reason
	People        int64            `json:"people"`        // users who have redeemed one of the selection's codes
	Sample        []string         `json:"sample"`        // up to 20 of the changed codes
	RolledBack    int64            `json:"rolledBack"`    // redemptions
	UndoableUntil *time.Time       `json:"undoableUntil"` // nil: it cannot be undone, or not yet
	Undone        *Undone          `json:"undone,omitempty"`
	CreatedAt     time.Time        `json:"createdAt"`
	StartedAt     *time.Time       `json:"startedAt"`
	FinishedAt    *time.Time       `json:"finishedAt"`        // of the change, or of its undoing
	CreatedBy     string           `json:"createdBy"`         // the id of the API key
	Failure       string           `json:"failure,omitempty"` // why it has failed, in words

	// Replayed: an earlier call had done it already, perhaps before a retry.
	Replayed bool `json:"-"`
}

func (c *Change) replayed() *bool { return &c.Replayed }

// Undone is what undoing a change has come to.
type Undone struct {
	Changed int64            `json:"changed"` // codes
	Skipped map[string]int64 `json:"skipped"` // codes and redemptions that stay as the change left them, by reason
	PutBack int64            `json:"putBack"` // redemptions that stand again
}

// ChangePreview is what a change would do.
type ChangePreview struct {
	Complete bool             `json:"complete"` // false: there was too much, the counts are of the newest codes
	Matched  int64            `json:"matched"`
	Changed  int64            `json:"changed"`
	Skipped  map[string]int64 `json:"skipped"`
	People   int64            `json:"people"`
	Sample   []string         `json:"sample"`

	RolledBack int64 `json:"rolledBack"` // redemptions
}

// CreateChangeRequest says what to change.
type CreateChangeRequest struct {
	Select Selection `json:"select"`
	Do     ChangeDo  `json:"do"`
	// RollBackRedemptions also rolls back every redemption of the codes; only with Do.Revoke.
	RollBackRedemptions bool `json:"rollBackRedemptions,omitempty"`

	IdempotencyKey string `json:"-"`
}

// Selection says which codes to change: those that meet all fields that are given, or Codes.
type Selection struct {
	BatchID       string    `json:"batchId,omitempty"`
	Type          Type      `json:"type,omitempty"`
	Status        Status    `json:"status,omitempty"`
	Query         string    `json:"q,omitempty"` // how a value, a note or a recipient begins
	CreatedAfter  time.Time `json:"createdAfter,omitzero"`
	CreatedBefore time.Time `json:"createdBefore,omitzero"`
	Codes         []string  `json:"codes,omitempty"` // in any spelling, up to 10,000; without other fields
}

// ChangeDo says what to do. Exactly one field must be given.
type ChangeDo struct {
	Revoke  bool              `json:"revoke,omitempty"`
	Restore bool              `json:"restore,omitempty"`
	Delete  bool              `json:"delete,omitempty"` // those that were never redeemed nor reserved
	Set     ChangeCodeRequest `json:"set,omitzero"`
}

// CreateChange changes many codes. It returns before they are changed: ask [Client.GetChange] how far it
// is. [Client.PreviewChange] says before what it would do, [Client.UndoChange] takes it back.
func (c *Client) CreateChange(ctx context.Context, r CreateChangeRequest) (*Change, error) {
	return fetch[Change](ctx, c, call{
		operation: "createChange", method: http.MethodPost, path: []string{"changes"}, body: r,
		effect: settles, key: idempotencyKey(r.IdempotencyKey),
	})
}

// PreviewChange says what a change would do, and does nothing. It may take some 20 seconds.
func (c *Client) PreviewChange(ctx context.Context, r CreateChangeRequest) (*ChangePreview, error) {
	body := struct {
		CreateChangeRequest
		DryRun bool `json:"dryRun"`
	}{r, true}
	return fetch[ChangePreview](ctx, c, call{
		operation: "createChange", method: http.MethodPost, path: []string{"changes"}, body: body, effect: reads,
	})
}

// ListChanges returns a page of changes, newest first. [Client.Changes] goes through all of them.
func (c *Client) ListChanges(ctx context.Context, page PageRequest) (*Page[Change], error) {
	return list[Change](ctx, c, "listChanges", "changes", values{}.given(), page)
}

// Changes goes through all changes, newest first.
func (c *Client) Changes(ctx context.Context) iter.Seq2[*Change, error] {
	return pages(func(page PageRequest) (*Page[Change], error) { return c.ListChanges(ctx, page) })
}

// GetChange looks a change up.
func (c *Client) GetChange(ctx context.Context, id string) (*Change, error) {
	return fetch[Change](ctx, c, aboutChange("getChange", http.MethodGet, id, reads))
}

// CancelChange ends a change, or its undoing. What is done stays done. Canceling twice changes nothing;
// one that has ended otherwise is [ReasonChangeFinished].
func (c *Client) CancelChange(ctx context.Context, id string) (*Change, error) {
	return fetch[Change](ctx, c, aboutChange("cancelChange", http.MethodPost, id, settles, "cancel"))
}

// UndoChange takes back what a change has done, up to 30 days after its request: what still has the
// value that the change gave it. It returns before that is done. Undoing twice changes nothing. Too
// late is [ReasonChangeNotUndoable], too early [ReasonChangeUnfinished].
func (c *Client) UndoChange(ctx context.Context, id string) (*Change, error) {
	return fetch[Change](ctx, c, aboutChange("undoChange", http.MethodPost, id, settles, "undo"))
}

// FollowChange looks at a change now and then, and yields it each time, until it or its undoing has ended:
// then it is the last thing that it yields. So is an error.
func (c *Client) FollowChange(ctx context.Context, id string) iter.Seq2[*Change, error] {
	return follow(ctx, c, func() (*Change, error) { return c.GetChange(ctx, id) },
		func(change *Change) bool { return change.Status.Ended() })
}

func aboutChange(operation, method, id string, effect effect, rest ...string) call {
	path := append([]string{"changes", id}, rest...)
	return call{operation: operation, method: method, path: path, effect: effect}
}
