package event

import (
	"strings"

	"accesscodes/internal/core"
)

// Type is the kind of an event. Types are part of the API: new ones are added, none is renamed.
type Type string

// The types, by subject.
const (
	CodeCreated   Type = "code.created"
	CodeUpdated   Type = "code.updated"
	CodeRevoked   Type = "code.revoked"
	CodeRestored  Type = "code.restored"
	CodeDeleted   Type = "code.deleted"
	CodeExhausted Type = "code.exhausted"

	RedemptionCreated    Type = "redemption.created"
	RedemptionRolledBack Type = "redemption.rolled_back"
	RedemptionRestored   Type = "redemption.restored"

	ReservationCreated   Type = "reservation.created"
	ReservationConfirmed Type = "reservation.confirmed"
	ReservationReleased  Type = "reservation.released"
	ReservationLapsed    Type = "reservation.lapsed"

	UserRegistered Type = "user.registered"
	UserUpgraded   Type = "user.upgraded"
	UserChanged    Type = "user.changed"
	UserErased     Type = "user.erased"

	BatchCreated    Type = "batch.created"
	BatchCompleted  Type = "batch.completed"
	BatchFailed     Type = "batch.failed"
	BatchCanceled   Type = "batch.canceled"
	ChangeCompleted Type = "change.completed"
	ChangeUndone    Type = "change.undone"
	ImportCompleted Type = "import.completed"
	ExportCompleted Type = "export.completed"
	// ExportInterrupted: it broke off; what came until then was sent.
	ExportInterrupted Type = "export.interrupted"

	KeyCreated Type = "key.created"
	KeyRotated Type = "key.rotated"
	KeyRevoked Type = "key.revoked"
	KeyUsed    Type = "key.used" // from another address than before

	WorkspaceCreated   Type = "workspace.created"
	WorkspaceUpdated   Type = "workspace.updated"
	WorkspaceSuspended Type = "workspace.suspended"
	WorkspaceResumed   Type = "workspace.resumed"

	MemberInvited   Type = "member.invited"
	MemberUninvited Type = "member.uninvited"
	MemberJoined    Type = "member.joined"
	MemberChanged   Type = "member.changed"
	MemberRemoved   Type = "member.removed"
	SessionStarted  Type = "session.started"
	SessionFailed   Type = "session.failed"

	EndpointCreated  Type = "endpoint.created"
	EndpointUpdated  Type = "endpoint.updated"
	EndpointDisabled Type = "endpoint.disabled"
	EndpointDeleted  Type = "endpoint.deleted"
	EndpointTested   Type = "endpoint.tested"
	SecurityGuessing Type = "security.guessing"
)

// Installation is the id of the log of the installation itself, which tells who runs it. No workspace has
// this id, so no key reads the log.
var Installation = core.ID{15: 1}

// Types lists every type, in the order in which documents show them.
func Types() []Type {
	return []Type{
		CodeCreated, CodeUpdated, CodeRevoked, CodeRestored, CodeDeleted, CodeExhausted,
		RedemptionCreated, RedemptionRolledBack, RedemptionRestored,
		ReservationCreated, ReservationConfirmed, ReservationReleased, ReservationLapsed,
		UserRegistered, UserUpgraded, UserChanged, UserErased,
		BatchCreated, BatchCompleted, BatchFailed, BatchCanceled,
		ChangeCompleted, ChangeUndone, ImportCompleted, ExportCompleted, ExportInterrupted,
		KeyCreated, KeyRotated, KeyRevoked, KeyUsed,
		WorkspaceCreated, WorkspaceUpdated, WorkspaceSuspended, WorkspaceResumed,
		MemberInvited, MemberUninvited, MemberJoined, MemberChanged, MemberRemoved, SessionStarted, SessionFailed,
		EndpointCreated, EndpointUpdated, EndpointDisabled, EndpointDeleted, EndpointTested, SecurityGuessing,
	}
}

// mayNamePerson reports whether events of the type can be about a person: only those lose their salt.
func (t Type) mayNamePerson() bool {
	kind, _, _ := strings.Cut(string(t), ".")
	return kind == "redemption" || kind == "reservation" || kind == "user" || kind == "export"
}

// SubjectKind is the kind of a subject.
type SubjectKind string

// The kinds of subject.
const (
	SubjectCode      SubjectKind = "code"
	SubjectUser      SubjectKind = "user"
	SubjectKey       SubjectKind = "key"
	SubjectWorkspace SubjectKind = "workspace"
	SubjectBatch     SubjectKind = "batch"
	SubjectChange    SubjectKind = "change"
	SubjectImport    SubjectKind = "import"
	SubjectMember    SubjectKind = "member"
	SubjectEndpoint  SubjectKind = "endpoint"
)

// SubjectKinds lists every kind of subject.
func SubjectKinds() []SubjectKind {
	return []SubjectKind{
		SubjectCode, SubjectUser, SubjectKey, SubjectWorkspace, SubjectBatch, SubjectChange,
		SubjectImport, SubjectMember, SubjectEndpoint,
	}
}
