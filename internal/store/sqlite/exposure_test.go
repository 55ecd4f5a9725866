package sqlite_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"accesscodes/internal/store/sqlite"
)

func TestExposures(t *testing.T) {
	cases := []struct {
		name  string
		modes map[string]fs.FileMode // of the files; "" is the folder
		want  []string
	}{
		{"as they are made", map[string]fs.FileMode{"": 0o700, "x.db": 0o600, "x.db-wal": 0o600, "x.db-shm": 0o600}, nil},
		{"a folder that others may list", map[string]fs.FileMode{"": 0o755, "x.db": 0o600}, nil},
		{"nothing there yet", map[string]fs.FileMode{"": 0o700}, nil},
		{"readable by the group", map[string]fs.FileMode{"": 0o700, "x.db": 0o640}, []string{"x.db 0640"}},
		{"readable by others", map[string]fs.FileMode{"": 0o700, "x.db": 0o604}, []string{"x.db 0604"}},
		{"writable by the group", map[string]fs.FileMode{"": 0o700, "x.db": 0o620}, []string{"x.db 0620"}},
		{"writable by others", map[string]fs.FileMode{"": 0o700, "x.db": 0o602}, []string{"x.db 0602"}},
		{"all files", map[string]fs.FileMode{"": 0o700, "x.db": 0o666, "x.db-wal": 0o644, "x.db-shm": 0o660}, []string{
			"x.db 0666", "x.db-wal 0644", "x.db-shm 0660",
		}},
		{"a folder that others may write to", map[string]fs.FileMode{"": 0o777, "x.db": 0o600}, []string{". 0777"}},
		{"a folder that the group may write to", map[string]fs.FileMode{"": 0o770, "x.db": 0o600}, []string{". 0770"}},
		{"a folder like /tmp", map[string]fs.FileMode{"": 0o777 | fs.ModeSticky, "x.db": 0o600}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "data")
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			setModes(t, folder, c.modes)
			path := filepath.Join(folder, "x.db")
			link := filepath.Join(t.TempDir(), "link.db")
			if err := os.Symlink(path, link); err != nil {
				t.Fatal(err)
			}
			checkExposures(t, path, folder, c.want)
			if _, there := c.modes["x.db"]; there {
				checkExposures(t, link, folder, c.want)
			}
		})
	}
}

// setModes makes the files that are not there and gives each its mode, whatever the umask.
func setModes(t *testing.T, folder string, modes map[string]fs.FileMode) {
	t.Helper()
	for name, mode := range modes {
		path := filepath.Join(folder, name)
		if name != "" {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
}

// checkExposures compares what is found with lines of a name in the folder and its mode.
func checkExposures(t *testing.T, path, folder string, want []string) {
	t.Helper()
	found, err := sqlite.Exposures(path)
	if err != nil {
		t.Error(err)
	}
	var got []string
	for _, exposure := range found {
		name, err := filepath.Rel(folder, exposure.Path)
		if err != nil {
			t.Error(err)
		}
		got = append(got, fmt.Sprintf("%s %04o", name, exposure.Mode))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", path, got, want)
	}
}

func TestExposuresOfWhatCannotBeLookedAt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if found, err := sqlite.Exposures(filepath.Join(file, "x.db")); err == nil || len(found) > 0 {
		t.Errorf("found %v, %v in a folder that is a file", found, err)
	}
}
