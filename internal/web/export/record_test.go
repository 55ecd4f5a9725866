package export

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/event"
)

// TestNoFilterNamesAPerson: what an export was limited to is recorded, but a person only where they can be erased.
func TestNoFilterNamesAPerson(t *testing.T) {
	for query, want := range map[string]struct {
		given event.Data
		user  string
	}{
		"type=Premium&status=active&cursor=x": {event.Data{"type": "Premium", "status": "active"}, ""},
		"q=ann&request=ann":                   {event.Data{"q": true, "request": true}, ""},
		"userId=ann":                          {event.Data{}, "ann"},
		"user=ann&what=redemption":            {event.Data{"what": "redemption"}, "ann"},
		"subject=user:ann":                    {event.Data{"subject": event.SubjectUser}, "ann"},
		"about=user:ann":                      {event.Data{"about": event.SubjectUser}, "ann"},
		"about=code:FAIR":                     {event.Data{"about": "code:FAIR"}, ""},
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		given, user := filtersOf(values)
		if diff := cmp.Diff(want.given, given); diff != "" || user != want.user {
			t.Errorf("%s: the person %q, -want +got:\n%s", query, user, diff)
		}
	}
}
