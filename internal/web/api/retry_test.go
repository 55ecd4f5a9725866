package api

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

func TestAnIdempotencyKeyMakesARepetitionHarmless(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		for i, test := range []struct{ name, path, body, again string }{
			{"generate", generatePath, `{"type":"Normal"}`, `{"type":"Normal"}`},
			{
				"generate, written differently",
				generatePath,
				`{"type":"Normal","note":"n","maxRedemptions":1}`,
				` {"note":"\u006e" , "type":"Normal"}`,
			},
			{"add", addPath, `{"code":"A-B","type":"Normal"}`, `{"code":"A-B","type":"Normal"}`},
			{
				"add with every option", addPath,
				`{"code":"VIP","type":"Premium","maxRedemptions":7,` +
					`"startsAt":"2031-02-03T05:05:06.1234567+02:00","expiresAt":"2032-01-01T00:00:00Z",` +
					`"note":"n","recipient":"r","metadata":{"a":"1"}}`,
				`{"code":" VIP ","metadata":{"a":"1"},"recipient":"r","note":"n",` +
					`"expiresAt":"2031-12-31T23:00:00-01:00","startsAt":"2031-02-03T03:05:06.123456Z",` +
					`"maxRedemptions":7,"type":"Premium"}`,
			},
		} {
			t.Run(test.name, func(t *testing.T) {
				bare := fmt.Sprintf("order-%d", i)
				first := f.post(t, test.path, test.body, with("Idempotency-Key", bare)).mustBeOK(t)
				if replayed, sent := first.header["Idempotent-Replayed"]; sent {
					t.Errorf("Idempotent-Replayed = %v on the first answer", replayed)
				}
				f.clock.advance(time.Minute)
				for _, key := range []string{bare, `"` + bare + `"`} {
					again := f.post(t, test.path, test.again, with("Idempotency-Key", key)).mustBeOK(t)
					if again.header.Get("Idempotent-Replayed") != "true" {
						t.Errorf("%s: Idempotent-Replayed = %q", key, again.header.Get("Idempotent-Replayed"))
					}
					if again.body != first.body {
						t.Errorf("%s: body %s, first %s", key, again.body, first.body)
					}
				}
				if stored := f.stored(t); stored != i+1 {
					t.Errorf("%d codes are stored, want %d", stored, i+1)
				}
			})
		}
	})
}

// TestAReplayedAnswerIsTheFirstOne, whatever has become of the code since.
func TestAReplayedAnswerIsTheFirstOne(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		body := `{"code":"short","type":"Normal","startsAt":"2031-02-03T04:30:00.1234567Z",` +
			`"expiresAt":"2031-02-03T05:00:00+00:00","maxRedemptions":3,"note":"n","recipient":"r",` +
			`"metadata":{"a":"1","b":"2"}}`
		first := f.post(t, addPath, body, with("Idempotency-Key", "k")).mustBeOK(t)
		f.clock.advance(30 * time.Minute)
		f.post(t, "/tenant-codes/redeem", `{"code":"SHORT","userId":"ada"}`).mustBeOK(t)
		f.call(t, "PATCH", "/tenant-codes/short",
			`{"maxRedemptions":9,"startsAt":null,"note":null,"recipient":"s","metadata":{"c":"3"}}`).mustBeOK(t)
		f.post(t, "/tenant-codes/short/revoke", "").mustBeOK(t)
		f.clock.advance(time.Hour)
		again := f.post(t, addPath, body, with("Idempotency-Key", "k")).mustBeOK(t)
		if again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("header %v, body %s, first %s", again.header, again.body, first.body)
		}
		f.post(t, addPath, body, with("Idempotency-Key", "new")).mustBe(t, 400, core.ReasonInvalidValue)
	})
}

func TestAnIdempotencyKeyCannotBeUsedForSomethingElse(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		f.post(t, generatePath, `{"type":"Normal"}`, with("Idempotency-Key", "k")).mustBeOK(t)
		for _, test := range []struct{ name, path, body string }{
			{"another type", generatePath, `{"type":"Premium"}`},
			{"another note", generatePath, `{"type":"Normal","note":"n"}`},
			{"another limit", generatePath, `{"type":"Normal","maxRedemptions":2}`},
			{"no limit", generatePath, `{"type":"Normal","maxRedemptions":null}`},
			{"a start", generatePath, `{"type":"Normal","startsAt":"2031-12-31T00:00:00Z"}`},
			{"metadata", generatePath, `{"type":"Normal","metadata":{"a":""}}`},
			{"the other route", addPath, `{"code":"A","type":"Normal","maxRedemptions":1}`},
		} {
			t.Run(test.name, func(t *testing.T) {
				got := f.post(t, test.path, test.body, with("Idempotency-Key", "k"))
				got.mustBe(t, http.StatusConflict, core.ReasonIdempotencyKeyReused)
				if _, sent := got.header["Idempotent-Replayed"]; sent || f.stored(t) != 1 {
					t.Errorf("header %v, %d codes are stored", got.header, f.stored(t))
				}
			})
		}
	})
}

// TestALateRetryBringsNoDeletedCodeBack, and none that another request asks for with its key.
func TestALateRetryBringsNoDeletedCodeBack(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		for i, test := range []struct{ path, body, other string }{
			{generatePath, `{"type":"Normal"}`, `{"type":"Premium"}`},
			{addPath, `{"code":"A-B","type":"Normal"}`, `{"code":"A-C","type":"Normal"}`},
		} {
			key := with("Idempotency-Key", fmt.Sprint("order-", i))
			value := f.post(t, test.path, test.body, key).mustBeOK(t).text(t, "code")
			if got := f.call(t, "DELETE", "/tenant-codes/"+value, ""); got.status != http.StatusNoContent {
				t.Fatalf("status %d", got.status)
			}
			f.post(t, test.path, test.body, key).mustBe(t, http.StatusConflict, core.ReasonCodeDeleted)
			f.post(t, test.path, test.other, key).mustBe(t, http.StatusConflict, core.ReasonIdempotencyKeyReused)
			f.post(t, generatePath, `{"type":"Upgrade"}`, key).mustBe(t, 409, core.ReasonIdempotencyKeyReused)
			f.post(t, addPath, `{"code":"A-D","type":"Upgrade"}`, key).mustBe(t, 409, core.ReasonIdempotencyKeyReused)
			if stored := f.stored(t); stored != 0 {
				t.Errorf("%d codes are stored", stored)
			}
		}
		other := with("X-Api-Key", f.keyOf(t, "other", tenancy.RoleIssue)) // for whom the key is new
		f.post(t, generatePath, `{"type":"Normal"}`, with("Idempotency-Key", "order-0"), other).mustBeOK(t)
	})
}

func TestARequestThatIsRefusedUsesUpNoIdempotencyKey(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		same := with("Idempotency-Key", "k")
		f.post(t, addPath, `{"code":"TAKEN","type":"Normal"}`).mustBeOK(t)
		f.post(t, addPath, `{"code":"TAKEN","type":"Normal"}`, same).mustBe(t, 400, core.ReasonCodeAlreadyExists)
		f.post(t, addPath, `{"code":"WRONG","type":"normal"}`, same).mustBe(t, 400, core.ReasonInvalidValue)
		if stored := f.stored(t); stored != 1 {
			t.Errorf("%d codes are stored", stored)
		}
		got := f.post(t, addPath, `{"code":"FREE","type":"Normal"}`, same).mustBeOK(t)
		if _, sent := got.header["Idempotent-Replayed"]; sent || f.stored(t) != 2 {
			t.Errorf("header %v, %d codes are stored", got.header, f.stored(t))
		}
	})
}

func TestIdempotencyKeysOfWorkspacesAreApart(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		other := with("X-Api-Key", f.keyOf(t, "other", tenancy.RoleFull))
		same := with("Idempotency-Key", "k")
		mine := f.post(t, generatePath, `{"type":"Normal"}`, same).generated(t)
		got := f.post(t, generatePath, `{"type":"Normal"}`, same, other)
		if theirs := got.generated(t); theirs == mine || !strings.HasPrefix(theirs, "OTHER-") ||
			got.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("header %v, body %s", got.header, got.body)
		}
		second := with("X-Api-Key", f.keyOf(t, "acme", tenancy.RoleIssue))
		if again := f.post(t, generatePath, `{"type":"Normal"}`, same, second).generated(t); again != mine {
			t.Errorf("another key of the workspace got %s, not %s", again, mine)
		}
	})
}

func TestRepetitionsAtTheSameTimeGetOneCode(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		bodies := sync.Map{}
		var all sync.WaitGroup
		for range 30 {
			all.Go(func() {
				bodies.Store(f.post(t, generatePath, `{"type":"Normal"}`, with("Idempotency-Key", "k")).body, true)
			})
		}
		all.Wait()
		count := 0
		bodies.Range(func(any, any) bool { count++; return true })
		if stored := f.stored(t); stored != 1 || count != 1 {
			t.Errorf("%d codes are stored, %d different answers", stored, count)
		}
	})
}

func TestAnIdempotencyKeyOf1To255VisibleASCIICharactersIsTaken(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		for i, test := range []struct{ name, key string }{
			{"one character", "k"},
			{"every visible character", "!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"},
			{"the longest", strings.Repeat("k", 255)},
			{"the longest in quotes", `"` + strings.Repeat("l", 255) + `"`},
			{"one quote", `"`},
		} {
			t.Run(test.name, func(t *testing.T) {
				other := with("X-Api-Key", f.keyOf(t, "other", tenancy.RoleIssue))
				key := with("Idempotency-Key", test.key)
				for range 2 { // the second time it is found again
					f.post(t, addPath, fmt.Sprintf(`{"code":"KEY-%d","type":"Normal"}`, i), key).mustBeOK(t)
					f.post(t, generatePath, `{"type":"Normal"}`, key, other).mustBeOK(t)
				}
				if stored := f.stored(t); stored != 2*(i+1) {
					t.Errorf("%d codes are stored, want %d", stored, 2*(i+1))
				}
			})
		}
	})
}

func TestAnyOtherIdempotencyKeyIsRefused(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		for _, test := range []struct{ name, key string }{
			{"empty", ""},
			{"empty in quotes", `""`},
			{"too long", strings.Repeat("k", 256)},
			{"too long in quotes", `"` + strings.Repeat("k", 256) + `"`},
			{"a space", "a b"},
			{"a space in quotes", `"a b"`},
			{"a tab", "a\tb"},
			{"a control character", "a\x01b"},
			{"a delete character", "a\x7f"},
			{"beyond ASCII", "ключ"},
			{"not UTF-8", "a\xff"},
		} {
			for _, path := range []string{addPath, generatePath} {
				t.Run(test.name+" "+path, func(t *testing.T) {
					body, _ := refusal{body: `{@"type":"Normal"}`}.on(path)
					got := f.post(t, path, body, with("Idempotency-Key", test.key))
					if stored := f.stored(t); stored != 0 {
						t.Errorf("%d codes are stored", stored)
					}
					got.mustBe(t, http.StatusBadRequest, core.ReasonInvalidIdempotencyKey)
				})
			}
		}
	})
}

func TestSeveralIdempotencyKeysAreRefused(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		several := func(r *http.Request) { r.Header["Idempotency-Key"] = []string{"one", "two"} }
		f.post(t, generatePath, `{"type":"Normal"}`, several).
			mustBe(t, http.StatusBadRequest, core.ReasonInvalidIdempotencyKey)
		if stored := f.stored(t); stored != 0 {
			t.Errorf("%d codes are stored", stored)
		}
	})
}
