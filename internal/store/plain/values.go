package plain

import (
	"fmt"
	"time"

	"accesscodes/internal/core"
)

// Value returns an argument of a statement in the form that engines take: nil, a string, int64,
// bool, []byte, core.ID or time.Time. arg is one of these, an int, a pointer to any of them, or a
// pointer to such a pointer. A nil pointer, a nil []byte and the zero ID become NULL. So what [Row]
// reads into can also be an argument.
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

// pointed returns the argument that a pointer points to.
func pointed[T any](pointer *T) (any, error) {
	if pointer == nil {
		return nil, nil
	}
	return Value(*pointer)
}

// Values returns [Value] of each argument.
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
