package kit

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"accesscodes/internal/core"
)

// Optional is a field that a request may leave out or set to null, and how it is read from JSON.
type Optional[T any] struct{ core.Field[T] }

// UnmarshalJSONFrom implements [json.UnmarshalerFrom].
func (o *Optional[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	o.Given = true
	return json.UnmarshalDecode(d, &o.Value)
}

// Schema implements [huma.SchemaProvider].
func (o Optional[T]) Schema(registry huma.Registry) *huma.Schema {
	schema := *registry.Schema(reflect.TypeFor[T](), true, "")
	schema.Nullable = true
	return &schema
}

// OrZero returns the value, or the zero value for none.
func (o Optional[T]) OrZero() T { return core.OrZero(o.Value) }

// String is a string within an object or a list that must not be null.
type String string

// UnmarshalJSONFrom implements [json.UnmarshalerFrom].
func (t *String) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == 'n' {
		if err := d.SkipValue(); err != nil {
			return err
		}
		return &json.SemanticError{JSONKind: 'n', GoType: reflect.TypeFor[string]()}
	}
	return json.UnmarshalDecode(d, (*string)(t))
}

// Strings is an object of strings without that guard; nil for none.
func Strings(given map[string]String) map[string]string {
	if len(given) == 0 {
		return nil
	}
	all := make(map[string]string, len(given))
	for key, value := range given {
		all[key] = string(value)
	}
	return all
}
