package kit

import "accesscodes/internal/core"

// unknownField says that a route does not take a field, and what the caller may have meant.
func (rt *Route) unknownField(name string) string {
	if why, ok := rt.NotTaken[name]; ok {
		return why
	}
	names := make([]string, len(rt.fields))
	for i, f := range rt.fields {
		names[i] = f.name
	}
	return "this request has no field " + core.Instead(name, names)
}

// unknownWithin is unknownField for a field within another one.
func (rt *Route) unknownWithin(name string) string {
	if why, ok := rt.NotTaken[name]; ok {
		return why
	}
	return "there is no such field here"
}
