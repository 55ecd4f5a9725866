package postgres

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"accesscodes/internal/core"
)

// plainRow is a query's row as a [plain.Row].
type plainRow struct{ rows pgx.Rows }

// Scan implements [plain.Row].
func (row plainRow) Scan(dest ...any) error {
	columns := row.rows.FieldDescriptions()
	if len(dest) != len(columns) {
		return fmt.Errorf("%d destinations for %d columns", len(dest), len(columns))
	}
	targets := make([]any, len(dest))
	for i, to := range dest {
		var err error
		if targets[i], err = plainTarget(to, columns[i].DataTypeOID); err != nil {
			return fmt.Errorf("column %s: %w", columns[i].Name, err)
		}
	}
	return row.rows.Scan(targets...)
}

// Types of columns from which a string and bytes are read. From other types the driver would turn a
// number into a string, and return a number's bytes as they were sent.
var (
	textTypes = []uint32{pgtype.TextOID, pgtype.VarcharOID, pgtype.JSONOID, pgtype.JSONBOID}
	byteTypes = []uint32{pgtype.ByteaOID}
)

// plainTarget returns a destination in the form that the driver takes.
func plainTarget(dest any, columnType uint32) (any, error) {
	switch to := dest.(type) {
	case *string, **string:
		return to, checkType(columnType, textTypes)
	case *[]byte:
		return to, checkType(columnType, byteTypes)
	case []byte:
		return fixedBytes(to), checkType(columnType, byteTypes)
	case *int, *int64, *bool, **int, **int64, **bool:
		return to, nil
	case *core.ID:
		return (*optionalID)(to), nil
	case *time.Time:
		return (*requiredTime)(to), nil
	case **time.Time:
		return optionalTime{to}, nil
	default:
		return nil, fmt.Errorf("a destination of the type %T", dest)
	}
}

func checkType(columnType uint32, want []uint32) error {
	if !slices.Contains(want, columnType) {
		return fmt.Errorf("the value is of the type with the OID %d, want one of %v", columnType, want)
	}
	return nil
}

// fixedBytes is bytes that a column's value must fill exactly.
type fixedBytes []byte

// ScanBytes implements [pgtype.BytesScanner].
func (to fixedBytes) ScanBytes(value []byte) error {
	if len(value) != len(to) {
		return fmt.Errorf("%d bytes, want %d", len(value), len(to))
	}
	copy(to, value)
	return nil
}

// optionalID is an id for which NULL is zero.
type optionalID core.ID

// ScanUUID implements [pgtype.UUIDScanner].
func (to *optionalID) ScanUUID(value pgtype.UUID) error {
	*to = value.Bytes // zero if it is NULL
	return nil
}

// requiredTime is a time in UTC.
type requiredTime time.Time

// ScanTimestamptz implements [pgtype.TimestamptzScanner].
func (to *requiredTime) ScanTimestamptz(value pgtype.Timestamptz) error {
	if !value.Valid || value.InfinityModifier != pgtype.Finite {
		return errors.New("not a finite time")
	}
	*to = requiredTime(value.Time.UTC())
	return nil
}

// optionalTime is a time in UTC for which NULL is nil.
type optionalTime struct{ to **time.Time }

// ScanTimestamptz implements [pgtype.TimestamptzScanner].
func (o optionalTime) ScanTimestamptz(value pgtype.Timestamptz) error {
	*o.to = nil
	if !value.Valid {
		return nil
	}
	var read requiredTime
	err := read.ScanTimestamptz(value)
	*o.to = (*time.Time)(&read)
	return err
}
