package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"accesscodes/internal/campaign"
)

var (
	curlLine  = regexp.MustCompile(`(?m)^\s*(curl .*)$`)
	keyFormat = regexp.MustCompile(`\back_[0-9A-Za-z]{36}\b`)
)

func TestTheFirstStartPrintsAKeyAndACurlLineThatWorks(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		s := startServer(t, db)
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
	})
}

func TestASecondStartPrintsNoKeyAndTheFirstStillWorks(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		first := startServer(t, db)
		first.stop(t)
		second := startServer(t, db)
		if keyFormat.MatchString(second.out.String()) || curlLine.MatchString(second.out.String()) {
			t.Errorf("the second start printed\n%s", second.out)
		}
		newClient(t, second.url, first.key).mustGenerate(t, "Normal", http.StatusOK, "")
	})
}

func TestNoBootstrapLeavesANewDatabaseEmpty(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		s := startServer(t, db, "--no-bootstrap")
		if keyFormat.MatchString(s.out.String()) {
			t.Errorf("a key was printed:\n%s", s.out)
		}
		for _, table := range []string{"workspaces", "api_keys", "codes"} {
			if n := db.count(t, table); n != 0 {
				t.Errorf("%s has %d rows, want none", table, n)
			}
		}
	})
}

func TestCampaignOfServersStartedAtOnceOnANewDatabaseOnePrintsAKey(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			for range campaign.Length(t, 2, 20) { // each start is a race that may end in several ways
				requireOneKeyOf(t, e.create(t), e.nodes)
			}
		})
	}
}

// requireOneKeyOf starts so many servers at once and requires that all work with the key
// that one of them printed.
func requireOneKeyOf(t *testing.T, db database, nodes int) {
	t.Helper()
	var servers []*server
	for range nodes {
		servers = append(servers, launch(t, serveCommand(db)...))
	}
	var keys []string
	for _, s := range servers {
		s.awaitListening(t)
		newClient(t, s.url, "").mustGet(t, "/readyz", http.StatusOK)
		if s.key != "" {
			keys = append(keys, s.key)
		}
	}
	if len(keys) != 1 {
		t.Fatalf("%d of %d servers printed a key, want 1", len(keys), nodes)
	}
	for _, s := range servers {
		newClient(t, s.url, keys[0]).mustGenerate(t, "Normal", http.StatusOK, "")
		s.stop(t)
	}
	if n := db.count(t, "workspaces"); n != 1 {
		t.Fatalf("there are %d workspaces, want 1", n)
	}
}
