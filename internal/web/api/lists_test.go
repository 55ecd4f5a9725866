package api

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/storetest"
	"accesscodes/internal/tenancy"
)

// page reads a page of a list: a field of each entry, and the cursor of the next page.
func (a answer) page(t *testing.T, field string) (values []string, next string) {
	t.Helper()
	body := a.mustBeOK(t).object(t)
	for _, entry := range body["data"].([]any) {
		values = append(values, fmt.Sprint(entry.(map[string]any)[field]))
	}
	next, _ = body["nextCursor"].(string)
	return values, next
}

func TestAListIsReadPageByPage(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		var want []string
		for i := range 25 {
			f.add(t, fmt.Sprint("CODE-", i), `"type":"`+string(codes.Types()[i%3])+`"`)
			f.call(t, "PUT", fmt.Sprintf("/users/user-%02d", i), `{"status":"Normal"}`).mustBeOK(t)
			want = append([]string{fmt.Sprint("CODE-", i)}, want...)
			f.clock.advance(time.Second)
		}
		var got []string
		for cursor, pages := "", 0; pages == 0 || cursor != ""; pages++ {
			values, next := f.call(t, "GET", "/tenant-codes?limit=10&cursor="+cursor, "").page(t, "code")
			if wantLength := []int{10, 10, 5}[pages]; len(values) != wantLength {
				t.Fatalf("page %d has %d entries", pages, len(values))
			}
			got, cursor = append(got, values...), next
			f.add(t, fmt.Sprint("LATER-", pages), `"type":"Normal"`) // which is on none of the pages
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("codes (-want +got):\n%s", diff)
		}
		users, next := f.call(t, "GET", "/users?limit=20", "").page(t, "userId")
		if rest, last := f.call(t, "GET", "/users?limit=20&cursor="+next, "").page(t, "userId"); len(users) != 20 ||
			len(rest) != 5 || last != "" || rest[0] != "user-20" {
			t.Errorf("users %v, then %v, then %q", users, rest, last)
		}
	})
}

func TestEveryFilterOfCodes(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		for _, code := range []struct{ value, fields string }{
			{"ACTIVE-1", `"type":"Normal","note":"Spring fair","recipient":"Ada@example.org"`},
			{"PREMIUM-1", `"type":"Premium","note":"spring sale"`},
			{"USED-1", `"type":"Normal","maxRedemptions":1`},
			{"HELD-1", `"type":"Normal","maxRedemptions":1`},
			{"LATER-1", `"type":"Normal","startsAt":"2031-02-04T00:00:00Z"`},
			{"SOON-1", `"type":"Normal","expiresAt":"2031-02-03T04:06:00Z"`},
			{"GONE-1", `"type":"Normal","expiresAt":"2031-02-03T04:06:00Z"`},
		} {
			f.add(t, code.value, code.fields)
			f.clock.advance(time.Second)
		}
		f.redeem(t, "USED-1", "ada")
		f.reserve(t, "HELD-1", "bob")
		f.call(t, "POST", "/tenant-codes/GONE-1/revoke", "").mustBeOK(t)
		f.clock.advance(time.Minute)
		for _, test := range []struct {
			query string
			want  []string
		}{
			{"", []string{"GONE-1", "SOON-1", "LATER-1", "HELD-1", "USED-1", "PREMIUM-1", "ACTIVE-1"}},
			{"type=Premium", []string{"PREMIUM-1"}},
			{"type=Upgrade", nil},
			{"status=active", []string{"PREMIUM-1", "ACTIVE-1"}},
			{"status=revoked", []string{"GONE-1"}},
			{"status=expired", []string{"SOON-1"}},
			{"status=scheduled", []string{"LATER-1"}},
			{"status=exhausted", []string{"HELD-1", "USED-1"}},
			{"status=exhausted&limit=1", []string{"HELD-1"}},
			{"batchId=01a20622-6a04-746e-8238-e2deeb7b832d", nil},
			{"q=spring", []string{"PREMIUM-1", "ACTIVE-1"}},
			{"q=SPRING+F", []string{"ACTIVE-1"}},
			{"q=pre-mium", []string{"PREMIUM-1"}},
			{"q=ada%40", []string{"ACTIVE-1"}},
			{"q=fair", nil},
			{"q=%25", nil},
			{"q=-", nil},
			{"createdAfter=2031-02-03T04:05:07.789012Z&createdBefore=2031-02-03T04:05:09.789012Z", []string{"USED-1"}},
			{"createdBefore=2031-02-03T05:05:07%2B01:00", []string{"ACTIVE-1"}},
			{"type=Normal&status=active&q=a", []string{"ACTIVE-1"}},
			{"cursor=&q=", []string{"GONE-1", "SOON-1", "LATER-1", "HELD-1", "USED-1", "PREMIUM-1", "ACTIVE-1"}},
		} {
			t.Run(test.query, func(t *testing.T) {
				got, _ := f.call(t, "GET", "/tenant-codes?"+test.query, "").page(t, "code")
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("codes (-want +got):\n%s", diff)
				}
			})
		}
	})
}

// TestSlowSearchesOfOneWorkspaceKeepNobodyElseWaiting: neither look-ups, nor the lists of others,
// nor the answer that the server is ready.
func TestSlowSearchesOfOneWorkspaceKeepNobodyElseWaiting(t *testing.T) {
	slow := &slowSearches{begun: make(chan struct{}, 8), goOn: make(chan struct{})}
	f := newFixture(t, func(below storetest.Store) storetest.Store { slow.Store = below; return slow })
	f.add(t, "CODE", `"type":"Normal"`)
	slow.workspace = f.key.WorkspaceID
	statuses := make(chan int)
	for range 8 {
		go func() { statuses <- f.call(t, "GET", "/tenant-codes?q=c", "").status }()
	}
	for range codes.ListsAtOnce {
		<-slow.begun
	}
	f.call(t, "GET", "/readyz", "").mustBeOK(t)
	f.call(t, "POST", "/tenant-codes/validate", `{"code":"code"}`).mustBeOK(t)
	_, f.secret = f.createKey(t, "other", tenancy.NewKey{Name: "theirs", Role: tenancy.RoleFull})
	f.call(t, "POST", "/tenant-codes/validate", `{"code":"code"}`).mustBeOK(t)
	f.call(t, "GET", "/tenant-codes?q=c", "").mustBeOK(t)
	close(slow.goOn)
	for range 8 {
		if status := <-statuses; status != 200 && status != 503 {
			t.Errorf("a slow search: status %d", status)
		}
	}
}

// slowSearches is a store in which a workspace's lists of codes wait.
type slowSearches struct {
	storetest.Store
	workspace   core.ID
	begun, goOn chan struct{}
}

func (s *slowSearches) Codes(ctx context.Context, q *codes.CodeQuery) ([]codes.Code, error) {
	if q.WorkspaceID == s.workspace {
		s.begun <- struct{}{}
		<-s.goOn
	}
	return s.Store.Codes(ctx, q)
}

func TestRedemptionsAndUsersAreFiltered(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		f.add(t, "A", `"type":"Normal"`)
		f.add(t, "B", `"type":"Upgrade"`)
		f.redeem(t, "A", "ada")
		f.redeem(t, "A", "bob")
		f.redeem(t, "B", "ada")
		for _, test := range []struct {
			path, field string
			want        []string
		}{
			{"/redemptions", "userId", []string{"ada", "bob", "ada"}},
			{"/redemptions?code=a-", "userId", []string{"bob", "ada"}},
			{"/redemptions?userId=ada", "code", []string{"B", "A"}},
			{"/redemptions?userId=ada&code=A", "type", []string{"Normal"}},
			{"/redemptions?userId=Ada", "code", nil},
			{"/redemptions?code=none", "code", nil},
			{"/redemptions?createdBefore=2031-02-03T04:05:06.789012Z", "code", nil},
			{
				"/redemptions?createdBefore=2031-02-03T04:05:06.789013Z&createdAfter=1960-01-01T00:00:00Z",
				"code",
				[]string{"B", "A", "A"},
			},
			{"/redemptions?createdAfter=2031-02-03T04:05:06.789012Z", "code", nil},
			{"/users", "status", []string{"Premium", "Normal"}},
			{"/users?status=Premium", "userId", []string{"ada"}},
			{"/users?q=b", "userId", []string{"bob"}},
		} {
			if got, _ := f.call(t, "GET", test.path, "").page(t, test.field); !cmp.Equal(test.want, got) {
				t.Errorf("%s: %v, want %v", test.path, got, test.want)
			}
		}
	})
}

func TestAWrongParameterIsRefused(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		for i := range 3 {
			f.add(t, fmt.Sprint("A", i), `"type":"Normal"`)
			f.call(t, "PUT", fmt.Sprint("/users/", i), `{"status":"Normal"}`).mustBeOK(t)
		}
		_, codes := f.call(t, "GET", "/tenant-codes?limit=1", "").page(t, "code")
		_, users := f.call(t, "GET", "/users?limit=1", "").page(t, "userId")
		for _, query := range []string{
			"limit=0", "limit=1001", "limit=-1", "limit=ten", "limit=1.5", "limit=99999999999999999999", "typ=Normal",
			"type=normal", "type=Normal&type=Normal",
			"status=gone", "batchId=1", "createdAfter=yesterday", "createdAfter=2031-02-03",
			"createdBefore=2031-02-03T04:05:06+01:00", "q=%00", "q=%ff",
			"type=", "status", "batchId=", "createdAfter=", "createdBefore=", "limit=",
			"batchId=00000000-0000-0000-0000-000000000000",
			"q=a&q=b", "%zz", "q=" + url.QueryEscape(string(make([]byte, 400))),
		} {
			t.Run(query, func(t *testing.T) {
				f.call(t, "GET", "/tenant-codes?"+query, "").mustBe(t, 400, core.ReasonInvalidParameter)
			})
		}
		for _, path := range []string{"/redemptions?userId=", "/redemptions?code=", "/users?status="} {
			f.call(t, "GET", path, "").mustBe(t, 400, core.ReasonInvalidParameter)
		}
		for name, path := range map[string]string{
			"none":              "/tenant-codes?cursor=x",
			"other filters":     "/tenant-codes?type=Normal&cursor=" + codes,
			"another list":      "/users?cursor=" + codes,
			"of another list":   "/tenant-codes?cursor=" + users,
			"cut off":           "/tenant-codes?cursor=" + codes[:12],
			"with something on": "/tenant-codes?cursor=" + codes + "=",
		} {
			t.Run("cursor "+name, func(t *testing.T) {
				f.call(t, "GET", path, "").mustBe(t, 400, core.ReasonInvalidCursor)
			})
		}
		f.call(t, "GET", "/tenant-codes?cursor="+codes, "",
			with("X-Api-Key", f.keyOf(t, "other", tenancy.RoleFull))).mustBe(t, 400, core.ReasonInvalidCursor)
	})
}

// TestARouteWithoutParametersTakesNone: what was meant for the body must not be lost in the address.
func TestARouteWithoutParametersTakesNone(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		f.add(t, "VIP", `"type":"Normal"`)
		before := f.call(t, "GET", "/tenant-codes/VIP", "").mustBeOK(t).body
		for _, test := range []struct{ method, path, body string }{
			{"POST", generatePath + "?expiresAt=2031-12-31T00:00:00Z", `{"type":"Normal"}`},
			{"POST", addPath + "?x", `{"code":"NEW","type":"Normal"}`},
			{"GET", "/tenant-codes/VIP?fields=code", ""},
			{"PATCH", "/tenant-codes/VIP?dryRun=true", `{"note":"n"}`},
			{"DELETE", "/tenant-codes/VIP?dryRun=true", ""},
			{"POST", "/tenant-codes/VIP/revoke?at=2031-12-31T00:00:00Z", ""},
		} {
			f.call(t, test.method, test.path, test.body).mustBe(t, 400, core.ReasonInvalidParameter)
		}
		if after := f.call(t, "GET", "/tenant-codes/VIP", "").mustBeOK(t).body; after != before || f.stored(t) != 1 {
			t.Errorf("%d codes are stored, VIP %s, before %s", f.stored(t), after, before)
		}
	})
}
