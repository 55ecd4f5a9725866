package codes_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

// issue is one way to make a code.
type issue func(*testing.T, *codes.Services, *core.Actor, codes.IssueRequest) (codes.Issued, error)

// onEachWay runs a test once for generated and once for added codes.
func onEachWay(t *testing.T, test func(*testing.T, issue)) {
	t.Helper()
	t.Run("generate", func(t *testing.T) {
		test(t, func(t *testing.T, s *codes.Services, c *core.Actor, req codes.IssueRequest) (codes.Issued, error) {
			return s.GenerateCode(t.Context(), c, req)
		})
	})
	t.Run("add", func(t *testing.T) {
		test(t, func(t *testing.T, s *codes.Services, c *core.Actor, req codes.IssueRequest) (codes.Issued, error) {
			return s.AddCode(t.Context(), c, "Spring – 2031", req)
		})
	})
}

// request is a request with every option.
func request(idempotencyKey string) codes.IssueRequest {
	return codes.IssueRequest{Type: codes.TypeUpgrade, IdempotencyKey: idempotencyKey, Options: codes.Options{
		MaxRedemptions: limitOf(3), StartsAt: after(time.Hour), ExpiresAt: after(2 * time.Hour),
		Note: "for Ada", Recipient: "ada@example.org", Metadata: map[string]string{"a": "1", "b": "2", "c": "3"},
	}}
}

func TestARetryGetsTheSameCodeOnEveryNode(t *testing.T) {
	onEachWay(t, func(t *testing.T, issue issue) {
		w := newWorld(t)
		first, err := issue(t, w.Services, w.acme, request("order-1"))
		if err != nil || first.Replayed {
			t.Fatalf("first: %+v, %v", first, err)
		}
		w.pass(time.Minute) // the answer tells of the first request, not of the retry
		want := codes.Issued{Code: first.Code, Replayed: true}
		for name, node := range map[string]*codes.Services{"same": w.Services, "other": w.node(t)} {
			for _, key := range []string{"order-1", `"order-1"`} {
				got, err := issue(t, node, w.acme, request(key))
				if diff := cmp.Diff(want, got); diff != "" || err != nil {
					t.Errorf("%s node, key %s: %v (-want +got):\n%s", name, key, err, diff)
				}
			}
		}
	})
}

func TestAnotherRequestWithAUsedKeyIsRefused(t *testing.T) {
	one := int64(1)
	changes := map[string]func(*codes.IssueRequest){
		"type":             func(r *codes.IssueRequest) { r.Type = codes.TypeNormal },
		"another limit":    func(r *codes.IssueRequest) { r.MaxRedemptions.Max = &one },
		"no limit":         func(r *codes.IssueRequest) { r.MaxRedemptions.Max = nil },
		"startsAt":         func(r *codes.IssueRequest) { r.StartsAt = after(time.Hour + time.Microsecond) },
		"no startsAt":      func(r *codes.IssueRequest) { r.StartsAt = nil },
		"expiresAt":        func(r *codes.IssueRequest) { r.ExpiresAt = after(3 * time.Hour) },
		"no expiresAt":     func(r *codes.IssueRequest) { r.ExpiresAt = nil },
		"note":             func(r *codes.IssueRequest) { r.Note += "!" },
		"recipient":        func(r *codes.IssueRequest) { r.Recipient = "" },
		"text moved over":  func(r *codes.IssueRequest) { r.Note, r.Recipient = r.Note+"a", r.Recipient[1:] },
		"metadata value":   func(r *codes.IssueRequest) { r.Metadata["a"] = "2" },
		"metadata key":     func(r *codes.IssueRequest) { r.Metadata["d"] = "" },
		"metadata shifted": func(r *codes.IssueRequest) { r.Metadata = map[string]string{"a1": "", "b": "2", "c": "3"} },
	}
	onEachWay(t, func(t *testing.T, issue issue) {
		w := newWorld(t)
		if _, err := issue(t, w.Services, w.acme, request("k")); err != nil {
			t.Fatal(err)
		}
		for name, change := range changes {
			t.Run(name, func(t *testing.T) {
				req := request("k")
				change(&req)
				_, err := issue(t, w.Services, w.acme, req)
				checkError(t, err, core.KindConflict, core.ReasonIdempotencyKeyReused)
			})
		}
	})
}

func TestAKeyIsUsedForOneActAndOneValue(t *testing.T) {
	w := newWorld(t)
	w.generate(t, w.acme, normal("generated"))
	_, err := w.AddCode(t.Context(), w.acme, "A", normal("generated"))
	checkError(t, err, core.KindConflict, core.ReasonIdempotencyKeyReused)

	w.add(t, w.acme, "B", normal("added"))
	_, err = w.GenerateCode(t.Context(), w.acme, normal("added"))
	checkError(t, err, core.KindConflict, core.ReasonIdempotencyKeyReused)
	_, err = w.AddCode(t.Context(), w.acme, "C", normal("added"))
	checkError(t, err, core.KindConflict, core.ReasonIdempotencyKeyReused)
	if w.stored(t, "A") || w.stored(t, "C") {
		t.Error("a refused request stored its code")
	}
}

func TestARequestWrittenInAnotherWayIsTheSameRequest(t *testing.T) {
	w := newWorld(t)
	first := w.generate(t, w.acme, request("k"))
	same := request("k")
	same.Metadata = map[string]string{"c": "3", "a": "1", "b": "2"}
	elsewhere := same.StartsAt.In(time.FixedZone("", 3600)).Add(999) // below what is kept
	same.StartsAt = &elsewhere
	if again := w.generate(t, w.acme, same); !again.Replayed || again.Code.Value != first.Code.Value {
		t.Errorf("got %+v, want %s", again, first.Code.Value)
	}
	w.generate(t, w.acme, normal("default"))
	explicit := normal("default")
	explicit.MaxRedemptions = limitOf(1)
	if again := w.generate(t, w.acme, explicit); !again.Replayed {
		t.Error("the default, stated, was taken for another request")
	}
}

func TestAKeyMeansNothingInAnotherWorkspace(t *testing.T) {
	w := newWorld(t)
	other := w.join(t, "other", acmeFormat)
	mine, theirs := w.generate(t, w.acme, normal("k")), w.generate(t, other, normal("k"))
	if theirs.Replayed || theirs.Code.Value == mine.Code.Value || theirs.Code.WorkspaceID != other.WorkspaceID {
		t.Errorf("acme got %+v, the other workspace %+v", mine, theirs)
	}
}

func TestARetryThatComesAfterTheExpiryIsStillAnswered(t *testing.T) {
	onEachWay(t, func(t *testing.T, issue issue) {
		w := newWorld(t)
		first, err := issue(t, w.Services, w.acme, request("k"))
		if err != nil {
			t.Fatal(err)
		}
		w.pass(2 * time.Hour) // exactly the expiry
		got, err := issue(t, w.Services, w.acme, request("k"))
		if diff := cmp.Diff(codes.Issued{Code: first.Code, Replayed: true}, got); diff != "" || err != nil {
			t.Errorf("retry: %v (-want +got):\n%s", err, diff)
		}
		for _, key := range []string{"", "never-used"} {
			_, err := issue(t, w.Services, w.acme, request(key))
			checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, "/expiresAt")
		}
		other := request("k")
		other.Note = "something else"
		_, err = issue(t, w.Services, w.acme, other)
		checkError(t, err, core.KindConflict, core.ReasonIdempotencyKeyReused)
	})
}

func TestARetryAfterTheFormatChangedGetsTheOldCode(t *testing.T) {
	w := newWorld(t)
	first := w.generate(t, w.acme, normal("k"))
	prefix, groups := "NEW", 3
	changed, err := w.UpdateWorkspace(t.Context(), "acme", tenancy.WorkspaceChange{Prefix: &prefix, Groups: &groups})
	if err != nil {
		t.Fatal(err)
	}
	w.acme.Format = changed.Format
	if again := w.generate(t, w.acme, normal("k")); !again.Replayed || again.Code.Value != first.Code.Value {
		t.Errorf("got %+v, want %s", again, first.Code.Value)
	}
	if next := w.generate(t, w.acme, normal("k2")).Code.Value; !strings.HasPrefix(next, "NEW-") {
		t.Errorf("the next code is %s", next)
	}
}

func TestIdempotencyKeysAreVisibleASCIIUpTo255Characters(t *testing.T) {
	w := newWorld(t)
	good := []string{"k", "!~", `a"b`, strings.Repeat("k", 255), `"` + strings.Repeat("q", 255) + `"`}
	for _, key := range good {
		w.generate(t, w.acme, normal(key))
		if again := w.generate(t, w.acme, normal(key)); !again.Replayed {
			t.Errorf("key %.20s: the retry made another code", key)
		}
	}
	bad := []string{strings.Repeat("k", 256), `"` + strings.Repeat("k", 256) + `"`, "a b", " ", "ké", "k\x7f", "k\n", `""`, `" "`}
	for _, key := range bad {
		_, err := w.GenerateCode(t.Context(), w.acme, normal(key))
		checkError(t, err, core.KindInvalid, core.ReasonInvalidIdempotencyKey)
		_, err = w.AddCode(t.Context(), w.acme, "REFUSED", normal(key))
		checkError(t, err, core.KindInvalid, core.ReasonInvalidIdempotencyKey)
	}
	if w.stored(t, "REFUSED") {
		t.Error("a request with a bad key stored its code")
	}
}

func TestARetryThatRacesItselfMakesOneCode(t *testing.T) {
	onEachWay(t, func(t *testing.T, issue issue) {
		w := newWorld(t)
		nodes := []*codes.Services{w.Services, w.node(t)}
		var all sync.WaitGroup
		var values sync.Map
		var made atomic.Int32
		for i := range 50 {
			all.Go(func() {
				issued, err := issue(t, nodes[i%2], w.acme, normal("k"))
				if err != nil {
					t.Error(err)
					return
				}
				values.Store(issued.Code.Value, true)
				if !issued.Replayed {
					made.Add(1)
				}
			})
		}
		all.Wait()
		different := 0
		values.Range(func(any, any) bool { different++; return true })
		if different != 1 || made.Load() != 1 {
			t.Errorf("%d different codes; %d callers were told that they made it", different, made.Load())
		}
	})
}

// TestADerivedCodeThatIsTakenIsReplaced learns what code a key leads to in one world
// and lets somebody else take it in another.
func TestADerivedCodeThatIsTakenIsReplaced(t *testing.T) {
	there, here := newWorld(t), newWorld(t)
	derived := there.generate(t, there.acme, normal("k")).Code.Value
	here.add(t, here.join(t, "other", acmeFormat), derived, normal(""))

	first := here.generate(t, here.acme, normal("k"))
	if first.Replayed || first.Code.Value == derived {
		t.Errorf("got %+v although %s was taken", first, derived)
	}
	for _, node := range []*codes.Services{here.Services, here.node(t)} {
		again, err := node.GenerateCode(t.Context(), here.acme, normal("k"))
		if err != nil || !again.Replayed || again.Code.Value != first.Code.Value {
			t.Errorf("retry: %+v, %v; want %s", again, err, first.Code.Value)
		}
	}
}

// TestADerivedCodeIsSecret: who knows an Idempotency-Key cannot tell the code without
// the installation's secret.
func TestADerivedCodeIsSecret(t *testing.T) {
	fake := func() *fakeStore {
		return &fakeStore{insertCodes: func(list []*codes.NewCode) ([]codes.InsertResult, error) {
			return make([]codes.InsertResult, len(list)), nil
		}}
	}
	seen := map[string]bool{}
	for range 2 {
		service, caller := newFakeService(t, fake()) // keeps the random secret that it is offered
		issued, err := service.GenerateCode(t.Context(), caller, normal("k"))
		if err != nil {
			t.Fatal(err)
		}
		seen[issued.Code.Value] = true
	}
	if len(seen) != 2 {
		t.Errorf("two installations derived the same code: %v", seen)
	}
}
