package console

import "context"

func (s *server) helpRoutes() []Route {
	return []Route{{Method: "GET", Path: "/console/help", handle: s.help}}
}

// keyHelp is a key and the name of the text that says what it does.
type keyHelp struct {
	keys []string
	text string
}

// keyGroups are the keys as the page of help shows them.
var keyGroups = []struct {
	name string
	keys []keyHelp
}{
	{"everywhere", []keyHelp{
		{[]string{"/"}, "search"},
		{[]string{"n"}, "create"},
		{[]string{"u"}, "undo"},
		{[]string{"?"}, "help"},
		{[]string{"Esc"}, "close"},
	}},
	{"go", []keyHelp{
		{[]string{"g", "o"}, "overview"},
		{[]string{"g", "c"}, "codes"},
		{[]string{"g", "w"}, "why"},
		{[]string{"g", "b"}, "batches"},
		{[]string{"g", "u"}, "users"},
		{[]string{"g", "k"}, "keys"},
		{[]string{"g", "h"}, "webhooks"},
		{[]string{"g", "a"}, "activity"},
		{[]string{"g", "s"}, "settings"},
	}},
	{"lists", []keyHelp{
		{[]string{"j"}, "down"},
		{[]string{"k"}, "up"},
		{[]string{"Enter"}, "open"},
		{[]string{"x"}, "select"},
		{[]string{"Shift", "x"}, "range"},
		{[]string{"b"}, "bar"},
		{[]string{"y"}, "copy"},
		{[]string{"e"}, "export"},
		{[]string{"."}, "older"},
		{[]string{","}, "newer"},
	}},
	{"code", []keyHelp{
		{[]string{"y"}, "copy"}, {[]string{"e"}, "edit"}, {[]string{"r"}, "revoke"}, {[]string{"w"}, "why_this"},
	}},
	{"why", []keyHelp{
		{[]string{"i"}, "user"}, {[]string{"Enter"}, "check"}, {[]string{"s"}, "sentence"}, {[]string{"1"}, "remedy"},
	}},
}

// help answers GET /console/help.
func (s *server) help(ctx context.Context, p *page) error {
	p.stay()
	return p.show(ctx, helpPage(p))
}
