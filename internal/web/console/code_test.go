package console

import (
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/member"
)

func TestACodeHasAPageWithItsHistory(t *testing.T) {
	o := newOffice(t)
	limit := int64(5)
	o.mara.add("FAIR 50/50", codes.Options{
		MaxRedemptions: codes.Limit{Given: true, Max: &limit}, Note: "<b>fair</b>",
		Metadata: map[string]string{"stand": "B12"},
	})
	o.mara.redeem("fair50/50", "ann")
	o.mara.sees("/console/w/acme/codes/fair50%2F50", "Used 1 of 5 times.", `aria-label="1 taken, 4 free"`, "&lt;b&gt;fair",
		"FAIR50/50", "<code>stand</code>", "Redeemed by", "registered as Premium", "Whoever redeemed it keeps what it gave.",
		"cannot be deleted")
	_, _, svg := o.mara.do(http.MethodGet, "/console/w/acme/codes/FAIR50%2F50/qr.svg", nil)
	_, _, png := o.mara.do(http.MethodGet, "/console/w/acme/codes/FAIR50%2F50/qr.png", nil)
	if !strings.HasPrefix(svg, "<svg") || !strings.HasPrefix(png, "\x89PNG") {
		t.Errorf("%.20q and %.20q", svg, png)
	}
}

func TestACodeIsRevokedAndRestored(t *testing.T) {
	o := newOffice(t)
	o.mara.add("FAIR", codes.Options{})
	const page = "/console/w/acme/codes/FAIR"
	o.mara.sees(page+"/revoke", "Revoke FAIR?", "Nobody can redeem it from then on.")
	o.mara.sends(page+"/revoke", page, url.Values{})
	o.mara.sees(page, "Revoked", "No QR code while it is revoked", "If you restore it", "by Mara Lindt")
	o.mara.refused("GET", page+"/qr.png", http.StatusConflict)
	o.mara.sends(page+"/restore", page, url.Values{})
	if got := o.mara.status("FAIR"); got != codes.StatusActive {
		t.Errorf("it is %s", got)
	}
}

func TestACodeIsDeletedAndBroughtBack(t *testing.T) {
	o := newOffice(t)
	o.mara.add("FAIR", codes.Options{Note: "spring"})
	o.mara.sends("/console/w/acme/codes/FAIR/delete", "/console/w/acme/codes", url.Values{})
	status, _, body := o.mara.do(http.MethodGet, "/console/w/acme/codes/FAIR", nil)
	if status != http.StatusNotFound || !strings.Contains(body, "There is no code FAIR here") {
		t.Fatalf("%d\n%s", status, body)
	}
	list, err := o.changes.List(t.Context(), o.mara.actor(), core.PageRequest{})
	if err != nil || len(list.Items) != 1 {
		t.Fatal(list, err)
	}
	undo := "/console/w/acme/changes/" + list.Items[0].ID.String() + "/undo?back=%2Fconsole%2Fw%2Facme%2Fcodes%2FFAIR"
	o.mara.sends(undo, "/console/w/acme/codes/FAIR", url.Values{})
	o.mara.sees("/console/w/acme/codes/FAIR", "spring")
	o.mara.redeem("FAIR", "ann")
	o.mara.answered("/console/w/acme/codes/FAIR/delete", url.Values{}, http.StatusConflict, "cannot be deleted")
}

func TestAnEditChangesWhatIsDifferentAndCanBeTakenBack(t *testing.T) {
	o := newOffice(t)
	end := time.Date(2040, 12, 31, 23, 59, 59, 0, time.UTC)
	o.mara.add("FAIR", codes.Options{ExpiresAt: &end, Note: "spring", Metadata: map[string]string{"a": "1", "b": "2"}})
	const page = "/console/w/acme/codes/FAIR"
	o.mara.sees(page+"/edit", `value="2040-12-31T23:59"`, `value="spring"`)
	form := url.Values{
		"maxRedemptions": {"many"}, "startsAt": {""}, "expiresAt": {"2040-12-31T23:59"},
		"recipient": {""}, "note": {"autumn"},
		"metadataName": {"a", "", "c"}, "metadataValue": {"1", "", "3"},
	}
	o.mara.answered(page+"/edit", form, http.StatusUnprocessableEntity, "This is no whole number.", `value="autumn"`)
	form.Set("maxRedemptions", "7")
	undo, back := o.mara.toastAfter(page+"/edit", page, form)
	now, err := o.codes.GetCode(t.Context(), o.mara.actor(), "FAIR")
	if err != nil || now.Note != "autumn" || !now.ExpiresAt.Equal(end) || *now.MaxRedemptions != 7 ||
		now.Metadata["c"] != "3" || len(now.Metadata) != 2 {
		t.Fatalf("%+v, %v", now, err)
	}
	o.mara.sees(page, html.EscapeString("Note: “spring” → “autumn”"), "Metadata changed")
	if undo != page+"/edit" {
		t.Errorf("what was written before stands in an address: %s", undo)
	}
	o.mara.sends(undo, page, back)
	now, err = o.codes.GetCode(t.Context(), o.mara.actor(), "FAIR")
	if err != nil || now.Note != "spring" || now.MaxRedemptions != nil ||
		now.Metadata["b"] != "2" || len(now.Metadata) != 2 {
		t.Fatalf("%+v, %v", now, err)
	}
}

func TestAnEditLeavesWhatOthersHaveChangedSince(t *testing.T) {
	o := newOffice(t)
	o.mara.add("FAIR", codes.Options{Note: "spring", Metadata: map[string]string{"a": "1"}})
	const page = "/console/w/acme/codes/FAIR"
	shown := url.Values{
		"maxRedemptions": {""}, "startsAt": {""}, "expiresAt": {""}, "recipient": {""}, "note": {"spring"},
		"metadataName": {"a"}, "metadataValue": {"1"},
	}
	edit := func(field, value string) {
		form := maps.Clone(shown)
		form["metadataName"], form["metadataValue"] = []string{"a", ""}, []string{"1", ""}
		form.Set(field, value)
		form.Set("shown", shown.Encode())
		o.mara.sends(page+"/edit", page, form)
	}
	edit("note", "autumn")
	edit("recipient", "Ann")
	edit("metadataValue", "2")
	edit("maxRedemptions", "3")
	now, err := o.codes.GetCode(t.Context(), o.mara.actor(), "FAIR")
	if err != nil || now.Note != "autumn" || now.Recipient != "Ann" || *now.MaxRedemptions != 3 ||
		now.Metadata["a"] != "2" {
		t.Fatalf("%+v, %v", now, err)
	}
	later := maps.Clone(shown)
	later.Set("note", "winter")
	later.Set("shown", shown.Encode())
	again := o.mara.answered(page+"/edit", later, http.StatusUnprocessableEntity)
	const said = "Somebody has changed this meanwhile, to: autumn."
	if !strings.Contains(again, said) || !strings.Contains(again, "winter") || o.mara.code("FAIR").Note != "autumn" {
		t.Errorf("what somebody else has written is lost, or not shown:\n%s", again)
	}
	shown.Set("note", "autumn")
	later.Set("shown", shown.Encode())
	o.mara.sends(page+"/edit", page, later)
	if note := o.mara.code("FAIR").Note; note != "winter" {
		t.Errorf("saved once more, the note is %q", note)
	}
}

func TestWhoMayOnlyLookChangesNoCode(t *testing.T) {
	o := newOffice(t)
	o.mara.add("FAIR", codes.Options{})
	sam := o.join(t, "Sam", member.RoleSupport)
	if body := sam.sees("/console/w/acme/codes/FAIR", "FAIR"); strings.Contains(body, "/edit") {
		t.Error("the page offers what the role may not")
	}
	for _, act := range []string{"edit", "revoke", "restore", "delete"} {
		sam.refused("POST", "/console/w/acme/codes/FAIR/"+act, http.StatusForbidden)
	}
	other := codes.IssueRequest{Type: codes.TypeNormal}
	theirs := o.mara.actor()
	theirs.WorkspaceID = o.other.ID
	if _, err := o.codes.AddCode(t.Context(), theirs, "THEIRS", other); err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"", "/edit", "/revoke", "/qr.svg"} {
		o.mara.refused("GET", "/console/w/acme/codes/THEIRS"+page, http.StatusNotFound)
	}
	o.mara.refused("POST", "/console/w/acme/codes/THEIRS/revoke", http.StatusNotFound)
}

var (
	actionInPage = regexp.MustCompile(`action="([^"]*)"`)
	hiddenInPage = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)
)

// toastAfter sends a form, opens the page that follows, and returns what its message's Undo would send.
func (v *visitor) toastAfter(path, to string, form url.Values) (undo string, fields url.Values) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), "POST", v.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	browser := &http.Client{Jar: v.jar()}
	answer, err := browser.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.Request.URL.Path != to {
		v.t.Fatalf("%s led to %s, want %s; %v", path, answer.Request.URL, to, err)
	}
	_, toast, _ := strings.Cut(string(body), `<div class="toast"`)
	toast, _, _ = strings.Cut(toast, "</form>")
	if found := actionInPage.FindStringSubmatch(toast); found != nil {
		undo = html.UnescapeString(found[1])
	}
	fields = url.Values{}
	for _, found := range hiddenInPage.FindAllStringSubmatch(toast, -1) {
		fields.Add(found[1], html.UnescapeString(found[2]))
	}
	return undo, fields
}

// jar has the session of the visitor.
func (v *visitor) jar() http.CookieJar {
	jar, err := cookiejar.New(nil)
	if err != nil {
		v.t.Fatal(err)
	}
	address, err := url.Parse(v.url)
	if err != nil {
		v.t.Fatal(err)
	}
	jar.SetCookies(address, []*http.Cookie{{Name: sessionCookie, Value: v.session}})
	return jar
}

func TestTheHistoryOfACodeHasChangesOfMany(t *testing.T) {
	o := newOffice(t)
	o.mara.add("FAIR", codes.Options{})
	o.mara.add("FAIR-2", codes.Options{})
	form := url.Values{"do": {"revoke"}, "code": {"FAIR", "FAIR-2"}, "reason": {"<i>they leaked"}}
	o.mara.answered("/console/w/acme/changes/preview", form, http.StatusOK, "Why?", `value="&lt;i&gt;they leaked"`)
	if status, _, body := o.mara.do("POST", "/console/w/acme/changes", form); status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", status, body)
	}
	o.mara.sees("/console/w/acme/codes/FAIR", "a change of 2 codes", "&lt;i&gt;they leaked", "by Mara Lindt")
	o.mara.sees("/console/w/acme/activity", "&lt;i&gt;they leaked")
	form.Set("reason", strings.Repeat("x", codes.MaxReasonLength+1))
	o.mara.answered("/console/w/acme/changes", form, http.StatusUnprocessableEntity, "xxx", "500")
	o.mara.answered("/console/w/acme/codes/FAIR/revoke", form, http.StatusUnprocessableEntity, "xxx", "500")

	o.mara.sends("/console/w/acme/codes/FAIR/restore", "/console/w/acme/codes/FAIR", url.Values{})
	form.Set("reason", "again")
	o.mara.sends("/console/w/acme/codes/FAIR/revoke", "/console/w/acme/codes/FAIR", form)
	o.mara.sees("/console/w/acme/codes/FAIR", "“again”")
}
