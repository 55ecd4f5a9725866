package kit

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"accesscodes/internal/core"
)

// MaxBodyBytes is the largest request body, unless the route says otherwise.
const MaxBodyBytes = 64 << 10

// maxDrainBytes is how much of a body that is too large is read and thrown away, so
// that a caller who is still sending sees the answer instead of a broken connection.
const maxDrainBytes = 4 << 20

// strict: unknown names are refused, because a misspelt expiresAt must never make a
// code that lives for ever. Duplicate names, invalid UTF-8 and anything after the
// value are refused by default.
var strict = json.JoinOptions(json.RejectUnknownMembers(true))

// maxInteger is the greatest whole number that every reader of JSON keeps (RFC 8259 §6).
const maxInteger = 1<<53 - 1

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Decode is [Call.Read] for requests of which nothing else can be wrong, or nothing that can be told
// without the database.
func (c *Call) Decode(v any) error {
	wrong, err := c.Read(v)
	if err != nil {
		return err
	}
	return wrong.Err()
}

// Read reads the request's JSON body into v, which must point to the type that the route says. It
// keeps nothing of the buffer. A body that the route does not insist on may be left out, with its
// media type. wrong are the fields that could not be read, and those with the tag required:"true"
// that are not there. They are without a value then.
func (c *Call) Read(v any) (wrong core.FieldErrors, err error) {
	into := reflect.ValueOf(v).Elem()
	if into.Type() != c.route.Request.goType {
		return wrong, fmt.Errorf("%s %s takes %v, not %s",
			c.route.Method, c.route.Path, c.route.Request.goType, into.Type())
	}
	if err := c.readJSON(v, &wrong); err != nil {
		return wrong, err
	}
	checkRequired(into, c.route.fields, &wrong)
	return wrong, nil
}

func (c *Call) readJSON(v any, wrong *core.FieldErrors) error {
	body := bodies.Get().(*bytes.Buffer)
	defer func() {
		if body.Cap() <= 2*MaxBodyBytes { // one that is much larger would stay so
			bodies.Put(body)
		}
	}()
	body.Reset()
	if !c.route.BodyOptional {
		if err := c.checkMediaType(); err != nil {
			return err
		}
	}
	if err := readBody(body, c.Request, c.route.maxBody()); err != nil {
		return err
	}
	if c.route.BodyOptional {
		if body.Len() == 0 {
			return nil
		}
		if err := c.checkMediaType(); err != nil {
			return err
		}
	}
	return c.route.decode(body.Bytes(), v, wrong)
}

func (rt *Route) decode(body []byte, v any, wrong *core.FieldErrors) error {
	switch string(bytes.TrimSpace(body)) {
	case "":
		return &core.Error{Kind: core.KindInvalid, Reason: ReasonInvalidJSON, Detail: "the body is empty; send a JSON object"}
	case "null": // which any type takes for its zero value
		return errNoObject()
	}
	err := json.Unmarshal(body, v, strict)
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if !ok || semantic.JSONPointer == "" {
		return decodeError(err)
	}
	var members map[string]jsontext.Value
	switch broken := json.Unmarshal(body, &members); {
	case broken == nil:
		return rt.decodeApart(members, reflect.ValueOf(v).Elem(), wrong)
	case errors.Is(err, json.ErrUnknownName):
		name := semantic.JSONPointer.LastToken()
		return core.Invalid(ReasonUnknownField, fieldAt(semantic.JSONPointer, rt.unknownField(name)))
	default:
		return decodeError(broken)
	}
}

// decodeApart reads each field by itself, so that all those that cannot be read are named at once: the
// decoder gives up at the first one.
func (rt *Route) decodeApart(
	members map[string]jsontext.Value, into reflect.Value, wrong *core.FieldErrors,
) error {
	if err := rt.checkNames(members); err != nil {
		return err
	}
	into.SetZero()
	for _, f := range rt.fields {
		value, given := members[f.name]
		if !given {
			continue
		}
		field := into.FieldByIndex(f.index)
		err := json.Unmarshal(value, field.Addr().Interface(), strict)
		if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
			field.SetZero() // it may have been read in part
			reason, detail := wrongValue(semantic)
			if errors.Is(err, json.ErrUnknownName) {
				reason, detail = ReasonUnknownField, rt.unknownWithin(semantic.JSONPointer.LastToken())
			}
			wrong.AddUnread(reason, "/"+f.name, "/"+f.name+string(semantic.JSONPointer), core.InEnglish("%s", detail))
		} else if err != nil {
			return decodeError(err)
		}
	}
	return nil
}

// checkNames refuses fields that the route does not take.
func (rt *Route) checkNames(members map[string]jsontext.Value) error {
	var unknown core.FieldErrors
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.ContainsFunc(rt.fields, func(f requestField) bool { return f.name == name }) {
			unknown.Add(ReasonUnknownField, "/"+core.EscapePointer(name), core.InEnglish("%s", rt.unknownField(name)))
		}
	}
	return unknown.Err()
}

// mergePatchType is the media type of RFC 7396.
const mergePatchType = "application/merge-patch+json"

func (c *Call) checkMediaType() error {
	header := c.Request.Header.Get("Content-Type")
	encoding := c.Request.Header.Get("Content-Encoding")
	if header == "application/json" && encoding == "" { // nearly every request
		return nil
	}
	if encoding != "" && encoding != "identity" {
		return &httpError{
			reason: ReasonUnsupportedMediaType,
			detail: "send the body as it is, without Content-Encoding",
			header: http.Header{"Accept-Encoding": {"identity"}}, // RFC 9110 §12.5.3
		}
	}
	media, params, err := mime.ParseMediaType(header)
	charset := strings.ToLower(params["charset"])
	known := media == "application/json" || c.route.MergePatch && media == mergePatchType
	if err != nil || !known || charset != "" && charset != "utf-8" {
		return &httpError{
			reason: ReasonUnsupportedMediaType,
			detail: "send the body as UTF-8 JSON with the header Content-Type: application/json",
			header: http.Header{"Accept": {"application/json"}},
		}
	}
	return nil
}

// maxBody is the largest body of the route.
func (rt *Route) maxBody() int { return cmp.Or(rt.MaxBody, MaxBodyBytes) }

func readBody(into *bytes.Buffer, request *http.Request, limit int) error {
	if request.ContentLength > int64(limit)+maxDrainBytes { // more than is read in any case
		return errBodyTooLarge(limit)
	}
	_, err := into.ReadFrom(io.LimitReader(request.Body, int64(limit)+1))
	switch {
	case err != nil:
		return BodyError(err)
	case into.Len() > limit:
		_, _ = io.CopyN(io.Discard, request.Body, maxDrainBytes)
		return errBodyTooLarge(limit)
	}
	return nil
}

// BodyError is the error of a body that could not be read to its end.
func BodyError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &httpError{
			reason: ReasonRequestTimeout, detail: "the body did not arrive in time",
		}
	}
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errBodyTooLarge(int(large.Limit))
	}
	return &httpError{reason: ReasonInvalidJSON, detail: "the body broke off"}
}

func errBodyTooLarge(limit int) error {
	return &httpError{
		reason: ReasonBodyTooLarge,
		detail: fmt.Sprintf("the body must have at most %d bytes", limit),
	}
}

// decodeError says what is wrong with a body, and where, without repeating it; nil for no error.
func decodeError(err error) error {
	if err == nil {
		return nil
	}
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return core.Invalid(ReasonDuplicateField, fieldAt(syntactic.JSONPointer, "this field appears more than once"))
		}
		return &core.Error{
			Kind: core.KindInvalid, Reason: ReasonInvalidJSON,
			Detail: fmt.Sprintf("the body is not one valid UTF-8 JSON value; the fault is at byte %d", syntactic.ByteOffset),
		}
	}
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return &core.Error{
			Kind: core.KindInvalid, Reason: ReasonInvalidJSON, Detail: "the body is not one valid UTF-8 JSON value",
		}
	}
	if semantic.JSONPointer == "" {
		return errNoObject()
	}
	reason, detail := wrongValue(semantic)
	return core.Invalid(reason, fieldAt(semantic.JSONPointer, detail))
}

func errNoObject() error {
	return core.Invalid(ReasonWrongType, core.InEnglish("the body must be a JSON object").At(""))
}

// wrongValue says what kind of value a field takes.
func wrongValue(semantic *json.SemanticError) (core.Reason, string) {
	reason, kind := ReasonWrongType, "another type"
	switch t := semantic.GoType; {
	case t == nil:
	case t == reflect.TypeFor[time.Time]():
		kind = "a time like 2031-02-03T04:05:06Z (RFC 3339)"
	case t.Kind() == reflect.Bool:
		kind = "true or false"
	case t.Kind() == reflect.String:
		kind = "a string"
	case t.Kind() == reflect.Int64:
		kind = fmt.Sprintf("a whole number up to %d, without a point and an exponent: 1, not 1.0", int64(maxInteger))
	case t.Kind() == reflect.Map:
		kind = "an object of strings"
	}
	if semantic.JSONKind == '0' && semantic.GoType != nil && semantic.GoType.Kind() == reflect.Int64 ||
		semantic.JSONKind == '"' && semantic.GoType == reflect.TypeFor[time.Time]() {
		reason = core.ReasonInvalidValue
	}
	return reason, "this field must be " + kind
}

func fieldAt(pointer jsontext.Pointer, detail string) core.FieldError {
	return core.InEnglish("%s", detail).At(string(pointer))
}
