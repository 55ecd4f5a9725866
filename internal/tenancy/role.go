package tenancy

import (
	"slices"

	"accesscodes/internal/core"
)

// Role says what an API key may do.
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

// permissions are the permissions of each role.
var permissions = map[Role][]core.Permission{
	RoleFull: {
		core.PermissionIssue, core.PermissionRedeem, core.PermissionRead, core.PermissionManage, core.PermissionValidate,
		core.PermissionFollow, core.PermissionWebhooks,
	},
	RoleIssue:  {core.PermissionIssue, core.PermissionFollow},
	RoleRedeem: {core.PermissionRedeem, core.PermissionValidate},
	RoleRead:   {core.PermissionRead, core.PermissionValidate, core.PermissionFollow},
}

// Permissions returns what keys with this role may do; nothing for an unknown role. The list must
// not be changed.
func (r Role) Permissions() []core.Permission { return permissions[r] }

// Allows reports whether keys with this role have the permission.
func (r Role) Allows(p core.Permission) bool { return slices.Contains(permissions[r], p) }
