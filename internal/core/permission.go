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
	// PermissionWebhooks allows seeing and changing webhook endpoints and their deliveries.
	PermissionWebhooks Permission = "webhooks"

	// Those below are of people: API keys have none of them.

	PermissionExport     Permission = "export"     // take whole lists away in files
	PermissionRemedy     Permission = "remedy"     // restore, extend, raise a limit, replace: one code at a time
	PermissionErase      Permission = "erase"      // erase a person
	PermissionAdminister Permission = "administer" // members, keys and settings of the workspace
)
