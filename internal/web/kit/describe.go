package kit

import (
	"fmt"

	"github.com/danielgtaylor/huma/v2"
)

// Describe adds descriptions to properties of an object's schema, for those that are too long for the
// tag doc. A type does this in its TransformSchema. It panics if there is no such property.
func Describe(schema *huma.Schema, descriptions map[string]string) *huma.Schema {
	for name, text := range descriptions {
		property := schema.Properties[name]
		if property == nil {
			panic(fmt.Sprintf("the schema has no property %s to describe", name))
		}
		property.Description = text
	}
	return schema
}
