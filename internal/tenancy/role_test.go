package tenancy_test

import (
	"testing"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

func TestARoleAllowsWhatItIsFor(t *testing.T) {
	permissions := []core.Permission{
		core.PermissionIssue,
		core.PermissionRedeem,
		core.PermissionRead,
		core.PermissionManage,
	}
	tests := []struct {
		role tenancy.Role
		want [4]bool // in the order of permissions
	}{
		{tenancy.RoleFull, [4]bool{true, true, true, true}},
		{tenancy.RoleIssue, [4]bool{true, false, false, false}},
		{tenancy.RoleRedeem, [4]bool{false, true, false, false}},
		{tenancy.RoleRead, [4]bool{false, false, true, false}},
		{"manage", [4]bool{}}, // a permission, not a role
		{"Full", [4]bool{}},
		{"", [4]bool{}},
	}
	for _, test := range tests {
		for i, permission := range permissions {
			if got := test.role.Allows(permission); got != test.want[i] {
				t.Errorf("role %q, permission %s: %v", test.role, permission, got)
			}
			caller := (&tenancy.Caller{Key: tenancy.Key{Role: test.role}}).Actor()
			if err := caller.Require(permission); test.want[i] {
				if err != nil {
					t.Errorf("role %q requiring %s: %v", test.role, permission, err)
				}
			} else {
				checkError(t, err, core.KindForbidden, core.ReasonRoleNotAllowed)
			}
		}
	}
}
