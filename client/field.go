package client

import "encoding/json"

// Field is a member of a request that is left out, null, or a value: three different things where
// something is changed. The zero Field is left out.
type Field[T any] struct {
	given bool
	value *T
}

// Set is a Field with a value: client.Set[int64](100).
func Set[T any](value T) Field[T] { return Field[T]{given: true, value: &value} }

// Null is a Field that is null: none, or no limit.
func Null[T any]() Field[T] { return Field[T]{given: true} }

// IsZero reports whether the member is left out; encoding/json asks for it.
func (f Field[T]) IsZero() bool { return !f.given }

// MarshalJSON implements [json.Marshaler].
func (f Field[T]) MarshalJSON() ([]byte, error) { return json.Marshal(f.value) }
