package tenancy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

func TestASlugIsADNSLabel(t *testing.T) {
	w := newWorld(t)
	for _, slug := range []string{"a", "0", "a-b", "a--b", strings.Repeat("a", 63)} {
		if _, err := w.CreateWorkspace(t.Context(), slug, "Name", acmeFormat); err != nil {
			t.Errorf("%s: %v", slug, err)
		}
	}
	for _, slug := range []string{"", "-a", "a-", "A", "a b", "a_b", "a.b", "é", "a\n", strings.Repeat("a", 64)} {
		_, err := w.CreateWorkspace(t.Context(), slug, "Name", acmeFormat)
		checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, "/slug")
	}
}

func TestANameHasUpTo100Characters(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("é", 100)
	if got, err := w.UpdateWorkspace(t.Context(), "acme", tenancy.WorkspaceChange{Name: &long}); err != nil ||
		got.Name != long {
		t.Errorf("100 characters: %+v, %v", got, err)
	}
	for _, name := range []string{"", " ", "a\tb", "a\nb", long + "é", "a\x00b"} {
		_, err := w.CreateWorkspace(t.Context(), "new", name, acmeFormat)
		checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, "/name")
		_, err = w.UpdateWorkspace(t.Context(), "acme", tenancy.WorkspaceChange{Name: &name})
		checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, "/name")
	}
}

func TestASlugIsTakenOnce(t *testing.T) {
	w := newWorld(t)
	_, err := w.CreateWorkspace(t.Context(), "acme", "Another", acmeFormat)
	checkError(t, err, core.KindConflict, core.ReasonWorkspaceExists)
	all, err := w.Workspaces(t.Context())
	if diff := cmp.Diff([]tenancy.Workspace{w.acme}, all); diff != "" || err != nil {
		t.Errorf("Workspaces: %v (-want +got):\n%s", err, diff)
	}
}

func TestSuspendingAWorkspaceTwiceKeepsTheFirstTime(t *testing.T) {
	w := newWorld(t)
	yes, want := true, w.acme
	want.SuspendedAt = after(time.Hour)
	for range 2 {
		w.pass(time.Hour)
		got, err := w.UpdateWorkspace(t.Context(), "acme", tenancy.WorkspaceChange{Suspended: &yes})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("UpdateWorkspace: %v (-want +got):\n%s", err, diff)
		}
	}
}

func TestAWorkspaceThatIsNotThere(t *testing.T) {
	w := newWorld(t)
	actions := map[string]func() error{
		"Workspace": func() error { _, err := w.Workspace(t.Context(), "none"); return err },
		"UpdateWorkspace": func() error {
			_, err := w.UpdateWorkspace(t.Context(), "none", tenancy.WorkspaceChange{})
			return err
		},
		"Keys": func() error { _, err := w.Keys(t.Context(), "none"); return err },
		"CreateKey": func() error {
			_, _, err := w.CreateKey(t.Context(), "none", tenancy.NewKey{Name: "CRM", Role: tenancy.RoleFull})
			return err
		},
	}
	for name, action := range actions {
		t.Run(name, func(t *testing.T) {
			checkError(t, action(), core.KindNotFound, core.ReasonWorkspaceNotFound)
		})
	}
}
