package postgres

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// How the fields of a code lie in columns. What a field points to says of which kind it is.

// insertedFields are the fields that a new code has. Counters begin at 0.
var insertedFields = slices.DeleteFunc(slices.Clone(codes.Fields()), func(f codes.Field) bool { return f.Counted })

// scannedFields are the fields that are read as they lie. What is stored of reservations is not
// what a code has of them.
var scannedFields = slices.DeleteFunc(slices.Clone(codes.Fields()), func(f codes.Field) bool {
	return f.Column == "reservations"
})

// changedFields are the fields that may become others.
var changedFields = slices.DeleteFunc(slices.Clone(codes.Fields()), func(f codes.Field) bool { return !f.Changes })

// sqlType is the type of a field's column.
func sqlType(f codes.Field) string {
	switch f.Of(new(codes.Code)).(type) {
	case *int64, **int64:
		return "bigint"
	case *time.Time, **time.Time:
		return "timestamptz"
	case *core.ID:
		return "uuid"
	case *core.Metadata:
		return "jsonb"
	default:
		return "text"
	}
}

// argument is a field's value as an argument.
func argument(value any) (any, error) {
	switch v := value.(type) {
	case *string:
		return *v, nil
	case *core.OptionalText:
		return orNull(string(*v)), nil
	case *int64:
		return *v, nil
	case **int64:
		return *v, nil
	case *time.Time:
		return *v, nil
	case **time.Time:
		return *v, nil
	case *core.ID:
		return idOrNull(*v), nil
	case *core.Metadata:
		return encodeMetadata(*v)
	default:
		return nil, fmt.Errorf("a field of the type %T", value)
	}
}

// target is where a column's value goes.
func target(value any) any {
	switch v := value.(type) {
	case *core.OptionalText:
		return (*optionalText)(v)
	case *time.Time:
		return (*requiredTime)(v)
	case **time.Time:
		return optionalTime{v}
	case *core.ID:
		return (*optionalID)(v)
	case *core.Metadata:
		return (*metadataTarget)(v)
	default:
		return v
	}
}

// optionalText is a text that NULL makes empty.
type optionalText core.OptionalText

// ScanText implements [pgtype.TextScanner].
func (to *optionalText) ScanText(value pgtype.Text) error {
	*to = optionalText(value.String)
	return nil
}

// metadataTarget is metadata that NULL makes none.
type metadataTarget core.Metadata

// ScanBytes implements [pgtype.BytesScanner].
func (to *metadataTarget) ScanBytes(value []byte) error {
	*to = nil
	if value == nil {
		return nil
	}
	return json.Unmarshal(value, (*map[string]string)(to))
}
