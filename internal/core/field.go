package core

// Field is one field of a change. It is left out, set to none, or set to a value.
type Field[T any] struct {
	Given bool
	Value *T // nil with Given: none
}

// ApplyTo sets a field to what is given, if anything is.
func (f Field[T]) ApplyTo(field *T) {
	if f.Given {
		*field = OrZero(f.Value)
	}
}

// Replace is ApplyTo for a field that may have no value.
func (f Field[T]) Replace(field **T) {
	if f.Given {
		*field = f.Value
	}
}

// Set sets a field to a value, if there is one.
func Set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// OrZero returns the value, or the zero value for nil.
func OrZero[T any](value *T) (v T) {
	if value != nil {
		v = *value
	}
	return v
}
