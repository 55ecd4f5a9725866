package kit

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"accesscodes/internal/core"
)

// requestField is a field of a request.
type requestField struct {
	name     string
	index    []int // see [reflect.Value.FieldByIndex]
	required bool  // it must be there and must not be null
}

// absentee is what an [Optional] tells of itself.
type absentee interface{ absent() bool }

// absent reports whether the field was left out or null.
func (o *Optional[T]) absent() bool { return o.Value == nil }

// requestFields lists the fields of a request, with their tags required:"true", which the OpenAPI
// document is made from as well. It refuses tags that [Call.Decode] could not hold a request to.
func requestFields(request reflect.Type) (fields []requestField, err error) {
	for _, field := range reflect.VisibleFields(request) {
		if field.Anonymous { // its own fields are listed, too
			continue
		}
		required := field.Tag.Get("required") == "true"
		if inner := valueOf(field.Type); !required && inner != nil && hasRequired(inner) {
			return nil, fmt.Errorf("%s.%s: required fields within a field are not checked", request, field.Name)
		}
		if required && !reflect.PointerTo(field.Type).Implements(reflect.TypeFor[absentee]()) {
			return nil, fmt.Errorf("%s.%s: a required field must be an Optional", request, field.Name)
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields = append(fields, requestField{name, field.Index, required})
	}
	return fields, nil
}

// valueOf is the struct that an Optional holds, or nil.
func valueOf(t reflect.Type) reflect.Type {
	if t.Kind() != reflect.Struct || !reflect.PointerTo(t).Implements(reflect.TypeFor[absentee]()) {
		return nil
	}
	value, _ := t.FieldByName("Value")
	if inner := value.Type.Elem(); inner.Kind() == reflect.Struct && inner != reflect.TypeFor[time.Time]() {
		return inner
	}
	return nil
}

func hasRequired(t reflect.Type) bool {
	fields, err := requestFields(t)
	return err != nil || slices.ContainsFunc(fields, isRequired)
}

func isRequired(f requestField) bool { return f.required }

// checkRequired adds the fields that must be there and are not.
func checkRequired(request reflect.Value, fields []requestField, wrong *core.FieldErrors) {
	for i := range fields {
		f := &fields[i]
		if f.required && request.FieldByIndex(f.index).Addr().Interface().(absentee).absent() {
			wrong.AddUnread(core.ReasonMissingField, "/"+f.name, "/"+f.name, core.InEnglish("%s is required", f.name))
		}
	}
}
