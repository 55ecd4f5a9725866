package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Exposure is a file of a database, or its folder, with permissions that let other users do what
// they should not.
type Exposure struct {
	Path   string
	Mode   fs.FileMode // its permissions
	Remedy string      // the command that removes them
}

const (
	othersReadOrWrite = 0o066
	othersWrite       = 0o022
)

// Exposures finds the files of the database at path that its group or others may read or write: a
// reader has the codes, and a writer can make keys. Files made by this package are never among them.
// But a file that existed before keeps its mode, and SQLite gives that mode to the log and its
// index.
func Exposures(path string) (found []Exposure, err error) {
	if real, err := filepath.EvalSymlinks(path); err == nil { // SQLite's other files are there
		path = real
	}
	var errs []error
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		mode, err := modeOf(name)
		errs = append(errs, err)
		if mode&othersReadOrWrite != 0 {
			found = append(found, Exposure{name, mode.Perm(), "chmod go= " + name})
		}
	}
	folder := filepath.Dir(path)
	mode, err := modeOf(folder)
	errs = append(errs, err)
	if mode&othersWrite != 0 && mode&fs.ModeSticky == 0 {
		found = append(found, Exposure{folder, mode.Perm(), "chmod go-w " + folder})
	}
	return found, errors.Join(errs...)
}

// modeOf returns 0 for what is not there.
func modeOf(path string) (fs.FileMode, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look at the permissions: %w", err)
	}
	return info.Mode(), nil
}
