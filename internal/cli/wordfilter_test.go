package cli_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// firstSymbols generates codes of the workspace with the prefix QXZ and returns their first random
// characters.
func firstSymbols(t *testing.T, p *program, key string, flags ...string) (all string) {
	t.Helper()
	s := p.serve(t, flags...)
	for range 24 {
		_, random, found := strings.Cut(generate(t, s.url, key), `"QXZ-`)
		if !found {
			t.Fatal("no code of the workspace was generated")
		}
		all += random[:1]
	}
	if code, stderr := s.stop(); code != 0 {
		t.Errorf("exit %d: %s", code, stderr)
	}
	return all
}

// The list forbids all but four characters behind the prefix QXZ.
func TestTheWordsOfAFileAreNotGenerated(t *testing.T) {
	const left = "KMRW"
	list := "# behind the prefix\n"
	for _, last := range "ABCDEFGHJLNPQSTUVXYZ" {
		list += fmt.Sprintf("qxz%c\n", last)
	}
	file := valueFile(t, list)
	p := newProgram(t)
	p.must(t, "workspace create acme --name Acme --prefix QXZ")
	key := createKey(t, p, "--name CRM")
	tests := []struct {
		name     string
		env      map[string]string
		flags    []string
		filtered bool
	}{
		{"the embedded list", nil, nil, false},
		{"off", nil, []string{"--word-filter=off"}, false},
		{"a file", nil, []string{"--word-filter", file}, true},
		{"in the environment", map[string]string{"ACCESSCODES_WORD_FILTER": file}, nil, true},
		{"the twin", map[string]string{"ACCESSCODES_WORD_FILTER_FILE": valueFile(t, file+"\n")}, nil, true},
		{"off on the command line", map[string]string{"ACCESSCODES_WORD_FILTER": file}, []string{"--word-filter=off"}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p.env = test.env
			got := firstSymbols(t, p, key, test.flags...)
			if filtered := strings.Trim(got, left) == ""; filtered != test.filtered {
				t.Errorf("the codes go on with %s", got)
			}
		})
	}
}

func TestAWordFilterThatCannotBeUsed(t *testing.T) {
	pairs := ""
	for first := 'A'; first <= 'Z'; first++ {
		for second := 'A'; second <= 'Z'; second++ {
			pairs += string([]rune{first, second, '\n'})
		}
	}
	folder := t.TempDir()
	for path, want := range map[string]string{
		folder + "/nosuch":                      "no such file or directory",
		folder:                                  "is a directory",
		valueFile(t, "FIG\nhunter2 and more\n"): "line 2 is not one word of 2 to 12 letters A-Z",
		valueFile(t, "# nothing\n"):             "it holds no word",
		valueFile(t, pairs):                     "it would leave less than a tenth of the longest codes",
	} {
		p := newProgram(t)
		check(t, p.run(t, "serve --word-filter "+path), result{
			code: 2, stderr: "accesscodes: --word-filter " + strconv.Quote(path) + " cannot be used: " + want + "\n",
		})
		p.env["ACCESSCODES_WORD_FILTER"] = path
		check(t, p.run(t, "serve"), result{
			code: 2, stderr: "accesscodes: ACCESSCODES_WORD_FILTER " + strconv.Quote(path) + " cannot be used: " + want + "\n",
		})
		checkNoFile(t, p.path)
	}
}
