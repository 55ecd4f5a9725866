package plain

import (
	"fmt"
	"time"

	"accesscodes/internal/core"
)

// Value is an argument of a statement as engines take it: nil, a string, int64, bool, []byte,
// core.ID or time.Time. Beside these, an argument may be an int or a pointer to one of them
// all, or a pointer to such a pointer; a nil pointer is NULL, and so are a nil []byte and the
// zero ID. So what [Row] reads into can be an argument, too.
func Value(arg any) (any, error) {
	switch v := arg.(type) {
	case nil, string, int64, bool, time.Time:
		return v, nil
	case int:
		return int64(v), nil
	case []byte:
		if v == nil {
			return nil, nil
		}
		return v, nil
	case core.ID:
		if v.IsZero() {
			return nil, nil
		}
		return v, nil
	case *string:
		return pointed(v)
	case *int:
		return pointed(v)
	case *int64:
		return pointed(v)
	case *bool:
		return pointed(v)
	case *[]byte:
		return pointed(v)
	case *core.ID:
		return pointed(v)
	case *time.Time:
		return pointed(v)
	case **string:
		return pointed(v)
	case **int:
		return pointed(v)
	case **int64:
		return pointed(v)
	case **bool:
		return pointed(v)
	case **time.Time:
		return pointed(v)
	default:
		return nil, fmt.Errorf("an argument of the type %T", arg)
	}
}

// pointed is the argument that a pointer leads to.
func pointed[T any](pointer *T) (any, error) {
	if pointer == nil {
		return nil, nil
	}
	return Value(*pointer)
}

// Values are [Value] of each argument.
func Values(args []any) ([]any, error) {
	values := make([]any, len(args))
	for i, arg := range args {
		value, err := Value(arg)
		if err != nil {
			return nil, fmt.Errorf("?%d: %w", i+1, err)
		}
		values[i] = value
	}
	return values, nil
}
