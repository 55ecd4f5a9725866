package repo

import (
	"slices"
	"strings"
	"testing"
)

// mayImport is the import table: the packages of this module and the libraries that each
// package may import, beside the standard library, outside its tests. Areas (tenancy, codes, event, job, bulk)
// import core and what is named here of one another; stores, HTTP and command line import areas.
// The two engines never import one another; besides app, only bench knows both. Nothing imports bench or test.
var mayImport = []struct {
	pkg       string
	packages  []string
	libraries []string
}{
	{"cmd/accesscodes", []string{"internal/cli"}, nil},
	{"client", nil, nil},

	{"internal/core", nil, []string{"golang.org/x/text"}},
	{"internal/event", []string{"internal/core"}, nil},
	{"internal/tenancy", []string{"internal/core", "internal/event"}, nil},
	{"internal/codes", []string{"internal/core", "internal/event", "internal/words"}, nil},
	{
		"internal/member",
		[]string{"internal/core", "internal/event", "internal/tenancy"},
		[]string{"github.com/alexedwards/argon2id", "golang.org/x/time"},
	},
	{"internal/overview", []string{"internal/core", "internal/codes", "internal/job"}, nil},
	{"internal/words", []string{"internal/core"}, nil},
	{"internal/job", []string{"internal/core", "internal/event"}, nil},
	{
		"internal/bulk",
		[]string{
			"internal/core", "internal/event", "internal/job", "internal/codes", "internal/csvcell", "internal/bulk/upload",
		},
		nil,
	},

	{
		"internal/why",
		[]string{"internal/core", "internal/event", "internal/tenancy", "internal/codes", "internal/bulk"},
		nil,
	},
	{
		"internal/bulk/upload",
		[]string{"internal/core", "internal/codes", "internal/csvcell"},
		[]string{"github.com/go-json-experiment/json", "golang.org/x/text"},
	},

	{"internal/webhook", []string{"internal/core", "internal/event"}, []string{"code.dny.dev/ssrf"}},
	{"internal/group", nil, nil},
	{"internal/memtest", nil, nil},
	{"internal/campaign", nil, nil},
	{"internal/config", []string{"internal/event", "internal/words"}, nil},
	{"internal/csvcell", nil, nil},
	{"internal/logtest", nil, nil},
	{"internal/qr", nil, []string{"rsc.io/qr"}},
	{"internal/qr/qrtest", nil, nil},
	{
		"internal/sheet",
		[]string{"internal/core", "internal/qr", "internal/csvcell"},
		[]string{"codeberg.org/go-pdf/fpdf", "golang.org/x/text"},
	},

	{"internal/store/transfer", []string{"internal/core", "internal/codes"}, nil},
	{"internal/store/schema", []string{"internal/core"}, []string{"github.com/pressly/goose/v3"}},
	{
		"internal/store/plain",
		[]string{
			"internal/bulk", "internal/codes", "internal/core", "internal/event", "internal/job", "internal/member",
			"internal/overview", "internal/tenancy", "internal/webhook",
		},
		nil,
	},
	{
		"internal/store/sqlite",
		append(engines(), "internal/store/sqlite/walvfs"),
		[]string{"zombiezen.com/go/sqlite", "modernc.org/sqlite", "golang.org/x/sys", "github.com/pressly/goose/v3"},
	},
	{"internal/store/sqlite/walvfs", nil, []string{"modernc.org/sqlite", "modernc.org/libc"}},
	{"internal/store/postgres", engines(), []string{"github.com/jackc/pgx/v5", "github.com/pressly/goose/v3"}},
	{"internal/store/pgtest", []string{"internal/store/postgres"}, []string{"github.com/jackc/pgx/v5"}},
	{"internal/store/grouped", []string{"internal/core", "internal/codes", "internal/group"}, nil},
	{"internal/store/cached", []string{"internal/core", "internal/event", "internal/tenancy"}, nil},
	{
		"internal/store/storetest",
		append(areas(), "internal/store/grouped", "internal/store/plain"),
		[]string{"github.com/google/go-cmp", "github.com/google/uuid"},
	},

	{
		"internal/web/kit",
		[]string{"internal/core"},
		[]string{
			"github.com/danielgtaylor/huma/v2", "github.com/go-json-experiment/json", "github.com/prometheus/client_golang",
			"github.com/swaggest/swgui",
		},
	},
	{"internal/web/export", append(areas(), "internal/web/kit"), nil},
	{
		"internal/web/api",
		append(areas(), "internal/bulk", "internal/web/kit", "internal/web/export"),
		[]string{
			"github.com/danielgtaylor/huma/v2",
			"github.com/go-json-experiment/json",
			"github.com/prometheus/client_golang",
		},
	},
	{"internal/web/console", consoleImports(), []string{"github.com/a-h/templ", "github.com/prometheus/client_golang"}},
	{"internal/web/console/asset", []string{"internal/core", "internal/web/kit"}, nil},
	{"internal/web/console/text", nil, []string{"github.com/a-h/templ", "golang.org/x/text"}},
	{
		"internal/app",
		append(
			areas(), "internal/bulk", "internal/config", "internal/words", "internal/why", "internal/web/kit",
			"internal/web/api",
			"internal/web/console",
			"internal/store/sqlite", "internal/store/postgres",
			"internal/store/schema", "internal/store/grouped", "internal/store/cached", "internal/store/transfer",
		),
		[]string{"github.com/google/uuid", "github.com/prometheus/client_golang", "golang.org/x/net"},
	},
	{
		"internal/cli",
		[]string{
			"client", "internal/app", "internal/config", "internal/core", "internal/event", "internal/member",
			"internal/tenancy", "internal/csvcell",
			"internal/qr", "internal/sheet", "internal/store/schema", "internal/store/transfer",
		},
		[]string{
			"github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/term", "golang.org/x/text",
		},
	},

	{
		"bench",
		[]string{
			"internal/core", "internal/codes", "internal/tenancy",
			"internal/store/sqlite", "internal/store/postgres", "internal/store/pgtest",
		},
		[]string{"github.com/schollz/progressbar/v3", "github.com/jackc/pgx/v5", "zombiezen.com/go/sqlite"},
	},
	{"bench/bare", nil, nil},
	{"test/browser", nil, nil},
	{"test/browser/past", append(areas(), "internal/store/sqlite"), nil},
	{"test/e2e", nil, nil},
	{"test/fuzz", nil, nil},
	{"test/repo", nil, nil},
	{"test/webhooks", nil, nil},
}

// areas are the packages that hold the program's types and rules.
func areas() []string {
	return []string{
		"internal/core", "internal/event", "internal/tenancy", "internal/codes", "internal/job", "internal/bulk",
		"internal/member", "internal/overview", "internal/webhook",
	}
}

// consoleImports are what the pages are made from.
func consoleImports() []string {
	return append(
		areas(), "internal/why", "internal/overview", "internal/web/kit", "internal/web/export",
		"internal/web/console/asset", "internal/web/console/text", "internal/qr", "internal/sheet",
	)
}

// engines are what both engines import.
func engines() []string {
	return append(areas(), "internal/store/plain", "internal/store/schema", "internal/store/transfer")
}

func TestImports(t *testing.T) {
	all := packages(t)
	for _, row := range mayImport {
		if !slices.ContainsFunc(all, func(p goPackage) bool { return p.ImportPath == module+"/"+row.pkg }) {
			t.Errorf("%s is in the import table, but there is no such package", row.pkg)
		}
	}
	for _, p := range all {
		checkImports(t, strings.TrimPrefix(p.ImportPath, module+"/"), p.Imports)
	}
}

func checkImports(t *testing.T, name string, imports []string) {
	t.Helper()
	for _, row := range mayImport {
		if row.pkg != name {
			continue
		}
		for _, path := range imports {
			if !allowed(path, row.packages, row.libraries) {
				t.Errorf("%s may not import %s: see the import table", name, path)
			}
		}
		return
	}
	t.Errorf("%s is not in the import table: say there what it may import", name)
}

func allowed(path string, packages, libraries []string) bool {
	if name, ours := strings.CutPrefix(path, module+"/"); ours {
		return slices.Contains(packages, name)
	}
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		return true // the standard library
	}
	return slices.ContainsFunc(libraries, func(library string) bool {
		return path == library || strings.HasPrefix(path, library+"/")
	})
}
