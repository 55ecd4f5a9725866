package member

import (
	"slices"

	"accesscodes/internal/core"
)

// Role says what a person may do in a workspace.
type Role string

// The roles.
const (
	RoleOwner   Role = "owner"   // everything in the workspace
	RoleEditor  Role = "editor"  // all but members, keys, settings and erasing people
	RoleSupport Role = "support" // see, and help with one code at a time: extend, restore, raise a limit, replace
	RoleViewer  Role = "viewer"  // see
)

// Roles lists every role; each may do what the ones behind it may.
func Roles() []Role { return []Role{RoleOwner, RoleEditor, RoleSupport, RoleViewer} }

var (
	seeing  = []core.Permission{core.PermissionRead, core.PermissionValidate, core.PermissionFollow}
	helping = slices.Concat(seeing, []core.Permission{core.PermissionRemedy})
	editing = slices.Concat(helping, []core.Permission{
		core.PermissionExport, core.PermissionIssue, core.PermissionManage, core.PermissionWebhooks,
	})
	owning = slices.Concat(editing, []core.Permission{core.PermissionErase, core.PermissionAdminister})

	permissions = map[Role][]core.Permission{
		RoleOwner: owning, RoleEditor: editing, RoleSupport: helping, RoleViewer: seeing,
	}
)

// Above reports whether a role may more than another one.
func (r Role) Above(other Role) bool { return slices.Index(Roles(), r) < slices.Index(Roles(), other) }

// Permissions returns what people with this role may do; nothing for an unknown role. The list must
// not be changed.
func (r Role) Permissions() []core.Permission { return permissions[r] }

// Allows reports whether people with this role have the permission.
func (r Role) Allows(p core.Permission) bool { return slices.Contains(permissions[r], p) }
