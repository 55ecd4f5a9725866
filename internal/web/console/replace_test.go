package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/member"
)

// TestSupportReplacesASharedCodeOnceForEachUser, whatever they press again.
func TestSupportReplacesASharedCodeOnceForEachUser(t *testing.T) {
	o := newOffice(t)
	var many int64 = 50
	shared, err := o.codes.GenerateCode(t.Context(), o.mara.actor(), codes.IssueRequest{
		Type: codes.TypeNormal, Options: codes.Options{MaxRedemptions: codes.Limit{Given: true, Max: &many}},
	})
	if err != nil {
		t.Fatal(err)
	}
	tomas := o.join(t, "Tomas", member.RoleSupport)
	const path = "/console/w/acme/why"
	form := url.Values{"code": {shared.Code.Value}, "typed": {shared.Code.Value}, "shared": {"yes"}, "retry": {"1"}}
	tomas.answered(path+"/replace", form, http.StatusUnprocessableEntity, "each user can have one replacement")
	form.Set("user", "ann")
	var made []string
	for _, press := range []string{"1", "2"} {
		form.Set("retry", press)
		status, location, body := tomas.do(http.MethodPost, path+"/replace", form)
		if status != http.StatusSeeOther {
			t.Fatalf("press %s: %d\n%s", press, status, body)
		}
		made = append(made, location)
	}
	if made[0] != made[1] || strings.Contains(made[0], "typed="+shared.Code.Value) {
		t.Errorf("led to %q", made)
	}
	form.Del("user")
	form.Del("shared") // by a direct request
	tomas.answered(path+"/replace", form, http.StatusForbidden)
}
