package repo

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// maxLines is the longest that a Go file may be, tests aside: a file is about one noun.
const maxLines = 400

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range packages(t) {
		want := "Package " + p.Name + " "
		if p.Name == "main" {
			want = "Command " + path.Base(p.ImportPath) + " "
		}
		if !strings.HasPrefix(p.Doc, want) || !strings.HasSuffix(p.Doc, ".") {
			t.Errorf("the doc comment of %s should be sentences that begin with %q; its first is %q", p.ImportPath, want, p.Doc)
		}
	}
}

func TestNoGoFileIsTooLong(t *testing.T) {
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != root && strings.HasPrefix(entry.Name(), "."):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(name)
		if lines := bytes.Count(text, []byte("\n")); lines > maxLines && !isGenerated(text) {
			t.Errorf("%s has %d lines; %d are the most", name, lines, maxLines)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// isGenerated reports whether a program has written a file.
func isGenerated(text []byte) bool { return bytes.HasPrefix(text, []byte("// Code generated ")) }

func TestModulesAreTidy(t *testing.T) {
	for _, folder := range []string{".", "tools"} {
		if diff := output(t, folder, "go", "mod", "tidy", "-diff"); diff != "" {
			t.Errorf("%s/go.mod or go.sum is stale: run go mod tidy in its folder", folder)
		}
	}
}

func TestFormatting(t *testing.T) {
	if files := output(t, ".", "go", "tool", "-modfile=tools/go.mod", "gofumpt", "-l", "."); files != "" {
		t.Errorf("not formatted by gofumpt:\n%s", files)
	}
}

var (
	fuzzTarget = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	fuzzRun    = regexp.MustCompile(`-fuzz='\^(\w+)\$\$' .*\./(\S+)`)
)

// A fuzz target that make test does not name is never fuzzed, and neither is one that it
// names by a name of the past.
func TestEveryFuzzTargetIsRun(t *testing.T) {
	var exist, run []string
	for _, p := range packages(t) {
		for _, name := range append(p.TestGoFiles, p.XTestGoFiles...) {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range fuzzTarget.FindAllSubmatch(text, -1) {
				exist = append(exist, strings.TrimPrefix(p.ImportPath, module+"/")+" "+string(m[1]))
			}
		}
	}
	for _, m := range fuzzRun.FindAllStringSubmatch(file(t, "Makefile"), -1) {
		run = append(run, m[2]+" "+m[1])
	}
	slices.Sort(exist)
	slices.Sort(run)
	if !slices.Equal(exist, run) {
		t.Errorf("make test runs the fuzz targets %q, but there are %q", run, exist)
	}
}

func TestChangelog(t *testing.T) {
	_, unreleased, found := strings.Cut(file(t, "CHANGELOG.md"), "\n## [Unreleased]\n")
	if !found {
		t.Fatal(`CHANGELOG.md has no "## [Unreleased]" section`)
	}
	unreleased, _, _ = strings.Cut(unreleased, "\n## [")
	for _, m := range regexp.MustCompile(`(?m)^### (.*)$`).FindAllStringSubmatch(unreleased, -1) {
		switch m[1] {
		case "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security":
		default:
			t.Errorf("Keep a Changelog has no section %q", m[1])
		}
	}
}
