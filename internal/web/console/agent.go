package console

import "strings"

// browserOf names the browser and the system of a User-Agent as people do: "Firefox, Windows".
func browserOf(agent string) string {
	find := func(names ...string) string {
		for i := 0; i < len(names); i += 2 {
			if strings.Contains(agent, names[i]) {
				return names[i+1]
			}
		}
		return ""
	}
	// Most browsers name those that came before them, too: the last to be named is asked for first.
	browser := find("Edg", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "Chrome/", "Chrome", "Safari/", "Safari",
		"curl/", "curl")
	system := find("iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "Windows", "Windows", "Mac OS X", "macOS",
		"Linux", "Linux")
	switch {
	case browser == "" && system == "":
		return "?"
	case browser == "" || system == "":
		return browser + system
	default:
		return browser + ", " + system
	}
}

// orSystem is the name of a theme; none is that of the system.
func orSystem(theme string) string {
	if theme == "" {
		return "system"
	}
	return theme
}
