package api

import (
	"embed"
	"io/fs"
	"net/http"

	swaggerui "github.com/swaggest/swgui/v5/static"
	"github.com/vearutop/statigz"
)

//go:embed docs
var docsFiles embed.FS

// docsPolicy lets the page of the documentation load nothing from elsewhere.
// Swagger UI sets style attributes and draws its icons from data: addresses.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"

// docsAssets are the files of Swagger UI that the page loads.
var docsAssets = []string{"swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"}

// docsRoutes serve Swagger UI over /openapi.json, all of it from this binary.
func docsRoutes() []route {
	page, err := fs.Sub(docsFiles, "docs")
	if err != nil {
		panic(err) // the folder is part of the binary
	}
	own := http.StripPrefix("/docs/", http.FileServerFS(page))
	assets := http.StripPrefix("/docs/assets", statigz.FileServer(swaggerui.FS))
	index := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, page, "page.html") })
	routes := []route{docsRoute("/docs", index), docsRoute("/docs/start.js", own)}
	for _, name := range docsAssets {
		routes = append(routes, docsRoute("/docs/assets/"+name, assets))
	}
	return routes
}

func docsRoute(path string, h http.Handler) route {
	return route{method: "GET", path: path, undocumented: true, endpoint: handled(docsHeaders(h))}
}

func docsHeaders(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", docsPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		h.ServeHTTP(w, r)
	})
}
