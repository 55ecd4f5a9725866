package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// loggedLine is a line of an exported log, as docs/api.md describes it.
type loggedLine struct {
	Position  int64
	ID        string
	Type      string
	At        string
	Workspace string
	Actor     struct{ Kind, ID, Name string }
	Subject   struct{ Kind, ID string }
	UserID    string
	RequestID string
	Data      json.RawMessage
	Salt      *string
	Digest    string
	Chain     string
}

// digest computes the digest of a line as docs/api.md says. It uses nothing of the program.
func (l *loggedLine) digest(t *testing.T) string {
	t.Helper()
	quoted := func(text string) string {
		var buffer bytes.Buffer
		encoder := json.NewEncoder(&buffer)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(text); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(buffer.String())
	}
	actor := l.Actor.ID
	if actor == "" {
		actor = "00000000-0000-0000-0000-000000000000"
	}
	body := fmt.Sprintf(`{"actor":{"id":%s,"kind":%s,"name":%s},"at":%s,"data":%s,"id":%s,"requestId":%s,`+
		`"subject":{"id":%s,"kind":%s},"type":%s,"userId":%s,"workspace":%s}`,
		quoted(actor), quoted(l.Actor.Kind), quoted(l.Actor.Name), quoted(l.At), l.Data, quoted(l.ID),
		quoted(l.RequestID), quoted(l.Subject.ID), quoted(l.Subject.Kind), quoted(l.Type), quoted(l.UserID),
		quoted(l.Workspace))
	salt, err := hex.DecodeString(*l.Salt)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(append(salt, body...))
	return hex.EncodeToString(sum[:])
}

// next computes the value of the chain at a line.
func (l *loggedLine) next(t *testing.T, before string) string {
	t.Helper()
	text := []byte("accesscodes event chain v1\n")
	for _, part := range []string{before, strings.ReplaceAll(l.Workspace, "-", "")} {
		part, err := hex.DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, part...)
	}
	text = binary.BigEndian.AppendUint64(text, uint64(l.Position))
	digest, err := hex.DecodeString(l.Digest)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(append(text, digest...))
	return hex.EncodeToString(sum[:])
}

// TestAnExportedLogCanBeVerifiedElsewhere: each line's digest and its value of the chain can be computed from
// what is in the file.
func TestAnExportedLogCanBeVerifiedElsewhere(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		f.add(t, `<Ä&1>`, `"type":"Normal"`)
		for _, user := range []string{"ada", "<bob>&co"} {
			f.call(t, "PUT", "/users/"+strings.NewReplacer("<", "%3C", ">", "%3E", "&", "%26").Replace(user),
				`{"status":"Premium"}`).mustBeOK(t)
		}
		f.call(t, "PATCH", "/tenant-codes/%3C%C3%84%261%3E", `{"note":"a\u2028b <i> \\u0085"}`).mustBeOK(t)
		undone := f.redeem(t, `<Ä&1>`, "cleo")
		f.call(t, "POST", "/redemptions/"+undone+"/rollback", `{"reason":"=no \"reason\""}`).mustBeOK(t)
		f.exported(t, "/exports/users?q=x")
		if got := f.call(t, "DELETE", "/users/ada", ""); got.status != 204 {
			t.Fatalf("status %d: %s", got.status, got.body)
		}
		f.sequence(t)
		log, err := f.store.LogOf(t.Context(), f.key.WorkspaceID) // before the export is in it, too
		if err != nil {
			t.Fatal(err)
		}
		before, position, erased := strings.Repeat("0", 64), int64(0), 0
		for _, text := range lines(t, f.exported(t, "/exports/events"), "\n") {
			var l loggedLine
			if err := json.Unmarshal([]byte(text), &l); err != nil {
				t.Fatal(err)
			}
			if position++; l.Position != position {
				t.Errorf("line %d has the position %d", position, l.Position)
			}
			if l.Salt == nil {
				erased++
			} else if got := l.digest(t); got != l.Digest {
				t.Errorf("another digest: %s", text)
			}
			if before = l.next(t, before); before != l.Chain {
				t.Errorf("another value of the chain: %s", text)
			}
		}
		if position < 7 || erased == 0 || log.Head.Position != position || log.Head.Chain.String() != before {
			t.Errorf("%d lines, %d of them erased, the last value %s; the log: %+v", position, erased, before, log)
		}
	})
}

func TestAnExportedLogHasWhatWasAskedFor(t *testing.T) {
	f := newFixtureOn(t, newSQLite)
	for i := range 3 {
		f.call(t, "PUT", fmt.Sprintf("/users/u%d", i), `{"status":"Premium"}`).mustBeOK(t)
		f.clock.advance(time.Hour)
	}
	at := func(hours int) string {
		return f.clock.read().Add(time.Duration(hours) * time.Hour).UTC().Format(time.RFC3339Nano)
	}
	for query, want := range map[string]int{
		"types=user.*": 3, "types=code.*": 0, "subject=user:u1": 1, "actor=key&types=user.*": 3,
		"actor=system&types=user.*":   0,
		"types=user.*&from=" + at(-3): 3, "types=user.*&from=" + at(-2) + "&to=" + at(-1): 1,
		"types=user.*&to=" + at(-3): 0,
	} {
		rows, err := csv.NewReader(strings.NewReader(f.exported(t, "/exports/events?format=csv&"+query))).ReadAll()
		if err != nil || len(rows) != want+1 {
			t.Errorf("%s: %d rows, want %d: %v", query, len(rows)-1, want, err)
		}
	}
	for _, query := range []string{"types=nosuch", "from=today", "subject=x", "format=xlsx", "after=1"} {
		f.call(t, "GET", "/exports/events?"+query, "").mustBe(t, 400, "invalid_parameter")
	}
}
