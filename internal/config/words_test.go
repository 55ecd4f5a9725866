package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"accesscodes/internal/config"
	"accesscodes/internal/words"
)

func TestReadWords(t *testing.T) {
	file := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(file, []byte("FIG\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for setting, want := range map[string]string{"": "CUM", "off": "", file: "FIG"} {
		cfg := config.DefaultServe()
		cfg.WordFilter = setting
		if err := cfg.ReadWords(); err != nil {
			t.Errorf("%s: %v", setting, err)
			continue
		}
		for _, word := range []string{"CUM", "FIG"} {
			if got := finds(cfg.Words, word); got != (word == want) {
				t.Errorf("%s: finds %s: %v", setting, word, got)
			}
		}
	}
	cfg := config.DefaultServe()
	cfg.WordFilter = file + ".old"
	if err := cfg.ReadWords(); err == nil || !strings.HasPrefix(err.Error(), "--word-filter ") {
		t.Errorf("of a file that is not there: %v", err)
	}
}

// finds reports whether a word is found when all but its last letter are in the prefix.
func finds(filter *words.Filter, word string) (found bool) {
	at := filter.After(word[:2])
	_, found = filter.Step(at, word[2])
	return found
}
