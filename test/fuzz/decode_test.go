package fuzz

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// seeds are bodies of every kind: good, broken, and wrong in one field.
var seeds = []string{
	`{"code":"WELCOME2031","type":"Normal"}`, `{"type":"Premium"}`, ` { "type" : "Upgrade" } `,
	`{"type":"Normal","maxRedemptions":null,"startsAt":null,"expiresAt":null,"note":null,"recipient":null,` +
		`"metadata":null}`,
	`{"type":"Normal","maxRedemptions":3,"startsAt":"2031-01-01T00:00:00.123456789+02:00",` +
		`"expiresAt":"2032-01-01T00:00:00Z","note":"a\nb","recipient":"ada","metadata":{"k":"v","l":""}}`,
	`{"code":"🎉","type":"Normal"}`, `{"code":" a\u00a0b ","type":"Normal"}`, `{"code":"\u200b","type":"Normal"}`,
	`{"code":"--","type":"Normal"}`, `{"code":"00\b ","type":"Normal"}`,
	``, ` `, `null`, `[]`, `"x"`, `1`, `{`, `{}`, `{}{}`, `{"type":"Normal"} x`, "\ufeff{}", `{"type":"Normal",}`,
	`{"type":"normal"}`, `{"Type":"Normal"}`, `{"type":"Normal","expiresat":"x"}`, `{"type":"Normal","type":"Normal"}`,
	`{"type":"Normal","\u0074ype":"Normal"}`,
	`{"type":1}`, `{"type":null}`, `{"code":1,"type":"Normal"}`, `{"type":"Normal","maxRedemptions":"3"}`,
	`{"type":"Normal","maxRedemptions":1.5}`,
	`{"type":"Normal","maxRedemptions":1e400}`, `{"type":"Normal","maxRedemptions":-1}`,
	`{"type":"Normal","maxRedemptions":9007199254740992}`,
	`{"type":"Normal","startsAt":5}`, `{"type":"Normal","startsAt":"tomorrow"}`,
	`{"type":"Normal","expiresAt":"2001-01-01T00:00:00Z"}`,
	`{"type":"Normal","metadata":{"a":null}}`, `{"type":"Normal","metadata":{"a":{"b":"c"}}}`,
	`{"type":"Normal","metadata":{"a":"1","a":"2"}}`,
	"{\"type\":\"Normal\",\"note\":\"\xff\"}", `{"type":"Normal","note":"\ud800"}`, `{"type":"Normal","note":"\u0000"}`,
}

// FuzzDecode sends bodies to both ways to get a new code and holds what comes of them
// to the rules with a reading of the body that shares no code with the decoder.
func FuzzDecode(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	s := newServer(f)
	f.Fuzz(func(t *testing.T, body []byte, add bool) {
		path := generatePath
		if add {
			path = addPath
		}
		fields, refusal := s.send(path, body)
		if refusal != nil {
			checkRefusal(t, body, refusal)
			return
		}
		plain := checkAccepted(t, path, body)
		if diff := cmp.Diff(plain, fields); diff != "" {
			t.Fatalf("%q (-what it says +what was stored):\n%s", body, diff)
		}
	})
}

// checkRefusal: a bad body is a 400 with a known reason that can be shown.
func checkRefusal(t *testing.T, body []byte, p *problem) {
	t.Helper()
	if p.Reason == "body_too_large" && p.Status == http.StatusRequestEntityTooLarge && len(body) > maxBodyBytes {
		return
	}
	known := []string{"invalid_json", "duplicate_field", "unknown_field", "wrong_type", "missing_field", "invalid_value"}
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
	for _, name := range []string{
		"code", "type", "maxRedemptions", "startsAt", "expiresAt", "note", "recipient", "metadata",
	} {
		fields[name] = plainField(t, name, said[name])
		if name != "maxRedemptions" {
			delete(said, name)
		}
	}
	if _, given := said["maxRedemptions"]; !given && path == generatePath {
		fields["maxRedemptions"] = int64(1) // the default
	}
	delete(said, "maxRedemptions")
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
		return at.UTC().Truncate(time.Microsecond)
	case "metadata":
		texts := map[string]string{}
		for key, text := range value.(map[string]any) {
			texts[key] = text.(string)
		}
		if len(texts) == 0 {
			return nil
		}
		return texts
	case "code":
		return strings.TrimFunc(value.(string), func(r rune) bool { return unicode.In(r, unicode.Z, unicode.Cc, unicode.Cf) })
	default:
		return orNil(value.(string))
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
