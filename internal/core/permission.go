package core

// Permission is one group of acts that roles allow or not.
type Permission string

// The permissions.
const (
	PermissionIssue  Permission = "issue"
	PermissionRedeem Permission = "redeem"
	PermissionRead   Permission = "read"
	PermissionManage Permission = "manage" // change, revoke, roll back and delete what exists
	// PermissionValidate is to ask what a redemption would do: who may redeem may, and who
	// may look things up.
	PermissionValidate Permission = "validate"
)
