package api

import (
	"net/http"
	"net/url"
	"strings"
)

// nameSlash lets a path name the code whose value is a slash. The mux of net/http takes a
// segment that is nothing but %2F for the end of the path, so a space is put before it, which
// does not count in a code.
func nameSlash(r *http.Request) *http.Request {
	const codes = "/tenant-codes/"
	rest, ok := strings.CutPrefix(r.URL.RawPath, codes)
	if !ok || len(rest) < len("%2F") || !strings.EqualFold(rest[:len("%2F")], "%2F") {
		return r
	}
	if rest = rest[len("%2F"):]; rest != "" && rest[0] != '/' {
		return r
	}
	path, err := url.PathUnescape(codes + "%20%2F" + rest)
	if err != nil {
		return r
	}
	address := *r.URL
	address.RawPath, address.Path = codes+"%20%2F"+rest, path
	named := *r
	named.URL = &address
	return &named
}
