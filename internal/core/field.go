package core

// Field is a field of a change: left out, none, or a value.
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

// OrZero is a value, or the zero value for none.
func OrZero[T any](value *T) (v T) {
	if value != nil {
		v = *value
	}
	return v
}
