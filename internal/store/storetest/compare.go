package storetest

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Comparison sends the same random requests to servers on two stores. Clocks, ids and random values
// are the same for both, so every answer must be, and the logs.
type Comparison struct{ one, other *compared }

// seedVariable is the environment variable that repeats a comparison.
const seedVariable = "ACCESSCODES_TEST_SEED"

// NewComparison returns a comparison of two empty stores.
func NewComparison(t *testing.T, one, other Store) Comparison {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if given := os.Getenv(seedVariable); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%s=%d", seedVariable, seed)
	return Comparison{newCompared(one, seed), newCompared(other, seed)}
}

// Run sends some more requests, and compares the logs. Where they are many, it goes on until one of each kind that
// matters has succeeded.
func (c Comparison) Run(t *testing.T, requests int) {
	t.Helper()
	counts := map[string]int{}
	missing := func() (missing string) {
		for _, name := range []string{"add", "redeem", "roll back", "reserve", "erase"} {
			if requests >= manyRequests && counts[name+" true"] == 0 {
				missing = name
			}
		}
		return missing
	}
	for n := 0; n < requests || missing() != "" && n < 10*requests; n++ {
		name, want, wantErr := c.one.request(t.Context())
		sameName, got, err := c.other.request(t.Context())
		if name != sameName {
			t.Fatalf("request %d: %s and %s", n, name, sameName)
		}
		diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(core.Error{}))
		if diff != "" || fmt.Sprint(wantErr) != fmt.Sprint(err) {
			t.Errorf("request %d, %s (-one +other):\n%s%v\n%v", n, name, diff, wantErr, err)
		}
		counts[fmt.Sprint(name, " ", wantErr == nil)]++
	}
	t.Logf("requests, and whether they succeeded: %v", counts)
	if name := missing(); name != "" {
		t.Errorf("no request %q succeeded", name)
	}
	if diff := cmp.Diff(c.one.log(t), c.other.log(t)); diff != "" {
		t.Errorf("logs (-one +other):\n%s", diff)
	}
}

// manyRequests are nearly always enough for each kind to succeed at least once.
const manyRequests = 500

// compared is one of two servers that get the same requests.
type compared struct {
	site
	random       *rand.Rand
	caller       *core.Actor
	redemptions  []core.ID
	reservations []core.ID
}

func newCompared(store Store, seed uint64) *compared {
	c := &compared{site: site{clock: new(clock), Store: store}, random: rand.New(rand.NewPCG(seed, 1))}
	c.Services = codes.NewServices(codes.Deps{
		Store: store, Now: c.time, Entropy: entropyOf(seed), NewID: c.nextID,
	})
	c.caller = &core.Actor{
		Kind: core.ActorKey, ID: core.ID{15: 2}, Name: "backend", WorkspaceID: core.ID{15: 1}, Listens: event.AllHot,
		Format: core.Format{Prefix: "A", Groups: 2, GroupLength: 4},
	}
	return c
}

func entropyOf(seed uint64) io.Reader {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	return rand.NewChaCha8(key)
}

// pick returns one of some values.
func pick[T any](c *compared, values ...T) T { return values[c.random.IntN(len(values))] }

// one returns one of the ids that were given out, or one that nobody has.
func (c *compared) one(ids []core.ID) core.ID {
	if len(ids) == 0 {
		return core.ID{9}
	}
	return pick(c, ids...)
}

// request sends a random request.
func (c *compared) request(ctx context.Context) (name string, answer any, err error) {
	c.pass(pick(c, 0, time.Second, time.Minute))
	code := fmt.Sprint("Code-", c.random.IntN(30))
	user := fmt.Sprint("user ", c.random.IntN(20))
	type request struct {
		name  string
		times int // its weight among all requests
		send  func() (any, error)
	}
	all := []request{
		{"add", 4, func() (any, error) { return c.AddCode(ctx, c.caller, code, c.issue()) }},
		{"generate", 2, func() (any, error) { return c.GenerateCode(ctx, c.caller, c.issue()) }},
		{"validate", 4, func() (any, error) {
			at := c.time().Add(time.Hour)
			return c.Validate(ctx, c.caller, codes.ValidateRequest{Code: code, UserID: pick(c, "", user), At: pick(c, nil, &at)})
		}},
		{"redeem", 6, func() (any, error) {
			return c.keep(c.Redeem(ctx, c.caller, codes.RedeemRequest{Code: code, UserID: user}))
		}},
		{"reserve", 3, func() (any, error) {
			life := pick(c, 0, 10*time.Second, time.Hour)
			held, err := c.Reserve(ctx, c.caller, codes.ReserveRequest{Code: code, UserID: user, Life: life})
			if err == nil {
				c.reservations = append(c.reservations, held.Reservation.ID)
			}
			return held, err
		}},
		{"confirm", 2, func() (any, error) { return c.keep(c.Confirm(ctx, c.caller, c.one(c.reservations))) }},
		{"release", 1, func() (any, error) { return c.Release(ctx, c.caller, c.one(c.reservations)) }},
		{"roll back", 3, func() (any, error) { return c.Rollback(ctx, c.caller, c.one(c.redemptions), "because") }},
		{"tidy", 1, func() (any, error) { return nil, c.TidyReservations(ctx) }},
		{"get", 2, func() (any, error) { return c.GetCode(ctx, c.caller, code) }},
		{"change", 2, func() (any, error) { return c.ChangeCode(ctx, c.caller, code, c.change()) }},
		{"revoke", 1, func() (any, error) { return c.RevokeCode(ctx, c.caller, code) }},
		{"restore", 2, func() (any, error) { return c.RestoreCode(ctx, c.caller, code) }},
		{"delete", 1, func() (any, error) { return nil, c.DeleteCode(ctx, c.caller, code) }},
		{"put", 1, func() (any, error) {
			return c.PutUser(ctx, c.caller, user, pick(c, codes.UserNormal, codes.UserPremium))
		}},
		{"user", 1, func() (any, error) { return c.GetUser(ctx, c.caller, user) }},
		{"erase", 1, func() (any, error) { return nil, c.EraseUser(ctx, c.caller, user) }},
		{"codes", 2, func() (any, error) {
			status := pick(c, "", codes.StatusActive, codes.StatusExhausted, codes.StatusExpired)
			filter := codes.CodeFilter{Status: status, Query: pick(c, "", "code", "Co", "note 1")}
			return c.ListCodes(ctx, c.caller, filter, core.PageRequest{Limit: 5})
		}},
		{"redemptions", 1, func() (any, error) {
			filter := codes.RedemptionFilter{Code: pick(c, "", code), UserID: pick(c, "", user)}
			return c.ListRedemptions(ctx, c.caller, filter, core.PageRequest{Limit: 5})
		}},
		{"users", 1, func() (any, error) {
			return c.ListUsers(ctx, c.caller, codes.UserFilter{Query: pick(c, "", "user 1")}, core.PageRequest{Limit: 5})
		}},
	}
	sum := 0
	for _, r := range all {
		sum += r.times
	}
	n := c.random.IntN(sum)
	for _, r := range all {
		if n -= r.times; n < 0 {
			answer, err = r.send()
			return r.name, answer, err
		}
	}
	panic("not reached")
}

func (c *compared) keep(made codes.Redeemed, err error) (codes.Redeemed, error) {
	if err == nil {
		c.redemptions = append(c.redemptions, made.Redemption.ID)
	}
	return made, err
}

func (c *compared) issue() codes.IssueRequest {
	limit, soon := int64(1+c.random.IntN(3)), c.time().Add(time.Duration(1+c.random.IntN(60))*time.Minute)
	return codes.IssueRequest{
		Type: pick(c, codes.TypeNormal, codes.TypePremium, codes.TypeUpgrade),
		Options: codes.Options{
			MaxRedemptions: codes.Limit{Given: true, Max: pick(c, nil, &limit)},
			ExpiresAt:      pick(c, nil, nil, &soon), Note: fmt.Sprint("note ", c.random.IntN(20)),
		},
		IdempotencyKey: pick(c, "", "", fmt.Sprint("key-", c.random.IntN(50))),
	}
}

func (c *compared) change() codes.CodeChange {
	limit, note := int64(1+c.random.IntN(5)), fmt.Sprint("note ", c.random.IntN(20))
	return codes.CodeChange{
		MaxRedemptions: pick(c, codes.Limit{}, codes.Limit{Given: true}, codes.Limit{Given: true, Max: &limit}),
		Note:           core.Field[string]{Given: true, Value: &note},
	}
}

// logged is what must be the same of an event.
type logged struct {
	Position     int64
	Type         event.Type
	At           time.Time
	Subject      event.Subject
	UserID, Data string
	IsErased     bool
	DigestFits   bool
}

// log gives the events positions and reads them all.
func (c *compared) log(t *testing.T) (all []logged) {
	t.Helper()
	service := event.NewService(c.Store, c.time, 0)
	if err := service.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	for after := int64(0); ; {
		page, err := service.List(t.Context(), event.Query{Workspace: c.caller.WorkspaceID, After: after, Limit: 500}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Events) == 0 {
			return all
		}
		for _, e := range page.Events {
			all = append(all, logged{
				e.Position, e.Type, e.At.UTC(), e.Subject, e.UserID, e.Data, e.Salt == nil,
				isOfTheBody(t, &e),
			})
		}
		after = page.Next
	}
}

// isOfTheBody reports whether an event's digest is that of what it holds.
func isOfTheBody(t *testing.T, e *event.Event) bool {
	t.Helper()
	digest, err := e.Sum()
	if err != nil {
		t.Fatal(err)
	}
	return digest == e.Digest
}
