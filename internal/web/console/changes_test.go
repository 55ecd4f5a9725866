package console

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

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
	end := time.Date(2039, 6, 1, 12, 0, 0, 0, time.UTC)
	o.mara.add("FAIR-1", codes.Options{Note: "fair", ExpiresAt: &end})
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
	if err != nil || !code.ExpiresAt.Equal(end) {
		t.Errorf("%v, %v", code.ExpiresAt, err)
	}
}

func TestExtendingShortensNothingAndIsTakenBack(t *testing.T) {
	o := newOffice(t)
	end := func(year int) *time.Time { return new(time.Date(year, 6, 1, 12, 0, 0, 0, time.UTC)) }
	o.mara.add("SOON", codes.Options{ExpiresAt: end(2035)})
	o.mara.add("LATE", codes.Options{ExpiresAt: end(2050)})
	o.mara.add("NEVER", codes.Options{})
	picked := url.Values{
		"do": {"extend"}, "until": {"2040-12-31"}, "code": {"SOON", "LATE", "NEVER"},
		"back": {"/console/w/acme/codes?cursor=" + strings.Repeat("x", 2*maxUndo)},
	}
	o.mara.answered("/console/w/acme/changes/preview", picked, http.StatusOK,
		"Extend 3 codes?", "<dt>1</dt><dd>code ends on the new last day", "<dt>2</dt><dd>codes end then or later already",
		"Extend 1 code")
	picked.Set("retry", "once")
	toast := o.mara.does("/console/w/acme/changes", picked)
	ends := func() (all []int) {
		for _, value := range []string{"SOON", "LATE", "NEVER"} {
			code, err := o.codes.GetCode(t.Context(), o.mara.actor(), value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, core.OrZero(code.ExpiresAt).Year())
		}
		return all
	}
	if got := ends(); !slices.Equal(got, []int{2040, 2050, 1}) {
		t.Errorf("they end in %v", got)
	}
	o.mara.does(toast.Undo, url.Values{})
	if got := ends(); !slices.Equal(got, []int{2035, 2050, 1}) {
		t.Errorf("undone, they end in %v", got)
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
