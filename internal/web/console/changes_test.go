package console

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

var undoInPage = regexp.MustCompile(`action="(/console/w/acme/changes/[^"]*/undo[^"]*)"`)

func (v *visitor) status(value string) codes.Status {
	v.t.Helper()
	code, err := v.codes.GetCode(v.t.Context(), v.actor(), value)
	if err != nil {
		return ""
	}
	return v.codes.StatusNow(&code)
}

func TestCodesAreRevokedAfterAPreviewAndBroughtBack(t *testing.T) {
	o := newOffice(t)
	for i := range 3 {
		o.mara.add(fmt.Sprintf("BADGE-%d", i), codes.Options{})
	}
	o.mara.redeem("BADGE-0", "ann")
	picked := url.Values{"do": {"revoke"}, "code": {"BADGE-0", "badge 1"}, "back": {"/console/w/acme/codes"}}
	o.mara.answered("/console/w/acme/changes/preview", picked, http.StatusOK,
		"Revoke 2 codes?", "<dt>2</dt>", "person has redeemed one of them and keeps what it gave", "Keep them as they are")
	if got := o.mara.status("BADGE-1"); got != codes.StatusActive {
		t.Fatalf("a preview made it %s", got)
	}
	picked.Set("retry", "once")
	o.mara.sends("/console/w/acme/changes", "/console/w/acme/codes", picked)
	if a, b := o.mara.status("BADGE-1"), o.mara.status("BADGE-2"); a != codes.StatusRevoked || b != codes.StatusActive {
		t.Fatalf("%s and %s", a, b)
	}
	list, err := o.changes.List(t.Context(), o.mara.actor(), core.PageRequest{})
	if err != nil || len(list.Items) != 1 {
		t.Fatal(list, err)
	}
	change := "/console/w/acme/changes/" + list.Items[0].ID.String()
	body := o.mara.sees(change, "Codes revoked", "<dt>2</dt>", "Done", "Undo")
	undo := undoInPage.FindStringSubmatch(body)
	o.mara.sends(html.UnescapeString(undo[1]), change, url.Values{})
	if got := o.mara.status("BADGE-1"); got != codes.StatusActive {
		t.Errorf("undone, it is %s", got)
	}
	o.mara.sees(change, "Undone")
}

func TestALongChangeHasAPageAndCanBeStopped(t *testing.T) {
	o := newOffice(t)
	o.mara.add("FAIR-1", codes.Options{Note: "fair"})
	o.mara.add("OTHER", codes.Options{})
	o.rests = true
	all := url.Values{"do": {"extend"}, "until": {"2040-12-31"}, "q": {"fair"}, "all": {"yes"}, "code": {"OTHER"}}
	o.mara.answered("/console/w/acme/changes/preview", all, http.StatusOK,
		"Extend all codes that match the filter?", `value="2040-12-31"`, "Extend 1 code")
	status, change, body := o.mara.do(http.MethodPost, "/console/w/acme/changes", all)
	if status != http.StatusSeeOther || !strings.HasPrefix(change, "/console/w/acme/changes/") {
		t.Fatalf("%d %s\n%s", status, change, body)
	}
	o.mara.sees(change, "Waiting", `hx-trigger="every 1s"`)
	o.mara.sends(change+"/cancel", change, url.Values{})
	o.mara.sees(change, "Stopped")
	o.work(t)
	code, err := o.codes.GetCode(t.Context(), o.mara.actor(), "FAIR-1")
	if err != nil || code.ExpiresAt != nil {
		t.Errorf("%v, %v", code.ExpiresAt, err)
	}
}

func TestAChangeThatCannotBeMadeIsSaid(t *testing.T) {
	o := newOffice(t)
	o.mara.add("FAIR-1", codes.Options{})
	late := url.Values{"do": {"extend"}, "until": {"2001-01-01"}, "code": {"FAIR-1"}, "retry": {"once"}}
	for _, path := range []string{"/console/w/acme/changes/preview", "/console/w/acme/changes"} {
		o.mara.answered(path, late, http.StatusUnprocessableEntity, "The end must be in the future", `value="2001-01-01"`)
	}
	o.mara.answered("/console/w/acme/changes/preview", url.Values{"do": {"revoke"}}, http.StatusOK, "Nothing is selected")
	o.mara.answered("/console/w/acme/changes/preview", url.Values{"do": {"burn"}}, http.StatusBadRequest)
	o.mara.refused("GET", "/console/w/acme/changes/0198c2a0-0000-7000-8000-000000000000", http.StatusNotFound)
}
