package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// maxBodyBytes is the largest request body.
const maxBodyBytes = 64 << 10

// maxDrainBytes is how much of a body that is too large is read and thrown away, so
// that a caller who is still sending sees the answer instead of a broken connection.
const maxDrainBytes = 4 << 20

// strict: unknown names are refused, because a misspelt expiresAt must never make a
// code that lives for ever. Duplicate names, invalid UTF-8 and anything after the
// value are refused by default.
var strict = json.JoinOptions(json.RejectUnknownMembers(true))

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// decode reads the request's JSON body into v, which keeps nothing of the buffer.
func decode(c *call, v any) error {
	if err := c.checkMediaType(); err != nil {
		return err
	}
	body := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(body)
	body.Reset()
	if err := readBody(body, c.request); err != nil {
		return err
	}
	return decodeBody(body.Bytes(), v)
}

// decodeIfAny is decode for a body that may be left out, with its media type.
func decodeIfAny(c *call, v any) error {
	body := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(body)
	body.Reset()
	if err := readBody(body, c.request); err != nil || body.Len() == 0 {
		return err
	}
	if err := c.checkMediaType(); err != nil {
		return err
	}
	return decodeBody(body.Bytes(), v)
}

func decodeBody(body []byte, v any) error {
	if string(bytes.TrimSpace(body)) == "null" { // which any type takes for its zero value
		return errNoObject()
	}
	if err := json.Unmarshal(body, v, strict); err != nil {
		return decodeError(err)
	}
	return nil
}

// mergePatchType is the media type of RFC 7396.
const mergePatchType = "application/merge-patch+json"

func (c *call) checkMediaType() error {
	header := c.request.Header.Get("Content-Type")
	encoding := c.request.Header.Get("Content-Encoding")
	if header == "application/json" && encoding == "" { // nearly every request
		return nil
	}
	if encoding != "" && encoding != "identity" {
		return &httpError{
			status: http.StatusUnsupportedMediaType, reason: reasonUnsupportedMediaType,
			detail: "send the body as it is, without Content-Encoding",
			header: http.Header{"Accept-Encoding": {"identity"}}, // RFC 9110 §12.5.3
		}
	}
	media, params, err := mime.ParseMediaType(header)
	charset := strings.ToLower(params["charset"])
	known := media == "application/json" || c.route.mergePatch && media == mergePatchType
	if err != nil || !known || charset != "" && charset != "utf-8" {
		return &httpError{
			status: http.StatusUnsupportedMediaType, reason: reasonUnsupportedMediaType,
			detail: "send the body as UTF-8 JSON with the header Content-Type: application/json",
			header: http.Header{"Accept": {"application/json"}},
		}
	}
	return nil
}

func readBody(into *bytes.Buffer, request *http.Request) error {
	if request.ContentLength > maxBodyBytes+maxDrainBytes { // more than is read in any case
		return errBodyTooLarge()
	}
	_, err := into.ReadFrom(io.LimitReader(request.Body, maxBodyBytes+1))
	switch {
	case err != nil:
		return errBody(err)
	case into.Len() > maxBodyBytes:
		_, _ = io.CopyN(io.Discard, request.Body, maxDrainBytes)
		return errBodyTooLarge()
	}
	return nil
}

// errBody is the error of a body that could not be read to its end.
func errBody(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &httpError{
			status: http.StatusRequestTimeout, reason: reasonRequestTimeout, detail: "the body did not arrive in time",
		}
	}
	return &httpError{status: http.StatusBadRequest, reason: reasonInvalidJSON, detail: "the body broke off"}
}

func errBodyTooLarge() error {
	return &httpError{
		status: http.StatusRequestEntityTooLarge, reason: reasonBodyTooLarge,
		detail: fmt.Sprintf("the body must have at most %d bytes", maxBodyBytes),
	}
}

// decodeError says what is wrong with a body, and where, without repeating it.
func decodeError(err error) error {
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return core.Invalid(reasonDuplicateField, fieldAt(syntactic.JSONPointer, "this field appears more than once"))
		}
		return &core.Error{
			Kind: core.KindInvalid, Reason: reasonInvalidJSON,
			Detail: fmt.Sprintf("the body is not one valid UTF-8 JSON value; the fault is at byte %d", syntactic.ByteOffset),
		}
	}
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return &core.Error{Kind: core.KindInvalid, Reason: reasonInvalidJSON, Detail: "the body is not one valid UTF-8 JSON value"}
	}
	switch {
	case errors.Is(err, json.ErrUnknownName):
		return core.Invalid(reasonUnknownField, fieldAt(semantic.JSONPointer, "this request has no such field; names are case-sensitive"))
	case semantic.JSONPointer == "":
		return errNoObject()
	default:
		return wrongValue(semantic)
	}
}

func errNoObject() error {
	return core.Invalid(reasonWrongType, core.FieldError{Detail: "the body must be a JSON object"})
}

// wrongValue says what kind of value a field takes.
func wrongValue(semantic *json.SemanticError) error {
	reason, kind := reasonWrongType, "another type"
	switch t := semantic.GoType; {
	case t == nil:
	case t == reflect.TypeFor[time.Time]():
		kind = "a time like 2031-02-03T04:05:06Z (RFC 3339)"
	case t.Kind() == reflect.String:
		kind = "a string"
	case t.Kind() == reflect.Int64:
		kind = fmt.Sprintf("a whole number up to %d", int64(codes.MaxMaxRedemptions))
	case t.Kind() == reflect.Map:
		kind = "an object of strings"
	}
	if semantic.JSONKind == '0' && semantic.GoType != nil && semantic.GoType.Kind() == reflect.Int64 ||
		semantic.JSONKind == '"' && semantic.GoType == reflect.TypeFor[time.Time]() {
		reason = core.ReasonInvalidValue
	}
	return core.Invalid(reason, fieldAt(semantic.JSONPointer, "this field must be "+kind))
}

func fieldAt(pointer jsontext.Pointer, detail string) core.FieldError {
	return core.FieldError{Pointer: string(pointer), Detail: detail}
}

// optional is a field that a request may leave out or set to null.
type optional[T any] struct {
	given bool
	value *T // nil: left out or null
}

// UnmarshalJSONFrom implements [json.UnmarshalerFrom].
func (o *optional[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	o.given = true
	return json.UnmarshalDecode(d, &o.value)
}

// Schema implements [huma.SchemaProvider].
func (o optional[T]) Schema(registry huma.Registry) *huma.Schema {
	schema := *registry.Schema(reflect.TypeFor[T](), true, "")
	schema.Nullable = true
	return &schema
}

// orZero returns the value, or the zero value for none.
func (o optional[T]) orZero() (value T) {
	if o.value != nil {
		value = *o.value
	}
	return value
}

// text is a string that must not be null.
type text string

// UnmarshalJSONFrom implements [json.UnmarshalerFrom].
func (t *text) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == 'n' {
		if err := d.SkipValue(); err != nil {
			return err
		}
		return &json.SemanticError{JSONKind: 'n', GoType: reflect.TypeFor[string]()}
	}
	return json.UnmarshalDecode(d, (*string)(t))
}

func stringsOf(texts map[string]text) map[string]string {
	if len(texts) == 0 {
		return nil
	}
	all := make(map[string]string, len(texts))
	for key, value := range texts {
		all[key] = string(value)
	}
	return all
}
