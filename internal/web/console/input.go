package console

import (
	"maps"
	"net/url"
	"slices"

	"github.com/a-h/templ"
)

// input are the attributes of a field that has what was typed. kind is its type in HTML; pairs are
// further attributes, of which an empty value means that it has none.
func (f *form) input(name, kind string, pairs ...string) templ.Attributes {
	attributes := f.attributes(name, pairs)
	attributes["type"], attributes["value"] = kind, f.raw(name)
	return attributes
}

// secretInput is input for a password, which is never shown again.
func (f *form) secretInput(name string, pairs ...string) templ.Attributes {
	attributes := f.attributes(name, pairs)
	attributes["type"] = "password"
	return attributes
}

// attributes are those of any field: it is tied to its label, its hint and what is wrong with it.
func (f *form) attributes(name string, pairs []string) templ.Attributes {
	attributes := templ.Attributes{"id": fieldID(name), "name": name, "class": "input"}
	described := fieldID(name) + "-hint"
	if f.wrong[name] != "" {
		attributes["aria-invalid"] = "true"
		described = fieldID(name) + "-wrong " + described
	}
	attributes["aria-describedby"] = described
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			attributes[pairs[i]] = true
		} else {
			attributes[pairs[i]] = pairs[i+1]
		}
	}
	return attributes
}

// described are the attributes of a group of fields that is tied to its hint and what is wrong with it.
func (f *form) described(name string) templ.Attributes {
	attributes := f.attributes(name, nil)
	for _, ofFields := range []string{"name", "class", "aria-invalid"} {
		delete(attributes, ofFields)
	}
	return attributes
}

// fieldID is the id of a field in the page.
func fieldID(name string) string { return "field-" + name }

func sortedNames(values url.Values) []string { return slices.Sorted(maps.Keys(values)) }
