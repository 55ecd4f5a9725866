package api

import (
	"cmp"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

const apiDescription = `Access codes: values that people type to register, to become premium users, or to be upgraded. Add
or generate them, validate and redeem them exactly as often as they may be, reserve a use while somebody signs up, roll a
redemption back.

* Send your API key in ` + "`X-Api-Key`" + ` with every request.
* Bodies are UTF-8 JSON of at most 64 KiB. Unknown fields, duplicate fields, wrong types and anything after the
  object are refused with 400: a misspelt ` + "`expiresAt`" + ` must never make a code that lives for ever.
* Times are RFC 3339, answered in UTC with at most microseconds.
* Every error is RFC 9457 ` + "`application/problem+json`" + ` with a ` + "`reason`" + ` that a program can switch on.
* 503 means that nothing was done: repeat the request after ` + "`Retry-After`" + ` seconds. To repeat after a lost
  connection without making a second code, send an ` + "`Idempotency-Key`" + `.
* Every answer has an ` + "`X-Request-Id`" + `: yours, if you sent one of 1 to 128 letters, digits and ` + "`-._~:/+=@`" + `.`

// openAPI writes the OpenAPI 3.1 document of the routes.
func openAPI(routes []route, version string) ([]byte, error) {
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Access Codes API", Version: version, Description: apiDescription,
			License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		},
		Servers: []*huma.Server{{URL: "/"}},
		Components: &huma.Components{
			Schemas: registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"apiKey": {Type: "apiKey", In: "header", Name: "X-Api-Key", Description: "A key from `accesscodes key create`."},
			},
		},
	}
	problemSchema := registry.Schema(reflect.TypeFor[problem](), true, "")
	for _, rt := range routes {
		if !rt.undocumented {
			doc.AddOperation(operation(rt, registry, problemSchema))
		}
	}
	return doc.MarshalJSON()
}

// schemaNames are the names of body types where they should differ from Go's.
var schemaNames = map[reflect.Type]string{
	reflect.TypeFor[addRequest]():      "AddCode",
	reflect.TypeFor[generateRequest](): "GenerateCode",
	reflect.TypeFor[generateAnswer]():  "GeneratedCode",
	reflect.TypeFor[codeFields]():      "Code",

	reflect.TypeFor[codeList]():           "CodeList",
	reflect.TypeFor[changeRequest]():      "ChangeCode",
	reflect.TypeFor[nothing]():            "Nothing",
	reflect.TypeFor[validateRequest]():    "ValidateCode",
	reflect.TypeFor[validation]():         "Validation",
	reflect.TypeFor[redeemRequest]():      "RedeemCode",
	reflect.TypeFor[reserveRequest]():     "ReserveCode",
	reflect.TypeFor[validatedCode]():      "ValidatedCode",
	reflect.TypeFor[earlierRedemption]():  "EarlierRedemption",
	reflect.TypeFor[redemptionFields]():   "Redemption",
	reflect.TypeFor[redemptionList]():     "RedemptionList",
	reflect.TypeFor[reservationFields]():  "Reservation",
	reflect.TypeFor[rollbackRequest]():    "RollBack",
	reflect.TypeFor[userFields]():         "User",
	reflect.TypeFor[userList]():           "UserList",
	reflect.TypeFor[putUserRequest]():     "PutUser",
	reflect.TypeFor[eventFields]():        "Event",
	reflect.TypeFor[eventActorFields]():   "Actor",
	reflect.TypeFor[eventSubjectFields](): "Subject",
	reflect.TypeFor[eventList]():          "EventList",
}

func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if name, ok := schemaNames[t]; ok {
		return name
	}
	return huma.DefaultSchemaNamer(t, hint)
}

func operation(rt route, registry huma.Registry, problemSchema *huma.Schema) *huma.Operation {
	op := &huma.Operation{
		Method: rt.method, Path: rt.path, OperationID: rt.id, Summary: rt.summary, Description: rt.description,
		Responses: map[string]*huma.Response{},
	}
	if rt.permission != "" {
		op.Security = []map[string][]string{{"apiKey": {}}}
		op.Description += fmt.Sprintf("\n\nRoles: %s.", strings.Join(rolesWith(rt.permission), ", "))
	}
	for _, p := range rt.parameters {
		op.Parameters = append(op.Parameters, &huma.Param{Name: p.name, In: p.in, Required: p.in == "path", Description: p.description, Schema: &p.schema})
	}
	if rt.request != nil {
		op.RequestBody = &huma.RequestBody{Required: !rt.bodyOptional, Content: jsonContent("application/json", registry.Schema(rt.request, true, ""))}
	}
	if rt.mergePatch {
		op.RequestBody.Content[mergePatchType] = op.RequestBody.Content["application/json"]
	}
	if rt.retryable {
		op.Parameters = append(op.Parameters, idempotencyKeyParam())
	}
	good := &huma.Response{
		Description: "Done",
		Headers:     map[string]*huma.Param{"X-Request-Id": textHeader("The name of this request in the server's log.")},
	}
	switch {
	case rt.retryable:
		good.Headers["Idempotent-Replayed"] = textHeader("true if an earlier request with the same Idempotency-Key did it.")
	case rt.replays:
		good.Headers["Idempotent-Replayed"] = textHeader("true if an earlier request did it.")
	}
	if rt.response == nil {
		op.Responses["204"] = good
	} else {
		good.Content = jsonContent("application/json", registry.Schema(rt.response, true, ""))
		op.Responses["200"] = good
	}
	op.Responses["default"] = &huma.Response{
		Description: "Anything else",
		Content:     jsonContent("application/problem+json", problemSchema),
	}
	for status, reasons := range failures(rt) {
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status) + ": " + strings.Join(reasons, ", "),
			Content:     jsonContent("application/problem+json", problemSchema),
			Headers:     failureHeaders(status),
		}
	}
	return op
}

func rolesWith(p core.Permission) (names []string) {
	for _, role := range tenancy.Roles() {
		if role.Allows(p) {
			names = append(names, string(role))
		}
	}
	return names
}

func jsonContent(media string, schema *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{media: {Schema: schema}}
}

func textHeader(description string) *huma.Param {
	return &huma.Param{Description: description, Schema: &huma.Schema{Type: huma.TypeString}}
}

func idempotencyKeyParam() *huma.Param {
	longest := codes.MaxIdempotencyKeyLength + 2 // with quotes
	return &huma.Param{
		Name: "Idempotency-Key", In: "header",
		Description: "1 to 255 visible ASCII characters, bare or quoted. Within a workspace the same key with the same " +
			"body gives the same code, with the header Idempotent-Replayed, for as long as the code exists, and code_deleted after " +
			"that; with another body, or on another route, it is refused.",
		Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &longest},
	}
}

// statuses of the reasons that routes name, where they are not 409.
var statuses = map[core.Reason]int{
	core.ReasonCodeAlreadyExists:   http.StatusBadRequest,
	core.ReasonCodeNotFound:        http.StatusNotFound,
	core.ReasonUserNotFound:        http.StatusNotFound,
	core.ReasonReservationNotFound: http.StatusNotFound,
	core.ReasonRedemptionNotFound:  http.StatusNotFound,
	core.ReasonStoreUnavailable:    http.StatusServiceUnavailable,
	core.ReasonPositionExpired:     http.StatusGone,
	core.ReasonOverloaded:          http.StatusServiceUnavailable,
}

// failures lists the reasons that a route may fail for, by status.
func failures(rt route) map[int][]string {
	all := map[int][]string{}
	add := func(status int, reasons ...core.Reason) {
		for _, reason := range reasons {
			if !slices.Contains(all[status], string(reason)) {
				all[status] = append(all[status], string(reason))
			}
		}
	}
	if rt.request != nil {
		add(http.StatusBadRequest, reasonInvalidJSON, reasonDuplicateField, reasonUnknownField, reasonWrongType, core.ReasonMissingField, core.ReasonInvalidValue)
		add(http.StatusRequestTimeout, reasonRequestTimeout)
		add(http.StatusRequestEntityTooLarge, reasonBodyTooLarge)
		add(http.StatusUnsupportedMediaType, reasonUnsupportedMediaType)
	}
	if rt.retryable {
		add(http.StatusBadRequest, core.ReasonInvalidIdempotencyKey)
	}
	if slices.ContainsFunc(rt.parameters, func(p parameter) bool { return p.name == "cursor" }) {
		add(http.StatusBadRequest, core.ReasonInvalidCursor)
	}
	for _, reason := range rt.reasons {
		add(cmp.Or(statuses[reason], http.StatusConflict), reason)
	}
	if rt.permission != "" {
		add(http.StatusBadRequest, core.ReasonInvalidParameter)
		add(http.StatusUnauthorized, core.ReasonInvalidAPIKey)
		add(http.StatusForbidden, core.ReasonRoleNotAllowed)
		add(http.StatusServiceUnavailable, core.ReasonStoreUnavailable, core.ReasonOverloaded)
		add(http.StatusInternalServerError, core.ReasonInternal, core.ReasonOutcomeUnknown)
	}
	return all
}

func failureHeaders(status int) map[string]*huma.Param {
	headers := map[string]*huma.Param{"X-Request-Id": textHeader("The name of this request in the server's log.")}
	switch status {
	case http.StatusUnauthorized:
		headers["WWW-Authenticate"] = textHeader("The scheme, ApiKey.")
	case http.StatusServiceUnavailable:
		headers["Retry-After"] = textHeader("Seconds to wait at least.")
	}
	return headers
}
