package codes_test

import (
	"encoding/hex"
	"fmt"
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

func TestAKeyIsUsedForOneOperationAndOneValue(t *testing.T) {
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
	bad := []string{
		strings.Repeat("k", 256), `"` + strings.Repeat("k", 256) + `"`, "a b", " ", "ké", "k\x7f", "k\n", `""`, `" "`,
	}
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

// TestAGeneratedCodeFollowsFromNothing that is sent or stored: the same Idempotency-Key in a
// copy of the database gives another code than in the original.
func TestAGeneratedCodeFollowsFromNothing(t *testing.T) {
	newCopy := manyWorlds(t)
	seen := map[string]bool{}
	for range 2 {
		w := newCopy(t)
		seen[w.generate(t, w.acme, normal("k")).Code.Value] = true
	}
	if len(seen) != 2 {
		t.Errorf("two copies of one database gave the same code: %v", seen)
	}
}

// TestARetryWhoseValueIsTakenGetsAnotherOne: with few symbols nearly every value is taken.
func TestARetryWhoseValueIsTakenGetsAnotherOne(t *testing.T) {
	w := newWorld(t)
	w.SetAlphabet("AB")
	w.acme.Format = core.Format{Groups: 2, GroupLength: 3} // 64 values
	made := map[string]bool{}
	for n := range 64 {
		key := fmt.Sprint("order-", n)
		first := w.generate(t, w.acme, normal(key))
		again := w.generate(t, w.acme, normal(key))
		if first.Replayed || made[first.Code.Value] || !again.Replayed || again.Code.Value != first.Code.Value {
			t.Errorf("first %+v, then %+v", first, again)
		}
		made[first.Code.Value] = true
	}
	_, err := w.GenerateCode(t.Context(), w.acme, normal("one-more"))
	checkError(t, err, core.KindConflict, core.ReasonCodeSpaceExhausted)
}

// TestDigestsStayWhatTheyAre: they are stored, so a retry from before an upgrade is found only
// while the same request gives the same digests.
func TestDigestsStayWhatTheyAre(t *testing.T) {
	full := request("order-1")
	full.StartsAt, full.ExpiresAt = &start, new(start.AddDate(1, 0, 0))
	full.Metadata = map[string]string{"a": "1", "ключ": "b", "c": ""}
	for _, test := range []struct {
		name, fingerprint string
		issue             func(*codes.Services, *core.Actor) error
	}{
		{"generate", "aa0f6086172b21a0dc5a973d00e0a7b8", func(s *codes.Services, caller *core.Actor) error {
			_, err := s.GenerateCode(t.Context(), caller, normal("order-1"))
			return err
		}},
		{"add", "edf5ed9de80bfff3ce658b5e4db6d437", func(s *codes.Services, caller *core.Actor) error {
			req := codes.IssueRequest{Type: codes.TypePremium, IdempotencyKey: "order-1"}
			_, err := s.AddCode(t.Context(), caller, "A", req)
			return err
		}},
		{"add with every option", "0aa7fd0f1703d28fc4e36623d9b0e426", func(s *codes.Services, caller *core.Actor) error {
			_, err := s.AddCode(t.Context(), caller, "Spring – 2031", full)
			return err
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stored codes.Retry
			store := &fakeStore{insertCodes: func(list []*codes.NewCode) ([]codes.InsertResult, error) {
				stored = list[0].Retry
				return make([]codes.InsertResult, 1), nil
			}}
			service, caller := newFakeService(t, store)
			caller.WorkspaceID = core.ID{1, 2, 3, 15: 16}
			if err := test.issue(service, caller); err != nil {
				t.Fatal(err)
			}
			checkSame(t, "key", "c555940f696d3d1984e234888878ce97", hex.EncodeToString(stored.Key[:]))
			checkSame(t, "fingerprint", test.fingerprint, hex.EncodeToString(stored.Fingerprint[:]))
		})
	}
}

// TestARetryAfterItsCodeWasDeletedMakesNoOther: the same request is told so, any other one is
// told that the key was used. That holds on every node, and once the request's own expiry has passed.
func TestARetryAfterItsCodeWasDeletedMakesNoOther(t *testing.T) {
	onEachWay(t, func(t *testing.T, issue issue) {
		w := newWorld(t)
		first, err := issue(t, w.Services, w.acme, request("k"))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.DeleteCode(t.Context(), w.acme, first.Code.Value); err != nil {
			t.Fatal(err)
		}
		other := request("k")
		other.Type = codes.TypePremium
		for _, passed := range []time.Duration{0, 2 * time.Hour} {
			w.pass(passed)
			for _, node := range []*codes.Services{w.Services, w.node(t)} {
				_, err := issue(t, node, w.acme, request("k"))
				checkError(t, err, core.KindConflict, core.ReasonCodeDeleted)
				_, err = issue(t, node, w.acme, other)
				checkError(t, err, core.KindConflict, core.ReasonIdempotencyKeyReused)
				_, err = node.AddCode(t.Context(), w.acme, "ANOTHER", request("k"))
				checkError(t, err, core.KindConflict, core.ReasonIdempotencyKeyReused)
			}
		}
		if w.stored(t, first.Code.Value) || w.stored(t, "ANOTHER") {
			t.Error("a retry stored a code")
		}
	})
}
