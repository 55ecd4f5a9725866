package console

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/member"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/web/console/text"
	"accesscodes/internal/web/kit"
	"accesscodes/internal/webhook"
)

// told are events as they are stored, with what a sentence about each must name.
var told = map[event.Type]struct {
	subject event.Subject
	data    string
	names   []string
}{
	event.CodeCreated: {aCode, `{}`, named("FAIR")}, event.CodeUpdated: {aCode, `{}`, named("FAIR")},
	event.CodeRevoked: {aCode, `{}`, named("FAIR")}, event.CodeRestored: {aCode, `{}`, named("FAIR")},
	event.CodeDeleted: {aCode, `{}`, named("FAIR")}, event.CodeExhausted: {aCode, `{}`, named("FAIR")},

	event.RedemptionCreated:    {aCode, `{"grants":"Normal"}`, inUse},
	event.RedemptionRolledBack: {aCode, `{}`, inUse},
	event.RedemptionRestored:   {aCode, `{"grants":"Normal"}`, inUse},
	event.ReservationCreated:   {aCode, `{}`, inUse}, event.ReservationConfirmed: {aCode, `{}`, inUse},
	event.ReservationReleased: {aCode, `{}`, inUse}, event.ReservationLapsed: {aCode, `{}`, inUse},

	event.UserRegistered: {event.User(), `{"status":"Normal"}`, named("/users/ann")},
	event.UserUpgraded:   {event.User(), `{}`, named("/users/ann")},
	event.UserChanged:    {event.User(), `{}`, named("/users/ann")},
	event.UserErased:     {event.User(), `{}`, nil}, // whom, is nobody's business any more

	event.BatchCreated:    {aThing(event.SubjectBatch), `{"name":"spring","count":7,"type":"Normal"}`, inBatch},
	event.BatchCompleted:  {aThing(event.SubjectBatch), `{"name":"spring","count":7}`, inBatch},
	event.BatchFailed:     {aThing(event.SubjectBatch), `{"name":"spring","count":7,"done":3}`, inBatch},
	event.BatchCanceled:   {aThing(event.SubjectBatch), `{"name":"spring","count":7,"done":3}`, inBatch},
	event.ChangeCompleted: {aThing(event.SubjectChange), `{"do":"set","changed":612}`, named("/changes/", "612")},
	event.ChangeUndone:    {aThing(event.SubjectChange), `{"do":"set","changed":612}`, named("/changes/", "612")},
	event.ImportCompleted: {aThing(event.SubjectImport), `{"name":"spring","lines":9}`, named("/imports/", "spring")},
	event.ExportCompleted: {aThing(event.SubjectWorkspace), `{"what":"users","rows":9,"format":"csv"}`, named("CSV")},
	event.ExportInterrupted: {
		aThing(event.SubjectWorkspace), `{"what":"users","rows":9,"format":"csv","filters":{"q":true,"status":"Premium"}}`,
		named("CSV", "q, status: Premium"),
	},

	event.KeyCreated: {aThing(event.SubjectKey), `{"name":"CRM","role":"read"}`, named("CRM", "?key=")},
	event.KeyRotated: {aThing(event.SubjectKey), `{"name":"CRM","role":"read"}`, named("CRM", "?key=")},
	event.KeyRevoked: {aThing(event.SubjectKey), `{"name":"CRM","role":"read"}`, named("CRM", "?key=")},
	event.KeyUsed:    {aThing(event.SubjectKey), `{"name":"CRM","address":"192.0.2.7"}`, named("192.0.2.7")},

	event.WorkspaceCreated: {aThing(event.SubjectWorkspace), `{"name":"Acme"}`, nil},
	event.WorkspaceUpdated: {
		aThing(event.SubjectWorkspace), `{"name":"Acme","previous":{"name":"Umbrella"}}`, named("Acme", "Umbrella"),
	},
	event.WorkspaceSuspended: {aThing(event.SubjectWorkspace), `{}`, nil},
	event.WorkspaceResumed:   {aThing(event.SubjectWorkspace), `{}`, nil},

	event.MemberInvited:   {aThing(event.SubjectMember), `{"role":"owner"}`, named("#members")},
	event.MemberUninvited: {aThing(event.SubjectMember), `{"role":"owner"}`, nil},
	event.MemberJoined:    {aThing(event.SubjectMember), `{"role":"owner"}`, nil}, // who joined is who did it
	event.MemberChanged:   {aThing(event.SubjectMember), `{"name":"Sam","role":"owner"}`, named("Sam", "#members")},
	event.MemberRemoved:   {aThing(event.SubjectMember), `{"name":"Sam","role":"owner"}`, named("Sam")},
	event.SessionStarted:  {aThing(event.SubjectMember), `{}`, nil},
	event.SessionFailed:   {aThing(event.SubjectMember), `{"name":"Sam"}`, named("Sam")},

	event.EndpointCreated: {aThing(event.SubjectEndpoint), `{"url":"https://crm.example/x","types":"code.*"}`, inCRM},
	event.EndpointUpdated: {aThing(event.SubjectEndpoint), `{"description":"CRM","previous":{"description":""}}`, inCRM},
	event.EndpointDisabled: {
		aThing(event.SubjectEndpoint), `{"url":"https://crm.example/x","why":"gone"}`, named("crm.example", "410"),
	},
	event.EndpointDeleted:  {aThing(event.SubjectEndpoint), `{"url":"https://crm.example/x"}`, named("crm.example")},
	event.EndpointTested:   {aThing(event.SubjectEndpoint), `{"url":"https://crm.example/x"}`, inCRM},
	event.SecurityGuessing: {},
}

var (
	aCode   = event.Code("FAIR", "FAIR")
	inUse   = []string{"/codes/FAIR", "/users/ann"}
	inBatch = []string{"/batches/", "spring"}
	inCRM   = []string{"/webhooks/", "crm.example"}
)

func aThing(kind event.SubjectKind) event.Subject { return event.Thing(kind, core.ID{15: 1}) }

func named(all ...string) []string { return all }

func TestEveryEventIsASentenceInEveryLanguage(t *testing.T) {
	for _, language := range text.Languages() {
		p := &page{Texts: text.For(text.Viewer{Language: language.Tag, Now: time.Now()})}
		p.Call = &kit.Call{Actor: core.Actor{Permissions: member.RoleOwner.Permissions()}}
		for _, kind := range event.Types() {
			as, known := told[kind]
			if !known {
				t.Errorf("nothing is known here about %s", kind)
			}
			line := newEventLine(&event.Event{
				Type: kind, Subject: as.subject, Data: as.data, UserID: "ann",
				Actor: event.Actor{Kind: core.ActorMember, ID: core.ID{1}, Name: "Mara"},
			}, &surroundings{endpoints: map[core.ID]webhook.Endpoint{{15: 1}: {URL: "https://crm.example/x"}}})
			var b strings.Builder
			if err := activityLine(p, &line).Render(t.Context(), &b); err != nil {
				t.Fatal(err)
			}
			if !p.Has(line.sentenceName()) || !strings.Contains(b.String(), "<b>Mara</b>") {
				t.Errorf("%s: nothing is said about %s, or who did it", language.Tag, kind)
			}
			if kind == event.UserErased && strings.Contains(b.String(), "ann") {
				t.Errorf("%s: who was erased is named:\n%s", language.Tag, b.String())
			}
			for _, name := range as.names {
				if !strings.Contains(b.String(), name) {
					t.Errorf("%s: of %s, %q is not said:\n%s", language.Tag, kind, name, b.String())
				}
			}
		}
		if !p.Has("event.member.renamed") {
			t.Errorf("%s: nothing is said about another name", language.Tag)
		}
		for _, done := range []string{"rotated", "resent", "on", "off"} {
			if !p.Has("event.endpoint." + done) {
				t.Errorf("%s: nothing is said about an endpoint that is %s", language.Tag, done)
			}
		}
		for _, g := range typeGroups() {
			if !p.Has("activity.kind." + g.kind) {
				t.Errorf("%s: the kind of events %s has no name", language.Tag, g.kind)
			}
			if event.HotSet(g.types) != 0 && !p.Has("activity.unrecorded."+g.kind) {
				t.Errorf("%s: nothing is said about %s that are not recorded", language.Tag, g.kind)
			}
		}
		for _, do := range []string{"revoke", "restore", "delete", "set"} {
			if !p.Has("event.change.completed." + do) {
				t.Errorf("%s: nothing is said about changes that %s", language.Tag, do)
			}
		}
	}
}

func TestASingleCodeIsRestoredFromTheActivity(t *testing.T) {
	o := newOffice(t)
	sam := o.join(t, "Sam", member.RoleSupport)
	o.mara.add("FAIR", codes.Options{})
	listening := o.mara.actor()
	listening.Listens = event.AllHot
	made, err := o.codes.Redeem(t.Context(), listening, codes.RedeemRequest{Code: "FAIR", UserID: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	redeemed := made.Redemption
	revoking := o.mara.actor()
	revoking.RequestID = "request-1"
	if _, err := o.codes.RevokeCode(t.Context(), revoking, "FAIR"); err != nil {
		t.Fatal(err)
	}
	const path, restore = "/console/w/acme/activity?code=FAIR", `code=FAIR&amp;request=request-1"`
	back := "/users/ann/roll-back/" + redeemed.ID.String()
	o.mara.sees(path, restore, back)
	if body := sam.sees(path, "revoked"); strings.Contains(body, restore) || strings.Contains(body, back) {
		t.Error("support is offered what only editors may")
	}
	o.mara.sends("/console/w/acme/codes/FAIR/restore", "/console/w/acme/codes/FAIR", url.Values{})
	if _, err := o.codes.Rollback(t.Context(), o.mara.actor(), redeemed.ID, "mistake"); err != nil {
		t.Fatal(err)
	}
	body := o.mara.sees(path)
	if strings.Contains(body, restore) || strings.Contains(body, back) ||
		strings.Count(body, "undone by Mara Lindt") != 2 {
		t.Errorf("what was undone can be undone, or it is not said:\n%s", body)
	}
}

func TestTheActivitySaysWhoIsWho(t *testing.T) {
	o := newOffice(t)
	priya := o.join(t, "Priya", member.RoleEditor)
	invite := url.Values{"email": {"new@acme.example"}, "role": {"viewer"}}
	o.mara.answered("/console/w/acme/invite", invite, 200)
	err := o.people.Members.ChangeRole(t.Context(), o.mara.actor(), priya.who.Member.ID, member.RoleViewer)
	if err != nil {
		t.Fatal(err)
	}
	const path = "/console/w/acme/activity?what=member"
	o.mara.sees(path, "Priya (priya@acme.example)", "Role: editor → viewer", "new@acme.example")
	if strings.Contains(priya.sees(path, "invited"), "new@acme.example") {
		t.Error("who may not see invitations sees whom they are for")
	}
}

// TestNobodyActsUnderAnothersName: people choose what they are called.
func TestNobodyActsUnderAnothersName(t *testing.T) {
	o := newOffice(t)
	o.mara.add("FAIR", codes.Options{})
	priya := o.join(t, "Priya", member.RoleEditor)
	const path, maras = "/console/w/acme/activity", "(mara@acme.example)</span>"
	if before := o.mara.sees(path); strings.Contains(before, maras) {
		t.Error("it is said who somebody is whose name tells")
	}
	for _, c := range []struct{ name, hint string }{
		{"mara  LINDT", "(now mara  LINDT, priya@acme.example)"}, {"accesscodes", "(now accesscodes, priya@acme.example)"},
	} {
		priya.sends("/console/account", "/console/account", url.Values{"name": {c.name}})
		o.mara.sees(path+"?what=member", c.hint, "changed their own name", "Name: “", " → “"+c.name+"”")
	}
	if _, err := o.codes.RevokeCode(t.Context(), priya.again().actor(), "FAIR"); err != nil {
		t.Fatal(err)
	}
	o.mara.sees(path+"?code=FAIR", "(priya@acme.example)</span>")
	priya.sends("/console/account", "/console/account", url.Values{"name": {"Mara Lindt"}})
	o.mara.sees(path, maras)
	if err := o.people.Members.Remove(t.Context(), o.mara.actor(), priya.who.Member.ID); err != nil {
		t.Fatal(err)
	}
	o.mara.sees(path+"?code=FAIR", "(not a member now)</span>")
}

// again is the visitor as they are called now.
func (v *visitor) again() *visitor {
	v.t.Helper()
	who, err := v.people.Sessions.Authenticate(v.t.Context(), v.session)
	if err != nil {
		v.t.Fatal(err)
	}
	return &visitor{office: v.office, t: v.t, session: v.session, who: who}
}

func TestAnEventOffersUndoWhileThatIsPossible(t *testing.T) {
	o := newOffice(t)
	sam := o.join(t, "Sam", member.RoleSupport)
	o.mara.add("FAIR", codes.Options{})
	o.mara.add("FAIR-2", codes.Options{})
	c, _, err := o.changes.Create(t.Context(), o.mara.actor(), bulk.NewChange{
		Codes: []string{"FAIR", "FAIR-2"}, Do: codes.Act{Revoke: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	const path = "/console/w/acme/activity?what=change"
	undo := "/changes/" + c.ID.String() + "/undo"
	o.mara.sees(path, undo, "2 codes")
	if strings.Contains(sam.sees(path, "2 codes"), undo) {
		t.Error("support may undo a change of many")
	}
	o.mara.sends("/console/w/acme"+undo+"?back=%2Fconsole%2Fw%2Facme%2Factivity", "/console/w/acme/activity", url.Values{})
	if again := o.mara.sees(path, "undone by Mara Lindt"); strings.Contains(again, undo) {
		t.Error("what was undone can be undone")
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
	older := o.mara.sees(linkIn(t, first, "before="), oldest, "created ", ">the workspace<")
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
	o.mara.sees(path+"?what=key", "created the key", ">web</a>", "with the role full")
	o.mara.sees(path+"?user="+url.QueryEscape(strange), "registered", "as Normal")
	status, to, _ := o.mara.do("GET", path+"?q="+url.QueryEscape(strings.ToLower(made.Code.Value)), nil)
	if want := path + "?code=" + strings.ToLower(made.Code.Value); status != 303 || to != want {
		t.Errorf("%d to %s, want %s", status, to, want)
	}
	o.mara.sees(path+"?code="+made.Code.Value, "revoked")
}

func TestTheActivityIsFilteredByTime(t *testing.T) {
	o := newOffice(t)
	const path = "/console/w/acme/activity"
	today := time.Now().UTC().Format(time.DateOnly)
	page := o.mara.sees(path+"?from="+today+"&what=member", "joined", "When <b>from ", `value="`+today+`"`,
		`name="what" value="member"`, `href="`+path+`?what=member"`)
	if to := linkIn(t, page, "/exports/events"); !strings.Contains(to, "from="+today) {
		t.Errorf("the export forgets the time: %s", to)
	}
	o.mara.sees(path+"?to="+today, "joined")
	for _, never := range []string{"?from=2020-01-01&to=2020-01-02", "?to=2020-01-02", "?from=2100-01-01"} {
		if page := o.mara.sees(path+never, "as far back as events are kept"); strings.Contains(page, "joined") {
			t.Errorf("%s shows what happened at another time", never)
		}
	}
	o.mara.refused("GET", path+"?from=yesterday", 400)
	o.mara.refused("GET", "/console/w/acme/exports/events?format=csv&to=2026-02-30", 400)
}

func TestWhoHasLeftIsStillNamedInTheFilter(t *testing.T) {
	o := newOffice(t)
	priya := o.join(t, "Priya", member.RoleEditor)
	if err := o.people.Members.Remove(t.Context(), o.mara.actor(), priya.who.Member.ID); err != nil {
		t.Fatal(err)
	}
	const path = "/console/w/acme/activity?by=member"
	o.mara.sees(path+":"+priya.who.Member.ID.String(), "Who <b>Priya</b>", "joined")
	o.mara.sees(path, "Who <b>member</b>", "joined")
	if page := o.mara.sees(path+":nobody", "Who <b>member:nobody</b>"); strings.Contains(page, "joined") {
		t.Error("what somebody did is shown as nobody's")
	}
}

func TestTheActivityIsExportedAsItIsFiltered(t *testing.T) {
	o := newOffice(t)
	sam := o.join(t, "Sam", member.RoleSupport)
	for i := range 3 {
		if _, err := o.codes.PutUser(t.Context(), o.mara.actor(), fmt.Sprint("=user-", i), codes.UserNormal); err != nil {
			t.Fatal(err)
		}
	}
	const path = "/console/w/acme/exports/events?format=csv"
	page := o.mara.sees("/console/w/acme/activity?what=user", "codes that are added one by one")
	rows := strings.Split(o.mara.sees(linkIn(t, page, "/exports/events")), "\r\n")
	if len(rows) != 5 || !strings.HasPrefix(rows[0], "position,id,type,at,") || !strings.Contains(rows[1], ",'=user-2,") ||
		!strings.Contains(rows[3], ",'=user-0,") {
		t.Errorf("%q", rows)
	}
	all := o.mara.sees(path, "workspace.created", "member.joined", `"{""status"":""Normal""}"`)
	if rows := strings.Count(all, "\r\n"); rows < 6 {
		t.Errorf("%d rows", rows)
	}
	o.mara.sees("/console/w/acme/activity", "exported <a ", ">the activity</a>")
	log := o.mara.sees("/console/w/acme/exports/events?what=user&format=ndjson", `"digest":"`, `"chain":"`, `"salt":"`)
	if rows := strings.Split(log, "\n"); len(rows) != 4 || !strings.Contains(rows[0], `"userId":"=user-0"`) {
		t.Errorf("the log: %q", rows)
	}
	o.mara.refused("GET", path+"&what=nonsense", 400)
	sam.refused("GET", path, 403)
	if strings.Contains(sam.sees("/console/w/acme/activity"), "/exports/events") {
		t.Error("who may not export is offered it")
	}
}
