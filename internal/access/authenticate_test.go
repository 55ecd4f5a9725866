package access_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/access"
)

func TestACallerIsAKeyAndItsWorkspace(t *testing.T) {
	w := newWorld(t)
	other, err := w.CreateWorkspace(t.Context(), "other", "Other", access.Format{Groups: 3, GroupLength: 3})
	if err != nil {
		t.Fatal(err)
	}
	key, secret := w.key(t, "other", access.NewKey{Name: "CRM", Role: access.RoleIssue, ExpiresAt: after(time.Hour)})
	if diff := cmp.Diff(&access.Caller{Workspace: other, Key: key}, w.login(t, secret)); diff != "" {
		t.Errorf("caller (-want +got):\n%s", diff)
	}
}

func TestEveryUnusableKeyGetsOneAndTheSameError(t *testing.T) {
	w := newWorld(t)
	w.join(t, "suspended", acmeFormat)
	unknown := strings.Repeat("x", 30)
	_, expired := w.key(t, "acme", access.NewKey{Name: "expired", Role: access.RoleFull, ExpiresAt: after(time.Hour)})
	revokedKey, revoked := w.key(t, "acme", access.NewKey{Name: "revoked", Role: access.RoleFull})
	_, suspended := w.key(t, "suspended", access.NewKey{Name: "suspended", Role: access.RoleFull})
	for _, secret := range []string{expired, revoked, suspended} {
		w.login(t, secret)
	}
	w.pass(time.Hour)
	if _, err := w.RevokeKey(t.Context(), revokedKey.ID); err != nil {
		t.Fatal(err)
	}
	w.suspend(t, "suspended", true)

	_, first := w.Authenticate(t.Context(), "")
	checkError(t, first, access.KindUnauthenticated, access.ReasonInvalidAPIKey)
	for name, secret := range map[string]string{
		"malformed": "secret", "unknown": "ack_" + unknown + checksum(unknown),
		"expired": expired, "revoked": revoked, "suspended": suspended,
	} {
		caller, err := w.Authenticate(t.Context(), secret)
		// The very same value, so that nothing about it can differ.
		if err != first || caller != nil {
			t.Errorf("%s: %v, %v", name, caller, err)
		}
	}
	w.suspend(t, "suspended", false)
	w.login(t, suspended)
}

func (w *world) suspend(t *testing.T, slug string, suspended bool) {
	t.Helper()
	if _, err := w.UpdateWorkspace(t.Context(), slug, access.WorkspaceChange{Suspended: &suspended}); err != nil {
		t.Fatal(err)
	}
}

func TestAKeyWorksUntilJustBeforeItsExpiry(t *testing.T) {
	w := newWorld(t)
	_, secret := w.key(t, "acme", access.NewKey{Name: "CRM", Role: access.RoleFull, ExpiresAt: after(time.Hour)})
	w.pass(time.Hour - time.Microsecond)
	w.login(t, secret)
	w.pass(time.Microsecond)
	_, err := w.Authenticate(t.Context(), secret)
	checkError(t, err, access.KindUnauthenticated, access.ReasonInvalidAPIKey)
}

func TestAStoreThatFailsIsNotAnUnknownKey(t *testing.T) {
	broken := access.Unavailable(errors.New("the disk is full"))
	service, _ := newFakeService(t, &fakeStore{callerByHash: func(access.KeyHash) (*access.Caller, error) { return nil, broken }})
	random := strings.Repeat("x", 30)
	_, err := service.Authenticate(t.Context(), "ack_"+random+checksum(random))
	checkError(t, err, access.KindUnavailable, access.ReasonStoreUnavailable)
}

func TestTheLastUseOfAKeyIsStoredWithTheNextFlush(t *testing.T) {
	w := newWorld(t)
	used, secret := w.key(t, "acme", access.NewKey{Name: "used", Role: access.RoleFull})
	idle, _ := w.key(t, "acme", access.NewKey{Name: "idle", Role: access.RoleFull})
	lastUse := func(id access.ID) *time.Time {
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
		want := w.Now()
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
	var touched []map[access.ID]time.Time
	key := access.Key{ID: access.ID{7}, Role: access.RoleFull}
	service, _ := newFakeService(t, &fakeStore{
		callerByHash: func(access.KeyHash) (*access.Caller, error) { return &access.Caller{Key: key}, nil },
		touchKeys:    func(used map[access.ID]time.Time) error { touched = append(touched, used); return nil },
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
	if diff := cmp.Diff([]map[access.ID]time.Time{{key.ID: start}}, touched); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}
