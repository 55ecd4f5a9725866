package walvfs

import (
	"errors"
	"strings"
	"testing"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

func TestOnlyTheTestedBuildIsTaken(t *testing.T) {
	want := Build{SQLite: "3.1.0 (one)", Driver: "v1.1.0", Libc: "v1.2.0"}
	for _, test := range []struct {
		name    string
		running Build
		refused bool
	}{
		{"the same", want, false},
		{"modules unknown", Build{SQLite: want.SQLite}, false},
		{"another engine", Build{SQLite: "3.1.0 (two)", Driver: want.Driver, Libc: want.Libc}, true},
		{"another engine, modules unknown", Build{SQLite: "3.2.0 (one)"}, true},
		{"another driver", Build{SQLite: want.SQLite, Driver: "v1.1.1", Libc: want.Libc}, true},
		{"another libc", Build{SQLite: want.SQLite, Driver: want.Driver, Libc: "../libc "}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := want.check(test.running)
			if errors.Is(err, ErrUntested) != test.refused || (err != nil) != test.refused {
				t.Fatalf("error %v, want refused: %t", err, test.refused)
			}
			if err == nil {
				return
			}
			for _, part := range []string{test.running.String(), want.String(), "--sqlite-gathered-log=false"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error does not say %q: %v", part, err)
				}
			}
		})
	}
}

func TestAnUntestedBuildIsRefused(t *testing.T) {
	other := Tested()
	other.SQLite = "3.0.0 (another)"
	if err := register(other, running()); !errors.Is(err, ErrUntested) {
		t.Errorf("error %v", err)
	}
	if isRegistered(t) {
		t.Fatal("the engine knows the file system all the same")
	}
	if err := Register(); err != nil {
		t.Errorf("the tested build: %v", err)
	}
	if !isRegistered(t) {
		t.Error("the engine does not know the file system")
	}
}

// isRegistered is whether the engine knows the file system.
func isRegistered(t *testing.T) bool {
	t.Helper()
	tls := libc.NewTLS()
	defer tls.Close()
	name, err := libc.CString(Name)
	if err != nil {
		t.Fatal(err)
	}
	defer libc.Xfree(tls, name)
	return lib.Xsqlite3_vfs_find(tls, name) != 0
}
