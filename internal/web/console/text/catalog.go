package text

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

//go:embed *.txt
var files embed.FS

// languages are those of the console. The first is for viewers who understand none of them.
var languages = []language.Tag{language.English, language.German}

var (
	catalogs = readCatalogs()
	matcher  = language.NewMatcher(languages)
)

// catalog is what the console says in one language, by name.
type catalog map[string]entry

// entry is one text.
type entry struct {
	plain string // as it stands in the file
	parts []part
}

// part is a piece of a text: words, or a place where an argument stands.
type part struct {
	text, place  string
	strong, code bool // within **…** and `…`, which only Rich shows
}

func readCatalogs() []catalog {
	all := make([]catalog, len(languages))
	for i, tag := range languages {
		text, err := files.ReadFile(tag.String() + ".txt")
		if err == nil {
			all[i], err = parse(string(text))
		}
		if err != nil { // the files are part of the program, and a test reads them
			panic(fmt.Sprintf("the texts in %s: %v", tag, err))
		}
	}
	return all
}

// parse reads a file of texts. Lines that begin with # are for translators.
func parse(text string) (catalog, error) {
	read := catalog{}
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, said, ok := strings.Cut(line, "=")
		name, said = strings.TrimSpace(name), strings.TrimSpace(said)
		if _, twice := read[name]; !ok || name == "" || twice {
			return nil, fmt.Errorf("line %d is not the first \"name = text\" of its name: %s", i+1, line)
		}
		parts, err := split(said)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		read[name] = entry{said, parts}
	}
	return read, nil
}

// split cuts a text at its places and marks: "**{count} codes** begin with `{prefix}`".
func split(text string) (parts []part, err error) {
	var now part
	flush := func() {
		if now.text != "" {
			parts = append(parts, now)
		}
		now.text = ""
	}
	for text != "" {
		switch {
		case strings.HasPrefix(text, "**"):
			flush()
			now.strong = !now.strong
			text = text[2:]
		case text[0] == '`':
			flush()
			now.code = !now.code
			text = text[1:]
		case text[0] == '{':
			place, rest, closed := strings.Cut(text[1:], "}")
			if !closed || place == "" {
				return nil, fmt.Errorf("a place is not closed: %s", text)
			}
			flush()
			parts = append(parts, part{place: place, strong: now.strong, code: now.code})
			text = rest
		default:
			now.text += text[:1]
			text = text[1:]
		}
	}
	flush()
	if now.strong || now.code {
		return nil, fmt.Errorf("a mark is not closed")
	}
	return parts, nil
}

// Names lists the names of all texts, for tests.
func Names() []string { return slices.Sorted(maps.Keys(catalogs[0])) }
