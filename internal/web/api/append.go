package api

import (
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// jsonObject is a JSON object that is written member by member. The answers that are asked for
// most are written so, without reflection, which took a tenth of the time of a look-up; a
// test holds them against the types that the OpenAPI document shows.
type jsonObject struct {
	text []byte
	err  error // the first value that has no JSON form
}

// answerObject answers with what write writes.
func answerObject(c *kit.Call, write func(*jsonObject)) error {
	o := objects.Get().(*jsonObject)
	defer objects.Put(o)
	o.text, o.err = o.text[:0], nil
	write(o)
	if o.err != nil {
		return o.err
	}
	c.AnswerJSON(o.text)
	return nil
}

// objects are kept for the next answer: nothing refers to the text of one that is written.
var objects = sync.Pool{New: func() any { return new(jsonObject) }}

// open begins an object and close ends it.
func (o *jsonObject) open() { o.text = append(o.text, '{') }

func (o *jsonObject) close() { o.text = append(o.text, '}') }

// name begins a member. Names are constants without anything to escape.
func (o *jsonObject) name(name string) {
	if last := o.text[len(o.text)-1]; last != '{' {
		o.text = append(o.text, ',')
	}
	o.text = append(append(append(o.text, '"'), name...), `":`...)
}

// word writes text that has nothing to escape.
func (o *jsonObject) word(name, value string) {
	o.name(name)
	o.text = append(append(append(o.text, '"'), value...), '"')
}

func (o *jsonObject) string(name, value string) {
	o.name(name)
	text, err := jsontext.AppendQuote(o.text, value)
	if o.text = text; o.err == nil {
		o.err = err
	}
}

func (o *jsonObject) null(name string) {
	o.name(name)
	o.text = append(o.text, "null"...)
}

// stringOrNull writes null for an empty text.
func (o *jsonObject) stringOrNull(name, value string) {
	if value == "" {
		o.null(name)
		return
	}
	o.string(name, value)
}

func (o *jsonObject) idOrNull(name string, id core.ID) {
	if id.IsZero() {
		o.null(name)
		return
	}
	o.word(name, id.String())
}

func (o *jsonObject) bool(name string, value bool) {
	o.name(name)
	o.text = strconv.AppendBool(o.text, value)
}

func (o *jsonObject) int(name string, value int64) {
	o.name(name)
	o.text = strconv.AppendInt(o.text, value, 10)
}

func (o *jsonObject) intOrNull(name string, value *int64) {
	if value == nil {
		o.null(name)
		return
	}
	o.int(name, *value)
}

func (o *jsonObject) time(name string, value time.Time) {
	o.name(name)
	o.text = append(value.AppendFormat(append(o.text, '"'), time.RFC3339Nano), '"')
}

func (o *jsonObject) timeOrNull(name string, value *time.Time) {
	if value == nil {
		o.null(name)
		return
	}
	o.time(name, *value)
}

func (o *jsonObject) metadata(metadata map[string]string) {
	o.name("metadata")
	if len(metadata) == 0 {
		o.text = append(o.text, "{}"...)
		return
	}
	text, err := json.Marshal(metadata, json.Deterministic(true))
	if o.text = append(o.text, text...); o.err == nil {
		o.err = err
	}
}

// validation writes a [validation].
func (o *jsonObject) validation(v *codes.Validation) {
	o.open()
	o.bool("valid", v.Valid)
	if v.Why != nil {
		o.word("reason", string(v.Why.Reason))
		o.string("detail", v.Why.Detail)
	}
	if v.Code != nil {
		o.name("code")
		o.code(&shownCode{v.Code, v.Code.StatusAt(v.At), v.Limited})
	}
	if v.Redemption != nil {
		o.name("redemption")
		o.earlier(v.Redemption, v.Limited)
	}
	if v.Grants != "" {
		o.word("grants", string(v.Grants))
	}
	if v.Suggestion != "" {
		o.string("suggestion", v.Suggestion)
	}
	o.close()
}

// redemption writes a [redemptionFields].
func (o *jsonObject) redemption(r *codes.Redemption) { o.earlier(r, false) }

// earlier writes an [earlierRedemption], for a limited caller without its metadata.
func (o *jsonObject) earlier(r *codes.Redemption, limited bool) {
	o.open()
	o.word("id", r.ID.String())
	o.string("code", r.Code)
	o.word("type", string(r.Type))
	o.stringOrNull("userId", r.UserID)
	o.word("grants", string(r.Grants))
	if !limited {
		o.metadata(r.Metadata)
	}
	o.idOrNull("reservationId", r.ReservationID)
	o.time("createdAt", r.CreatedAt)
	o.word("createdBy", r.CreatedBy.String())
	o.timeOrNull("rolledBackAt", r.RolledBackAt)
	o.idOrNull("rolledBackBy", r.RolledBackBy)
	o.stringOrNull("rollbackReason", r.Reason)
	o.close()
}
