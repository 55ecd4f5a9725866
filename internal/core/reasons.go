package core

import (
	"maps"
	"slices"
)

// kinds is the one place that says what sort of failure each reason is. Constructors of errors
// name the kind once more, where it is read; a test holds them to this table.
var kinds = map[Reason]Kind{
	ReasonInternal:              KindInternal,
	ReasonInvalidJSON:           KindInvalid,
	ReasonDuplicateField:        KindInvalid,
	ReasonUnknownField:          KindInvalid,
	ReasonWrongType:             KindInvalid,
	ReasonMissingField:          KindInvalid,
	ReasonInvalidValue:          KindInvalid,
	ReasonInvalidIdempotencyKey: KindInvalid,
	ReasonIdempotencyKeyReused:  KindConflict,
	ReasonCodeDeleted:           KindConflict,
	ReasonCodeAlreadyExists:     KindInvalid,
	ReasonCodeSpaceExhausted:    KindConflict,
	ReasonCodeNotFound:          KindNotFound,
	ReasonCodeRevoked:           KindConflict,
	ReasonCodeExpired:           KindConflict,
	ReasonCodeNotStarted:        KindConflict,
	ReasonCodeExhausted:         KindConflict,
	ReasonCodeInUse:             KindConflict,
	ReasonAlreadyRedeemed:       KindConflict,
	ReasonUserNotFound:          KindNotFound,
	ReasonUserAlreadyRegistered: KindConflict,
	ReasonUserNotRegistered:     KindConflict,
	ReasonUserAlreadyPremium:    KindConflict,
	ReasonReservationNotFound:   KindNotFound,
	ReasonReservationLapsed:     KindConflict,
	ReasonReservationReleased:   KindConflict,
	ReasonReservationConfirmed:  KindConflict,
	ReasonRedemptionNotFound:    KindNotFound,
	ReasonRollbackOutOfOrder:    KindConflict,
	ReasonInvalidParameter:      KindInvalid,
	ReasonInvalidCursor:         KindInvalid,
	ReasonInvalidAPIKey:         KindUnauthenticated,
	ReasonRoleNotAllowed:        KindForbidden,
	ReasonWorkspaceNotFound:     KindNotFound,
	ReasonWorkspaceExists:       KindConflict,
	ReasonKeyNotFound:           KindNotFound,
	ReasonKeyNotActive:          KindConflict,
	ReasonPositionExpired:       KindGone,
	ReasonEndpointNotFound:      KindNotFound,
	ReasonEndpointNotEnabled:    KindConflict,
	ReasonTooManyEndpoints:      KindConflict,
	ReasonDeliveryNotFound:      KindNotFound,
	ReasonCursorNotFound:        KindNotFound,
	ReasonCursorMoved:           KindConflict,
	ReasonTooManyCursors:        KindConflict,
	ReasonBatchNotFound:         KindNotFound,
	ReasonBatchFinished:         KindConflict,
	ReasonChangeNotFound:        KindNotFound,
	ReasonChangeFinished:        KindConflict,
	ReasonChangeUnfinished:      KindConflict,
	ReasonChangeNotUndoable:     KindConflict,
	ReasonImportNotFound:        KindNotFound,
	ReasonImportFinished:        KindConflict,
	ReasonImportRunning:         KindConflict,
	ReasonRejectedLinesExpired:  KindGone,
	ReasonInvalidFile:           KindInvalid,
	ReasonFileTooLarge:          KindTooLarge,
	ReasonOtherOrigin:           KindForbidden,
	ReasonSignInFailed:          KindUnauthenticated,
	ReasonSessionNotFound:       KindUnauthenticated,
	ReasonSessionMissing:        KindNotFound,
	ReasonTooManyRequests:       KindTooMany,
	ReasonLinkNotFound:          KindNotFound,
	ReasonMemberNotFound:        KindNotFound,
	ReasonMemberExists:          KindConflict,
	ReasonLastOwner:             KindConflict,
	ReasonStoreUnavailable:      KindUnavailable,
	ReasonOverloaded:            KindUnavailable,
	ReasonOutcomeUnknown:        KindInternal,
}

// Kind is what sort of failure a reason is. One that is not of this package is internal.
func (r Reason) Kind() Kind { return kinds[r] }

// Reasons lists the reasons of this package in the order of the alphabet.
func Reasons() []Reason { return slices.Sorted(maps.Keys(kinds)) }
