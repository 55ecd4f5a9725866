package api

import (
	"net/http"
	"reflect"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// route is one operation: how it is reached, who may call it, what it answers, and
// what the OpenAPI document says about it.
type route struct {
	method, path string
	permission   core.Permission // empty: no key is asked for
	endpoint     endpoint

	id, summary, description string
	parameters               []parameter
	request, response        reflect.Type // of the JSON bodies; nil: none
	bodyOptional             bool         // the request may have no body at all
	mergePatch               bool         // the request is a JSON merge patch (RFC 7396)
	retryable                bool         // takes an Idempotency-Key
	replays                  bool         // says when an earlier request did it
	guessable                bool         // a code is used by its value: refusals are counted by reason
	reasons                  []core.Reason
	undocumented             bool

	// streams: the body, the answer and what happens between them may take as long as they move;
	// see stream. The endpoint limits the size of the body itself.
	streams bool
}

// routes is every route but /openapi.json, which is made from it.
func (s *Server) routes(registry *prometheus.Registry) []route {
	return slices.Concat(
		s.issuing(), s.managing(), s.redeeming(), s.users(), s.following(), s.observing(registry), docsRoutes())
}

// retrying are the reasons for which an Idempotency-Key does not lead to a code.
func retrying() []core.Reason {
	return []core.Reason{core.ReasonIdempotencyKeyReused, core.ReasonCodeDeleted}
}

// issuing are the routes that make codes.
func (s *Server) issuing() []route {
	return []route{
		{
			method: "POST", path: "/tenant-codes/add", permission: core.PermissionIssue, endpoint: s.addCode,
			id: "addCode", summary: "Add a code with a value that you choose",
			description: "The value must be unique over all workspaces of the installation, whatever its case, spaces and dashes.",
			request:     reflect.TypeFor[addRequest](), response: reflect.TypeFor[codeFields](), retryable: true,
			reasons: append(retrying(), core.ReasonCodeAlreadyExists),
		},
		{
			method: "POST", path: "/tenant-codes/generate", permission: core.PermissionIssue, endpoint: s.generateCode,
			id: "generateCode", summary: "Generate a unique random code",
			description: "The value has the workspace's prefix and format. It is unique over all workspaces of the installation.",
			request:     reflect.TypeFor[generateRequest](), response: reflect.TypeFor[generateAnswer](), retryable: true,
			reasons: append(retrying(), core.ReasonCodeSpaceExhausted),
		},
	}
}

// managing are the routes to look codes up and to change them.
func (s *Server) managing() []route {
	code := []parameter{inPath("code", "The code, however it is spelt: case, spaces and dashes do not count. A / in it is written as %2F.")}
	none := []core.Reason{core.ReasonCodeNotFound}
	return []route{
		{
			method: "GET", path: "/tenant-codes", permission: core.PermissionRead, endpoint: s.listCodes,
			id: "listCodes", summary: "List codes", response: reflect.TypeFor[codeList](),
			description: "Newest first. A code that exists throughout is on exactly one page, whatever is added meanwhile.",
			parameters: append([]parameter{
				inQuery("type", "Only codes of this type.", wordSchema(codes.Types())),
				inQuery("status", "Only codes that have this status now.", wordSchema(codes.Statuses())),
				inQuery("batchId", "Only codes of this batch.", idSchema()),
				inQuery("q", "Only codes whose value, note or recipient begins with this. Of a value, case, spaces and dashes do not count; of the others, the case of A to Z does not.", textSchema()),
				inQuery("createdAfter", "Only codes that were created after this instant (RFC 3339).", timeSchema()),
				inQuery("createdBefore", "Only codes that were created before this instant (RFC 3339).", timeSchema()),
			}, paging()...),
		},
		{
			method: "GET", path: "/tenant-codes/{code}", permission: core.PermissionRead, endpoint: s.getCode, parameters: code,
			id: "getCode", summary: "Look a code up", response: reflect.TypeFor[codeFields](), reasons: none,
		},
		{
			method: "PATCH", path: "/tenant-codes/{code}", permission: core.PermissionManage, endpoint: s.changeCode, parameters: code,
			id: "changeCode", summary: "Change a code's options",
			description: "A JSON merge patch (RFC 7396): a field that is left out stays as it is, null means none.",
			request:     reflect.TypeFor[changeRequest](), mergePatch: true, response: reflect.TypeFor[codeFields](),
			reasons: append(none, core.ReasonCodeInUse),
		},
		{
			method: "DELETE", path: "/tenant-codes/{code}", permission: core.PermissionManage, endpoint: s.deleteCode, parameters: code,
			id: "deleteCode", summary: "Delete a code that was never used",
			description: "A code that was ever redeemed or reserved stays on record: revoke it instead.",
			reasons:     append(none, core.ReasonCodeInUse),
		},
		{
			method: "POST", path: "/tenant-codes/{code}/revoke", permission: core.PermissionManage, endpoint: s.revokeCode, parameters: code,
			id: "revokeCode", summary: "Take a code back", description: "It cannot be redeemed any more. Revoking twice keeps the first time.",
			request: reflect.TypeFor[nothing](), bodyOptional: true, response: reflect.TypeFor[codeFields](), reasons: none,
		},
		{
			method: "POST", path: "/tenant-codes/{code}/restore", permission: core.PermissionManage, endpoint: s.restoreCode, parameters: code,
			id: "restoreCode", summary: "Undo a revocation",
			request: reflect.TypeFor[nothing](), bodyOptional: true, response: reflect.TypeFor[codeFields](), reasons: none,
		},
	}
}

// unusable are the reasons for which a code cannot be redeemed by a user.
func unusable() []core.Reason {
	return []core.Reason{
		core.ReasonCodeRevoked, core.ReasonCodeExpired, core.ReasonCodeNotStarted, core.ReasonCodeExhausted,
		core.ReasonUserAlreadyRegistered, core.ReasonUserNotRegistered, core.ReasonUserAlreadyPremium,
	}
}

// redeeming are the routes that use codes up, and give uses back.
func (s *Server) redeeming() []route {
	reservation := []parameter{inPath("id", "The reservation's id.")}
	return []route{
		{
			method: "POST", path: "/tenant-codes/validate", permission: core.PermissionValidate, endpoint: s.validateCode,
			id: "validateCode", summary: "Ask what redeeming a code would do",
			description: "It has no effect. That a code cannot be redeemed is a good answer, not an error. " +
				"Of a user who has redeemed the code already, the answer is that redemption.",
			request: reflect.TypeFor[validateRequest](), response: reflect.TypeFor[validation](), guessable: true,
		},
		{
			method: "POST", path: "/tenant-codes/redeem", permission: core.PermissionRedeem, endpoint: s.redeemCode,
			id: "redeemCode", summary: "Redeem a code for a user",
			description: "Normal and Premium codes register a user who is unknown; Upgrade makes a registered user premium. The same code and user again is the same redemption, so a request that got no answer can be repeated. A refusal uses nothing up. A use that is reserved for this user is the one that is taken.",
			request:     reflect.TypeFor[redeemRequest](), response: reflect.TypeFor[redemptionFields](), replays: true,
			guessable: true,
			reasons:   append(unusable(), core.ReasonCodeNotFound),
		},
		{
			method: "POST", path: "/tenant-codes/reserve", permission: core.PermissionRedeem, endpoint: s.reserveCode,
			id: "reserveCode", summary: "Hold one use of a code for a user",
			description: "For as long as a sign-up takes. The use is given back by itself at expiresAt. A user who holds a use of the code already keeps that reservation as it is.",
			request:     reflect.TypeFor[reserveRequest](), response: reflect.TypeFor[reservationFields](), replays: true,
			guessable: true,
			reasons:   append(unusable(), core.ReasonCodeNotFound),
		},
		{
			method: "POST", path: "/reservations/{id}/confirm", permission: core.PermissionRedeem, endpoint: s.confirmReservation, parameters: reservation,
			id: "confirmReservation", summary: "Redeem the code with the use that is held",
			request: reflect.TypeFor[nothing](), bodyOptional: true, response: reflect.TypeFor[redemptionFields](), replays: true,
			reasons: append(unusable(), core.ReasonReservationNotFound, core.ReasonReservationLapsed, core.ReasonReservationReleased),
		},
		{
			method: "POST", path: "/reservations/{id}/release", permission: core.PermissionRedeem, endpoint: s.releaseReservation, parameters: reservation,
			id: "releaseReservation", summary: "Give the use that is held back", description: "Releasing one that holds nothing any more does nothing.",
			request: reflect.TypeFor[nothing](), bodyOptional: true, response: reflect.TypeFor[reservationFields](), replays: true,
			reasons: []core.Reason{core.ReasonReservationNotFound, core.ReasonReservationConfirmed},
		},
		{
			method: "GET", path: "/redemptions", permission: core.PermissionRead, endpoint: s.listRedemptions,
			id: "listRedemptions", summary: "List redemptions", description: "Newest first, those that were rolled back among them.",
			response: reflect.TypeFor[redemptionList](),
			parameters: append([]parameter{
				inQuery("code", "Only redemptions of this code, however it is spelt.", textSchema()),
				inQuery("userId", "Only redemptions by this user.", textSchema()),
				inQuery("createdAfter", "Only redemptions that were made after this instant (RFC 3339).", timeSchema()),
				inQuery("createdBefore", "Only redemptions that were made before this instant (RFC 3339).", timeSchema()),
			}, paging()...),
		},
		{
			method: "POST", path: "/redemptions/{id}/rollback", permission: core.PermissionManage, endpoint: s.rollBack,
			id: "rollBackRedemption", summary: "Undo a redemption",
			description: "The code has its use back and the user is what they were before: not registered, or Normal. Rolling back twice does nothing more.",
			parameters:  []parameter{inPath("id", "The redemption's id.")},
			request:     reflect.TypeFor[rollbackRequest](), bodyOptional: true, response: reflect.TypeFor[redemptionFields](), replays: true,
			reasons: []core.Reason{core.ReasonRedemptionNotFound, core.ReasonRollbackOutOfOrder},
		},
	}
}

// users are the routes about people.
func (s *Server) users() []route {
	user := []parameter{inPath("userId", "Your own id of the user. A / in it is written as %2F.")}
	none := []core.Reason{core.ReasonUserNotFound}
	return []route{
		{
			method: "GET", path: "/users", permission: core.PermissionRead, endpoint: s.listUsers,
			id: "listUsers", summary: "List registered users", description: "In the order of their ids, byte by byte.", response: reflect.TypeFor[userList](),
			parameters: append([]parameter{
				inQuery("status", "Only users with this status.", wordSchema([]codes.UserStatus{codes.UserNormal, codes.UserPremium})),
				inQuery("q", "Only users whose id begins with this.", textSchema()),
			}, paging()...),
		},
		{
			method: "GET", path: "/users/{userId}", permission: core.PermissionRead, endpoint: s.getUser, parameters: user,
			id: "getUser", summary: "Look a user up", response: reflect.TypeFor[userFields](), reasons: none,
		},
		{
			method: "PUT", path: "/users/{userId}", permission: core.PermissionManage, endpoint: s.putUser, parameters: user,
			id: "putUser", summary: "Register a user without a code, or change what a user is", description: "For people who were there before the codes.",
			request: reflect.TypeFor[putUserRequest](), response: reflect.TypeFor[userFields](),
		},
		{
			method: "DELETE", path: "/users/{userId}", permission: core.PermissionManage, endpoint: s.eraseUser, parameters: user,
			id: "eraseUser", summary: "Erase a person", description: "The user is gone. Their redemptions stay, without the id, and what they used stays used.",
			reasons: none,
		},
	}
}

// observing are the routes for whoever runs the server.
func (s *Server) observing(registry *prometheus.Registry) []route {
	return []route{
		{
			method: "GET", path: "/livez", endpoint: s.live,
			id: "live", summary: "Whether the process runs", response: reflect.TypeFor[health](),
		},
		{
			method: "GET", path: "/readyz", endpoint: s.ready,
			id: "ready", summary: "Whether requests can be served now",
			description: "503 while the database does not answer and while the server is stopping.",
			response:    reflect.TypeFor[health](),
			reasons:     []core.Reason{core.ReasonStoreUnavailable, core.ReasonOverloaded},
		},
		{
			method: "GET", path: "/metrics", endpoint: handled(MetricsHandler(registry)),
			undocumented: true,
		},
	}
}

// documentRoute serves the OpenAPI document.
func documentRoute(document []byte) route {
	body := pack("application/vnd.oai.openapi+json;version=3.1", document)
	return route{method: "GET", path: "/openapi.json", undocumented: true, endpoint: body.answer}
}

// MetricsHandler shows the metrics of a registry to Prometheus.
func MetricsHandler(registry *prometheus.Registry) http.Handler {
	shown := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Content-Type-Options"] = noSniff
		shown.ServeHTTP(w, r)
	})
}
