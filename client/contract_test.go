package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/client"
)

// The client is held to the OpenAPI document of a running server: each operation has its method, and
// what the methods send and understand is what the document says, no more and no less. Arguments and
// answers are made up, with every field there is.

// document is the part of /openapi.json that is looked at.
type document struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	ID         string `json:"operationId"`
	Parameters []struct {
		Name string `json:"name"`
		In   string `json:"in"`
	} `json:"parameters"`
	RequestBody *struct {
		Content content `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Content content `json:"content"`
	} `json:"responses"`

	method, path string
}

type content map[string]struct {
	Schema schema `json:"schema"`
}

type schema struct {
	Ref                  string            `json:"$ref"`
	Type                 any               `json:"type"`
	Format               string            `json:"format"`
	Enum                 []string          `json:"enum"`
	Items                *schema           `json:"items"`
	Properties           map[string]schema `json:"properties"`
	Required             []string          `json:"required"`
	AdditionalProperties any               `json:"additionalProperties"`
}

func readDocument(t *testing.T) document {
	t.Helper()
	response, err := http.Get(newServer(t).url + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	var d document
	if err := json.NewDecoder(response.Body).Decode(&d); err != nil {
		t.Fatal(err)
	}
	return d
}

// operations are the document's operations by the names that their methods must have.
func (d document) operations() map[string]operation {
	all := map[string]operation{}
	for path, methods := range d.Paths {
		for method, op := range methods {
			op.method, op.path = strings.ToUpper(method), path
			all[strings.ToUpper(op.ID[:1])+op.ID[1:]] = op
		}
	}
	return all
}

// kind is how much of an answer there is.
type kind int

const (
	whole  kind = iota
	nulls       // null where that is allowed
	scanty      // only what must be there
)

// answer makes up a value of a schema.
func (d document) answer(s schema, k kind) any {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return d.answer(d.Components.Schemas[name], k)
	}
	name, nullable := typeOf(s)
	if nullable && k == nulls {
		return nil
	}
	switch name {
	case "string":
		if s.Format == "date-time" {
			return "2031-02-03T04:05:06.789012Z"
		}
		return slices.Concat(s.Enum, []string{"text"})[0]
	case "integer":
		return 9007199254740991.0
	case "boolean":
		return true
	case "array":
		return []any{d.answer(*s.Items, k)}
	}
	object := map[string]any{}
	if s.AdditionalProperties != false {
		object["name"] = "value"
	}
	for name, property := range s.Properties {
		if k != scanty || slices.Contains(s.Required, name) {
			object[name] = d.answer(property, k)
		}
	}
	return object
}

func typeOf(s schema) (name string, nullable bool) {
	switch of := s.Type.(type) {
	case string:
		return of, false
	case []any:
		return of[0].(string), slices.Contains(of, any("null"))
	default:
		return "", false
	}
}

// recorded is what a method sent.
type recorded struct {
	request   *http.Request
	body      map[string]any
	operation string
}

// invoke calls a method with made-up arguments and this answer.
func invoke(t *testing.T, name string, status int, answer any) (sent recorded, result any, err error) {
	t.Helper()
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		sent.request = r
		if r.Body != nil {
			if err := json.NewDecoder(r.Body).Decode(&sent.body); err != nil {
				t.Errorf("%s sends no JSON object: %v", name, err)
			}
		}
		mediaType := "application/json"
		if status >= 400 {
			mediaType = "application/problem+json"
		}
		return &http.Response{
			StatusCode: status, Body: io.NopCloser(strings.NewReader(string(text))),
			Header: http.Header{"Content-Type": {mediaType}},
		}, nil
	})
	c := newClient(t, "http://codes.example.org/below", "ack_key", client.WithRetries(0),
		client.WithHTTPClient(&http.Client{Transport: transport}),
		client.WithObserver(func(a client.Attempt) { sent.operation = a.Operation }))
	method := reflect.ValueOf(c).MethodByName(name)
	arguments := []reflect.Value{reflect.ValueOf(t.Context())}
	for i := 1; i < method.Type().NumIn(); i++ {
		argument := reflect.New(method.Type().In(i)).Elem()
		fillIn(t, argument)
		arguments = append(arguments, argument)
	}
	results := method.Call(arguments)
	err, _ = results[len(results)-1].Interface().(error)
	if len(results) == 2 {
		result = results[0].Interface()
	}
	return sent, result, err
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// fillIn gives every field of an argument a value.
func fillIn(t *testing.T, v reflect.Value) {
	t.Helper()
	switch into := v.Addr().Interface().(type) {
	case *time.Time:
		*into = time.Date(2031, 2, 3, 4, 5, 6, 789_012_000, time.UTC)
		return
	case *client.Field[int64]:
		*into = client.Set[int64](7)
		return
	case *client.Field[time.Time]:
		*into = client.Null[time.Time]()
		return
	case *client.Field[string]:
		*into = client.Set("text 1")
		return
	case *client.Field[map[string]*string]:
		*into = client.Set(map[string]*string{"name": nil})
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("text 1")
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(11 * time.Second))
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"name": "value"}))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fillIn(t, v.Index(i))
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			fillIn(t, field)
		}
	default:
		t.Fatalf("no value of the type %v is known", v.Type())
	}
}

// besides are the methods that are no operations by themselves.
var besides = []string{"CloseIdleConnections", "Codes", "Events", "Redemptions", "Users"}

func TestEachOperationIsAMethod(t *testing.T) {
	operations := slices.Sorted(maps.Keys(readDocument(t).operations()))
	var methods []string
	for method := range reflect.TypeFor[*client.Client]().Methods() {
		methods = append(methods, method.Name)
	}
	want := append(operations, besides...)
	slices.Sort(want)
	if diff := cmp.Diff(want, methods); diff != "" || len(operations) < 20 {
		t.Errorf("methods (-operations +client):\n%s", diff)
	}
}

// inPath is a parameter in a path.
var inPath = regexp.MustCompile(`\{\w+\}`)

func TestEachMethodSendsWhatItsOperationTakes(t *testing.T) {
	d := readDocument(t)
	for name, op := range d.operations() {
		status, answer := goodAnswer(t, d, op, whole)
		sent, _, err := invoke(t, name, status, answer)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if sent.operation != op.ID {
			t.Errorf("%s is told as %s", name, sent.operation)
		}
		path := "/below" + inPath.ReplaceAllString(op.path, "text%201")
		if got := sent.request.URL.EscapedPath(); sent.request.Method != op.method || got != path {
			t.Errorf("%s: %s %s, want %s %s", name, sent.request.Method, got, op.method, path)
		}
		if diff := cmp.Diff(parametersOf(op), parametersIn(sent.request)); diff != "" {
			t.Errorf("%s: parameters (-document +client):\n%s", name, diff)
		}
		var fields []string
		if op.RequestBody != nil {
			media, taken := op.RequestBody.Content[sent.request.Header.Get("Content-Type")]
			if !taken {
				media = op.RequestBody.Content["application/json"]
			}
			fields = slices.Sorted(maps.Keys(d.resolved(media.Schema).Properties))
			if !taken && len(fields) > 0 {
				t.Errorf("%s: media type %q", name, sent.request.Header.Get("Content-Type"))
			}
		}
		if diff := cmp.Diff(fields, slices.Sorted(maps.Keys(sent.body))); diff != "" {
			t.Errorf("%s: fields of the body (-document +client):\n%s", name, diff)
		}
	}
}

func (d document) resolved(s schema) schema {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return d.Components.Schemas[name]
	}
	return s
}

// goodAnswer makes up the answer of an operation that succeeds; nil: it has no body.
func goodAnswer(t *testing.T, d document, op operation, k kind) (status int, answer any) {
	t.Helper()
	for text, response := range op.Responses {
		if _, err := fmt.Sscan(text, &status); err == nil && status < 300 {
			if media, ok := response.Content["application/json"]; ok {
				answer = d.answer(media.Schema, k)
			}
			return status, answer
		}
	}
	t.Fatalf("%s has no good answer", op.ID)
	return 0, nil
}

func parametersOf(op operation) []string {
	names := []string{}
	for _, p := range op.Parameters {
		if p.In != "path" {
			names = append(names, p.In+" "+p.Name)
		}
	}
	slices.Sort(names)
	return names
}

func parametersIn(r *http.Request) []string {
	names := []string{}
	for name := range r.URL.Query() {
		names = append(names, "query "+name)
	}
	if r.Header.Get("Idempotency-Key") != "" {
		names = append(names, "header Idempotency-Key")
	}
	slices.Sort(names)
	return names
}

func TestEachMethodUnderstandsTheWholeAnswer(t *testing.T) {
	d := readDocument(t)
	for name, op := range d.operations() {
		for _, k := range []kind{whole, nulls, scanty} {
			status, answer := goodAnswer(t, d, op, k)
			_, result, err := invoke(t, name, status, answer)
			if err != nil {
				t.Errorf("%s of %v: %v", name, answer, err)
				continue
			}
			if answer == nil || k != whole {
				continue
			}
			text, err := json.Marshal(result)
			if err != nil {
				t.Fatal(err)
			}
			var understood any
			if err := json.Unmarshal(text, &understood); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(answer, understood); diff != "" {
				t.Errorf("%s (-document +client):\n%s", name, diff)
			}
		}
	}
}

func TestAnErrorHoldsTheWholeProblem(t *testing.T) {
	d := readDocument(t)
	problem := d.answer(d.Components.Schemas["Problem"], whole)
	_, _, err := invoke(t, "RedeemCode", http.StatusConflict, problem)
	want := map[string]any{
		"type": "text", "title": "text", "status": 9007199254740991.0, // said by Reason and by HTTP
		"detail": "text", "reason": "text", "requestId": "text", "oldest": 9007199254740991.0,
		"errors": []any{map[string]any{"pointer": "text", "detail": "text"}},
	}
	if diff := cmp.Diff(want, problem); diff != "" {
		t.Errorf("problems have other fields now: give them a place in Error and here:\n%s", diff)
	}
	var got *client.Error
	if !asError(err, &got) {
		t.Fatal(err)
	}
	if got.Operation != "redeemCode" || got.Status != 409 || got.Detail != "text" || got.Reason != "text" ||
		got.RequestID != "text" || *got.Oldest != 9007199254740991 ||
		!slices.Equal(got.Fields, []client.FieldError{{Pointer: "text", Detail: "text"}}) {
		t.Errorf("%+v", got)
	}
}

// TestAddressesAndKeysThatCannotBe: they are refused when a client is made, without being repeated.
func TestAddressesAndKeysThatCannotBe(t *testing.T) {
	for _, address := range []string{
		"", "codes.example.org", "127.0.0.1:8080", "ftp://secret.example.org", "http://", "http://secret:word@host",
		"http://host?secret", "http://host/#secret", "http://secret\x7f",
	} {
		if _, err := client.New(address, ""); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", address, err)
		}
	}
	if _, err := client.New("http://host", "ack_secret\n"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a key with a line break: %v", err)
	}
	for name, option := range map[string]client.Option{
		"no HTTP client": client.WithHTTPClient(nil), "no observer": client.WithObserver(nil),
		"less than no retries": client.WithRetries(-1), "less than no time": client.WithTimeout(-1),
		"a user agent of two lines": client.WithUserAgent("a\nb"),
	} {
		if _, err := client.New("http://host", "", option); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// TestWhatIsRefusedBeforeItIsSent would name something else on its way.
func TestWhatIsRefusedBeforeItIsSent(t *testing.T) {
	c := newClient(t, "http://host", "", client.WithHTTPClient(&http.Client{
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			t.Errorf("%s was sent", r.URL)
			return nil, context.Canceled
		}),
	}))
	broken := "user\xff"
	for name, do := range map[string]func(context.Context) error{
		"no code": func(ctx context.Context) error { return c.DeleteCode(ctx, "") },
		"no user": func(ctx context.Context) error { return c.EraseUser(ctx, "") },
		"broken text": func(ctx context.Context) error {
			_, err := c.RedeemCode(ctx, client.RedeemCodeRequest{UserID: broken})
			return err
		},
		"broken text in a field": func(ctx context.Context) error {
			_, err := c.ChangeCode(ctx, "X", client.ChangeCodeRequest{Note: client.Set(broken)})
			return err
		},
		"broken text in metadata": func(ctx context.Context) error {
			_, err := c.AddCode(ctx, client.AddCodeRequest{Metadata: map[string]string{broken: ""}})
			return err
		},
		"a key of two lines": func(ctx context.Context) error {
			_, err := c.GenerateCode(ctx, client.GenerateCodeRequest{IdempotencyKey: "a\nb"})
			return err
		},
	} {
		if err := do(t.Context()); err == nil || client.OutcomeUnknown(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPathsAreEscaped(t *testing.T) {
	for code, want := range map[string]string{
		"a/b": "/tenant-codes/a%2Fb", "50%": "/tenant-codes/50%25", "a?b#c": "/tenant-codes/a%3Fb%23c",
		"..": "/tenant-codes/%2E%2E", ".": "/tenant-codes/%2E", "add": "/tenant-codes/ADD", "é": "/tenant-codes/%C3%A9",
	} {
		var got *url.URL
		c := newClient(t, "http://host/", "", client.WithHTTPClient(&http.Client{
			Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				got = r.URL
				return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody}, nil
			}),
		}))
		if err := c.DeleteCode(t.Context(), code); err != nil || got.EscapedPath() != want {
			t.Errorf("%q: %v, %v; want %s", code, got, err, want)
		}
	}
}
