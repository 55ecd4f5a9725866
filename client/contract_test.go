package client_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
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

// recorded is what a method sent.
type recorded struct {
	request   *http.Request
	body      map[string]any
	operation string
}

// invoke calls a method with made-up arguments and this answer.
func invoke(t *testing.T, name string, a answer) (sent recorded, result any, err error) {
	t.Helper()
	text := a.encoded(t)
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		sent.request = r
		if r.Body != nil && r.Header.Get("Content-Type") == "application/json" {
			if err := json.NewDecoder(r.Body).Decode(&sent.body); err != nil {
				t.Errorf("%s sends no JSON object: %v", name, err)
			}
		}
		return &http.Response{
			StatusCode: a.status, Body: io.NopCloser(strings.NewReader(text)),
			Header: http.Header{"Content-Type": {a.mediaType}},
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
	case *io.Reader:
		*into = strings.NewReader("a file\n")
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
	case *client.Field[bool]:
		*into = client.Set(true)
		return
	case *client.Field[[]client.EventType]:
		*into = client.Set([]client.EventType{"text 1"})
		return
	case *client.Field[map[string]*string]:
		*into = client.Set(map[string]*string{"name": nil})
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
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
var besides = []string{
	"BatchCodes", "Batches", "Changes", "CloseIdleConnections", "Codes", "Consume", "Events",
	"FollowBatch", "FollowChange", "FollowImport", "Imports", "PreviewChange", "Redemptions", "Users", "WebhookDeliveries",
}

// methodFor returns the method that gets an answer of an operation: a dry run has a method of its own.
func methodFor(name string, a answer) string {
	if name == "CreateChange" && a.status == http.StatusOK {
		return "PreviewChange"
	}
	return name
}

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
		answers := slices.DeleteFunc(d.goodAnswers(t, op, whole), func(a answer) bool { return methodFor(name, a) != name })
		sent, _, err := invoke(t, name, answers[0])
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
			if name == "CreateChange" {
				fields = slices.DeleteFunc(fields, func(field string) bool { return field == "dryRun" }) // PreviewChange sends it
			}
			if !taken && len(fields) > 0 {
				t.Errorf("%s: media type %q", name, sent.request.Header.Get("Content-Type"))
			}
		}
		if diff := cmp.Diff(fields, slices.Sorted(maps.Keys(sent.body))); diff != "" {
			t.Errorf("%s: fields of the body (-document +client):\n%s", name, diff)
		}
	}
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
	files := 0
	for name, op := range d.operations() {
		for _, k := range []kind{whole, nulls, scanty} {
			for _, a := range d.goodAnswers(t, op, k) {
				_, result, err := invoke(t, methodFor(name, a), a)
				switch {
				case err != nil:
					t.Errorf("%s of %v: %v", name, a, err)
				case a.isFile():
					files++
					checkFile(t, name, a, result)
				case a.body != nil && k == whole:
					checkWhole(t, name, a, result)
				}
			}
		}
	}
	if files == 0 {
		t.Error("no operation answers with a file")
	}
}

// checkWhole holds a result to the JSON that it was made of.
func checkWhole(t *testing.T, name string, a answer, result any) {
	t.Helper()
	text, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	var understood any
	if err := json.Unmarshal(text, &understood); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a.body, understood); diff != "" {
		t.Errorf("%s (-document +client):\n%s", name, diff)
	}
}

// checkFile holds a result to the file that it was made of.
func checkFile(t *testing.T, name string, a answer, result any) {
	t.Helper()
	file, ok := result.(*client.Download)
	if !ok {
		t.Errorf("%s of a file returns a %T", name, result)
		return
	}
	text, err := io.ReadAll(file)
	if err != nil || string(text) != a.body || file.ContentType != a.mediaType {
		t.Errorf("%s of a file of %s: %q of %s, %v", name, a.mediaType, text, file.ContentType, err)
	}
	if err := file.Close(); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// TestEachFormatIsAConstant: of files, in all operations together.
func TestEachFormatIsAConstant(t *testing.T) {
	formats := map[string]bool{}
	for _, op := range readDocument(t).operations() {
		for _, p := range op.Parameters {
			for _, format := range p.Schema.Enum {
				formats[format] = formats[format] || p.Name == "format"
			}
		}
	}
	maps.DeleteFunc(formats, func(_ string, of bool) bool { return !of })
	if diff := cmp.Diff(slices.Sorted(maps.Keys(formats)), constantsOf(t, "exports.go", "ExportFormat")); diff != "" {
		t.Errorf("formats (-document +client):\n%s", diff)
	}
}

func TestAnErrorHoldsTheWholeProblem(t *testing.T) {
	d := readDocument(t)
	problem := d.answer(d.Components.Schemas["Problem"], whole)
	_, _, err := invoke(t, "RedeemCode", answer{http.StatusConflict, "application/problem+json", problem})
	want := map[string]any{
		"type": "text", "title": "text", "status": 9007199254740991.0, // said by Reason and by HTTP
		"detail": "text", "reason": "text", "requestId": "text", "oldest": 9007199254740991.0,
		"importId": "text",
		"errors":   []any{map[string]any{"pointer": "text", "detail": "text"}},
	}
	if diff := cmp.Diff(want, problem); diff != "" {
		t.Errorf("problems have other fields now: give them a place in Error and here:\n%s", diff)
	}
	var got *client.Error
	if !asError(err, &got) {
		t.Fatal(err)
	}
	if got.Operation != "redeemCode" || got.Status != 409 || got.Detail != "text" || got.Reason != "text" ||
		got.RequestID != "text" || *got.Oldest != 9007199254740991 || got.ImportID != "text" ||
		!slices.Equal(got.Fields, []client.FieldError{{Pointer: "text", Detail: "text"}}) {
		t.Errorf("%+v", got)
	}
}
