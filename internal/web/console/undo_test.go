package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/member"
)

// code returns a code of acme.
func (v *visitor) code(value string) codes.Code {
	v.t.Helper()
	found, err := v.codes.GetCode(v.t.Context(), v.actor(), value)
	if err != nil {
		v.t.Fatal(err)
	}
	return found
}

// undoes takes back what a message tells of, and wants the next page to say whether that was done.
func (v *visitor) undoes(of toast, said string) {
	v.t.Helper()
	if !isUndo(of.Undo) || of.Undo == "" {
		v.t.Fatalf("%s: %q takes nothing back", of.Text, of.Undo)
	}
	if got := v.does(of.Undo, url.Values{}); got.Text != said || got.Undo != "" {
		v.t.Errorf("%s: %+v, want %s", of.Text, got, said)
	}
}

func TestEachRemedyIsTakenBackByWhoAppliedIt(t *testing.T) {
	o := newOffice(t)
	sam := o.join(t, "Sam", member.RoleSupport)
	o.mara.add("ENDED", codes.Options{})
	o.mara.add("USED", codes.Options{MaxRedemptions: codes.Limit{Given: true, Max: new(int64(1))}})
	o.mara.redeem("USED", "ann")
	o.mara.add("GONE", codes.Options{})
	revoked, err := o.codes.RevokeCode(t.Context(), o.mara.actor(), "GONE")
	if err != nil {
		t.Fatal(err)
	}
	const to = "/console/w/acme/why/"

	raised := sam.does(to+"raise", url.Values{"code": {"USED"}, "limit": {"2"}})
	if got := *sam.code("USED").MaxRedemptions; got != 2 {
		t.Errorf("raised to %d", got)
	}
	sam.undoes(raised, "why.undone")
	if got := *sam.code("USED").MaxRedemptions; got != 1 {
		t.Errorf("undone, the limit is %d", got)
	}
	restored := sam.does(to+"restore", url.Values{"code": {"GONE"}})
	sam.undoes(restored, "why.undone")
	if got := sam.code("GONE").RevokedAt; got == nil || !got.Equal(*revoked.RevokedAt) {
		t.Errorf("undone, it is revoked at %v, was at %v", got, revoked.RevokedAt)
	}

	raised = sam.does(to+"raise", url.Values{"code": {"USED"}, "limit": {"2"}})
	o.mara.redeem("USED", "ben")
	sam.undoes(raised, "why.not_undone")
	if got := *sam.code("USED").MaxRedemptions; got != 2 {
		t.Errorf("what was used since has a limit of %d", got)
	}
}

func TestAnExtensionIsTakenBackUnlessTheEndWasChangedSince(t *testing.T) {
	o := newOffice(t)
	end := time.Date(2040, 6, 1, 12, 0, 0, 0, time.UTC)
	o.mara.add("FAIR", codes.Options{ExpiresAt: &end})
	extend := url.Values{"code": {"FAIR"}, "until": {"2041-06-01T12:00"}}
	extended := o.mara.does("/console/w/acme/why/extend", extend)
	if got := o.mara.code("FAIR").ExpiresAt; got.Year() != 2041 {
		t.Fatalf("extended until %v", got)
	}
	sam := o.join(t, "Sam", member.RoleSupport)
	sam.refused(http.MethodPost, extended.Undo, http.StatusForbidden) // it is Mara's
	o.join(t, "Vera", member.RoleViewer).refused(http.MethodPost, extended.Undo, http.StatusForbidden)
	o.mara.undoes(extended, "why.undone")
	if got := o.mara.code("FAIR").ExpiresAt; !got.Equal(end) {
		t.Errorf("undone, it ends at %v", got)
	}
	o.mara.undoes(extended, "why.not_undone")

	extended = o.mara.does("/console/w/acme/why/extend", extend)
	edited := o.mara.does("/console/w/acme/codes/FAIR/edit", url.Values{"expiresAt": {"2042-06-01T12:00"}})
	o.mara.undoes(extended, "why.not_undone")
	if got := o.mara.code("FAIR").ExpiresAt; got.Year() != 2042 {
		t.Errorf("a later edit was overwritten: it ends at %v", got)
	}
	o.mara.sees("/console/w/acme/activity", "/why/undo?", "code=FAIR")
	o.mara.undoes(edited, "why.undone")
	if got := o.mara.code("FAIR").ExpiresAt; got.Year() != 2041 {
		t.Errorf("the edit undone, it ends at %v", got)
	}
	o.mara.undoes(toast{Undo: "/console/w/acme/why/undo?code=FAIR&request=unknown"}, "why.not_undone")
}

func TestAReplacementIsWithdrawn(t *testing.T) {
	o := newOffice(t)
	sam := o.join(t, "Sam", member.RoleSupport)
	one := codes.Limit{Given: true, Max: new(int64(1))}
	o.mara.add("SINGLE", codes.Options{MaxRedemptions: one, Metadata: map[string]string{"seat": "4"}})
	o.mara.add("SHARED", codes.Options{})
	replace := func(value, retry string) (said toast, made string) {
		said = sam.does("/console/w/acme/why/replace", url.Values{"code": {value}, "user": {"ann"}, "retry": {retry}})
		return said, said.Args[1]
	}
	said, made := replace("SINGLE", "a")
	if sam.status("SINGLE") != codes.StatusRevoked || sam.status(made) != codes.StatusActive {
		t.Fatalf("%s and %s", sam.status("SINGLE"), sam.status(made))
	}
	o.join(t, "Sue", member.RoleSupport).refused(http.MethodPost, said.Undo, http.StatusForbidden)
	sam.undoes(said, "why.undone")
	old := sam.code("SINGLE")
	if old.RevokedAt != nil || len(old.Metadata) != 1 || sam.status(made) != codes.StatusRevoked {
		t.Errorf("undone, they are %+v and %s", old, sam.status(made))
	}
	said, made = replace("SHARED", "b")
	sam.undoes(said, "why.undone")
	if sam.status("SHARED") != codes.StatusActive || sam.status(made) != codes.StatusRevoked {
		t.Errorf("undone, they are %s and %s", sam.status("SHARED"), sam.status(made))
	}
	said, made = replace("SINGLE", "c")
	o.mara.redeem(made, "ann")
	sam.undoes(said, "why.not_undone")
	if sam.status("SINGLE") != codes.StatusRevoked || sam.status(made) != codes.StatusExhausted {
		t.Errorf("what was used since is %s", sam.status(made))
	}
	if long := strings.Repeat("x", maxUndo); len((&page{}).undoAt(long, "made", made)) >= maxUndo {
		t.Error("a message cannot hold a long way back")
	}
}

func TestNothingOfAnotherWorkspaceIsTakenBack(t *testing.T) {
	o := newOffice(t)
	theirs := o.mara.actor()
	theirs.WorkspaceID = o.other.ID
	theirs.RequestID = "theirs"
	if _, err := o.codes.AddCode(t.Context(), theirs, "THEIRS", codes.IssueRequest{Type: codes.TypeNormal}); err != nil {
		t.Fatal(err)
	}
	if _, err := o.codes.RaiseLimit(t.Context(), theirs, "THEIRS", 7); err != nil {
		t.Fatal(err)
	}
	for _, pairs := range []string{"code=THEIRS&request=theirs", "made=THEIRS"} {
		o.mara.refused(http.MethodPost, "/console/w/acme/why/undo?"+pairs, http.StatusNotFound)
	}
	if _, err := o.codes.GetCode(t.Context(), theirs, "THEIRS"); core.IsKind(err, core.KindNotFound) {
		t.Error("it is gone")
	}
}

// TestTheMessageAboutARevocationUndoesItUnlessTheCodeWasReplaced: there would be two codes.
func TestTheMessageAboutARevocationUndoesItUnlessTheCodeWasReplaced(t *testing.T) {
	o := newOffice(t)
	sam := o.join(t, "Sam", member.RoleSupport)
	o.mara.add("SINGLE", codes.Options{MaxRedemptions: codes.Limit{Given: true, Max: new(int64(1))}})
	o.mara.undoes(o.mara.does("/console/w/acme/codes/SINGLE/revoke", url.Values{}), "why.undone")
	if got := o.mara.status("SINGLE"); got != codes.StatusActive {
		t.Errorf("undone, it is %s", got)
	}
	revoked := o.mara.does("/console/w/acme/codes/SINGLE/revoke", url.Values{})
	sam.does("/console/w/acme/why/replace", url.Values{"code": {"SINGLE"}})
	o.mara.undoes(revoked, "why.not_undone")
	if got := o.mara.status("SINGLE"); got != codes.StatusRevoked {
		t.Errorf("replaced meanwhile, it is %s", got)
	}
}

// TestARefusalSaysItsReason: that the role takes more is said only of what the role may not do at all.
func TestARefusalSaysItsReason(t *testing.T) {
	o := newOffice(t)
	sam := o.join(t, "Sam", member.RoleSupport)
	o.mara.add("FREE", codes.Options{MaxRedemptions: codes.Limit{Given: true, Max: new(int64(1))}})
	form := url.Values{"code": {"FREE"}, "limit": {"9"}}
	status, _, said := sam.do(http.MethodPost, "/console/w/acme/why/raise", form)
	isSaid := strings.Contains(said, "beyond what helps the code") && !strings.Contains(said, "this takes more")
	if status != http.StatusForbidden || !isSaid {
		t.Errorf("got %d: %s", status, said)
	}
}
