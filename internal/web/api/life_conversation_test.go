package api

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/web/kit"
)

// sayBatches are answers of the routes about batches, of which one is finished and one waits.
func sayBatches(batch, waiting, nobody string) (all []said) {
	say := func(name, method, path, body string, status int, reason core.Reason, goodRequest bool) {
		all = append(
			all,
			said{name: name, method: method, path: path, body: body, status: status, reason: reason, goodRequest: goodRequest},
		)
	}
	const routes = "/batches"
	say("good", "POST", routes, `{"count":2,"type":"Premium","name":"n","format":{"prefix":"","groups":3},"note":"n"}`,
		202, "", true)
	say("none", "POST", routes, `{"count":0,"type":"Premium"}`, 400, core.ReasonInvalidValue, false)
	say("no count", "POST", routes, `{"type":"Premium"}`, 400, core.ReasonMissingField, false)
	say("a value", "POST", routes, `{"count":1,"type":"Premium","code":"A"}`, 400, kit.ReasonUnknownField, false)
	say("too many", "POST", routes, `{"count":2000000,"type":"Normal","format":{"groupLength":3}}`,
		400, core.ReasonInvalidValue, true)
	say("good", "GET", routes, "", 200, "", true)
	say("a page", "GET", routes+"?limit=1", "", 200, "", true)
	say("no cursor", "GET", routes+"?cursor=x", "", 400, core.ReasonInvalidCursor, true)
	say("good", "GET", routes+"/"+batch, "", 200, "", true)
	say("none", "GET", routes+"/"+nobody, "", 404, core.ReasonBatchNotFound, true)
	say("no id", "GET", routes+"/x", "", 404, core.ReasonBatchNotFound, true)
	say("finished", "POST", routes+"/"+batch+"/cancel", "", 409, core.ReasonBatchFinished, true)
	say("none", "POST", routes+"/"+nobody+"/cancel", "", 404, core.ReasonBatchNotFound, true)
	say("good", "POST", routes+"/"+waiting+"/cancel", "", 200, "", true)
	say("good", "GET", routes+"/"+batch+"/codes?from=1&format=csv", "", 200, "", true)
	say("as a sheet", "GET", routes+"/"+batch+"/codes?format=xlsx", "", 400, core.ReasonInvalidParameter, false)
	say("none", "GET", routes+"/"+nobody+"/codes", "", 404, core.ReasonBatchNotFound, true)
	return all
}

// sayImports are answers of the routes about imports, of which one has ended.
func sayImports(imported, nobody string) (all []said) {
	say := func(name, method, path, body string, status int, reason core.Reason, goodRequest bool, edits ...edit) {
		all = append(all, said{
			name: name, method: method, path: path, body: body, edits: edits, status: status, reason: reason,
			goodRequest: goodRequest,
		})
	}
	const routes, good = "/imports", "code,type\nBROUGHT,Normal\n"
	asCSV, retried := with("Content-Type", "text/csv"), with("Idempotency-Key", "import")
	say("good", "POST", routes+"?batch=spring", good, 200, "", true, asCSV, retried)
	say("replayed", "POST", routes+"?batch=spring", good, 200, "", true, asCSV, retried)
	say("key reused", "POST", routes+"?dryRun=true", good, 409, core.ReasonIdempotencyKeyReused, true, asCSV, retried)
	say("key wrong", "POST", routes, good, 400, core.ReasonInvalidIdempotencyKey, true, asCSV,
		with("Idempotency-Key", "a b"))
	say("every option", "POST", routes+"?format=csv&onExisting=update&dryRun=true&atomic=false", good, 200, "", true,
		asCSV)
	say("objects", "POST", routes+"?onExisting=skip", `{"code":"BROUGHT"}`, 200, "", true,
		with("Content-Type", "application/x-ndjson"))
	say("no such format", "POST", routes+"?format=xlsx", good, 400, core.ReasonInvalidParameter, false, asCSV)
	say("no format", "POST", routes, good, 415, kit.ReasonUnsupportedMediaType, false)
	say("not CSV", "POST", routes, "<html>", 400, core.ReasonInvalidFile, true, asCSV)
	say("too large", "POST", routes+"?atomic=true", "code\n"+strings.Repeat("A\n", bulk.MaxAtomicLines+1),
		413, core.ReasonFileTooLarge, true, asCSV)
	say("good", "GET", routes, "", 200, "", true)
	say("no cursor", "GET", routes+"?cursor=x", "", 400, core.ReasonInvalidCursor, true)
	say("good", "GET", routes+"/"+imported, "", 200, "", true)
	say("none", "GET", routes+"/"+nobody, "", 404, core.ReasonImportNotFound, true)
	say("its batch", "GET", "/batches/"+imported, "", 200, "", true)
	say("good", "GET", routes+"/"+imported+"/rejected", "", 200, "", true)
	say("none", "GET", routes+"/"+nobody+"/rejected", "", 404, core.ReasonImportNotFound, true)
	say("ended", "POST", routes+"/"+imported+"/cancel", "", 409, core.ReasonImportFinished, true)
	return all
}

// sayCursors are answers of the routes about cursors.
func sayCursors(t *testing.T, f *fixture) (all []said) {
	t.Helper()
	for i := range event.MaxCursors - 1 {
		name := fmt.Sprint("another-", i)
		if _, err := f.server.events.MoveCursor(t.Context(), f.key.WorkspaceID, name, event.CursorMove{}); err != nil {
			t.Fatal(err)
		}
	}
	say := func(name, method, path, body string, status int, reason core.Reason, goodRequest bool) {
		all = append(
			all,
			said{name: name, method: method, path: path, body: body, status: status, reason: reason, goodRequest: goodRequest},
		)
	}
	const crm = "/cursors/crm"
	say("none", "GET", crm, "", 404, core.ReasonCursorNotFound, true)
	say("none to move", "PUT", crm, `{"position":0,"ifPosition":1}`, 404, core.ReasonCursorNotFound, true)
	say("good", "PUT", crm, `{"position":0,"ifPosition":null}`, 200, "", true)
	say("moved", "PUT", crm, `{"position":0,"ifPosition":1}`, 409, core.ReasonCursorMoved, true)
	say("there already", "PUT", crm, `{"ifPosition":null}`, 409, core.ReasonCursorMoved, true)
	say("stays", "PUT", crm, `{}`, 200, "", true)
	say("not reached", "PUT", crm, `{"position":9007199254740991}`, 400, core.ReasonInvalidValue, true)
	say("negative", "PUT", crm, `{"position":-1}`, 400, core.ReasonInvalidValue, false)
	say("no name", "PUT", "/cursors/CRM", `{}`, 400, core.ReasonInvalidParameter, true)
	say("unknown field", "PUT", crm, `{"after":1}`, 400, kit.ReasonUnknownField, false)
	say("behind it", "GET", "/events?cursor=crm&limit=1", "", 200, "", true)
	say("good", "GET", crm, "", 200, "", true)
	say("good", "GET", "/cursors", "", 200, "", true)
	say("too many", "PUT", "/cursors/more", `{}`, 409, core.ReasonTooManyCursors, true)
	say("good", "DELETE", crm, "", 204, "", true)
	say("none", "DELETE", crm, "", 404, core.ReasonCursorNotFound, true)
	return all
}

// sayChanges are answers of the routes about changes, of which one is done and one waits.
func sayChanges(change, waiting, nobody string) (all []said) {
	say := func(name, method, path, body string, status int, reason core.Reason, goodRequest bool) {
		all = append(
			all,
			said{name: name, method: method, path: path, body: body, status: status, reason: reason, goodRequest: goodRequest},
		)
	}
	const routes = "/changes"
	say("good", "POST", routes, `{"select":{"type":"Upgrade","q":"none"},"do":{"set":{"note":null}}}`, 202, "", true)
	say("dry", "POST", routes, `{"select":{"codes":["UNUSED"]},"do":{"revoke":true},"dryRun":true}`, 200, "", true)
	say("nothing", "POST", routes, `{"select":{"type":"Upgrade"},"do":{}}`, 400, core.ReasonInvalidValue, true)
	say("no codes", "POST", routes, `{"do":{"revoke":true}}`, 400, core.ReasonMissingField, false)
	const unused = `{"select":{"type":"Upgrade","q":"none"},"do":`
	say("deleting", "POST", routes, unused+`{"delete":true}}`, 202, "", true)
	say("rolling back", "POST", routes, unused+`{"revoke":true},"rollBackRedemptions":true}`, 202, "", true)
	say("rolling back what is deleted", "POST", routes, unused+`{"delete":true},"rollBackRedemptions":true}`,
		400, core.ReasonInvalidValue, true)
	say("good", "GET", routes, "", 200, "", true)
	say("good", "GET", routes+"/"+change, "", 200, "", true)
	say("none", "GET", routes+"/"+nobody, "", 404, core.ReasonChangeNotFound, true)
	say("ended", "POST", routes+"/"+change+"/cancel", "", 409, core.ReasonChangeFinished, true)
	say("under way", "POST", routes+"/"+waiting+"/undo", "", 409, core.ReasonChangeUnfinished, true)
	say("good", "POST", routes+"/"+waiting+"/cancel", "", 200, "", true)
	say("good", "POST", routes+"/"+change+"/undo", "", 202, "", true)
	say("none", "POST", routes+"/"+nobody+"/undo", "", 404, core.ReasonChangeNotFound, true)
	return all
}

// living are answers of the routes about what becomes of codes. What they are about is made
// here; they follow one another.
func living(t *testing.T, f *fixture) []said {
	t.Helper()
	for code, fields := range map[string]string{
		"REGISTERS":  `"type":"Normal"`,
		"PREMIUM":    `"type":"Premium"`,
		"UPGRADES":   `"type":"Upgrade"`,
		"USED-UP":    `"type":"Normal","maxRedemptions":1`,
		"REVOKED":    `"type":"Normal"`,
		"EXPIRED":    `"type":"Normal","expiresAt":"2031-02-03T04:05:07Z"`,
		"SCHEDULED":  `"type":"Normal","startsAt":"2031-03-01T00:00:00Z"`,
		"UNUSED":     `"type":"Normal","note":"n","recipient":"r","metadata":{"k":"v"}`,
		"CHANGEABLE": `"type":"Normal"`,
	} {
		f.add(t, code, fields)
	}
	first := f.redeem(t, "USED-UP", "somebody")
	f.redeem(t, "UPGRADES", "somebody")
	lapsed := f.reserve(t, "REGISTERS", "slow")
	f.clock.advance(codes.DefaultReservation)
	confirmed, released := f.reserve(t, "REGISTERS", "quick"), f.reserve(t, "REGISTERS", "hesitant")
	held := f.reserve(t, "REGISTERS", "waiting")
	undone := f.redeem(t, "REGISTERS", "sorry")
	f.call(t, "POST", "/tenant-codes/REVOKED/revoke", "").mustBeOK(t)
	f.call(t, "POST", "/reservations/"+released+"/release", "").mustBeOK(t)

	const nobody = "01a20622-6a04-746e-8238-e2deeb7b832d"
	var all []said
	say := func(name, method, path, body string, status int, reason core.Reason, goodRequest bool) {
		all = append(
			all,
			said{name: name, method: method, path: path, body: body, status: status, reason: reason, goodRequest: goodRequest},
		)
	}
	post := func(name, path, body string, status int, reason core.Reason, goodRequest bool) {
		say(name, "POST", path, body, status, reason, goodRequest)
	}
	about := func(code, user string) string { return `{"code":"` + code + `","userId":"` + user + `"}` }

	const validate, redeem, reserve = "/tenant-codes/validate", "/tenant-codes/redeem", "/tenant-codes/reserve"
	post("good", validate, `{"code":"REGISTERS"}`, 200, "", true)
	post(
		"for somebody, at some time",
		validate,
		`{"code":"REGISTERS","userId":"new","at":"2031-03-01T00:00:00Z"}`,
		200,
		"",
		true,
	)
	post("not good", validate, about("USED-UP", "new"), 200, "", true)
	post("a typo", validate, `{"code":"REGISTRS"}`, 200, "", true)
	post("no user", validate, `{"code":"REGISTERS","userId":""}`, 400, core.ReasonInvalidValue, false)
	post("no time", validate, `{"code":"REGISTERS","at":"now"}`, 400, core.ReasonInvalidValue, false)
	post("registers", redeem, `{"code":"REGISTERS","userId":"new","metadata":{"a":"b"}}`, 200, "", true)
	post("replayed", redeem, about("REGISTERS", "new"), 200, "", true)
	for _, path := range []string{redeem, reserve} {
		post("no such code", path, about("NONE", "x"), 404, core.ReasonCodeNotFound, true)
		post("revoked", path, about("REVOKED", "x"), 409, core.ReasonCodeRevoked, true)
		post("expired", path, about("EXPIRED", "x"), 409, core.ReasonCodeExpired, true)
		post("scheduled", path, about("SCHEDULED", "x"), 409, core.ReasonCodeNotStarted, true)
		post("used up", path, about("USED-UP", "x"), 409, core.ReasonCodeExhausted, true)
		post("registered", path, about("PREMIUM", "new"), 409, core.ReasonUserAlreadyRegistered, true)
		post("not registered", path, about("UPGRADES", "x"), 409, core.ReasonUserNotRegistered, true)
		post("no user", path, about("REGISTERS", ""), 400, core.ReasonInvalidValue, false)
		post("long user", path, about("REGISTERS", strings.Repeat("x", 256)), 400, core.ReasonInvalidValue, false)
		post("nothing", path, `{}`, 400, core.ReasonMissingField, false)
	}
	post("unknown field", redeem, `{"code":"REGISTERS","userId":"x","type":"Normal"}`, 400, kit.ReasonUnknownField, false)
	post("good", reserve, `{"code":"REGISTERS","userId":"later","ttlSeconds":3600}`, 200, "", true)
	post("again", reserve, about("REGISTERS", "later"), 200, "", true)
	post("too short", reserve, `{"code":"REGISTERS","userId":"x","ttlSeconds":9}`, 400, core.ReasonInvalidValue, false)
	post("none", reserve, `{"code":"REGISTERS","userId":"x","ttlSeconds":0}`, 400, core.ReasonInvalidValue, false)
	post("too long", reserve, `{"code":"REGISTERS","userId":"x","ttlSeconds":3601}`, 400, core.ReasonInvalidValue, false)
	post(
		"for ages",
		reserve,
		`{"code":"REGISTERS","userId":"x","ttlSeconds":9007199254740993}`,
		400,
		core.ReasonInvalidValue,
		false,
	)

	const confirm, release, rollback = "/reservations/{id}/confirm", "/reservations/{id}/release",
		"/redemptions/{id}/rollback"
	of := func(route, id string) string { return strings.Replace(route, "{id}", id, 1) }
	say("good", "POST", of(confirm, confirmed), "", 200, "", true)
	say("again", "POST", of(confirm, confirmed), "{}", 200, "", true)
	say("unknown field", "POST", of(confirm, confirmed), `{"userId":"x"}`, 400, kit.ReasonUnknownField, false)
	say("lapsed", "POST", of(confirm, lapsed), "", 409, core.ReasonReservationLapsed, true)
	say("released", "POST", of(confirm, released), "", 409, core.ReasonReservationReleased, true)
	say("none", "POST", of(confirm, nobody), "", 404, core.ReasonReservationNotFound, true)
	say("no id", "POST", of(confirm, "x"), "", 404, core.ReasonReservationNotFound, true)
	say("good", "POST", of(release, held), "", 200, "", true)
	say("again", "POST", of(release, held), "", 200, "", true)
	say("lapsed", "POST", of(release, lapsed), "", 200, "", true)
	say("confirmed", "POST", of(release, confirmed), "", 409, core.ReasonReservationConfirmed, true)
	say("none", "POST", of(release, nobody), "", 404, core.ReasonReservationNotFound, true)
	say("out of order", "POST", of(rollback, first), "", 409, core.ReasonRollbackOutOfOrder, true)
	say("good", "POST", of(rollback, undone), `{"reason":"sign-up failed"}`, 200, "", true)
	say("again", "POST", of(rollback, undone), "", 200, "", true)
	say("none", "POST", of(rollback, nobody), "", 404, core.ReasonRedemptionNotFound, true)
	say(
		"long reason",
		"POST",
		of(rollback, first),
		`{"reason":"`+strings.Repeat("r", 501)+`"}`,
		400,
		core.ReasonInvalidValue,
		false,
	)

	named := func(route, value string) string { return "/tenant-codes/" + value + "/" + route }
	say("good", "GET", "/tenant-codes/unused", "", 200, "", true)
	say("none", "GET", "/tenant-codes/none", "", 404, core.ReasonCodeNotFound, true)
	say(
		"good",
		"PATCH",
		"/tenant-codes/changeable",
		`{"note":"m","metadata":{"a":"b","c":null},"maxRedemptions":null}`,
		200,
		"",
		true,
	)
	say("none", "PATCH", "/tenant-codes/none", `{"note":"m"}`, 404, core.ReasonCodeNotFound, true)
	say("unknown field", "PATCH", "/tenant-codes/changeable", `{"type":"Normal"}`, 400, kit.ReasonUnknownField, false)
	say("in use", "DELETE", "/tenant-codes/used-up", "", 409, core.ReasonCodeInUse, true)
	say("good", "DELETE", "/tenant-codes/unused", "", 204, "", true)
	say("none", "DELETE", "/tenant-codes/unused", "", 404, core.ReasonCodeNotFound, true)
	for _, route := range []string{"revoke", "restore"} {
		say("good", "POST", named(route, "changeable"), "", 200, "", true)
		say("again", "POST", named(route, "changeable"), "{}", 200, "", true)
		say("none", "POST", named(route, "none"), "", 404, core.ReasonCodeNotFound, true)
	}

	for _, path := range []string{"/tenant-codes", "/redemptions", "/users"} {
		say("good", "GET", path, "", 200, "", true)
		say("a page", "GET", path+"?limit=1", "", 200, "", true)
		say("no limit", "GET", path+"?limit=0", "", 400, core.ReasonInvalidParameter, false)
		say("no cursor", "GET", path+"?cursor=x", "", 400, core.ReasonInvalidCursor, true)
	}
	say(
		"filtered",
		"GET",
		"/tenant-codes?type=Normal&status=active&q=x&createdAfter=2031-01-01T00:00:00Z",
		"",
		200,
		"",
		true,
	)

	batch := f.createBatch(t, f.secret, `{"count":2,"type":"Normal"}`).text(t, "id")
	f.work(t)
	change := f.createChange(t, `{"select":{"codes":["UNUSED"]},"do":{"restore":true}}`).text(t, "id")
	f.work(t)
	unmade := f.createChange(t, `{"select":{"codes":["UNUSED"]},"do":{"restore":true}}`).text(t, "id")
	all = append(all, sayChanges(change, unmade, nobody)...)
	waiting := f.createBatch(t, f.secret, `{"count":2,"type":"Normal"}`).text(t, "id")
	all = append(all, sayBatches(batch, waiting, nobody)...)
	imported := f.importFile(t, "?batch=autumn", "code,type\nAUTUMN,Normal\nNOT,\n").text(t, "id")
	canceled := f.begin(t, "", "code,type\nAUTUMN,Normal\n")
	say("good", "POST", "/imports/"+canceled.id+"/cancel", "", 200, "", true)
	say("under way", "POST", "/imports", "code,type\nAUTUMN,Normal\n", 409, core.ReasonImportRunning, true)
	all[len(all)-1].edits = []edit{with("Content-Type", "text/csv"), with("Idempotency-Key", "another")}
	again := f.begin(t, "", "code,type\nAUTUMN,Normal\n", all[len(all)-1].edits...)
	t.Cleanup(func() { close(canceled.parts); close(again.parts) })
	all = append(all, sayImports(imported, nobody)...)
	url, _ := receiver(t, 204)
	tested, untested := f.testEndpoint(t, f.createEndpoint(t, url).Endpoint.ID), f.createEndpoint(t, url)
	all = append(all, sayWebhooks(tested, untested.Endpoint.ID, nobody)...)
	all = append(all, sayCursors(t, f)...)

	say("good", "GET", "/users/new", "", 200, "", true)
	say("none", "GET", "/users/nobody", "", 404, core.ReasonUserNotFound, true)
	say("good", "PUT", "/users/old", `{"status":"Premium"}`, 200, "", true)
	say("wrong word", "PUT", "/users/old", `{"status":"premium"}`, 400, core.ReasonInvalidValue, false)
	post("premium already", redeem, about("UPGRADES", "old"), 409, core.ReasonUserAlreadyPremium, true)
	post("premium already", reserve, about("UPGRADES", "old"), 409, core.ReasonUserAlreadyPremium, true)
	say("good", "DELETE", "/users/old", "", 204, "", true)
	say("none", "DELETE", "/users/old", "", 404, core.ReasonUserNotFound, true)

	for _, fault := range []struct {
		name   string
		err    error
		status int
		reason core.Reason
	}{
		{"busy", core.Unavailable(nil), 503, core.ReasonStoreUnavailable},
		{"overloaded", core.Overloaded(), 503, core.ReasonOverloaded},
		{"an unknown outcome", core.OutcomeUnknown(nil), 500, core.ReasonOutcomeUnknown},
		{"a fault", errors.New("fault"), 500, core.ReasonInternal},
	} {
		post(fault.name, redeem, about("REGISTERS", "unlucky"), fault.status, fault.reason, true)
		all[len(all)-1].fault = func(s *faultyStore) { s.execute = func() error { return fault.err } }
	}
	return all
}
