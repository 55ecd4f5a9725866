package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/web/kit"
)

// unusableKeys are what callers may send that is no usable key.
func unusableKeys(t *testing.T, f *fixture) map[string]edit {
	t.Helper()
	revoked, revokedSecret := f.createKey(t, "acme", tenancy.NewKey{Name: "revoked", Role: tenancy.RoleFull})
	if _, err := f.tenancy.RevokeKey(t.Context(), revoked.ID); err != nil {
		t.Fatal(err)
	}
	soon := startTime.Add(time.Minute)
	_, expired := f.createKey(t, "acme", tenancy.NewKey{Name: "expired", Role: tenancy.RoleFull, ExpiresAt: &soon})
	f.clock.advance(time.Minute) // the very instant
	f.createWorkspace(t, "suspended", "SUSP")
	suspended := f.keyOf(t, "suspended", tenancy.RoleFull)
	yes := true
	if _, err := f.tenancy.UpdateWorkspace(t.Context(), "suspended",
		tenancy.WorkspaceChange{Suspended: &yes}); err != nil {
		t.Fatal(err)
	}
	typo := []byte(f.secret)
	typo[10] ^= 1
	return map[string]edit{
		"none":                    without("X-Api-Key"),
		"empty":                   with("X-Api-Key", ""),
		"malformed":               with("X-Api-Key", "secret"),
		"a typo":                  with("X-Api-Key", string(typo)),
		"cut off":                 with("X-Api-Key", f.secret[:len(f.secret)-1]),
		"in another case":         with("X-Api-Key", strings.ToUpper(f.secret)),
		"very long":               with("X-Api-Key", strings.Repeat(f.secret, 100)),
		"of another installation": with("X-Api-Key", newFixture(t).secret),
		"revoked":                 with("X-Api-Key", revokedSecret),
		"expired":                 with("X-Api-Key", expired),
		"a suspended workspace":   with("X-Api-Key", suspended),
		"two, the first good":     several(f.secret, revokedSecret),
		"two, both good":          several(f.secret, f.keyOf(t, "acme", tenancy.RoleFull)),
		"two, the second empty":   several(f.secret, ""),
		"three, one different":    several(f.secret, f.secret, "secret"),
		"in another header": func(r *http.Request) {
			r.Header.Del("X-Api-Key")
			r.Header.Set("Authorization", "Bearer "+f.secret)
		},
		"in the query": func(r *http.Request) {
			r.Header.Del("X-Api-Key")
			r.URL.RawQuery = "X-Api-Key=" + f.secret
		},
	}
}

func TestEveryUnusableKeyGetsOneAndTheSameAnswer(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		keys := unusableKeys(t, f)
		want := f.post(t, addPath, `{}`, without("X-Api-Key"), with("X-Request-Id", "same"))
		want.mustBe(t, http.StatusUnauthorized, core.ReasonInvalidAPIKey)
		for name, key := range keys {
			for path, body := range map[string]string{
				addPath:      `{"code":"A","type":"Normal"}`,
				generatePath: `{"type":"Normal"}`,
			} {
				t.Run(name+" "+path, func(t *testing.T) {
					got := f.post(t, path, body, key, with("X-Request-Id", "same"))
					if diff := cmp.Diff(want.body, got.body); diff != "" {
						t.Errorf("body (-none +this):\n%s", diff)
					}
					if diff := cmp.Diff(want.header, got.header); diff != "" {
						t.Errorf("header (-none +this):\n%s", diff)
					}
					if got.status != http.StatusUnauthorized || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "ApiKey ") {
						t.Errorf("status %d, WWW-Authenticate %q", got.status, got.header.Get("WWW-Authenticate"))
					}
				})
			}
		}
		if stored := f.stored(t); stored != 0 {
			t.Errorf("%d codes are stored", stored)
		}
		f.post(t, generatePath, `{"type":"Normal"}`).mustBeOK(t) // the good key still is
	})
}

func TestAKeyWorksUntilTheInstantThatItExpires(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		soon := startTime.Add(time.Hour)
		_, secret := f.createKey(t, "acme", tenancy.NewKey{Name: "short", Role: tenancy.RoleIssue, ExpiresAt: &soon})
		f.clock.advance(time.Hour - time.Microsecond)
		f.post(t, generatePath, `{"type":"Normal"}`, with("X-Api-Key", secret)).mustBeOK(t)
		f.clock.advance(time.Microsecond)
		f.post(t, generatePath, `{"type":"Normal"}`, with("X-Api-Key", secret)).mustBe(t, 401, core.ReasonInvalidAPIKey)
	})
}

func TestAResumedWorkspaceCanBeUsedAgain(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		for _, suspended := range []bool{true, false} {
			if _, err := f.tenancy.UpdateWorkspace(t.Context(), "acme",
				tenancy.WorkspaceChange{Suspended: &suspended}); err != nil {
				t.Fatal(err)
			}
			got := f.post(t, generatePath, `{"type":"Normal"}`)
			if unauthorized := got.status == http.StatusUnauthorized; unauthorized != suspended {
				t.Errorf("suspended %v: status %d", suspended, got.status)
			}
		}
	})
}

func TestTheRoleDecidesWhoMayIssueCodes(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		for role, status := range map[tenancy.Role]int{
			tenancy.RoleFull: 200, tenancy.RoleIssue: 200, tenancy.RoleRedeem: 403, tenancy.RoleRead: 403,
		} {
			key := with("X-Api-Key", f.keyOf(t, "acme", role))
			for _, path := range []string{addPath, generatePath} {
				t.Run(string(role)+" "+path, func(t *testing.T) {
					before := f.stored(t)
					body := `{"type":"Normal"}`
					if path == addPath {
						body = `{"code":"BY-` + string(role) + `","type":"Normal"}`
					}
					got := f.post(t, path, body, key)
					if status == 200 {
						got.mustBeOK(t)
						return
					}
					got.mustBe(t, status, core.ReasonRoleNotAllowed)
					if got.header.Get("WWW-Authenticate") != "" || f.stored(t) != before {
						t.Errorf("header %v, %d codes are stored", got.header, f.stored(t)-before)
					}
				})
			}
		}
		if len(tenancy.Roles()) != 4 {
			t.Errorf("this test knows 4 roles, there are %v", tenancy.Roles())
		}
	})
}

func TestWhoCallsIsAskedBeforeWhatTheySend(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		reader := with("X-Api-Key", f.keyOf(t, "acme", tenancy.RoleRead))
		for _, bad := range []struct {
			name, body string
			edits      []edit
			status     int
			reason     core.Reason
		}{
			{
				"wrong media type", `{"type":"Normal"}`,
				[]edit{with("Content-Type", "text/plain")},
				415,
				kit.ReasonUnsupportedMediaType,
			},
			{"too large", padded(64<<10 + 1), nil, 413, kit.ReasonBodyTooLarge},
			{"not JSON", `{`, nil, 400, kit.ReasonInvalidJSON},
			{"wrong value", `{"type":"normal"}`, nil, 400, core.ReasonInvalidValue},
			{
				"wrong Idempotency-Key", `{"type":"Normal"}`,
				[]edit{with("Idempotency-Key", "a b")},
				400,
				core.ReasonInvalidIdempotencyKey,
			},
			{
				"wrong media type and too large", padded(64<<10 + 1),
				[]edit{with("Content-Type", "text/plain")},
				415,
				kit.ReasonUnsupportedMediaType,
			},
		} {
			t.Run(bad.name, func(t *testing.T) {
				f.post(t, generatePath, bad.body, append(bad.edits, without("X-Api-Key"))...).
					mustBe(t, 401, core.ReasonInvalidAPIKey)
				f.post(t, generatePath, bad.body, append(bad.edits, reader)...).mustBe(t, 403, core.ReasonRoleNotAllowed)
				f.post(t, generatePath, bad.body, bad.edits...).mustBe(t, bad.status, bad.reason)
			})
		}
		if stored := f.stored(t); stored != 0 {
			t.Errorf("%d codes are stored", stored)
		}
	})
}

// several sends several keys.
func several(keys ...string) edit { return func(r *http.Request) { r.Header["X-Api-Key"] = keys } }

func TestTheSameKeyTwiceIsOneKey(t *testing.T) {
	f := newFixture(t)
	f.post(t, generatePath, `{"type":"Normal"}`, several(f.secret, f.secret)).mustBeOK(t)
}
