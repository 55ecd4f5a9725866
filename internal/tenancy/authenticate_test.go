package tenancy_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

func TestACommandorIsAKeyOfAWorkspaceWithWhatItsRoleAllows(t *testing.T) {
	w := newWorld(t)
	other, err := w.CreateWorkspace(t.Context(), "other", "Other", core.Format{Groups: 3, GroupLength: 3})
	if err != nil {
		t.Fatal(err)
	}
	key, secret := w.key(t, "other", tenancy.NewKey{Name: "CRM", Role: tenancy.RoleIssue, ExpiresAt: after(time.Hour)})
	want := core.Actor{
		Kind: core.ActorKey, ID: key.ID, Name: "CRM", Display: key.Display,
		Role: "issue", Permissions: []core.Permission{core.PermissionIssue, core.PermissionFollow},
		WorkspaceID: other.ID, Workspace: "other", Format: other.Format,
	}
	if diff := cmp.Diff(want, w.login(t, secret)); diff != "" {
		t.Errorf("caller (-want +got):\n%s", diff)
	}
}

func TestEveryUnusableKeyGetsOneAndTheSameError(t *testing.T) {
	w := newWorld(t)
	w.join(t, "suspended", acmeFormat)
	unknown := strings.Repeat("x", 30)
	_, expired := w.key(t, "acme", tenancy.NewKey{Name: "expired", Role: tenancy.RoleFull, ExpiresAt: after(time.Hour)})
	revokedKey, revoked := w.key(t, "acme", tenancy.NewKey{Name: "revoked", Role: tenancy.RoleFull})
	_, suspended := w.key(t, "suspended", tenancy.NewKey{Name: "suspended", Role: tenancy.RoleFull})
	for _, secret := range []string{expired, revoked, suspended} {
		w.login(t, secret)
	}
	w.pass(time.Hour)
	if _, err := w.RevokeKey(t.Context(), revokedKey.ID); err != nil {
		t.Fatal(err)
	}
	w.suspend(t, "suspended", true)

	_, first := w.Authenticate(t.Context(), "")
	checkError(t, first, core.KindUnauthenticated, core.ReasonInvalidAPIKey)
	for name, secret := range map[string]string{
		"malformed": "secret", "unknown": "ack_" + unknown + checksum(unknown),
		"expired": expired, "revoked": revoked, "suspended": suspended,
	} {
		caller, err := w.Authenticate(t.Context(), secret)
		// The very same value, so that nothing about it can differ.
		if err != first || caller.Kind != "" {
			t.Errorf("%s: %v, %v", name, caller, err)
		}
	}
	w.suspend(t, "suspended", false)
	w.login(t, suspended)
}

func (w *world) suspend(t *testing.T, slug string, suspended bool) {
	t.Helper()
	if _, err := w.UpdateWorkspace(t.Context(), slug, tenancy.WorkspaceChange{Suspended: &suspended}); err != nil {
		t.Fatal(err)
	}
}

func TestAKeyWorksUntilJustBeforeItsExpiry(t *testing.T) {
	w := newWorld(t)
	_, secret := w.key(t, "acme", tenancy.NewKey{Name: "CRM", Role: tenancy.RoleFull, ExpiresAt: after(time.Hour)})
	w.pass(time.Hour - time.Microsecond)
	w.login(t, secret)
	w.pass(time.Microsecond)
	_, err := w.Authenticate(t.Context(), secret)
	checkError(t, err, core.KindUnauthenticated, core.ReasonInvalidAPIKey)
}

func TestAStoreThatFailsIsNotAnUnknownKey(t *testing.T) {
	broken := core.Unavailable(errors.New("the disk is full"))
	service := newFakeService(
		t,
		&fakeStore{callerByHash: func(tenancy.KeyHash) (*tenancy.Caller, error) { return nil, broken }},
	)
	random := strings.Repeat("x", 30)
	_, err := service.Authenticate(t.Context(), "ack_"+random+checksum(random))
	checkError(t, err, core.KindUnavailable, core.ReasonStoreUnavailable)
}

func TestTheLastUseOfAKeyIsStoredWithTheNextFlush(t *testing.T) {
	w := newWorld(t)
	used, secret := w.key(t, "acme", tenancy.NewKey{Name: "used", Role: tenancy.RoleFull})
	idle, _ := w.key(t, "acme", tenancy.NewKey{Name: "idle", Role: tenancy.RoleFull})
	lastUse := func(id core.ID) *time.Time {
		t.Helper()
		key, err := w.FindKey(t.Context(), id.String())
		if err != nil {
			t.Fatal(err)
		}
		return key.LastUsedAt
	}
	for _, later := range []time.Duration{time.Minute, time.Hour} {
		w.pass(time.Second)
		w.login(t, secret)
		w.pass(later - time.Second)
		w.login(t, secret)
		want := w.clock()
		w.pass(time.Second) // between the use and the flush
		if err := w.FlushKeyUsage(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := lastUse(used.ID); got == nil || !got.Equal(want) {
			t.Errorf("last used at %v, want %v", got, want)
		}
	}
	if got := lastUse(idle.ID); got != nil {
		t.Errorf("a key that nobody used was used at %v", got)
	}
}

func TestAUseIsStoredOnce(t *testing.T) {
	var touched []map[core.ID]time.Time
	key := tenancy.Key{ID: core.ID{7}, Role: tenancy.RoleFull}
	service := newFakeService(t, &fakeStore{
		callerByHash: func(tenancy.KeyHash) (*tenancy.Caller, error) { return &tenancy.Caller{Key: key}, nil },
		touchKeys:    func(used map[core.ID]time.Time) error { touched = append(touched, used); return nil },
	})
	flush := func() {
		t.Helper()
		if err := service.FlushKeyUsage(t.Context()); err != nil {
			t.Error(err)
		}
	}
	flush() // nothing to store yet
	random := strings.Repeat("x", 30)
	if _, err := service.Authenticate(t.Context(), "ack_"+random+checksum(random)); err != nil {
		t.Fatal(err)
	}
	flush()
	flush()
	if diff := cmp.Diff([]map[core.ID]time.Time{{key.ID: start}}, touched); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}
