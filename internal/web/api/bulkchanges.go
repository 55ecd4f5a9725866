package api

import (
	"context"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// bulkChangeRequest is the request to change many codes.
type bulkChangeRequest struct {
	Select kit.Optional[changeSelect] `json:"select" required:"true" nullable:"false" doc:"Which codes."`
	Do     kit.Optional[changeDo]     `json:"do" required:"true" nullable:"false" doc:"Exactly one member."`
	DryRun kit.Optional[bool]         `json:"dryRun" required:"false" nullable:"false" doc:"Only say what would be done."`

	RollBack kit.Optional[bool] `json:"rollBackRedemptions" required:"false" doc:"With revoke: the redemptions, too."`
}

type optionalText = kit.Optional[string]

// changeSelect says which codes to change: those that are listed, or those that meet every other
// member.
type changeSelect struct {
	BatchID optionalText `json:"batchId,omitempty" nullable:"false" format:"uuid" doc:"Codes of it."`
	Type    optionalText `json:"type,omitempty" nullable:"false" enum:"Normal,Premium,Upgrade"`
	Status  optionalText `json:"status,omitempty" nullable:"false" enum:"revoked,expired,scheduled,exhausted,active"`
	Q       optionalText `json:"q,omitempty" nullable:"false" doc:"As in the list of codes."`

	CreatedAfter  kit.Optional[time.Time] `json:"createdAfter,omitempty" nullable:"false"`
	CreatedBefore kit.Optional[time.Time] `json:"createdBefore,omitempty" nullable:"false"`
	Codes         kit.Optional[[]string]  `json:"codes,omitempty" nullable:"false" maxItems:"10000" doc:"Values."`
}

// read reads the members into a request. One that is there and says nothing is refused: to pass it over
// would select more than was meant.
func (s *changeSelect) read(req *bulk.NewChange) {
	errs := &req.Unread
	for _, member := range []struct {
		name  string
		empty bool
	}{
		{"batchId", saysNothing(s.BatchID)},
		{"type", saysNothing(s.Type)},
		{"status", saysNothing(s.Status)},
		{"q", saysNothing(s.Q)},
		{"createdAfter", saysNothing(s.CreatedAfter)},
		{"createdBefore", saysNothing(s.CreatedBefore)},
		{"codes", s.Codes.Given && s.Codes.Value == nil},
	} {
		if member.empty {
			errs.Add(core.ReasonInvalidValue, "/select/"+member.name,
				core.InEnglish("%s must not be empty; leave it out", member.name))
		}
	}
	req.Codes = s.Codes.OrZero()
	req.Filter = codes.CodeFilter{
		Type: codes.Type(s.Type.OrZero()), Status: codes.Status(s.Status.OrZero()), Query: s.Q.OrZero(),
		CreatedAfter: s.CreatedAfter.Value, CreatedBefore: s.CreatedBefore.Value,
	}
	if id := s.BatchID.OrZero(); id != "" {
		read, err := core.ParseID(id)
		if err != nil || read.IsZero() {
			errs.Add(core.ReasonInvalidValue, "/select/batchId", core.InEnglish("batchId must be the id of a batch"))
		}
		req.Filter.BatchID = read
	}
}

func saysNothing[T comparable](member kit.Optional[T]) bool {
	var none T
	return member.Given && member.OrZero() == none
}

// changeDo says what to do to each code.
type changeDo struct{ act codes.Act }

// changeDoType is what it is read from.
var changeDoType = reflect.StructOf([]reflect.StructField{
	member("revoke", reflect.TypeFor[bool](), `required:"false" doc:"true: take it back."`),
	member("restore", reflect.TypeFor[bool](), `required:"false" doc:"true: undo that."`),
	member("delete", reflect.TypeFor[bool](), `required:"false" doc:"true: delete it, if it was never used."`),
	member("set", reflect.PointerTo(changeRequest), `required:"false" doc:"Change options: a JSON merge patch."`),
})

// UnmarshalJSONFrom implements [json.UnmarshalerFrom].
func (d *changeDo) UnmarshalJSONFrom(decoder *jsontext.Decoder) error {
	read := reflect.New(changeDoType)
	if err := json.UnmarshalDecode(decoder, read.Interface()); err != nil {
		return err
	}
	given := read.Elem()
	d.act = codes.Act{
		Revoke: given.Field(0).Bool(), Restore: given.Field(1).Bool(), Delete: given.Field(2).Bool(),
	}
	if set := given.Field(3); !set.IsNil() {
		d.act.Set = new(codes.CodeChange)
		readOptions(set.Elem(), 0, func(o *codes.Option) any { return o.ChangeOf(d.act.Set) })
	}
	return nil
}

// Schema implements [huma.SchemaProvider].
func (changeDo) Schema(registry huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{
			"revoke":  {Type: huma.TypeBoolean, Description: "true: take the codes back."},
			"restore": {Type: huma.TypeBoolean, Description: "true: undo that."},
			"delete":  {Type: huma.TypeBoolean, Description: "true: delete those that were never used."},
			"set":     registry.Schema(changeRequest, true, ""),
		},
	}
}

// createChange answers POST /changes.
func (s *server) createChange(ctx context.Context, c *kit.Call) error {
	var body bulkChangeRequest
	wrong, err := c.Read(&body)
	if err != nil {
		return err
	}
	chosen, do := body.Select.OrZero(), body.Do.OrZero()
	req := bulk.NewChange{Do: do.act, RollBack: body.RollBack.OrZero(), Unread: wrong}
	chosen.read(&req)
	for name, given := range map[string]kit.Optional[bool]{"dryRun": body.DryRun, "rollBackRedemptions": body.RollBack} {
		if given.Given && given.Value == nil {
			req.Unread.Add(core.ReasonInvalidValue, "/"+name, core.InEnglish("%s must be true or false", name))
		}
	}
	if req.IdempotencyKey, err = idempotencyKey(c); err != nil {
		return err
	}
	if body.DryRun.OrZero() {
		would, err := s.changes.Try(ctx, &c.Actor, req)
		if err != nil {
			return err
		}
		return c.Answer(&dryRunFields{Complete: would.Complete, TallyFields: showTally(&would.Tally)})
	}
	change, replayed, err := s.changes.Create(ctx, &c.Actor, req)
	if err != nil {
		return err
	}
	c.MarkReplayed(replayed)
	return c.Accept("/changes/"+change.ID.String(), showChange(&change))
}

// TallyFields are the counts of a change. The document shows only exported parts of what is shown.
type TallyFields struct {
	Matched int64                 `json:"matched" doc:"Codes of the selection."`
	Changed int64                 `json:"changed"`
	Skipped map[core.Reason]int64 `json:"skipped" nullable:"false" doc:"Codes that stay as they are, by reason."`
	People  int64                 `json:"people" doc:"Users who have redeemed one of the codes of the selection."`
	Sample  []string              `json:"sample" nullable:"false" doc:"Up to 20 of the codes that are changed."`

	RolledBack int64 `json:"rolledBack" doc:"Redemptions that are rolled back."`
}

func showTally(t *bulk.Tally) TallyFields {
	shown := TallyFields{
		Matched: t.Matched, Changed: t.Changed, Skipped: t.Skipped, People: t.People, Sample: t.Sample,
		RolledBack: t.RolledBack,
	}
	if shown.Skipped == nil {
		shown.Skipped = map[core.Reason]int64{}
	}
	if shown.Sample == nil {
		shown.Sample = []string{}
	}
	return shown
}

// dryRunFields is what a change would do.
type dryRunFields struct {
	Complete bool `json:"complete" doc:"false: the selection is so large that only a part was looked at."`
	TallyFields
}

// changeFields is a change as callers see it.
type changeFields struct {
	ID     string            `json:"id" format:"uuid"`
	Status bulk.ChangeStatus `json:"status" enum:"queued,running,succeeded,failed,canceled,undoing,undone"`
	Do     string            `json:"do" enum:"revoke,restore,delete,set"`
	TallyFields
	Undone        *undoneFields `json:"undone,omitempty" doc:"What undoing it has come to, if anybody has."`
	UndoableUntil *time.Time    `json:"undoableUntil" nullable:"true" doc:"null: it cannot be undone, or not yet."`
	CreatedAt     time.Time     `json:"createdAt"`
	StartedAt     *time.Time    `json:"startedAt" nullable:"true"`
	FinishedAt    *time.Time    `json:"finishedAt" nullable:"true" doc:"Of the change, or of its undoing."`
	CreatedBy     *string       `json:"createdBy" nullable:"true" format:"uuid" doc:"The id of the API key."`
	Failure       string        `json:"failure,omitempty" doc:"Why it has failed, in words."`
}

// undoneFields are the counts of an undoing.
type undoneFields struct {
	Changed int64                 `json:"changed"`
	Skipped map[core.Reason]int64 `json:"skipped" nullable:"false"`
	PutBack int64                 `json:"putBack" doc:"Redemptions that stand again."`
}

func showChange(c *bulk.Change) *changeFields {
	shown := &changeFields{
		ID: c.ID.String(), Status: c.State(), Do: c.Does(), TallyFields: showTally(&c.Tally),
		UndoableUntil: c.UndoableUntil(), CreatedAt: c.CreatedAt, StartedAt: c.StartedAt, FinishedAt: c.FinishedAt,
		Failure: c.Failure,
	}
	if undone, putBack := c.Undoing(); undone != nil {
		shown.Undone = &undoneFields{undone.Changed, undone.Skipped, putBack}
		if undone.Skipped == nil {
			shown.Undone.Skipped = map[core.Reason]int64{}
		}
	}
	if !c.Actor.ID.IsZero() {
		shown.CreatedBy = orNull(c.Actor.ID.String())
	}
	return shown
}

// listChanges answers GET /changes.
func (s *server) listChanges(ctx context.Context, c *kit.Call) error {
	p := c.Query()
	request := p.Page()
	if p.Err() != nil {
		return p.Err()
	}
	page, err := s.changes.List(ctx, &c.Actor, request)
	if err != nil {
		return err
	}
	return kit.AnswerList(c, page, showChange)
}

// changeInPath is the id of a change in the path.
func changeInPath(c *kit.Call) (core.ID, error) {
	missing := bulk.ChangeNotFound()
	return c.PathID("id", missing.Reason, missing.Detail)
}

// getChange answers GET /changes/{id}.
func (s *server) getChange(ctx context.Context, c *kit.Call) error {
	id, err := changeInPath(c)
	if err != nil {
		return err
	}
	change, err := s.changes.Change(ctx, &c.Actor, id)
	if err != nil {
		return err
	}
	return c.Answer(showChange(&change))
}

// endChange answers a request that stops a change or takes it back.
func endChange(
	ctx context.Context, c *kit.Call, end func(context.Context, *core.Actor, core.ID) (bulk.Change, error),
) (*changeFields, error) {
	if err := c.Decode(new(nothing)); err != nil {
		return nil, err
	}
	id, err := changeInPath(c)
	if err != nil {
		return nil, err
	}
	change, err := end(ctx, &c.Actor, id)
	if err != nil {
		return nil, err
	}
	return showChange(&change), nil
}

// cancelChange answers POST /changes/{id}/cancel.
func (s *server) cancelChange(ctx context.Context, c *kit.Call) error {
	shown, err := endChange(ctx, c, s.changes.Cancel)
	if err != nil {
		return err
	}
	return c.Answer(shown)
}

// undoChange answers POST /changes/{id}/undo.
func (s *server) undoChange(ctx context.Context, c *kit.Call) error {
	shown, err := endChange(ctx, c, s.changes.Undo)
	if err != nil {
		return err
	}
	return c.Accept("/changes/"+shown.ID, shown)
}
