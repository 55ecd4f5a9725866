package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"accesscodes/internal/web/kit"
)

func TestUnknownPathsAreProblems(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{
		"/", "/favicon.ico", "/tenant-codes/", "/tenant-codes/add/", "/tenant-codes/generate/more",
		"/tenant-codes/ADD/more", "/users/", "/users/a/b", "/reservations", "/reservations/", "/redemptions/x",
		"/livez/", "/metrics/", "/openapi.yaml", "/docs/", "/docs/page.html", "/docs/start.js/", "/docs/assets",
		"/docs/assets/",
		"/docs/assets/index.html", "/docs/assets/..%2fpage.html", "/v1/tenant-codes/add", "/%00",
		"/..%2f..%2fetc/passwd", "/debug/pprof/",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete, "BREW"} {
			t.Run(method+" "+path, func(t *testing.T) {
				got := f.send(t, method, path, "", with("X-Api-Key", f.secret))
				got.mustBe(t, http.StatusNotFound, kit.ReasonRouteNotFound)
			})
		}
	}
}

// The mux would answer these by itself, with a redirection or an empty 400.
func TestPathsThatAreNotCleanAreAnsweredLikeAllOthers(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{
		"//tenant-codes/add", "/tenant-codes//add", "/tenant-codes/./add", "/x/../tenant-codes/add", "//",
		"/livez/..",
	} {
		t.Run(path, func(t *testing.T) {
			got := f.post(t, "/", `{"code":"A","type":"Normal"}`,
				func(r *http.Request) { r.URL = &url.URL{Path: path}; r.RequestURI = path })
			got.mustBe(t, http.StatusNotFound, kit.ReasonRouteNotFound)
		})
	}
	t.Run("*", func(t *testing.T) {
		got := f.send(t, http.MethodOptions, "/", "",
			func(r *http.Request) { r.URL = &url.URL{Path: "*"}; r.RequestURI = "*" })
		got.problem(t)
	})
	t.Run("CONNECT", func(t *testing.T) {
		got := f.send(t, http.MethodConnect, "/", "", func(r *http.Request) {
			r.URL, r.RequestURI = &url.URL{Host: "example.com:443"}, "example.com:443"
		})
		got.problem(t)
	})
	if stored := f.stored(t); stored != 0 {
		t.Errorf("%d codes are stored", stored)
	}
}

func TestEveryRouteRefusesOtherMethodsAndSaysWhichItTakes(t *testing.T) {
	f := newFixture(t)
	taken := map[string][]string{}
	for _, rt := range f.server.Routes() {
		taken[rt.Path] = append(taken[rt.Path], rt.Method)
		if rt.Method == http.MethodGet {
			taken[rt.Path] = append(taken[rt.Path], http.MethodHead)
		}
	}
	for path, methods := range taken {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "post"} {
			t.Run(method+" "+path, func(t *testing.T) {
				got := f.send(t, method, path, "", with("X-Api-Key", f.secret))
				if slices.Contains(methods, method) {
					if got.status == http.StatusMethodNotAllowed {
						t.Errorf("status %d", got.status)
					}
					return
				}
				got.mustBe(t, http.StatusMethodNotAllowed, kit.ReasonMethodNotAllowed)
				allowed := strings.Split(got.header.Get("Allow"), ", ")
				slices.Sort(allowed)
				slices.Sort(methods)
				if !slices.Equal(allowed, methods) {
					t.Errorf("Allow = %v, want %v", allowed, methods)
				}
			})
		}
	}
	if stored := f.stored(t); stored != 0 {
		t.Errorf("%d codes are stored", stored)
	}
}

func TestEveryRouteWithAKeyAsksForOne(t *testing.T) {
	f := newFixture(t)
	open := []string{"/livez", "/readyz", "/metrics", "/openapi.json", "/docs", "/docs/"}
	for _, rt := range f.server.Routes() {
		t.Run(rt.Path, func(t *testing.T) {
			got := f.send(t, rt.Method, rt.Path, "{}", with("Content-Type", "application/json"))
			isOpen := slices.ContainsFunc(open, func(p string) bool {
				return rt.Path == p || strings.HasSuffix(p, "/") && strings.HasPrefix(rt.Path, p)
			})
			if want := map[bool]int{true: 200, false: 401}[isOpen]; got.status != want {
				t.Errorf("status %d, want %d", got.status, want)
			}
		})
	}
}

func TestAnswersToOtherThanPOSTAreNotCached(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/livez", "/readyz", "/nowhere", addPath} {
		if got := f.get(t, path).header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("GET %s: Cache-Control = %q", path, got)
		}
	}
}
