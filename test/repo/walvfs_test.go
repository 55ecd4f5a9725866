package repo

import (
	"regexp"
	"strings"
	"testing"

	"accesscodes/internal/store/sqlite/walvfs"
)

// TestTheBuildOfSQLiteIsTheTestedOne: whoever upgrades it hears so here, and not from a server
// that does not start. The driver works with one version of libc only, which its go.mod names
// (https://pkg.go.dev/modernc.org/sqlite#hdr-Fragile_modernc_org_libc_dependency).
func TestTheBuildOfSQLiteIsTheTestedOne(t *testing.T) {
	version := func(module string) string {
		return strings.TrimSpace(output(t, ".", "go", "list", "-m", "-f", "{{.Version}}", module))
	}
	tested := walvfs.Tested()
	if got := version("modernc.org/sqlite"); got != tested.Driver {
		t.Errorf("go.mod has modernc.org/sqlite %s, the gathered log was tested with %s", got, tested.Driver)
	}
	if got := version("modernc.org/libc"); got != tested.Libc {
		t.Errorf("go.mod has modernc.org/libc %s, the gathered log was tested with %s", got, tested.Libc)
	}
	driversMod := strings.TrimSpace(output(t, ".", "go", "list", "-m", "-f", "{{.GoMod}}", "modernc.org/sqlite"))
	wants := regexp.MustCompile(`modernc.org/libc (\S+)`).FindStringSubmatch(output(t, ".", "cat", driversMod))
	if wants == nil || wants[1] != tested.Libc {
		t.Errorf("modernc.org/sqlite asks for libc %v, the gathered log was tested with %s", wants, tested.Libc)
	}
}
