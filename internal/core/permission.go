package core

// Permission allows one group of operations.
type Permission string

// The permissions.
const (
	PermissionIssue  Permission = "issue"
	PermissionRedeem Permission = "redeem"
	PermissionRead   Permission = "read"
	PermissionManage Permission = "manage" // change, revoke, roll back and delete what exists
	// PermissionValidate allows asking what a redemption would do. Callers who may redeem have it,
	// and those who may read.
	PermissionValidate Permission = "validate"
	// PermissionFollow allows seeing batches: those of one's own, or all with PermissionRead.
	PermissionFollow Permission = "follow"
	// PermissionRemedy allows helping whoever cannot redeem a code, one code at a time: to restore and to
	// extend it, to raise its limit, to replace it.
	PermissionRemedy Permission = "remedy"
	// PermissionAdminister allows managing keys, members and settings of a workspace.
	PermissionAdminister Permission = "administer"
)
