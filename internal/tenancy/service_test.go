package tenancy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

func TestRotatingAKeyLetsTheOldOneWorkForTheOverlap(t *testing.T) {
	tests := []struct {
		name           string
		expires        *time.Time
		overlap        time.Duration
		wantOldExpires *time.Time
	}{
		{"a key that does not expire", nil, 24 * time.Hour, after(24 * time.Hour)},
		{"a key that expires later", after(48 * time.Hour), 24 * time.Hour, after(24 * time.Hour)},
		{"a key that expires sooner", after(time.Hour), 24 * time.Hour, after(time.Hour)},
		{"no overlap", nil, 0, after(0)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			old, oldSecret := w.key(t, "acme", tenancy.NewKey{Name: "CRM", Role: tenancy.RoleIssue, ExpiresAt: test.expires})
			next, secret, err := w.RotateKey(t.Context(), old.ID, test.overlap)
			if err != nil {
				t.Fatal(err)
			}
			want := old
			want.ID, want.Hash, want.Display = next.ID, next.Hash, next.Display
			if diff := cmp.Diff(want, next); diff != "" {
				t.Errorf("the new key (-want +got):\n%s", diff)
			}
			if secret == oldSecret || next.ID == old.ID {
				t.Error("the new key is the old one")
			}
			w.login(t, secret)
			got, err := w.FindKey(t.Context(), old.ID.String())
			if diff := cmp.Diff(test.wantOldExpires, got.ExpiresAt); diff != "" || err != nil {
				t.Errorf("the old key's expiry: %v (-want +got):\n%s", err, diff)
			}
			if got.ReplacedBy != next.ID {
				t.Errorf("the old key is replaced by %s, not by %s", got.ReplacedBy, next.ID)
			}
			if overlap := got.ExpiresAt.Sub(start); overlap > 0 {
				w.pass(overlap - time.Microsecond)
				w.login(t, oldSecret)
				w.pass(time.Microsecond)
			}
			_, err = w.Authenticate(t.Context(), oldSecret)
			checkError(t, err, core.KindUnauthenticated, core.ReasonInvalidAPIKey)
		})
	}
}

func TestAKeyThatCannotBeRotated(t *testing.T) {
	w := newWorld(t)
	active, _ := w.key(t, "acme", tenancy.NewKey{Name: "active", Role: tenancy.RoleFull})
	expired, _ := w.key(t, "acme", tenancy.NewKey{Name: "expired", Role: tenancy.RoleFull, ExpiresAt: after(time.Hour)})
	revoked, _ := w.key(t, "acme", tenancy.NewKey{Name: "revoked", Role: tenancy.RoleFull})
	if _, err := w.RevokeKey(t.Context(), revoked.ID); err != nil {
		t.Fatal(err)
	}
	replaced, _ := w.key(t, "acme", tenancy.NewKey{Name: "replaced", Role: tenancy.RoleFull})
	if _, _, err := w.RotateKey(t.Context(), replaced.ID, 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Hour)
	before, err := w.Keys(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		id       core.ID
		overlap  time.Duration
		kind     core.Kind
		reason   core.Reason
		pointers []string
	}{
		{"expired", expired.ID, time.Hour, core.KindConflict, core.ReasonKeyNotActive, nil},
		{"revoked", revoked.ID, time.Hour, core.KindConflict, core.ReasonKeyNotActive, nil},
		{"rotated already", replaced.ID, time.Hour, core.KindConflict, core.ReasonKeyNotActive, nil},
		{"unknown", core.ID{1}, time.Hour, core.KindNotFound, core.ReasonKeyNotFound, nil},
		{"negative overlap", active.ID, -time.Nanosecond, core.KindInvalid, core.ReasonInvalidValue, []string{"/overlap"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, secret, err := w.RotateKey(t.Context(), test.id, test.overlap)
			checkError(t, err, test.kind, test.reason, test.pointers...)
			if secret != "" {
				t.Errorf("there is a secret: %s", secret)
			}
		})
	}
	afterwards, err := w.Keys(t.Context(), "acme")
	if diff := cmp.Diff(before, afterwards); diff != "" || err != nil {
		t.Errorf("keys afterwards: %v (-before +after):\n%s", err, diff)
	}
}

func TestRevokingAKeyTwiceKeepsTheFirstTime(t *testing.T) {
	w := newWorld(t)
	key, secret := w.key(t, "acme", tenancy.NewKey{Name: "CRM", Role: tenancy.RoleFull})
	w.login(t, secret)
	for range 2 {
		w.pass(time.Minute)
		got, err := w.RevokeKey(t.Context(), key.ID)
		want := key
		want.RevokedAt = after(time.Minute)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("RevokeKey: %v (-want +got):\n%s", err, diff)
		}
		_, err = w.Authenticate(t.Context(), secret)
		checkError(t, err, core.KindUnauthenticated, core.ReasonInvalidAPIKey)
	}
	_, err := w.RevokeKey(t.Context(), core.ID{1})
	checkError(t, err, core.KindNotFound, core.ReasonKeyNotFound)
}

func TestAKeyIsFoundByItsIDAndByItsSecret(t *testing.T) {
	w := newWorld(t)
	key, secret := w.key(t, "acme", tenancy.NewKey{Name: "CRM", Role: tenancy.RoleRead})
	for _, reference := range []string{key.ID.String(), strings.ToUpper(key.ID.String()), secret} {
		got, err := w.FindKey(t.Context(), reference)
		if diff := cmp.Diff(key, got); diff != "" || err != nil {
			t.Errorf("FindKey(%s): %v (-want +got):\n%s", reference, err, diff)
		}
	}
	random := strings.Repeat("x", 30)
	unknownSecret := "ack_" + random + checksum(random)
	for _, reference := range []string{"", "CRM", key.Display, core.ID{1}.String(), unknownSecret, secret[:39] + "!"} {
		_, err := w.FindKey(t.Context(), reference)
		checkError(t, err, core.KindNotFound, core.ReasonKeyNotFound)
		if err != nil && strings.Contains(err.Error(), "ack_") {
			t.Errorf("the error repeats what may be a secret: %v", err)
		}
	}
}

func TestTheFirstWorkspaceIsMadeOnce(t *testing.T) {
	w := newWorld(t)
	empty := newEmptyWorld(t)
	secret, err := empty.Bootstrap(t.Context(), "default", "Default", acmeFormat)
	if err != nil {
		t.Fatal(err)
	}
	if caller := empty.login(t, secret); caller.Role != "full" || caller.Workspace != "default" ||
		caller.Format != acmeFormat {
		t.Errorf("the first caller is %+v", caller)
	}
	for name, full := range map[string]*world{"again": empty, "beside another workspace": w} {
		before, err := full.Workspaces(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if secret, err := full.Bootstrap(t.Context(), "default", "Default", acmeFormat); secret != "" || err != nil {
			t.Errorf("%s: %q, %v", name, secret, err)
		}
		afterwards, err := full.Workspaces(t.Context())
		if diff := cmp.Diff(before, afterwards); diff != "" || err != nil {
			t.Errorf("%s: %v (-before +after):\n%s", name, err, diff)
		}
	}
}
