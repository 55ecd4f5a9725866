package walvfs

import (
	"errors"
	"fmt"
	"runtime/debug"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Build is the build of SQLite in a program. The driver holds the engine, translated to Go; libc is
// what the translation needs. A module whose version is not recorded is empty: programs built
// without module support record none.
type Build struct {
	SQLite string // version and source id, as the engine itself says
	Driver string // version of modernc.org/sqlite
	Libc   string // version of modernc.org/libc
}

// Tested returns the build that the file system was tested with. Change it together with go.mod,
// when every test of the store passes, above all the power cuts of
// TestCampaignWhatWasAcknowledgedSurvivesAPowerCut.
func Tested() Build {
	return Build{
		SQLite: "3.54.1 (2026-10-16 14:45:20 555e07ef33f69a0957d24d8e555b702464a131d6f1607f4c3c1e4551e8e6ca76)",
		Driver: "v1.61.1",
		Libc:   "v1.79.0",
	}
}

// ErrUntested is returned if the program was built with a SQLite that the file system was not tested
// with.
var ErrUntested = errors.New("the gathered log was not tested with this build of SQLite")

// check reports whether a build is this one, as far as it is known.
func (b Build) check(running Build) error {
	if running.SQLite == b.SQLite && sameModule(running.Driver, b.Driver) && sameModule(running.Libc, b.Libc) {
		return nil
	}
	return fmt.Errorf(
		"%w: it is %s, tested was %s; --sqlite-gathered-log=false starts without it",
		ErrUntested,
		running,
		b,
	)
}

func sameModule(running, tested string) bool { return running == "" || running == tested }

// String names all versions.
func (b Build) String() string {
	return fmt.Sprintf(
		"SQLite %s with modernc.org/sqlite %s and modernc.org/libc %s",
		b.SQLite,
		orUnknown(b.Driver),
		orUnknown(b.Libc),
	)
}

func orUnknown(version string) string {
	if version == "" {
		return "(unknown)"
	}
	return version
}

// running is the build of this program.
func running() Build {
	tls := libc.NewTLS()
	defer tls.Close()
	b := Build{
		SQLite: fmt.Sprintf(
			"%s (%s)",
			libc.GoString(lib.Xsqlite3_libversion(tls)),
			libc.GoString(lib.Xsqlite3_sourceid(tls)),
		),
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, module := range info.Deps {
		switch module.Path {
		case "modernc.org/sqlite":
			b.Driver = versionOf(module)
		case "modernc.org/libc":
			b.Libc = versionOf(module)
		}
	}
	return b
}

// versionOf is a module's version, or what stands in its place.
func versionOf(module *debug.Module) string {
	if r := module.Replace; r != nil {
		return r.Path + " " + r.Version
	}
	return module.Version
}
