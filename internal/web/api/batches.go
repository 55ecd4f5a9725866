package api

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
	"accesscodes/internal/web/kit"
)

// batchRequest is the request for a batch.
var batchRequest = withOptions(newOptions,
	member("count", reflect.TypeFor[kit.Optional[int64]](), fmt.Sprintf(
		`required:"true" nullable:"false" minimum:"1" maximum:"%d" doc:"How many codes."`, bulk.MaxBatchCodes)),
	member("name", reflect.TypeFor[kit.Optional[string]](), fmt.Sprintf(
		`required:"false" maxLength:"%d" doc:"For your own people."`, bulk.MaxBatchNameLength)),
	member("format", reflect.TypeFor[kit.Optional[formatChoice]](),
		`required:"false" doc:"Of the codes; what is left out is the workspace's."`),
	typeMember)

// formatChoice is a format that a request asks for.
type formatChoice struct {
	Prefix      *string `json:"prefix"`
	Groups      *int64  `json:"groups"`
	GroupLength *int64  `json:"groupLength"`
}

// Schema implements [huma.SchemaProvider].
func (formatChoice) Schema(huma.Registry) *huma.Schema {
	prefix, groups := kit.TextSchema(), kit.WholeSchema(core.MinGroups, new(float64(core.MaxGroups)), core.DefaultGroups)
	prefix.MaxLength, prefix.Nullable = new(core.MaxPrefixLength), true
	prefix.Description = "Characters of A–Z and 0–9; may be empty."
	length := kit.WholeSchema(core.MinGroupLength, new(float64(core.MaxGroupLength)), core.DefaultGroupLength)
	length.Description = "Characters in each group."
	for _, schema := range []*huma.Schema{&groups, &length} {
		schema.Default, schema.Nullable = nil, true // the workspace's
	}
	return &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{"prefix": &prefix, "groups": &groups, "groupLength": &length},
	}
}

// createBatch answers POST /batches.
func (s *server) createBatch(ctx context.Context, c *kit.Call) error {
	body := reflect.New(batchRequest)
	issue, err := issueRequest(c, body, 3)
	if err != nil {
		return err
	}
	format := body.Elem().Field(2).Addr().Interface().(*kit.Optional[formatChoice]).OrZero()
	batch, replayed, err := s.batches.Create(ctx, &c.Actor, bulk.NewBatch{
		IssueRequest: issue, Name: textIn(body.Elem(), 1), Format: bulk.FormatChoice(format),
		Count: body.Elem().Field(0).Addr().Interface().(*kit.Optional[int64]).OrZero(),
	})
	if err != nil {
		return err
	}
	c.MarkReplayed(replayed)
	return c.Accept("/batches/"+batch.ID.String(), s.showBatch(&batch))
}

// batchFields is a batch as callers see it.
type batchFields struct {
	ID             string            `json:"id" format:"uuid"`
	Name           *string           `json:"name" nullable:"true"`
	Count          int64             `json:"count" doc:"How many codes were asked for."`
	Type           *codes.Type       `json:"type,omitempty" enum:"Normal,Premium,Upgrade" doc:"Left out: various."`
	MaxRedemptions *int64            `json:"maxRedemptions" nullable:"true"`
	StartsAt       *time.Time        `json:"startsAt" nullable:"true"`
	ExpiresAt      *time.Time        `json:"expiresAt" nullable:"true"`
	Note           *string           `json:"note" nullable:"true"`
	Recipient      *string           `json:"recipient" nullable:"true"`
	Metadata       map[string]string `json:"metadata" nullable:"false"`
	Format         *formatFields     `json:"format,omitempty" doc:"Left out: imported codes have none."`
	Status         job.Status        `json:"status" enum:"queued,running,succeeded,failed,canceled"`
	Progress       progressFields    `json:"progress"`
	Redeemed       *int64            `json:"redeemed" nullable:"true" doc:"Codes used; null: counting takes too long."`
	CreatedAt      time.Time         `json:"createdAt"`
	StartedAt      *time.Time        `json:"startedAt" nullable:"true"`
	FinishedAt     *time.Time        `json:"finishedAt" nullable:"true"`
	CreatedBy      *string           `json:"createdBy" nullable:"true" format:"uuid" doc:"The id of the API key."`
	Failure        string            `json:"failure,omitempty" doc:"Why it has failed, in words."`
}

type formatFields struct {
	Prefix      string `json:"prefix"`
	Groups      int    `json:"groups"`
	GroupLength int    `json:"groupLength"`
}

// progressFields says how far a job is.
type progressFields struct {
	Done      int64 `json:"done"`
	Total     int64 `json:"total"`
	PerSecond int64 `json:"perSecond" doc:"On average since it was started."`
}

func (s *server) showBatch(b *bulk.Batch) *batchFields {
	shown := &batchFields{
		ID: b.ID.String(), Name: orNull(b.Name), Count: b.Count,
		MaxRedemptions: b.Options.MaxRedemptions.Max, StartsAt: b.Options.StartsAt, ExpiresAt: b.Options.ExpiresAt,
		Note: orNull(b.Options.Note), Recipient: orNull(b.Options.Recipient), Metadata: b.Options.Metadata,
		Status:   b.Status,
		Progress: progressFields{b.Done, b.Total, b.PerSecond(s.batches.Now())}, Redeemed: b.Redeemed,
		CreatedAt: b.CreatedAt, StartedAt: b.StartedAt, FinishedAt: b.FinishedAt, Failure: b.Failure,
	}
	if !b.Actor.ID.IsZero() {
		shown.CreatedBy = orNull(b.Actor.ID.String())
	}
	if !b.Imported {
		shown.Type, shown.Format = &b.Type, &formatFields{b.Format.Prefix, b.Format.Groups, b.Format.GroupLength}
	}
	return shown
}

// listBatches answers GET /batches.
func (s *server) listBatches(ctx context.Context, c *kit.Call) error {
	p := c.Query()
	request := p.Page()
	if p.Err() != nil {
		return p.Err()
	}
	page, err := s.batches.List(ctx, &c.Actor, request)
	if err != nil {
		return err
	}
	return kit.AnswerList(c, page, s.showBatch)
}

// batchInPath is the id of a batch in the path.
func batchInPath(c *kit.Call) (core.ID, error) {
	missing := bulk.BatchNotFound()
	return c.PathID("id", missing.Reason, missing.Detail)
}

// getBatch answers GET /batches/{id}.
func (s *server) getBatch(ctx context.Context, c *kit.Call) error {
	id, err := batchInPath(c)
	if err != nil {
		return err
	}
	batch, err := s.batches.Batch(ctx, &c.Actor, id)
	if err != nil {
		return err
	}
	return c.Answer(s.showBatch(&batch))
}

// cancelBatch answers POST /batches/{id}/cancel.
func (s *server) cancelBatch(ctx context.Context, c *kit.Call) error {
	if err := c.Decode(new(nothing)); err != nil {
		return err
	}
	id, err := batchInPath(c)
	if err != nil {
		return err
	}
	batch, err := s.batches.Cancel(ctx, &c.Actor, id)
	if err != nil {
		return err
	}
	return c.Answer(s.showBatch(&batch))
}

// batchRoutes are the routes about batches.
func (s *server) batchRoutes() []kit.Route {
	batch := []kit.Parameter{kit.InPath("id", "The id of the batch.")}
	none := []core.Reason{core.ReasonBatchNotFound}
	const ofOwn = " A key with the role issue reaches the batches that it has made itself."
	return []kit.Route{
		{
			Method: "POST", Path: "/batches", Permission: core.PermissionIssue,
			Endpoint: s.createBatch, Tag: tagBatches,
			ID: "createBatch", Summary: "Make many codes",
			Description: "The codes are made after the answer, each as random as a generated one. The format must have " +
				"1,000 free values for each code.",
			Parameters: []kit.Parameter{jobKeyParameter("batch")},
			Request:    kit.JSONOf(batchRequest, "CreateBatch"), Response: kit.JSON[batchFields]("Batch"),
			Accepts: true, Replays: true,
			NotTaken: map[string]string{"code": "the codes of a batch have random values"},
			Reasons:  []core.Reason{core.ReasonInvalidIdempotencyKey, core.ReasonIdempotencyKeyReused},
		},
		{
			Method: "GET", Path: "/batches", Permission: core.PermissionFollow,
			Endpoint: s.listBatches, Tag: tagBatches,
			ID: "listBatches", Summary: "List batches", Description: "Newest first." + ofOwn,
			Parameters: kit.Paging(), Response: kit.JSON[kit.List[*batchFields]]("BatchList"),
		},
		{
			Method: "GET", Path: "/batches/{id}", Permission: core.PermissionFollow,
			Endpoint: s.getBatch, Tag: tagBatches,
			ID: "getBatch", Summary: "See how far a batch is", Description: "And how many of its codes were used." + ofOwn,
			Parameters: batch, Response: kit.JSON[batchFields]("Batch"), Reasons: none,
		},
		{
			Method: "POST", Path: "/batches/{id}/cancel", Permission: core.PermissionIssue,
			Endpoint: s.cancelBatch, Tag: tagBatches,
			ID: "cancelBatch", Summary: "Stop a batch",
			Description: "Codes that are there stay; no further one is made. Canceling twice changes nothing." + ofOwn,
			Parameters:  batch, Request: kit.JSON[nothing]("Nothing"), BodyOptional: true,
			Response: kit.JSON[batchFields]("Batch"), Reasons: append(none, core.ReasonBatchFinished),
		},
		{
			Method: "GET", Path: "/batches/{id}/codes", Permission: core.PermissionFollow,
			Endpoint: s.downloadBatch, Tag: tagBatches,
			ID: "downloadBatch", Summary: "Get the codes of a batch",
			Description: "In the order of their indexes. After a break go on at the index behind the last line that " +
				"came whole. Deleted codes are left out." + ofOwn,
			Parameters: append(batch,
				kit.InQuery("from", "The index to begin with.", kit.WholeSchema(0, nil, 0)), formatParameter(batchFormats)),
			Files: mediaOf(batchFormats), Streams: true, Reasons: none,
		},
	}
}
