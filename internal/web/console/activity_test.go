package console

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/member"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/web/console/text"
)

func TestEveryEventIsASentenceInEveryLanguage(t *testing.T) {
	for _, language := range text.Languages() {
		p := &page{Texts: text.For(text.Viewer{Language: language.Tag, Now: time.Now()})}
		for _, kind := range event.Types() {
			line := newEventLine(&event.Event{Type: kind, Data: `{"do":"revoke"}`})
			if !p.Has(line.sentenceName()) {
				t.Errorf("%s: nothing is said about %s", language.Tag, kind)
			}
		}
		for _, do := range []string{"revoke", "restore", "delete", "set"} {
			if !p.Has("event.change.completed." + do) {
				t.Errorf("%s: nothing is said about changes that %s", language.Tag, do)
			}
		}
	}
}

func TestTheActivityShowsTheNewestFirst(t *testing.T) {
	o := newOffice(t)
	made, err := o.codes.GenerateCode(t.Context(), o.mara.actor(), codes.IssueRequest{Type: codes.TypeNormal})
	if err != nil {
		t.Fatal(err)
	}
	actor := o.mara.actor()
	for i := range eventsShown + 5 {
		actor.RequestID = fmt.Sprint("request-", i)
		text := fmt.Sprintf("<note %d>", i)
		note := core.Field[string]{Given: true, Value: &text}
		if _, err := o.codes.ChangeCode(t.Context(), actor, made.Code.Value, codes.CodeChange{Note: note}); err != nil {
			t.Fatal(err)
		}
	}
	const newest, oldest = "&lt;note 53&gt;” → “&lt;note 54&gt;", "&lt;note 1&gt;” → “&lt;note 2&gt;"
	first := o.mara.sees("/console/w/acme/activity", newest, "It is kept for 400 days.", "request-54", "Today")
	if strings.Contains(first, oldest) {
		t.Error("the first page has the oldest")
	}
	older := o.mara.sees(linkIn(t, first, "before="), oldest, "created the workspace")
	o.mara.sees(linkIn(t, older, "after="), newest)
	one := o.mara.sees("/console/w/acme/activity?request=request-7", "&lt;note 7&gt;")
	if strings.Contains(one, "note 8") {
		t.Error("another request is shown")
	}
	o.mara.sees("/console/w/acme/activity?what=nonsense", "Nothing like that has happened")
}

// linkIn finds the address in a page that holds a text.
func linkIn(t *testing.T, page, part string) string {
	t.Helper()
	for piece := range strings.SplitSeq(page, `href="`) {
		address, _, _ := strings.Cut(piece, `"`)
		if strings.Contains(address, part) {
			return strings.ReplaceAll(address, "&amp;", "&")
		}
	}
	t.Fatalf("no link with %s in:\n%s", part, page)
	return ""
}

func TestTheActivityIsFilteredByWhoAndWhat(t *testing.T) {
	o := newOffice(t)
	priya := o.join(t, "Priya", member.RoleEditor)
	made, err := o.codes.GenerateCode(t.Context(), priya.actor(), codes.IssueRequest{Type: codes.TypeNormal})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.codes.RevokeCode(t.Context(), priya.actor(), made.Code.Value); err != nil {
		t.Fatal(err)
	}
	if _, err := o.codes.PutUser(t.Context(), o.mara.actor(), strange, codes.UserNormal); err != nil {
		t.Fatal(err)
	}
	key := tenancy.NewKey{Name: "web", Role: tenancy.RoleFull}
	if _, _, err := o.tenancy.CreateKey(t.Context(), "acme", key); err != nil {
		t.Fatal(err)
	}
	const path = "/console/w/acme/activity"
	by := o.mara.sees(path+"?by=member:"+priya.who.Member.ID.String(), "<b>Priya</b>", "revoked", "joined")
	if strings.Contains(by, "registered") || strings.Contains(by, "created the key") {
		t.Error("what others did is shown")
	}
	o.mara.sees(path+"?what=key", "created the key “web”", "with the role full")
	o.mara.sees(path+"?user="+url.QueryEscape(strange), "registered", "as Normal")
	status, to, _ := o.mara.do("GET", path+"?q="+url.QueryEscape(strings.ToLower(made.Code.Value)), nil)
	if want := path + "?code=" + strings.ToLower(made.Code.Value); status != 303 || to != want {
		t.Errorf("%d to %s, want %s", status, to, want)
	}
	o.mara.sees(path+"?code="+made.Code.Value, "revoked")
}
