package cli

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// filePermissions are those of files with codes in them: a code is worth something.
const filePermissions = 0o600

// followLinks returns the file that a name leads to: a link stays one when its file is replaced.
func followLinks(name string) string {
	if target, err := filepath.EvalSymlinks(name); err == nil {
		return target
	}
	return name
}

// checkFolder returns an error if there is no folder for a file; none for stdout.
func checkFolder(name string) error {
	if name == "" || name == "-" {
		return nil
	}
	_, err := os.Stat(filepath.Dir(name))
	return err
}

// writeFile writes a whole file or none: what was there stays until all is written. Devices and pipes
// are written to as they are.
func writeFile(name string, write func(io.Writer) error) error {
	name = followLinks(name)
	info, err := os.Stat(name)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return writeInto(name, write)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		path.Path = name // what was asked for
	}
	if err != nil {
		return err
	}
	err = errors.Join(write(file), file.Chmod(permissionsOf(info)), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(file.Name()))
	}
	return err
}

// permissionsOf returns the permissions for a file that replaces another one, or is new.
func permissionsOf(old fs.FileInfo) fs.FileMode {
	if old == nil {
		return filePermissions
	}
	return old.Mode().Perm()
}

func writeInto(name string, write func(io.Writer) error) error {
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
