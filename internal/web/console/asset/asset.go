// Package asset holds the files of the console that are the same for everyone: the stylesheet, the
// scripts, the fonts. Their addresses change with their contents, so browsers keep them for good.
package asset

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"

	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// console.css, console.js and icons.svg are ours. htmx.min.js and hx-csp.min.js are those of htmx.org
// 4.0.1 (dist, dist/ext; htmx-LICENSE). The fonts are IBM Plex Mono, cut down and renamed (font/OFL.txt).
//
//go:embed console.css console.js icons.svg icon.svg htmx.min.js hx-csp.min.js font/*.woff2
var files embed.FS

var mediaTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml", ".woff2": "font/woff2",
}

// base is the folder of the files' addresses.
const base = "/console/assets/"

// Assets serves the files.
type Assets struct {
	version string
	files   map[string]file
}

type file struct{ plain, packed []byte }

// New reads the files.
func New() (*Assets, error) {
	a := &Assets{files: map[string]file{}}
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(sum, "%s %d\n", name, len(content)) // a hash takes everything
		_, _ = sum.Write(content)
		a.files[name] = file{content, pack(name, content)}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the console's files: %w", err)
	}
	a.version = hex.EncodeToString(sum.Sum(nil)[:6])
	return a, nil
}

// pack compresses a text; nil: it is packed already.
func pack(name string, content []byte) []byte {
	if path.Ext(name) == ".woff2" {
		return nil
	}
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // a level that there is
	_, _ = w.Write(content)                               // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// URL is the address of a file.
func (a *Assets) URL(name string) string { return base + a.version + "/" + name }

// Route serves the files. They are no secret: the sign-in page needs them.
func (a *Assets) Route() kit.Route {
	return kit.Route{Method: "GET", Path: base + "{version}/{name...}", Endpoint: a.serve, Undocumented: true}
}

func (a *Assets) serve(_ context.Context, c *kit.Call) error {
	name := c.Request.PathValue("name")
	found, ok := a.files[name]
	if !ok || c.Request.PathValue("version") != a.version {
		return core.NotFound(kit.ReasonRouteNotFound, "there is no such file")
	}
	header := c.Writer.Header()
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	body := found.plain
	if found.packed != nil {
		header.Set("Vary", "Accept-Encoding")
		if c.AcceptsGzip() {
			header.Set("Content-Encoding", "gzip")
			body = found.packed
		}
	}
	c.Write(200, mediaTypes[path.Ext(name)], body)
	return nil
}
