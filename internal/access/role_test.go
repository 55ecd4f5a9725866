package access_test

import (
	"testing"

	"accesscodes/internal/access"
)

func TestARoleAllowsWhatItIsFor(t *testing.T) {
	permissions := []access.Permission{access.PermissionIssue, access.PermissionRedeem, access.PermissionRead, access.PermissionManage}
	tests := []struct {
		role access.Role
		want [4]bool // in the order of permissions
	}{
		{access.RoleFull, [4]bool{true, true, true, true}},
		{access.RoleIssue, [4]bool{true, false, false, false}},
		{access.RoleRedeem, [4]bool{false, true, false, false}},
		{access.RoleRead, [4]bool{false, false, true, false}},
		{"manage", [4]bool{}}, // a permission, not a role
		{"Full", [4]bool{}},
		{"", [4]bool{}},
	}
	for _, test := range tests {
		for i, permission := range permissions {
			if got := test.role.Allows(permission); got != test.want[i] {
				t.Errorf("role %q, permission %s: %v", test.role, permission, got)
			}
			caller := access.Caller{Key: access.Key{Role: test.role}}
			if err := caller.Require(permission); test.want[i] {
				if err != nil {
					t.Errorf("role %q requiring %s: %v", test.role, permission, err)
				}
			} else {
				checkError(t, err, access.KindForbidden, access.ReasonRoleNotAllowed)
			}
		}
	}
}
