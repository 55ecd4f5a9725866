package kit

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	swaggerui "github.com/swaggest/swgui/v5/static"
)

//go:embed docs
var docsFiles embed.FS

// docsPolicy lets the page of the documentation load nothing from elsewhere.
// Swagger UI sets style attributes and draws its icons from data: addresses.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"

// docsFile is a file that the documentation is made of.
type docsFile struct {
	path, contentType string
	from              fs.FS
	name              string
	compressed        bool
}

// docsFilesServed are the page and what it loads.
var docsFilesServed = []docsFile{
	{"/docs", "text/html; charset=utf-8", docsFiles, "docs/page.html", false},
	{"/docs/start.js", "text/javascript; charset=utf-8", docsFiles, "docs/start.js", false},
	{"/docs/assets/swagger-ui.css", "text/css; charset=utf-8", swaggerui.FS, "swagger-ui.css.gz", true},
	{"/docs/assets/swagger-ui-bundle.js", "text/javascript; charset=utf-8", swaggerui.FS, "swagger-ui-bundle.js.gz", true},
	{"/docs/assets/favicon-32x32.png", "image/png", swaggerui.FS, "favicon-32x32.png", false},
}

// DocsRoutes serve Swagger UI over /openapi.json, all of it from this binary.
func DocsRoutes() (routes []Route) {
	for _, file := range docsFilesServed {
		text, err := fs.ReadFile(file.from, file.name)
		if err != nil {
			panic(fmt.Sprintf("kit: %v", err)) // the file is part of the binary
		}
		body := packedAlready(file.contentType, text)
		if !file.compressed {
			body = pack(file.contentType, text)
		}
		routes = append(routes, Route{Method: "GET", Path: file.path, Undocumented: true, Endpoint: docsEndpoint(body)})
	}
	return routes
}

func docsEndpoint(body *packed) Endpoint {
	return func(ctx context.Context, c *Call) error {
		header := c.Writer.Header()
		header.Set("Content-Security-Policy", docsPolicy)
		header.Set("Referrer-Policy", "no-referrer")
		return body.answer(ctx, c)
	}
}
