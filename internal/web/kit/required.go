package kit

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"accesscodes/internal/core"
)

// requiredField is a field of a request that must be there and must not be null.
type requiredField struct {
	name  string
	index []int // see [reflect.Value.FieldByIndex]
}

// absentee is what an [Optional] tells of itself.
type absentee interface{ absent() bool }

// absent reports whether the field was left out or null.
func (o *Optional[T]) absent() bool { return o.Value == nil }

// requiredFields reads the tags required:"true" of a request, which the OpenAPI document is made
// from as well. It refuses tags that [Call.Decode] could not hold a request to.
func requiredFields(request reflect.Type) (fields []requiredField, err error) {
	for _, field := range reflect.VisibleFields(request) {
		if field.Tag.Get("required") != "true" {
			if inner := valueOf(field.Type); inner != nil && hasRequired(inner) {
				return nil, fmt.Errorf("%s.%s: required fields within a field are not checked", request, field.Name)
			}
			continue
		}
		if !reflect.PointerTo(field.Type).Implements(reflect.TypeFor[absentee]()) {
			return nil, fmt.Errorf("%s.%s: a required field must be an Optional", request, field.Name)
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields = append(fields, requiredField{name, field.Index})
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
	fields, err := requiredFields(t)
	return err != nil || len(fields) > 0
}

// checkRequired returns an error about all the fields that must be there and are not.
func checkRequired(request reflect.Value, fields []requiredField) error {
	var missing []core.FieldError
	for _, f := range fields {
		if request.FieldByIndex(f.index).Addr().Interface().(absentee).absent() {
			missing = append(missing, core.FieldError{Pointer: "/" + f.name, Detail: f.name + " is required"})
		}
	}
	if missing == nil {
		return nil
	}
	return core.Invalid(core.ReasonMissingField, missing...)
}
