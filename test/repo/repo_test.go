package repo

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// root is the repository's folder, seen from this package's.
const root = "../.."

// module is the path of the module.
const module = "accesscodes"

// file returns the text of a file of the repository.
func file(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if errors.Is(err, os.ErrNotExist) {
		t.Fatalf("%s is missing: the repository must have one", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// maxReport is how many bytes of what a failed command said are shown.
const maxReport = 4 << 10

// output runs a command in a folder of the repository and returns its stdout. Commands
// that fail are reported with what they said.
func output(t *testing.T, folder, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = filepath.Join(root, folder)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		said := stderr.String() + stdout.String()
		t.Errorf("%s: %v\n%s", cmd, err, said[:min(len(said), maxReport)])
	}
	return stdout.String()
}

// goPackage is what go list says of a package.
type goPackage struct {
	ImportPath, Name, Doc string
	Dir                   string
	Imports               []string // without those of tests
	TestGoFiles           []string
	XTestGoFiles          []string
}

// packages returns every package of the module.
func packages(t *testing.T) (all []goPackage) {
	t.Helper()
	list := json.NewDecoder(bytes.NewBufferString(
		output(t, ".", "go", "list", "-json=ImportPath,Name,Doc,Dir,Imports,TestGoFiles,XTestGoFiles", "./...")))
	for {
		var p goPackage
		err := list.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
