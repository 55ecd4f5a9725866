package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

var setUpLine = regexp.MustCompile(`(?m)^\s*(http://[\d.:]+)/console/link/`)

func TestTheConsoleHasAnAddressOfItsOwn(t *testing.T) {
	s := startServer(t, newSQLite(t), "--console-listen", "127.0.0.1:0")
	link := setUpLine.FindStringSubmatch(s.out.String())
	if link == nil || link[1] == s.url {
		t.Fatalf("the set-up link is at %v, the API at %s", link, s.url)
	}
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	status := func(url string) int {
		t.Helper()
		response, err := browser.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
		return response.StatusCode
	}
	for path, want := range map[string][2]int{ // here and there
		"/": {303, 404}, "/console/sign-in": {200, 404}, "/tenant-codes": {404, 401}, "/livez": {404, 200},
	} {
		if here, there := status(link[1]+path), status(s.url+path); here != want[0] || there != want[1] {
			t.Errorf("%s: %d at the console's address, %d at the API's, want %v", path, here, there, want)
		}
	}
	s.stop(t)
	for _, url := range []string{link[1], s.url} {
		if response, err := browser.Get(url + "/livez"); err == nil {
			t.Errorf("%s still answers %d", url, response.StatusCode)
		}
	}
	if log := strings.TrimSpace(s.log.String()); !strings.Contains(log[strings.LastIndex(log, "\n")+1:], `"stopped"`) {
		t.Errorf("something is done after all is said to have stopped:\n%s", log)
	}
}
