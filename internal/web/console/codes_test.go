package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/member"
)

// add makes a code in acme.
func (v *visitor) add(value string, options codes.Options) {
	v.t.Helper()
	request := codes.IssueRequest{Type: codes.TypePremium, Options: options}
	if _, err := v.codes.AddCode(v.t.Context(), v.actor(), value, request); err != nil {
		v.t.Fatal(err)
	}
}

// redeem lets a user redeem a code of acme.
func (v *visitor) redeem(value, user string) {
	v.t.Helper()
	request := codes.RedeemRequest{Code: value, UserID: user}
	if _, err := v.codes.Redeem(v.t.Context(), v.actor(), request); err != nil {
		v.t.Fatal(err)
	}
}

func TestTheFirstCodeIsMadeWhereTheListWouldBe(t *testing.T) {
	o := newOffice(t)
	o.mara.sees("/console/w/acme/codes", "Make your first code", `name="how" value="random"`)
	o.join(t, "Vera", member.RoleViewer).sees("/console/w/acme/codes", "There are no codes here yet.")
	form := url.Values{"type": {"Normal"}, "how": {"random"}, "maxRedemptions": {"1"}, "retry": {"once"}}
	_, first, _ := o.mara.do(http.MethodPost, "/console/w/acme/new", form)
	if _, again, _ := o.mara.do(http.MethodPost, "/console/w/acme/new", form); again != first {
		t.Errorf("a double click made %s and %s", first, again)
	}
}

func TestTheListIsFilteredAndPaged(t *testing.T) {
	o := newOffice(t)
	for i := range 60 {
		o.mara.add("CODE-"+string(rune('A'+i/10))+string(rune('0'+i%10)), codes.Options{Note: "badge"})
	}
	o.mara.add("FAIR", codes.Options{Recipient: "hello@fair.example"})
	if _, err := o.codes.RevokeCode(t.Context(), o.mara.actor(), "FAIR"); err != nil {
		t.Fatal(err)
	}
	newest := o.mara.sees("/console/w/acme/codes", "50 shown", "Older", "hello@fair.example")
	oldest := o.mara.sees(linkIn(t, newest, "order=oldest"), `aria-sort="ascending"`, "50 shown", `/codes/CODE-A0"`)
	last := o.mara.sees(linkIn(t, oldest, "cursor="), "11 shown", "FAIR", "order=oldest")
	if strings.Contains(last, `/codes/CODE-A0"`) || strings.Contains(oldest, "FAIR") {
		t.Error("the oldest are not the first, or not once")
	}
	o.mara.sees(linkIn(t, last, "order=oldest"), `/codes/CODE-A0"`)
	o.mara.sees("/console/w/acme/codes?q=hello", "1 code.", "FAIR")
	o.mara.sees("/console/w/acme/codes?status=revoked&type=Premium", "1 code.", "<b>Revoked</b>", "<b>Premium</b>")
	o.mara.sees("/console/w/acme/codes?q=nothing", "No code matches.")
	o.mara.refused("GET", "/console/w/acme/codes?batch=0198c2a0-0000-7000-8000-000000000000", http.StatusNotFound)
	o.mara.refused("GET", "/console/w/acme/codes?from=x", http.StatusBadRequest)
}

func TestWhatIsWrongWithANewCodeIsSaidAndNothingIsLost(t *testing.T) {
	o := newOffice(t)
	o.mara.add("WELCOME2031", codes.Options{})
	form := url.Values{
		"type": {"Premium"}, "how": {"own"}, "code": {"Welcome 2031"}, "maxRedemptions": {"1,000"},
		"expiresAt": {"2040-12-31"}, "note": {"Spring <fair>"}, "metadataName": {"stand"}, "metadataValue": {"B12"},
	}
	o.mara.answered("/console/w/acme/new", form, http.StatusUnprocessableEntity,
		"This is WELCOME2031, which exists already.", "Spring &lt;fair&gt;", `value="B12"`, `value="2040-12-31"`)
	form.Set("code", "WELCOME2032")
	form.Set("maxRedemptions", "many")
	form.Set("expiresAt", "2001-01-01")
	o.mara.answered("/console/w/acme/new", form, http.StatusUnprocessableEntity, "This is no whole number.")
	form.Set("maxRedemptions", "1,000")
	o.mara.answered("/console/w/acme/new", form, http.StatusUnprocessableEntity, "The end must be in the future")
	form.Set("expiresAt", "2040-12-31")
	o.mara.sends("/console/w/acme/new", "/console/w/acme/codes/WELCOME2032", form)
	made, err := o.codes.GetCode(t.Context(), o.mara.actor(), "WELCOME2032")
	if err != nil || *made.MaxRedemptions != 1000 || made.Metadata["stand"] != "B12" ||
		made.ExpiresAt.Format("2006-01-02 15:04:05") != "2040-12-31 23:59:59" {
		t.Errorf("%+v, %v", made, err)
	}
}

func TestManyCodesAreABatch(t *testing.T) {
	o := newOffice(t)
	if body := o.mara.sees("/console/w/acme/new/many"); strings.Contains(body, `value="Acme Inc."`) {
		t.Error("a batch is called as the workspace")
	}
	o.mara.sees("/console/w/acme/new/many?preset=100000&name=Badges", `value="100000"`, `value="Badges"`, "100,000 codes.",
		`data-says="Create 100,000 Normal codes"`)
	form := url.Values{
		"type": {"Normal"}, "count": {"10,000,000"}, "maxRedemptions": {"1"}, "name": {"Badges"},
		"prefix": {"BIG"}, "groups": {"2"}, "groupLength": {"3"}, "retry": {"once"},
	}
	o.mara.answered("/console/w/acme/new/many", form, http.StatusUnprocessableEntity,
		"The format has too few values", `value="BIG"`)
	form.Set("count", "10")
	status, first, body := o.mara.do(http.MethodPost, "/console/w/acme/new/many", form)
	_, again, _ := o.mara.do(http.MethodPost, "/console/w/acme/new/many", form)
	if again != first || status != http.StatusSeeOther {
		t.Errorf("%d: a double click made %s and %s\n%s", status, first, again, body)
	}
}

func TestWhoMayNotIssueMakesNothing(t *testing.T) {
	o := newOffice(t)
	sam := o.join(t, "Sam", member.RoleSupport)
	for _, path := range []string{"/new", "/new/many"} {
		sam.refused("GET", "/console/w/acme"+path, http.StatusForbidden)
		sam.refused("POST", "/console/w/acme"+path, http.StatusForbidden)
	}
	sam.refused("POST", "/console/w/acme/changes/preview", http.StatusForbidden)
	sam.refused("POST", "/console/w/acme/changes", http.StatusForbidden)
}
