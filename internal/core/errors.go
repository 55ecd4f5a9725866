package core

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// InvalidParameter returns an error about a query parameter of a request.
func InvalidParameter(detail string, args ...any) *Error {
	return &Error{Kind: KindInvalid, Reason: ReasonInvalidParameter, Detail: fmt.Sprintf(detail, args...)}
}

// WrongParameter is [InvalidParameter] for what other languages have words for, too.
func WrongParameter(said Said) *Error {
	return &Error{Kind: KindInvalid, Reason: ReasonInvalidParameter, Detail: said.Detail, Said: said}
}

// Kind is the kind of failure of an [Error]. It decides the HTTP status.
type Kind int

// The kinds, each with the HTTP status that it becomes.
const (
	KindInternal        Kind = iota // 500: a fault of the server
	KindInvalid                     // 400: the request is wrong and stays wrong
	KindUnauthenticated             // 401: no usable key
	KindForbidden                   // 403: the key's role does not allow this
	KindNotFound                    // 404: no such thing in this workspace
	KindConflict                    // 409: the state does not allow it
	KindUnavailable                 // 503: nothing was done, try again
	KindGone                        // 410: what was there has been deleted
	KindTooLarge                    // 413: what was sent is larger than is taken
	KindTooMany                     // 429: too many tries; wait
)

// Reason is a stable word that a program can switch on. Reasons are part of the API: new ones are
// added, none is renamed.
type Reason string

// The reasons. Every area uses them.
const (
	ReasonInternal              Reason = "internal_error"
	ReasonInvalidJSON           Reason = "invalid_json"
	ReasonDuplicateField        Reason = "duplicate_field"
	ReasonUnknownField          Reason = "unknown_field"
	ReasonWrongType             Reason = "wrong_type"
	ReasonMissingField          Reason = "missing_field"
	ReasonInvalidValue          Reason = "invalid_value"
	ReasonInvalidIdempotencyKey Reason = "invalid_idempotency_key"
	ReasonIdempotencyKeyReused  Reason = "idempotency_key_reused"
	ReasonCodeDeleted           Reason = "code_deleted"
	ReasonCodeAlreadyExists     Reason = "code_already_exists"
	ReasonCodeSpaceExhausted    Reason = "code_space_exhausted"
	ReasonCodeNotFound          Reason = "code_not_found"
	ReasonCodeRevoked           Reason = "code_revoked"
	ReasonCodeExpired           Reason = "code_expired"
	ReasonCodeNotStarted        Reason = "code_not_started"
	ReasonCodeExhausted         Reason = "code_exhausted"
	ReasonCodeInUse             Reason = "code_in_use"
	ReasonAlreadyRedeemed       Reason = "already_redeemed"
	ReasonUserNotFound          Reason = "user_not_found"
	ReasonUserAlreadyRegistered Reason = "user_already_registered"
	ReasonUserNotRegistered     Reason = "user_not_registered"
	ReasonUserAlreadyPremium    Reason = "user_already_premium"
	ReasonReservationNotFound   Reason = "reservation_not_found"
	ReasonReservationLapsed     Reason = "reservation_lapsed"
	ReasonReservationReleased   Reason = "reservation_released"
	ReasonReservationConfirmed  Reason = "reservation_confirmed"
	ReasonRedemptionNotFound    Reason = "redemption_not_found"
	ReasonRollbackOutOfOrder    Reason = "rollback_out_of_order"
	ReasonInvalidParameter      Reason = "invalid_parameter"
	ReasonInvalidCursor         Reason = "invalid_cursor"
	ReasonInvalidAPIKey         Reason = "invalid_api_key"
	ReasonRoleNotAllowed        Reason = "role_not_allowed"
	ReasonWorkspaceNotFound     Reason = "workspace_not_found"
	ReasonWorkspaceExists       Reason = "workspace_already_exists"
	ReasonKeyNotFound           Reason = "key_not_found"
	ReasonKeyNotActive          Reason = "key_not_active"
	ReasonPositionExpired       Reason = "position_expired"
	ReasonCursorNotFound        Reason = "cursor_not_found"
	ReasonCursorMoved           Reason = "cursor_moved"
	ReasonTooManyCursors        Reason = "too_many_cursors"
	ReasonBatchNotFound         Reason = "batch_not_found"
	ReasonBatchFinished         Reason = "batch_finished"
	ReasonEndpointNotFound      Reason = "endpoint_not_found"
	ReasonEndpointNotEnabled    Reason = "endpoint_not_enabled"
	ReasonTooManyEndpoints      Reason = "too_many_endpoints"
	ReasonDeliveryNotFound      Reason = "delivery_not_found"
	ReasonChangeNotFound        Reason = "change_not_found"
	ReasonChangeFinished        Reason = "change_finished"
	ReasonChangeUnfinished      Reason = "change_unfinished"
	ReasonChangeNotUndoable     Reason = "change_not_undoable"
	ReasonImportNotFound        Reason = "import_not_found"
	ReasonImportFinished        Reason = "import_finished"
	ReasonImportRunning         Reason = "import_running"
	ReasonRejectedLinesExpired  Reason = "rejected_lines_expired"
	ReasonInvalidFile           Reason = "invalid_file"
	ReasonFileTooLarge          Reason = "file_too_large"
	ReasonOtherOrigin           Reason = "other_origin" // a form was sent by a page of another site
	ReasonSignInFailed          Reason = "sign_in_failed"
	ReasonSessionNotFound       Reason = "session_not_found" // nobody is signed in
	ReasonSessionMissing        Reason = "no_such_session"
	ReasonTooManyRequests       Reason = "too_many_requests"
	ReasonLinkNotFound          Reason = "link_not_found"
	ReasonMemberNotFound        Reason = "member_not_found"
	ReasonMemberExists          Reason = "member_already_exists"
	ReasonLastOwner             Reason = "last_owner"
	ReasonStoreUnavailable      Reason = "store_unavailable"
	ReasonOverloaded            Reason = "overloaded"
	ReasonOutcomeUnknown        Reason = "outcome_unknown"
)

// FieldError describes what is wrong with one field of a request.
type FieldError struct {
	Pointer string `json:"pointer,omitempty"` // RFC 6901 pointer into the request body, such as /expiresAt
	Said
}

// ErrNotFound is returned by a store if there is no such thing. It has no detail: the service knows
// what was looked for.
var ErrNotFound = errors.New("not found")

// Error is the one error type that callers of the services handle. Its Detail and Fields may be
// shown to callers; the cause is only for the log.
type Error struct {
	Kind       Kind
	Reason     Reason
	Detail     string
	Fields     []FieldError
	RetryAfter time.Duration // with KindUnavailable and KindTooMany: how long to wait at least
	Partial    bool          // with KindUnavailable: other requests of the same kind may succeed
	Oldest     *int64        // with ReasonPositionExpired: the oldest position that is kept; nil: none is
	Import     ID            // the import that it is about; zero: none
	Said       Said          // what Detail says, if other languages have words for it
	cause      error
}

// Error returns the detail, followed by the cause if there is one. It is meant for logs; show Detail
// to callers.
func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Reason, e.Detail, e.cause)
	}
	return fmt.Sprintf("%s: %s", e.Reason, e.Detail)
}

// AllSaid is all that is said about it: about its fields, else about the whole.
func (e *Error) AllSaid() []FieldError {
	if len(e.Fields) > 0 || e.Said.Name == "" {
		return e.Fields
	}
	return []FieldError{e.Said.At("")}
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// AsError returns the [Error] in err's chain. Any other error becomes KindInternal with err as its
// cause.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: KindInternal, Reason: ReasonInternal, Detail: "an internal error occurred", cause: err}
}

// IsKind reports whether err is an [Error] of this kind.
func IsKind(err error, kind Kind) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == kind
}

// HasReason reports whether err is an [Error] with this reason.
func HasReason(err error, reason Reason) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Reason == reason
}

// Unavailable says that the store cannot work now and that nothing was done: the caller may safely
// try again after a second. Stores return it for a full disk, for a database that another process
// has locked, and if they cannot connect.
func Unavailable(cause error) *Error {
	return &Error{
		Kind: KindUnavailable, Reason: ReasonStoreUnavailable, RetryAfter: time.Second, cause: cause,
		Detail: "the database cannot take this request now; nothing was done, try again",
	}
}

// PartlyUnavailable is [Unavailable] for a request that needs a part of the store that is away.
// Requests that do not need it succeed.
func PartlyUnavailable(cause error) *Error {
	err := Unavailable(cause)
	err.Partial = true
	err.Detail = "the part of the database that holds this is away; nothing was done, try again"
	return err
}

// IsPartial reports whether err is a [PartlyUnavailable].
func IsPartial(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Partial
}

// Overloaded says that more requests wait for the store than the server allows, and that nothing was
// done for this one.
func Overloaded() *Error {
	return &Error{
		Kind: KindUnavailable, Reason: ReasonOverloaded, RetryAfter: time.Second,
		Detail: "too many requests are waiting; nothing was done, try again",
	}
}

// OutcomeUnknown says that a write was running when its caller stopped waiting or its connection
// broke: it may or may not have been done.
func OutcomeUnknown(cause error) *Error {
	return &Error{
		Kind: KindInternal, Reason: ReasonOutcomeUnknown, cause: cause,
		Detail: "the request may or may not have been carried out; repeat it to find out, with the same " +
			"Idempotency-Key where the route takes one",
	}
}

// NotFound returns an error of KindNotFound.
func NotFound(reason Reason, detail string) *Error {
	return &Error{Kind: KindNotFound, Reason: reason, Detail: detail}
}

// Conflict returns an error of KindConflict.
func Conflict(reason Reason, detail string) *Error {
	return &Error{Kind: KindConflict, Reason: reason, Detail: detail}
}

// ConflictOf is [Conflict] for what other languages have words for, too.
func ConflictOf(reason Reason, said Said) *Error {
	return &Error{Kind: KindConflict, Reason: reason, Detail: said.Detail, Said: said}
}

// Invalid returns an error of KindInvalid about these fields. Its detail is that of the first field.
func Invalid(reason Reason, fields ...FieldError) *Error {
	return &Error{Kind: KindInvalid, Reason: reason, Detail: fields[0].Detail, Fields: fields}
}

// FieldErrors collects all mistakes of a request, so that a caller sees every one at once.
type FieldErrors struct {
	reason Reason // of the first mistake
	fields []FieldError
	unread []string // pointers to fields without a value that could be checked
}

// AddUnread adds the mistake of a field that is missing or could not be read. field is the pointer to
// that field, pointer may lead further into it. What is added about the field later is left out: it
// is about a value that the request does not have.
func (f *FieldErrors) AddUnread(reason Reason, field, pointer string, said Said) {
	f.Add(reason, pointer, said)
	f.unread = append(f.unread, field)
}

// Add adds a mistake.
func (f *FieldErrors) Add(reason Reason, pointer string, said Said) {
	for _, field := range f.unread {
		if pointer == field || strings.HasPrefix(pointer, field+"/") {
			return
		}
	}
	if len(f.fields) == 0 {
		f.reason = reason
	}
	f.fields = append(f.fields, said.At(pointer))
}

// AddAll adds the mistakes of an error, with a prefix to their pointers.
func (f *FieldErrors) AddAll(err error, prefix string) {
	if err == nil {
		return
	}
	wrong := AsError(err)
	for _, field := range wrong.Fields {
		f.Add(wrong.Reason, prefix+field.Pointer, field.Said)
	}
}

// Names reports whether a mistake with this pointer was added.
func (f *FieldErrors) Names(pointer string) bool {
	return slices.ContainsFunc(f.fields, func(field FieldError) bool { return field.Pointer == pointer })
}

// Err returns the mistakes as one error, or nil for none. Its reason is that of the first.
func (f *FieldErrors) Err() error {
	if len(f.fields) == 0 {
		return nil
	}
	return Invalid(f.reason, f.fields...)
}
