package api

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

func TestAddAnswersWithTheWholeCode(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		for i, test := range []struct{ name, body, want string }{
			{
				name: "only what must be there: any number of uses, null for what there is not",
				body: `{"code":"WELCOME2025","type":"Normal"}`,
				want: `{"code":"WELCOME2025","type":"Normal","status":"active","maxRedemptions":null,
				"redemptions":0,"reservations":0,
				"startsAt":null,"expiresAt":null,"revokedAt":null,"note":null,"recipient":null,"metadata":{},
				"batchId":null,"batchIndex":null,
				"createdAt":"2031-02-03T04:05:06.789012Z","createdBy":"00000000-0000-7000-8000-000000000003"}`,
			},
			{
				name: "every option, times in UTC",
				body: `{"code":"VIP","type":"Premium","maxRedemptions":7,
				"startsAt":"2031-02-03T05:05:06.1234567+02:00","expiresAt":"2032-01-01T00:00:00-01:30",
				"note":"line one\n\ttwo","recipient":"ada@example.com","metadata":{"crm":"42","a/b~c":""}}`,
				want: `{"code":"VIP","type":"Premium","status":"active","maxRedemptions":7,"redemptions":0,"reservations":0,
				"startsAt":"2031-02-03T03:05:06.123456Z","expiresAt":"2032-01-01T01:30:00Z","revokedAt":null,
				"note":"line one\n\ttwo","recipient":"ada@example.com","metadata":{"crm":"42","a/b~c":""},
				"batchId":null,"batchIndex":null,
				"createdAt":"2031-02-03T04:05:06.789012Z","createdBy":"00000000-0000-7000-8000-000000000003"}`,
			},
			{
				name: "explicit nulls are options that were left out",
				body: `{"code":"NULLS","type":"Upgrade","maxRedemptions":null,"startsAt":null,"expiresAt":null,` +
					`"note":null,"recipient":null,"metadata":null}`,
				want: `{"code":"NULLS","type":"Upgrade","status":"active","maxRedemptions":null,"redemptions":0,"reservations":0,
				"startsAt":null,"expiresAt":null,"revokedAt":null,"note":null,"recipient":null,"metadata":{},
				"batchId":null,"batchIndex":null,
				"createdAt":"2031-02-03T04:05:06.789012Z","createdBy":"00000000-0000-7000-8000-000000000003"}`,
			},
			{
				name: "empty options are none; outer spaces go, inner ones and the case stay",
				body: `{"code":"\u00a0 Grüße aus–Köln 🎉 ","type":"Normal",` +
					`"startsAt":"2031-02-03T04:05:06.789013Z","note":"","recipient":"","metadata":{}}`,
				want: `{"code":"Grüße aus–Köln 🎉","type":"Normal","status":"scheduled","maxRedemptions":null,
				"redemptions":0,"reservations":0,
				"startsAt":"2031-02-03T04:05:06.789013Z","expiresAt":null,"revokedAt":null,"note":null,"recipient":null,
				"metadata":{},
				"batchId":null,"batchIndex":null,
				"createdAt":"2031-02-03T04:05:06.789012Z","createdBy":"00000000-0000-7000-8000-000000000003"}`,
			},
		} {
			t.Run(test.name, func(t *testing.T) {
				got := f.post(t, addPath, test.body).mustBeOK(t)
				sameJSON(t, got.body, test.want)
				f.mustHave(t, got.object(t)["code"].(string), test.want)
				if stored := f.stored(t); stored != i+1 {
					t.Errorf("%d codes are stored, want %d", stored, i+1)
				}
			})
		}
	})
}

func TestEveryFieldOfACodeIsShown(t *testing.T) {
	limit, starts, expires, revoked := int64(
		5,
	), startTime.Add(
		-time.Hour,
	), startTime.Add(
		time.Hour,
	), startTime.Add(
		time.Minute,
	)
	got, err := json.Marshal(&shownCode{code: &codes.Code{
		Value: "VIP", WorkspaceID: core.ID{15: 1}, Type: codes.TypePremium, MaxRedemptions: &limit, Redemptions: 2,
		Reservations: 1,
		StartsAt:     &starts, ExpiresAt: &expires, RevokedAt: &revoked, Note: "n", Recipient: "r",
		Metadata: map[string]string{"k": "v"},
		BatchID:  core.ID{15: 7}, BatchIndex: new(int64(4711)), CreatedAt: startTime, CreatedBy: core.ID{15: 3},
	}, status: codes.StatusRevoked})
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(
		t,
		string(got),
		`{"code":"VIP","type":"Premium","status":"revoked","maxRedemptions":5,"redemptions":2,"reservations":1,
		"startsAt":"2031-02-03T03:05:06.789012Z","expiresAt":"2031-02-03T05:05:06.789012Z",
		"revokedAt":"2031-02-03T04:06:06.789012Z",
		"note":"n","recipient":"r","metadata":{"k":"v"},"batchId":"00000000-0000-0000-0000-000000000007",
		"batchIndex":4711,
		"createdAt":"2031-02-03T04:05:06.789012Z","createdBy":"00000000-0000-0000-0000-000000000003"}`,
	)
}

func TestAnExistingCodeIsRefusedWithoutSayingWhereItIs(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		other := f.keyOf(t, "other", tenancy.RoleFull)
		f.post(t, addPath, `{"code":"Summer-2031","type":"Normal"}`).mustBeOK(t)

		details := map[string]bool{}
		for _, caller := range []struct{ name, secret string }{{"same workspace", f.secret}, {"another workspace", other}} {
			for _, spelling := range []string{
				"Summer-2031", "summer-2031", "SUMMER2031", " S u m m e r 2031 ", "Summer–2031",
				"sum-mer\u2003\u20112031\u00a0", "--summer2031--",
			} {
				t.Run(caller.name+" "+spelling, func(t *testing.T) {
					got := f.post(
						t,
						addPath,
						`{"code":`+quoted(spelling)+`,"type":"Premium","note":"other"}`,
						with("X-Api-Key", caller.secret),
					)
					p := got.mustBe(t, http.StatusBadRequest, core.ReasonCodeAlreadyExists)
					if diff := cmp.Diff([]string{"/code"}, p.pointers()); diff != "" {
						t.Error(diff)
					}
					details[p.Detail] = true
				})
			}
		}
		if len(details) != 1 {
			t.Errorf("the detail tells workspaces apart: %v", details)
		}
		for detail := range details {
			if strings.Contains(strings.ToLower(detail), "workspace") || strings.Contains(detail, "acme") {
				t.Errorf("the detail says where: %s", detail)
			}
		}
		if stored := f.stored(t); stored != 1 {
			t.Errorf("%d codes are stored", stored)
		}
	})
}

func TestGenerateAnswersWithNothingButTheValue(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		exactly := regexp.MustCompile(`^\{"code":"(ACME-[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4})"\}$`)
		seen := map[string]bool{}
		for _, codeType := range codes.Types() {
			for range 20 {
				got := f.post(t, generatePath, `{"type":"`+string(codeType)+`"}`).mustBeOK(t)
				match := exactly.FindStringSubmatch(got.body)
				if match == nil {
					t.Fatalf("body %q", got.body)
				}
				if code := f.code(t, match[1]); code.Type != codeType || code.Value != match[1] {
					t.Fatalf("stored %+v", code)
				}
				seen[match[1]] = true
			}
		}
		if len(seen) != 60 || f.stored(t) != 60 {
			t.Errorf("60 answers, %d values, %d stored", len(seen), f.stored(t))
		}
	})
}

func TestGenerateUsesTheFormatOfTheWorkspace(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		other := f.keyOf(t, "other", tenancy.RoleIssue)
		value := f.post(t, generatePath, `{"type":"Normal"}`, with("X-Api-Key", other)).generated(t)
		if !regexp.MustCompile(`^OTHER-[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}$`).MatchString(value) {
			t.Errorf("value %s", value)
		}
		bare, groups, length := "", 3, 5
		if _, err := f.tenancy.UpdateWorkspace(t.Context(), "acme", tenancy.WorkspaceChange{
			Prefix: &bare,
			Groups: &groups, GroupLength: &length,
		}); err != nil {
			t.Fatal(err)
		}
		value = f.post(t, generatePath, `{"type":"Normal"}`).generated(t)
		if !regexp.MustCompile(`^[A-HJ-NP-Z2-9]{5}(-[A-HJ-NP-Z2-9]{5}){2}$`).MatchString(value) {
			t.Errorf("value %s", value)
		}
	})
}

func TestGenerateHonoursOptions(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		one, many := int64(1), int64(9007199254740991)
		starts, expires := startTime.Add(time.Hour), time.Date(2032, 1, 1, 0, 0, 0, 0, time.UTC)
		f := newFixture(t)
		for _, test := range []struct {
			name, body string
			want       codes.Code
		}{
			{"none: one use", `{"type":"Normal"}`, codes.Code{Type: codes.TypeNormal, MaxRedemptions: &one}},
			{"null: no limit of uses", `{"type":"Premium","maxRedemptions":null}`, codes.Code{Type: codes.TypePremium}},
			{
				"the highest limit",
				`{"type":"Upgrade","maxRedemptions":9007199254740991}`,
				codes.Code{Type: codes.TypeUpgrade, MaxRedemptions: &many},
			},
			{
				"nulls",
				`{"type":"Normal","startsAt":null,"expiresAt":null,"note":null,"recipient":null,"metadata":null}`,
				codes.Code{Type: codes.TypeNormal, MaxRedemptions: &one},
			},
			{
				"all", `{"type":"Normal","startsAt":"2031-02-03T05:05:06.7890129Z",` +
					`"expiresAt":"2032-01-01T01:00:00+01:00","note":"n","recipient":"r","metadata":{"k":"v"}}`,
				codes.Code{
					Type: codes.TypeNormal, MaxRedemptions: &one, StartsAt: &starts, ExpiresAt: &expires,
					Note: "n", Recipient: "r", Metadata: map[string]string{"k": "v"},
				},
			},
		} {
			t.Run(test.name, func(t *testing.T) {
				value := f.post(t, generatePath, test.body).generated(t)
				test.want.Value, test.want.WorkspaceID = value, f.key.WorkspaceID
				test.want.CreatedAt, test.want.CreatedBy = startTime, f.key.ID
				if diff := cmp.Diff(test.want, f.code(t, value)); diff != "" {
					t.Errorf("stored (-want +got):\n%s", diff)
				}
			})
		}
	})
}

func TestManyCallersAtOnceEachGetTheirOwnAnswer(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				name := strings.Repeat(string(rune('A'+i%26)), 1+i/26) + "-OWN"
				body := `{"code":"` + name + `","type":"Normal","note":"note of ` + name + `","metadata":{"m":"` + name + `"}}`
				want := `{"code":"` + name + `","type":"Normal","status":"active",`
				got := f.post(t, addPath, body).body
				if !strings.HasPrefix(got, want) || !strings.Contains(got, `"note":"note of `+name+`",`) ||
					!strings.Contains(got, `"metadata":{"m":"`+name+`"},`) {
					t.Errorf("asked for %s, got %s", name, got)
				}
			})
		}
		all.Wait()
		if stored := f.stored(t); stored != 100 {
			t.Errorf("%d codes are stored", stored)
		}
	})
}

func TestOfManyCallersWithOneCodeOneAddsIt(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		statuses := make(chan int, 30)
		var all sync.WaitGroup
		for range cap(statuses) {
			all.Go(func() { statuses <- f.post(t, addPath, `{"code":"ONLY-ONE","type":"Normal"}`).status })
		}
		all.Wait()
		close(statuses)
		count := map[int]int{}
		for status := range statuses {
			count[status]++
		}
		if diff := cmp.Diff(map[int]int{200: 1, 400: 29}, count); diff != "" {
			t.Errorf("answers by status (-want +got):\n%s", diff)
		}
		if stored := f.stored(t); stored != 1 {
			t.Errorf("%d codes are stored", stored)
		}
	})
}
