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

// How columns store the fields of a code. The type that a field points to decides.

// insertedFields are the fields that an insert sets. Counters begin at 0.
var insertedFields = slices.DeleteFunc(slices.Clone(codes.Fields()), func(f codes.Field) bool { return f.Counted })

// scannedFields are the fields that are read unchanged. Reservations are not among them: the stored
// number includes lapsed ones.
var scannedFields = slices.DeleteFunc(slices.Clone(codes.Fields()), func(f codes.Field) bool {
	return f.Column == "reservations"
})

// changedFields are the fields that can change.
var changedFields = slices.DeleteFunc(slices.Clone(codes.Fields()), func(f codes.Field) bool { return !f.Changes })

// sqlType returns the type of a field's column.
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

// argument returns a field's value as an argument.
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

// target returns where a column's value is read into.
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

// optionalText is a text for which NULL is empty.
type optionalText core.OptionalText

// ScanText implements [pgtype.TextScanner].
func (to *optionalText) ScanText(value pgtype.Text) error {
	*to = optionalText(value.String)
	return nil
}

// metadataTarget is metadata for which NULL is empty.
type metadataTarget core.Metadata

// ScanBytes implements [pgtype.BytesScanner].
func (to *metadataTarget) ScanBytes(value []byte) error {
	*to = nil
	if value == nil {
		return nil
	}
	return json.Unmarshal(value, (*map[string]string)(to))
}
