package qr

import (
	"errors"
	"net/url"
	"strings"
)

// placeholder is where a link's code goes.
const placeholder = "{code}"

// Link is an address with a place for a code, such as https://app.example.com/join?code={code}. The
// empty link stands for the code alone.
type Link struct{ template string }

// ParseLink checks a template. Its errors go on after the name of what holds the template.
func ParseLink(template string) (Link, error) {
	if template == "" {
		return Link{}, nil
	}
	if !strings.Contains(template, placeholder) {
		return Link{}, errors.New("has no {code}, which is where the code goes")
	}
	link := Link{template: template}
	rest := strings.ReplaceAll(template, placeholder, "")
	address, err := url.Parse(link.Of("X"))
	switch {
	case strings.ContainsAny(rest, "{}"):
		return Link{}, errors.New("has braces around something other than {code}")
	case err != nil || !address.IsAbs() || strings.ContainsAny(template, " \t\r\n"):
		return Link{}, errors.New("is not an address such as https://app.example.com/join?code={code}")
	case strings.Contains(template[:pathStart(template)], placeholder):
		return Link{}, errors.New("has {code} before the path; it goes into the path or behind ? or #")
	}
	return link, nil
}

// pathStart is where the scheme and the server of an address end.
func pathStart(address string) int {
	scheme, rest, _ := strings.Cut(address, ":")
	server, found := strings.CutPrefix(rest, "//")
	if !found {
		return len(scheme)
	}
	if end := strings.IndexAny(server, "/?#"); end >= 0 {
		return len(address) - len(server) + end
	}
	return len(address)
}

// Of returns the text of the QR code of a code. In a link the code is escaped such that it reads the
// same in a path and in a query: a space is %20, never +.
func (l Link) Of(code string) string {
	if l.template == "" {
		return code
	}
	escaped := strings.ReplaceAll(url.QueryEscape(code), "+", "%20")
	return strings.ReplaceAll(l.template, placeholder, escaped)
}
