package console

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/web/console/text"
)

var (
	// saidName are names of texts that are written out where they are said.
	saidName = regexp.MustCompile(
		`(?:Say|Rich|sayNext|complain|ofError)\((?:"[a-z]+", |f, )?"([a-z_0-9]+\.[a-z_0-9.]+)"\s*[,)]`)
	// begunName are names of which only the beginning is written out, or a part that is put into one.
	begunName = regexp.MustCompile(`"([a-zA-Z_0-9.]+)"`)
)

// sources are the files in which texts are said.
func sources(t *testing.T) (all string) {
	t.Helper()
	for _, pattern := range []string{"*.go", "*.templ", "text/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_templ.go") {
				continue
			}
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all += string(content)
		}
	}
	return all
}

func TestEveryTextThatIsSaidThereIs(t *testing.T) {
	texts := text.For(text.Viewer{Now: time.Now()})
	for _, found := range saidName.FindAllStringSubmatch(sources(t), -1) {
		name := found[1]
		if !texts.Has(name) && !texts.Has(name+".other") && !strings.HasSuffix(name, ".") {
			t.Errorf("there is no text %s", name)
		}
	}
}

// TestEveryTextIsSaid: a text that nothing names is left over. Names that are put together are known by
// their beginnings.
func TestEveryTextIsSaid(t *testing.T) {
	var parts []string
	for _, found := range begunName.FindAllStringSubmatch(sources(t), -1) {
		parts = append(parts, found[1])
	}
	for _, name := range text.Names() {
		base := strings.TrimSuffix(strings.TrimSuffix(name, ".one"), ".other")
		if !slices.ContainsFunc(parts, func(part string) bool {
			return part == base || part == name || strings.Contains(part, ".") && strings.HasPrefix(name, part)
		}) {
			t.Errorf("nothing says %s", name)
		}
	}
}
