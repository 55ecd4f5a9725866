package client

// Reason is why the server refused something: a stable word. New ones may come; treat those that you
// do not know by the status. A Reason is an error, to be looked for with [errors.Is].
type Reason string

// Error is the word.
func (r Reason) Error() string { return string(r) }

// What is wrong with a request.
const (
	ReasonInvalidJSON           Reason = "invalid_json"
	ReasonDuplicateField        Reason = "duplicate_field"
	ReasonUnknownField          Reason = "unknown_field" // the server is older than this package
	ReasonWrongType             Reason = "wrong_type"
	ReasonMissingField          Reason = "missing_field"
	ReasonInvalidValue          Reason = "invalid_value" // a value breaks a rule; Fields says which
	ReasonInvalidParameter      Reason = "invalid_parameter"
	ReasonInvalidCursor         Reason = "invalid_cursor" // it is not of this list with these filters
	ReasonInvalidIdempotencyKey Reason = "invalid_idempotency_key"
	ReasonBodyTooLarge          Reason = "body_too_large"
	ReasonUnsupportedMediaType  Reason = "unsupported_media_type"
	ReasonInvalidFile           Reason = "invalid_file"    // no line of an import's file can be read
	ReasonFileTooLarge          Reason = "file_too_large"  // what came before its end has been imported
	ReasonRouteNotFound         Reason = "route_not_found" // the server is older, or its address has a wrong path
	ReasonMethodNotAllowed      Reason = "method_not_allowed"
)

// Who asks.
const (
	ReasonInvalidAPIKey  Reason = "invalid_api_key"  // none, unknown, expired, revoked, or of a suspended workspace
	ReasonRoleNotAllowed Reason = "role_not_allowed" // the key's role does not allow this
)

// What the workspace does not have.
const (
	ReasonCodeNotFound         Reason = "code_not_found"
	ReasonUserNotFound         Reason = "user_not_found"
	ReasonReservationNotFound  Reason = "reservation_not_found"
	ReasonRedemptionNotFound   Reason = "redemption_not_found"
	ReasonBatchNotFound        Reason = "batch_not_found" // or this key may not see it
	ReasonChangeNotFound       Reason = "change_not_found"
	ReasonImportNotFound       Reason = "import_not_found"       // or this key may not see it
	ReasonRejectedLinesExpired Reason = "rejected_lines_expired" // they were deleted
	ReasonPositionExpired      Reason = "position_expired"       // events behind it were deleted; see Error.Oldest
	ReasonCursorNotFound       Reason = "cursor_not_found"
)

// Why a code cannot be made.
const (
	ReasonCodeAlreadyExists    Reason = "code_already_exists" // in whatever workspace, however it is spelt
	ReasonCodeSpaceExhausted   Reason = "code_space_exhausted"
	ReasonIdempotencyKeyReused Reason = "idempotency_key_reused" // for another request
	ReasonCodeDeleted          Reason = "code_deleted"           // the code that this key had made
)

// Why a code cannot be used, changed or given back.
const (
	ReasonCodeRevoked           Reason = "code_revoked"
	ReasonCodeExpired           Reason = "code_expired"
	ReasonCodeNotStarted        Reason = "code_not_started"
	ReasonCodeExhausted         Reason = "code_exhausted"   // every use is taken
	ReasonAlreadyRedeemed       Reason = "already_redeemed" // only in a Validation: redeeming again is fine
	ReasonUserAlreadyRegistered Reason = "user_already_registered"
	ReasonUserNotRegistered     Reason = "user_not_registered"
	ReasonUserAlreadyPremium    Reason = "user_already_premium"
	ReasonReservationLapsed     Reason = "reservation_lapsed"
	ReasonReservationReleased   Reason = "reservation_released"
	ReasonReservationConfirmed  Reason = "reservation_confirmed" // roll the redemption back instead
	ReasonRollbackOutOfOrder    Reason = "rollback_out_of_order" // a later redemption of the user stands
	ReasonCodeInUse             Reason = "code_in_use"
	ReasonBatchFinished         Reason = "batch_finished" // it cannot be canceled any more
	ReasonEndpointNotFound      Reason = "endpoint_not_found"
	ReasonEndpointNotEnabled    Reason = "endpoint_not_enabled" // it has to be tested or switched on first
	ReasonTooManyEndpoints      Reason = "too_many_endpoints"
	ReasonDeliveryNotFound      Reason = "delivery_not_found"
	ReasonImportFinished        Reason = "import_finished"     // it cannot be canceled any more
	ReasonImportRunning         Reason = "import_running"      // with this key; see Error.ImportID
	ReasonChangeFinished        Reason = "change_finished"     // it cannot be canceled any more
	ReasonChangeUnfinished      Reason = "change_unfinished"   // it cannot be undone before it has ended
	ReasonChangeNotUndoable     Reason = "change_not_undoable" // not any more
	ReasonCursorMoved           Reason = "cursor_moved"        // it is not where IfPosition says
	ReasonTooManyCursors        Reason = "too_many_cursors"    // the workspace has 100
)

// What is wrong with the server.
const (
	ReasonInternal         Reason = "internal_error"    // its log has the cause
	ReasonOutcomeUnknown   Reason = "outcome_unknown"   // it may or may not have been done
	ReasonStoreUnavailable Reason = "store_unavailable" // nothing was done
	ReasonOverloaded       Reason = "overloaded"        // nothing was done
	ReasonRequestTimeout   Reason = "request_timeout"   // the request took too long to arrive
)
