package httpapi

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/access"
)

// decoded reads a body as a route does and returns its fields by name: what the decoder
// makes of JSON, null for what was left out.
func decoded(path string, body []byte) (map[string]any, error) {
	c := &call{request: &http.Request{
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)),
	}}
	var add addRequest
	var err error
	if path == addPath {
		if err = decode(c, &add); err == nil {
			err = required(requiredField{"code", add.Code.value}, requiredField{"type", add.Type.value})
		}
	} else {
		var generate generateRequest
		if err = decode(c, &generate); err == nil {
			err = required(requiredField{"type", generate.Type.value})
		}
		add.IssueFields = generate.IssueFields
	}
	if err != nil {
		return nil, err
	}
	fields := map[string]any{
		"code": pointed(add.Code.value), "type": pointed(add.Type.value), "maxRedemptions": pointed(add.MaxRedemptions.value),
		"startsAt": pointed(add.StartsAt.value), "expiresAt": pointed(add.ExpiresAt.value),
		"note": pointed(add.Note.value), "recipient": pointed(add.Recipient.value), "metadata": nil,
	}
	if metadata := stringsOf(add.Metadata.orZero()); metadata != nil {
		fields["metadata"] = metadata
	}
	return fields, nil
}

// pointed is what a pointer points to, or nil.
func pointed[T any](value *T) any {
	if value == nil {
		return nil
	}
	return *value
}

// FuzzDecode holds the decoder to its rules with a reading of the body that shares no
// code with it.
func FuzzDecode(f *testing.F) {
	for _, refusals := range [][]refusal{malformed, wrongTypes, invalid, invalidCodes} {
		for _, test := range refusals {
			for _, path := range []string{addPath, generatePath} {
				body, _ := test.on(path)
				f.Add([]byte(body), path == addPath)
			}
		}
	}
	for _, test := range accepted {
		body, _ := refusal{body: test.body}.on(addPath)
		f.Add([]byte(body), true)
	}
	f.Fuzz(func(t *testing.T, body []byte, add bool) {
		path := generatePath
		if add {
			path = addPath
		}
		fields, err := decoded(path, body)
		if err != nil {
			checkRefusal(t, body, err)
			return
		}
		plain := checkAccepted(t, path, body)
		if diff := cmp.Diff(plain, fields); diff != "" {
			t.Fatalf("%q (-what it says +what was decoded):\n%s", body, diff)
		}
		again, err := json.Marshal(given(fields))
		if err != nil {
			t.Fatalf("%q decoded to %v, which cannot be encoded: %v", body, fields, err)
		}
		refields, err := decoded(path, again)
		if diff := cmp.Diff(fields, refields); err != nil || diff != "" {
			t.Fatalf("%q became %q: %v\n%s", body, again, err, diff)
		}
	})
}

// given leaves out what is null: generate has no field code.
func given(fields map[string]any) map[string]any {
	some := map[string]any{}
	for name, value := range fields {
		if value != nil {
			some[name] = value
		}
	}
	return some
}

// checkRefusal: a bad body is a 400 with a known reason that can be shown.
func checkRefusal(t *testing.T, body []byte, err error) {
	t.Helper()
	p := problemOf(err)
	if p.Reason == reasonBodyTooLarge && p.Status == http.StatusRequestEntityTooLarge && len(body) > maxBodyBytes {
		return
	}
	known := []access.Reason{
		reasonInvalidJSON, reasonDuplicateField, reasonUnknownField, reasonWrongType,
		access.ReasonMissingField, access.ReasonInvalidValue,
	}
	if p.Status != http.StatusBadRequest || !slices.Contains(known, p.Reason) {
		t.Fatalf("%q is refused with %d %s", body, p.Status, p.Reason)
	}
	for _, field := range p.Errors {
		if field.Pointer != "" && field.Pointer[0] != '/' || !utf8.ValidString(field.Pointer) || field.Detail == "" {
			t.Fatalf("%q is refused with the field %+v", body, field)
		}
	}
}

// checkAccepted reads an accepted body with encoding/json and holds it to the rules:
// one object in valid UTF-8, no name twice, none unknown, each value of its type. It
// returns the fields.
func checkAccepted(t *testing.T, path string, body []byte) map[string]any {
	t.Helper()
	tokens := json.NewDecoder(bytes.NewReader(body))
	tokens.UseNumber()
	top := readValue(t, tokens, body)
	if _, err := tokens.Token(); err != io.EOF {
		t.Fatalf("%q has something after its value", body)
	}
	said, ok := top.(map[string]any)
	if !ok || !utf8.Valid(body) || len(body) > maxBodyBytes {
		t.Fatalf("%q is accepted", body)
	}
	fields := map[string]any{}
	for _, name := range []string{"code", "type", "maxRedemptions", "startsAt", "expiresAt", "note", "recipient", "metadata"} {
		fields[name] = plainField(t, name, said[name])
		delete(said, name)
	}
	if len(said) > 0 || fields["type"] == nil || (fields["code"] != nil) != (path == addPath) {
		t.Fatalf("%q is accepted by %s", body, path)
	}
	return fields
}

// plainField reads one field by the rules.
func plainField(t *testing.T, name string, value any) any {
	t.Helper()
	if value == nil {
		return nil
	}
	switch name {
	case "maxRedemptions":
		number, err := value.(json.Number).Int64()
		if err != nil {
			t.Fatalf("%s %v is accepted: %v", name, value, err)
		}
		return number
	case "startsAt", "expiresAt":
		at, err := time.Parse(time.RFC3339Nano, value.(string))
		if err != nil {
			t.Fatalf("%s %v is accepted: %v", name, value, err)
		}
		return at
	case "metadata":
		texts := map[string]string{}
		for key, text := range value.(map[string]any) {
			texts[key] = text.(string)
		}
		if len(texts) == 0 {
			return nil
		}
		return texts
	default:
		return value.(string)
	}
}

// readValue reads one value from a stream of tokens and fails for names that come twice
// and for text that encoding/json had to mend.
func readValue(t *testing.T, tokens *json.Decoder, body []byte) any {
	t.Helper()
	token, err := tokens.Token()
	if err != nil {
		t.Fatalf("%q is accepted: %v", body, err)
	}
	if text, ok := token.(string); ok {
		checkNotMended(t, text, body)
	}
	switch token {
	case json.Delim('{'):
		members := map[string]any{}
		for tokens.More() {
			name := readValue(t, tokens, body).(string)
			if _, before := members[name]; before {
				t.Fatalf("%q has %q twice", body, name)
			}
			members[name] = readValue(t, tokens, body)
		}
		_, err = tokens.Token()
		if err != nil {
			t.Fatalf("%q is accepted: %v", body, err)
		}
		return members
	case json.Delim('['):
		t.Fatalf("%q has a list", body)
	}
	return token
}

// checkNotMended: encoding/json puts U+FFFD in the place of a lone surrogate, so one
// that the body does not have shows that it had such a surrogate.
func checkNotMended(t *testing.T, text string, body []byte) {
	t.Helper()
	sent := strings.ToLower(string(body))
	if strings.Contains(text, "\ufffd") && !strings.Contains(sent, "\ufffd") && !strings.Contains(sent, `\ufffd`) {
		t.Fatalf("%q has a lone surrogate", body)
	}
}
