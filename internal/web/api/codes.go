package api

import (
	"context"
	"fmt"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// answerCode answers with a code.
func answerCode(c *kit.Call, code *codes.Code, status codes.Status) error {
	return answerObject(c, func(o *jsonObject) { o.code(&shownCode{code: code, status: status}) })
}

// idempotencyKey returns the header as it was sent, or nothing if it was not. A header
// that is there and empty is a mistake that must not make a request unrepeatable.
func idempotencyKey(c *kit.Call) (string, error) {
	sent := c.Request.Header["Idempotency-Key"]
	switch {
	case len(sent) == 0:
		return "", nil
	case len(sent) > 1 || sent[0] == "":
		return "", codes.InvalidIdempotencyKey()
	default:
		return sent[0], nil
	}
}

// The requests for new codes.
var (
	generateRequest = withOptions(newOptions, typeMember)
	addRequest      = withOptions(newOptions,
		member("code", reflect.TypeFor[kit.Optional[string]](), fmt.Sprintf(
			`required:"true" nullable:"false" minLength:"1" maxLength:"%d" doc:%q example:"WELCOME2031"`,
			core.MaxCodeLength,
			"The value that people type. It is trimmed of outer white space; compared with others, case, spaces, "+
				"dashes and what cannot be seen do not count. No control, invisible or blank-looking characters, "+
				"but joined emoji are fine; not . or .. alone.")),
		typeMember)

	typeMember = member("type", reflect.TypeFor[kit.Optional[string]](), fmt.Sprintf(
		`required:"true" nullable:"false" enum:%q doc:%q`, commas(codes.Types()),
		"Normal registers a user, Premium registers a premium user, Upgrade makes a registered user premium."))
)

func newOptions(o *codes.Option) (doc string, into any) { return o.Doc, o.Of(new(codes.Options)) }

// issueRequest reads the request for a new code into body, which points to its type: the code's type
// at an index, and the options behind it.
func issueRequest(c *kit.Call, body reflect.Value, typeIndex int) (req codes.IssueRequest, err error) {
	if req.Unread, err = c.Read(body.Interface()); err != nil {
		return req, err
	}
	req.Type = codes.Type(textIn(body.Elem(), typeIndex))
	readOptions(body.Elem(), typeIndex+1, func(o *codes.Option) any { return o.Of(&req.Options) })
	req.IdempotencyKey, err = idempotencyKey(c)
	return req, err
}

// addCode answers POST /tenant-codes/add.
func (s *server) addCode(ctx context.Context, c *kit.Call) error {
	body := reflect.New(addRequest)
	req, err := issueRequest(c, body, 1)
	if err != nil {
		return err
	}
	issued, err := s.service.AddCode(ctx, &c.Actor, textIn(body.Elem(), 0), req)
	if err != nil {
		return err
	}
	c.MarkReplayed(issued.Replayed)
	return answerCode(c, &issued.Code, issued.Code.StatusAt(issued.Code.CreatedAt))
}

type generateAnswer struct {
	Code string `json:"code" example:"ACME-7KQW-M2XN"`
}

// TransformSchema implements [huma.SchemaTransformer].
func (generateAnswer) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	return kit.Describe(schema, map[string]string{
		"code": "The workspace's prefix, then random groups of A–Z and 2–9 without I and O.",
	})
}

// generateCode answers POST /tenant-codes/generate.
func (s *server) generateCode(ctx context.Context, c *kit.Call) error {
	body := reflect.New(generateRequest)
	req, err := issueRequest(c, body, 0)
	if err != nil {
		return err
	}
	issued, err := s.service.GenerateCode(ctx, &c.Actor, req)
	if err != nil {
		return err
	}
	c.MarkReplayed(issued.Replayed)
	return answerObject(c, func(o *jsonObject) {
		o.open()
		o.string("code", issued.Code.Value)
		o.close()
	})
}

// issuingRoutes are the routes that make codes.
func (s *server) issuingRoutes() []kit.Route {
	return []kit.Route{
		{
			Method: "POST", Path: "/tenant-codes/add", Permission: core.PermissionIssue,
			Endpoint: s.addCode, Tag: tagIssuing,
			ID: "addCode", Summary: "Add a code with a value that you choose",
			Description: "The value must be unique over all workspaces of the installation, whatever its case, " +
				"spaces and dashes.",
			Parameters: []kit.Parameter{codeKeyParameter()},
			Request:    kit.JSONOf(addRequest, "AddCode"), Response: kit.JSON[shownCode]("Code"),
			Replays: true,
			Reasons: append(retrying(), core.ReasonCodeAlreadyExists),
		},
		{
			Method: "POST", Path: "/tenant-codes/generate", Permission: core.PermissionIssue,
			Endpoint: s.generateCode, Tag: tagIssuing,
			ID: "generateCode", Summary: "Generate a unique random code",
			Description: "The value has the workspace's prefix and format. It is unique over all workspaces of " +
				"the installation.",
			Parameters: []kit.Parameter{codeKeyParameter()},
			Request:    kit.JSONOf(generateRequest, "GenerateCode"),
			NotTaken: map[string]string{
				"code": "a generated code has a random value; to choose it, use POST /tenant-codes/add",
			},
			Response: kit.JSON[generateAnswer]("GeneratedCode"),
			Replays:  true,
			Reasons:  append(retrying(), core.ReasonCodeSpaceExhausted),
		},
	}
}

// retrying are the reasons for which an Idempotency-Key does not lead to a code.
func retrying() []core.Reason {
	return []core.Reason{
		core.ReasonInvalidIdempotencyKey, core.ReasonIdempotencyKeyReused, core.ReasonCodeDeleted,
	}
}

// idempotencyKeyParameter is the header of a route; means goes on behind "the same key with the same".
func idempotencyKeyParameter(means string) kit.Parameter {
	return kit.InHeader("Idempotency-Key",
		"1 to 255 visible ASCII characters, bare or quoted. Within a workspace the same key with the same "+means,
		codes.MaxIdempotencyKeyLength+2) // with quotes
}

func codeKeyParameter() kit.Parameter {
	return idempotencyKeyParameter("body gives the same code, with the header Idempotent-Replayed, for as long as the " +
		"code exists, and code_deleted after that; with another body, or on another route, it is refused.")
}

// jobKeyParameter is that of routes whose answer is a job: a batch or a change.
func jobKeyParameter(noun string) kit.Parameter {
	return idempotencyKeyParameter("body gives the same " + noun +
		", with the header Idempotent-Replayed; with another body it is refused.")
}
