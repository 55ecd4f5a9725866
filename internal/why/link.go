package why

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// maxCandidates is how many parts of a link are looked up.
const maxCandidates = 8

// read returns the code in a text: all of it, or the part of a link that holds the code.
func (s *Service) read(ctx context.Context, actor *core.Actor, text string) (string, error) {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "/") {
		return text, nil
	}
	candidates := candidatesIn(text)
	for _, candidate := range append([]string{text}, candidates...) {
		_, err := s.deps.Codes.GetCode(ctx, actor, candidate)
		if err == nil {
			return candidate, nil
		}
		if !core.IsKind(err, core.KindNotFound) {
			return "", err
		}
	}
	likely := slices.IndexFunc(candidates, func(c string) bool { return codes.LooksGenerated(actor.Format, c) })
	switch {
	case likely >= 0:
		return candidates[likely], nil
	case len(candidates) > 0 && isLink(text):
		return candidates[0], nil
	default:
		return text, nil
	}
}

// isLink reports whether a text is a link for sure: a code may hold a slash, too.
func isLink(text string) bool { return strings.Contains(text, "://") }

// candidatesIn returns the parts of a link that may be a code, the likeliest first: values of its
// query, that named code before others, then segments of its path, the last before others. What
// stands behind # may be a query or a path, too.
func candidatesIn(link string) []string {
	if !isLink(link) {
		link = "https://" + link
	}
	address, err := url.Parse(link)
	if err != nil {
		return nil
	}
	path, query, _ := strings.Cut(address.Fragment, "?")
	if strings.Contains(path, "=") {
		path, query = "", path
	}
	found := append(valuesOf(address.RawQuery), valuesOf(query)...)
	segments := append(strings.Split(address.Path, "/"), strings.Split(path, "/")...)
	slices.Reverse(segments)
	found = append(found, segments...)
	found = slices.DeleteFunc(found, func(part string) bool { return core.Canonical(part) == "" })
	return found[:min(len(found), maxCandidates)]
}

// valuesOf returns the values of a query in their order, that named code first.
func valuesOf(query string) (values []string) {
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		text, err := url.QueryUnescape(value)
		switch {
		case err != nil:
		case strings.EqualFold(name, "code"):
			values = slices.Insert(values, 0, text)
		default:
			values = append(values, text)
		}
	}
	return values
}
