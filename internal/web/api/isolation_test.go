package api

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/web/kit"
)

// routeCase is what the tests of this file know of a route.
type routeCase struct {
	roles    []tenancy.Role                 // that may use it, as the API's documents promise; no others may
	body     string                         // a good one, about what the workspace acme has
	query    string                         // that would find something of acme's
	stranger func(t *testing.T, got answer) // checks what another workspace gets; nil: that there is no such thing
}

// routeCases are the routes that ask for a key, by id. A new route needs one here.
var routeCases = map[string]routeCase{
	"addCode":      {roles: issuers, body: `{"code":"NEW","type":"Normal"}`, stranger: somethingOfItsOwn},
	"generateCode": {roles: issuers, body: `{"type":"Normal"}`, stranger: somethingOfItsOwn},

	"createBatch":   {roles: issuers, body: `{"count":2,"type":"Normal"}`, stranger: acceptedForItself},
	"listBatches":   {roles: followers, stranger: noBatchOfAcme},
	"getBatch":      {roles: followers},
	"cancelBatch":   {roles: issuers},
	"downloadBatch": {roles: followers},

	"createImport": {
		roles: issuers, query: "?format=csv&onExisting=update", body: "code,type,note\nMINE,Normal,stolen\n",
		stranger: allRejected,
	},
	"listImports":      {roles: followers, stranger: noBatchOfAcme},
	"getImport":        {roles: followers},
	"cancelImport":     {roles: issuers},
	"downloadRejected": {roles: followers},

	"createChange": {
		roles: managers, body: `{"select":{"type":"Normal"},"do":{"set":{"note":"by somebody else"}}}`,
		stranger: acceptedForItself,
	},
	"listChanges":  {roles: readers, stranger: noChangeOfAcme},
	"getChange":    {roles: readers},
	"cancelChange": {roles: managers},
	"undoChange":   {roles: managers},

	"listCodes":   {roles: readers, query: "?q=mine", stranger: anEmptyList},
	"getCode":     {roles: readers},
	"changeCode":  {roles: managers, body: `{"note":"changed by somebody else"}`},
	"deleteCode":  {roles: managers},
	"revokeCode":  {roles: managers},
	"restoreCode": {roles: managers},

	"validateCode": {
		roles: []tenancy.Role{"full", "redeem", "read"}, body: `{"code":"MINE","userId":"ada"}`, stranger: aMiss,
	},
	"redeemCode":  {roles: redeemers, body: `{"code":"MINE","userId":"bob"}`},
	"reserveCode": {roles: redeemers, body: `{"code":"MINE","userId":"bob"}`},

	"confirmReservation": {roles: redeemers},
	"releaseReservation": {roles: redeemers},

	"listRedemptions":    {roles: readers, query: "?code=MINE", stranger: anEmptyList},
	"rollBackRedemption": {roles: managers, body: `{"reason":"by somebody else"}`},

	"listUsers": {roles: readers, query: "?q=a", stranger: anEmptyList},
	"getUser":   {roles: readers},
	"putUser":   {roles: managers, body: `{"status":"Premium"}`, stranger: aUserOfItsOwn},
	"eraseUser": {roles: managers},

	"exportCodes":       {roles: readers, query: "?format=ndjson", stranger: nothingExported},
	"exportRedemptions": {roles: readers, query: "?format=ndjson", stranger: nothingExported},
	"exportUsers":       {roles: readers, query: "?format=ndjson", stranger: nothingExported},
	"exportEvents":      {roles: readers, query: "?subject=code:MINE", stranger: nothingExported},

	"createWebhookEndpoint": {
		roles: managers, body: `{"url":"https://example.com/"}`, stranger: somethingOfItsOwn,
	},
	"listWebhookEndpoints":    {roles: managers, stranger: noEndpointOfAcme},
	"getWebhookEndpoint":      {roles: managers},
	"updateWebhookEndpoint":   {roles: managers, body: `{"url":"https://example.com/stolen"}`},
	"deleteWebhookEndpoint":   {roles: managers},
	"rotateWebhookSecret":     {roles: managers},
	"testWebhookEndpoint":     {roles: managers},
	"listWebhookDeliveries":   {roles: managers},
	"getWebhookDelivery":      {roles: managers},
	"resendWebhookDelivery":   {roles: managers},
	"resendToWebhookEndpoint": {roles: managers, body: `{"failed":true}`},

	"listEvents": {roles: readers, query: "?subject=code:MINE", stranger: noEvents},

	"listCursors":  {roles: readers, stranger: noCursorOfAcme},
	"getCursor":    {roles: readers},
	"putCursor":    {roles: readers, body: `{"position":0}`, stranger: aCursorOfItsOwn},
	"deleteCursor": {roles: readers},
}

// Who may do what.
var (
	issuers   = []tenancy.Role{"full", "issue"}
	redeemers = []tenancy.Role{"full", "redeem"}
	readers   = []tenancy.Role{"full", "read"}
	managers  = []tenancy.Role{"full"}
	followers = []tenancy.Role{"full", "issue", "read"}
)

func somethingOfItsOwn(t *testing.T, got answer) { t.Helper(); got.mustBeOK(t) }

func acceptedForItself(t *testing.T, got answer) {
	t.Helper()
	if got.status != 202 {
		t.Errorf("status %d: %s", got.status, got.body)
	}
}

func noBatchOfAcme(t *testing.T, got answer) {
	t.Helper()
	if got.mustBeOK(t); strings.Contains(got.body, "mine") {
		t.Errorf("body %s", got.body)
	}
}

// allRejected: a code of another workspace is neither changed nor passed over.
func allRejected(t *testing.T, got answer) {
	t.Helper()
	got.mustCount(t, "succeeded: 1 lines, 0 accepted, 0 skipped, 1 rejected")
}

// noChangeOfAcme: each is shown with the key that asked for it.
func noChangeOfAcme(t *testing.T, got answer) {
	t.Helper()
	if got.mustBeOK(t); strings.Count(got.body, `"createdBy"`) != 1 || strings.Contains(got.body, `-000000000003"`) {
		t.Errorf("body %s", got.body)
	}
}

// aUserOfItsOwn: users of two workspaces may have the same id.
func aUserOfItsOwn(t *testing.T, got answer) {
	t.Helper()
	if got.mustBeOK(t).text(t, "status") != "Premium" {
		t.Errorf("body %s", got.body)
	}
}

func noCursorOfAcme(t *testing.T, got answer) {
	t.Helper()
	sameJSON(t, got.mustBeOK(t).body, `{"data":[]}`)
}

// aCursorOfItsOwn: cursors of two workspaces may have the same name.
func aCursorOfItsOwn(t *testing.T, got answer) {
	t.Helper()
	if got.mustBeOK(t); !strings.Contains(got.body, `"position":0,`) {
		t.Errorf("body %s", got.body)
	}
}

func anEmptyList(t *testing.T, got answer) {
	t.Helper()
	sameJSON(t, got.mustBeOK(t).body, `{"data":[],"nextCursor":null}`)
}

// nothingExported: the stranger's workspace has a code of its own by then, and no redemption.
func nothingExported(t *testing.T, got answer) {
	t.Helper()
	if got.status != 200 || strings.Contains(got.body, "MINE") || strings.Contains(got.body, "eve") {
		t.Errorf("status %d, body %s", got.status, got.body)
	}
}

func noEndpointOfAcme(t *testing.T, got answer) {
	t.Helper()
	if got.mustBeOK(t); strings.Contains(got.body, "127.0.0.1") {
		t.Errorf("body %s", got.body)
	}
}

func noEvents(t *testing.T, got answer) {
	t.Helper()
	if got.mustBeOK(t); !strings.HasPrefix(got.body, `{"data":[],`) {
		t.Errorf("body %s", got.body)
	}
}

func aMiss(t *testing.T, got answer) {
	t.Helper()
	sameJSON(t, got.mustBeOK(t).body,
		`{"valid":false,"reason":"code_not_found","detail":"there is no such code in this workspace"}`)
}

func nothingThere(t *testing.T, got answer) {
	t.Helper()
	p := got.problem(t)
	if got.status != 404 || !strings.HasSuffix(string(p.Reason), "_not_found") || p.Reason == kit.ReasonRouteNotFound {
		t.Errorf("status %d: %s", got.status, got.body)
	}
}

// walk calls a function for every route that asks for a key, with its path filled in and its case.
func walk(t *testing.T, f *fixture, fill *strings.Replacer, visit func(rt kit.Route, of routeCase)) {
	t.Helper()
	walked := map[string]bool{}
	for _, rt := range f.server.Routes() {
		if rt.Permission == "" {
			continue
		}
		walked[rt.ID] = true
		of, known := routeCases[rt.ID]
		if !known || len(of.roles) == 0 {
			t.Errorf("%s %s has no case: add one for %s", rt.Method, rt.Path, rt.ID)
			continue
		}
		if rt.Path = fill.Replace(rt.Path); strings.Contains(rt.Path, "{") {
			t.Errorf("%s: nothing that acme has is put into %s", rt.ID, rt.Path)
		}
		visit(rt, of)
	}
	for id := range routeCases {
		if !walked[id] {
			t.Errorf("there is a case for %s, and no such route", id)
		}
	}
}

// inhabited is a fixture in which the workspace acme has one of everything, and what a path
// of a route is filled in with to name that.
func inhabited(t *testing.T, newFixture fixtureMaker) (f *fixture, fill *strings.Replacer) {
	t.Helper()
	f = newFixture(t)
	f.add(t, "MINE", `"type":"Normal"`)
	for _, command := range []string{"revoke", "restore"} {
		f.call(t, "POST", "/tenant-codes/MINE/"+command, "").mustBeOK(t)
	}
	redemption, reservation := f.redeem(t, "MINE", "ada"), f.reserve(t, "MINE", "eve")
	batch := f.createBatch(t, f.secret, `{"count":2,"type":"Normal","name":"mine"}`).text(t, "id")
	change := f.createChange(t, `{"select":{"codes":["mine"]},"do":{"set":{"recipient":"mine"}}}`).text(t, "id")
	imported := f.importFile(t, "?batch=mine", "code,type\nIMPORTED,Normal\nREJECTED,none\n").text(t, "id")
	f.call(t, "PUT", "/cursors/mine", "").mustBeOK(t)
	url, _ := receiver(t, 204)
	tested := f.testEndpoint(t, f.createEndpoint(t, url).Endpoint.ID)
	return f, strings.NewReplacer("{name}", "mine",
		"/webhook-endpoints/{id}", "/webhook-endpoints/"+tested.Endpoint.ID,
		"/webhook-deliveries/{id}", "/webhook-deliveries/"+tested.Delivery.ID, "/imports/{id}", "/imports/"+imported,
		"/batches/{id}", "/batches/"+batch, "/changes/{id}", "/changes/"+change,
		"{code}", "MINE", "{userId}", "ada",
		"/redemptions/{id}", "/redemptions/"+redemption, "/reservations/{id}", "/reservations/"+reservation)
}

// state is everything that the workspace acme has.
func (f *fixture) state(t *testing.T) string {
	t.Helper()
	all := ""
	f.sequence(t)
	for _, path := range []string{
		"/tenant-codes", "/redemptions", "/users", "/batches", "/changes", "/imports", "/cursors",
		"/webhook-endpoints", "/events?types=code.*,user.*,redemption.*,batch.*,change.*,import.*,endpoint.*",
	} {
		all += f.call(t, "GET", path, "").mustBeOK(t).body + "\n"
	}
	return all
}

// TestNobodySeesOrChangesWhatAnotherWorkspaceHas walks every route with another workspace's key
// and ids.
func TestNobodySeesOrChangesWhatAnotherWorkspaceHas(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f, fill := inhabited(t, newFixture)
		before := f.state(t)
		stranger := with("X-Api-Key", f.keyOf(t, "other", tenancy.RoleFull))
		walk(t, f, fill, func(rt kit.Route, of routeCase) {
			t.Run(rt.ID, func(t *testing.T) {
				check := of.stranger
				if check == nil {
					check = nothingThere
				}
				check(t, f.call(t, rt.Method, rt.Path+of.query, of.body, stranger))
			})
			if rt.ID == "putUser" || rt.ID == "putCursor" {
				f.call(t, "DELETE", rt.Path, "", stranger)
			}
		})
		if diff := cmp.Diff(before, f.state(t)); diff != "" {
			t.Errorf("what acme has (-before +after):\n%s", diff)
		}
		if log := f.call(t, "GET", "/events", "", stranger).mustBeOK(t).body; !strings.Contains(log, "OTHER") ||
			strings.Contains(log, "ACME") || strings.Contains(log, "revoked") {
			t.Errorf("the other workspace's log is %s", log)
		}
	})
}

// TestTheRoleDecidesWhoMayDoWhat walks every route with each role, but for full, which would change
// what the next one meets.
func TestTheRoleDecidesWhoMayDoWhat(t *testing.T) {
	f, fill := inhabited(t, func(t *testing.T) *fixture { return newFixture(t) })
	documented := readDocument(t, f).operations()
	keys := map[tenancy.Role]edit{}
	for _, role := range tenancy.Roles() {
		keys[role] = with("X-Api-Key", f.keyOf(t, "acme", role))
	}
	walk(t, f, fill, func(rt kit.Route, of routeCase) {
		for _, role := range tenancy.Roles() {
			if role == tenancy.RoleFull {
				continue
			}
			t.Run(rt.ID+" "+string(role), func(t *testing.T) {
				before := f.state(t)
				got := f.call(t, rt.Method, rt.Path, of.body, keys[role])
				if slices.Contains(of.roles, role) {
					if got.status == 403 {
						t.Errorf("status 403: %s", got.body)
					}
					return
				}
				got.mustBe(t, 403, core.ReasonRoleNotAllowed)
				if diff := cmp.Diff(before, f.state(t)); diff != "" {
					t.Errorf("what acme has (-before +after):\n%s", diff)
				}
			})
		}
		_, said, _ := strings.Cut(documented[rt.ID].Description, "Roles: ")
		names := []string{}
		for _, role := range of.roles {
			names = append(names, string(role))
		}
		if want := strings.Join(names, ", ") + "."; said != want {
			t.Errorf("%s: the document says %q, want %q", rt.ID, said, want)
		}
	})
}
