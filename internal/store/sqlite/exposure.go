package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Exposure is a file of a database, or its folder, that users other than its owner can use in
// a way that they should not.
type Exposure struct {
	Path   string
	Mode   fs.FileMode // its permissions
	Remedy string      // the command that takes them away
}

const (
	othersReadOrWrite = 0o066
	othersWrite       = 0o022
)

// Exposures finds the files of the database at path that its group or others may read or
// write: whoever reads one has the codes, and whoever writes one can make keys. Files that
// this package makes are never among them, but one that was there before keeps its mode, and
// SQLite gives it to the log and the index beside it.
//
// The folder is among them if others may put another file in the place of one, which the
// sticky bit forbids.
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
