package access

import "slices"

// Role is what an API key may do.
type Role string

// The roles.
const (
	RoleFull   Role = "full"   // everything
	RoleIssue  Role = "issue"  // add and generate codes, batches
	RoleRedeem Role = "redeem" // validate, redeem, reserve, confirm, release
	RoleRead   Role = "read"   // look things up
)

// Roles lists every role.
func Roles() []Role { return []Role{RoleFull, RoleIssue, RoleRedeem, RoleRead} }

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

// Allows reports whether keys with this role have the permission.
func (r Role) Allows(p Permission) bool {
	if p == PermissionValidate && (r == RoleRedeem || r == RoleRead) {
		return true
	}
	return r == RoleFull || slices.Contains(Roles(), r) && string(r) == string(p)
}
