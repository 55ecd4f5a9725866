package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

var (
	curlLine  = regexp.MustCompile(`(?m)^\s*(curl .*)$`)
	keyFormat = regexp.MustCompile(`\back_[0-9A-Za-z]{36}\b`)
)

func TestTheFirstStartPrintsAKeyAndACurlLineThatWorks(t *testing.T) {
	s := startServer(t, newDatabase(t))
	if !keyFormat.MatchString(s.key) {
		t.Fatalf("no key was printed:\n%s", s.out)
	}
	line := curlLine.FindStringSubmatch(s.out.String())
	if line == nil {
		t.Fatalf("no curl line was printed:\n%s", s.out)
	}
	requireTool(t, "curl")
	body := mustRun(t, nil, "sh", "-c", line[1])
	want := regexp.MustCompile(`^\{"code":"` + strings.Trim(generatedCode.String(), "^$") + `"\}$`)
	if !want.MatchString(body) {
		t.Errorf("%s\nprinted %q, want a match of %s", line[1], body, want)
	}
	if keyFormat.MatchString(s.log.String()) {
		t.Errorf("the log holds a key:\n%s", s.log)
	}
}

func TestASecondStartPrintsNoKeyAndTheFirstStillWorks(t *testing.T) {
	path := newDatabase(t)
	first := startServer(t, path)
	first.stop(t)
	second := startServer(t, path)
	if keyFormat.MatchString(second.out.String()) || curlLine.MatchString(second.out.String()) {
		t.Errorf("the second start printed\n%s", second.out)
	}
	newClient(t, second.url, first.key).mustGenerate(t, "Normal", http.StatusOK, "")
}

func TestNoBootstrapLeavesANewDatabaseEmpty(t *testing.T) {
	path := newDatabase(t)
	s := startServer(t, path, "--no-bootstrap")
	if keyFormat.MatchString(s.out.String()) {
		t.Errorf("a key was printed:\n%s", s.out)
	}
	for _, table := range []string{"workspaces", "api_keys", "codes"} {
		if n := countRows(t, path, table); n != 0 {
			t.Errorf("%s has %d rows, want none", table, n)
		}
	}
}

func TestOfTwoServersStartedAtOnceOnANewDatabaseOnePrintsAKey(t *testing.T) {
	for range 8 { // each start is a race that may end in several ways
		path := newDatabase(t)
		servers := []*server{launch(t, serveCommand(path)...), launch(t, serveCommand(path)...)}
		var keys []string
		for _, s := range servers {
			s.awaitListening(t)
			newClient(t, s.url, "").mustGet(t, "/readyz", http.StatusOK)
			if s.key != "" {
				keys = append(keys, s.key)
			}
		}
		if len(keys) != 1 {
			t.Fatalf("%d of two servers printed a key, want 1", len(keys))
		}
		for _, s := range servers {
			newClient(t, s.url, keys[0]).mustGenerate(t, "Normal", http.StatusOK, "")
			s.stop(t)
		}
		if n := countRows(t, path, "workspaces"); n != 1 {
			t.Fatalf("there are %d workspaces, want 1", n)
		}
	}
}
