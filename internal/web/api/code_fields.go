package api

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// What this file makes comes from the list of a code's fields, [codes.Fields]: what callers see of a
// code, and the types of the requests that give options. A new field needs no change here, unless
// it is of a new sort.

// shownCode is a code as callers see it. For those who are limited, private fields are left out; they
// are empty already.
type shownCode struct {
	code    *codes.Code
	status  codes.Status
	limited bool
}

// MarshalJSONTo implements [json.MarshalerTo].
func (s *shownCode) MarshalJSONTo(e *jsontext.Encoder) error {
	var o jsonObject
	if o.code(s); o.err != nil {
		return o.err
	}
	return e.WriteValue(o.text)
}

// TransformSchema implements [huma.SchemaTransformer].
func (shownCode) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	return schemaOfCode(schema, func(*codes.Field) bool { return true })
}

// validatedCode is a code of which not every key that validates may see everything.
type validatedCode struct{ shownCode }

// TransformSchema implements [huma.SchemaTransformer].
func (validatedCode) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	return schemaOfCode(schema, func(f *codes.Field) bool { return !f.Private })
}

// code writes a code as JSON.
func (o *jsonObject) code(s *shownCode) {
	o.open()
	fields := codes.Fields()
	for i := range fields {
		f := &fields[i]
		if f.Name == "" || f.Private && s.limited {
			continue
		}
		switch from := f.Of(s.code).(type) {
		case *string:
			o.string(f.Name, *from)
		case *core.OptionalText:
			o.stringOrNull(f.Name, string(*from))
		case *int64:
			o.int(f.Name, *from)
		case **int64:
			o.intOrNull(f.Name, *from)
		case *time.Time:
			o.time(f.Name, *from)
		case **time.Time:
			o.timeOrNull(f.Name, *from)
		case *core.ID:
			o.idOrNull(f.Name, *from)
		case *core.Metadata:
			o.metadata(*from)
		}
		if f.Name == codes.StatusFollows {
			o.word("status", string(s.status))
		}
	}
	o.close()
}

// schemaOfCode fills in the schema of a code.
func schemaOfCode(schema *huma.Schema, required func(*codes.Field) bool) *huma.Schema {
	schema.Properties = map[string]*huma.Schema{}
	schema.Required = nil
	add := func(name string, property *huma.Schema, always bool) {
		schema.Properties[name] = property
		if always {
			schema.Required = append(schema.Required, name)
		}
	}
	for i := range codes.Fields() {
		f := &codes.Fields()[i]
		if f.Name == "" {
			continue
		}
		add(f.Name, schemaOfField(f), required(f))
		if f.Name == codes.StatusFollows {
			status := kit.WordSchema(codes.Statuses())
			status.Description = "What can be done with the code now; the first that applies, in this order."
			add("status", &status, true)
		}
	}
	return schema
}

func schemaOfField(f *codes.Field) *huma.Schema {
	schema := kit.TextSchema()
	switch f.Of(new(codes.Code)).(type) {
	case *core.OptionalText:
		schema.Nullable = true
	case *int64, **int64:
		schema.Type, schema.Format = huma.TypeInteger, "int64"
		_, schema.Nullable = f.Of(new(codes.Code)).(**int64)
	case *time.Time:
		schema = kit.TimeSchema()
	case **time.Time:
		schema = kit.TimeSchema()
		schema.Nullable = true
	case *core.ID:
		schema = kit.IDSchema()
		schema.Nullable = !f.Always
	case *core.Metadata:
		schema.Type = huma.TypeObject
		schema.AdditionalProperties = &huma.Schema{Type: huma.TypeString}
	}
	for _, word := range f.Words {
		schema.Enum = append(schema.Enum, word)
	}
	if schema.Description = f.Doc; f.Example != "" {
		schema.Examples = []any{f.Example}
	}
	return &schema
}

// withOptions is the type of a request that gives options, behind members of its own. An option is
// told with its description and something like what it is read into.
func withOptions(tell func(*codes.Option) (doc string, into any), own ...reflect.StructField) reflect.Type {
	members := own
	for i := range codes.Fields() {
		f := &codes.Fields()[i]
		if f.Option == nil {
			continue
		}
		doc, into := tell(f.Option)
		tags := fmt.Sprintf("required:\"false\" doc:%q", doc)
		if f.Option.MaxLength > 0 {
			tags += fmt.Sprintf(` maxLength:"%d"`, f.Option.MaxLength)
		}
		if f.Option.Max > 0 {
			tags += fmt.Sprintf(` minimum:"%d" maximum:"%d"`, f.Option.Min, f.Option.Max)
		}
		members = append(members, member(f.Name, memberType(into), tags))
	}
	return reflect.StructOf(members)
}

// member is a member of a request.
func member(name string, goType reflect.Type, tags string) reflect.StructField {
	return reflect.StructField{
		Name: strings.ToUpper(name[:1]) + name[1:], Type: goType,
		Tag: reflect.StructTag(fmt.Sprintf("json:%q %s", name, tags)),
	}
}

// commas is a list of words as the tag enum takes it.
func commas[T ~string](words []T) string {
	texts := make([]string, len(words))
	for i, word := range words {
		texts[i] = string(word)
	}
	return strings.Join(texts, ",")
}

// memberType is the type of the member that [readMember] reads.
func memberType(into any) reflect.Type {
	switch into.(type) {
	case *codes.Limit:
		return reflect.TypeFor[kit.Optional[int64]]()
	case **time.Time, *core.Field[time.Time]:
		return reflect.TypeFor[kit.Optional[time.Time]]()
	case *string, *core.Field[string]:
		return reflect.TypeFor[kit.Optional[string]]()
	case *map[string]string:
		return reflect.TypeFor[kit.Optional[map[string]kit.String]]()
	case *core.Field[map[string]*string]:
		return reflect.TypeFor[kit.Optional[metadataPatch]]()
	default:
		panic(fmt.Sprintf("an option of the type %T", into))
	}
}

func readMember(into, given any) {
	switch into := into.(type) {
	case *codes.Limit:
		from := given.(*kit.Optional[int64])
		*into = codes.Limit{Given: from.Given, Max: from.Value}
	case **time.Time:
		*into = given.(*kit.Optional[time.Time]).Value
	case *core.Field[time.Time]:
		*into = given.(*kit.Optional[time.Time]).Field
	case *string:
		*into = given.(*kit.Optional[string]).OrZero()
	case *core.Field[string]:
		*into = given.(*kit.Optional[string]).Field
	case *map[string]string:
		*into = kit.Strings(given.(*kit.Optional[map[string]kit.String]).OrZero())
	case *core.Field[map[string]*string]:
		from := given.(*kit.Optional[metadataPatch])
		*into = core.Field[map[string]*string]{Given: from.Given, Value: (*map[string]*string)(from.Value)}
	}
}

// readOptions reads the options of a request, behind so many members of its own, to where they go.
func readOptions(request reflect.Value, own int, into func(*codes.Option) any) {
	next := own
	for i := range codes.Fields() {
		if option := codes.Fields()[i].Option; option != nil {
			readMember(into(option), request.Field(next).Addr().Interface())
			next++
		}
	}
}

// textIn is a member of a request that holds a text.
func textIn(request reflect.Value, index int) string {
	return request.Field(index).Addr().Interface().(*kit.Optional[string]).OrZero()
}

// metadataPatch is a JSON merge patch of metadata.
type metadataPatch map[string]*string

// Schema implements [huma.SchemaProvider].
func (metadataPatch) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: &huma.Schema{Type: huma.TypeString, Nullable: true}}
}
