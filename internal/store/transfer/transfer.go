package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
)

// Database is one end of a transfer: a store whose schema is up to date.
type Database interface {
	// Rows returns up to limit rows whose key comes after the given one (nil: from the first), in
	// the order of the key.
	Rows(ctx context.Context, table Table, after Row, limit int) ([]Row, error)
	// WriteRows inserts rows, all in one durable transaction.
	WriteRows(ctx context.Context, table Table, rows []Row) error
	// LastKey returns the last key of a table, or nil if it is empty.
	LastKey(ctx context.Context, table Table) (Row, error)
	// Count returns how many rows a table has.
	Count(ctx context.Context, table Table) (int64, error)
	// UnfinishedCopy returns the source of an unfinished transfer into this database, or "" if there
	// is none.
	UnfinishedCopy(ctx context.Context) (source string, err error)
	// SetUnfinishedCopy stores the source of a transfer; "" ends the transfer.
	SetUnfinishedCopy(ctx context.Context, source string) error
}

// pageRows is how many rows are read and written at once.
const pageRows = 2000

// Progress is told how far a transfer has come.
type Progress interface {
	// Begin begins a stage of so many rows.
	Begin(stage string, rows int64)
	// Add says that so many more rows are done.
	Add(rows int)
}

// Result says what was copied of one table and found equal in both databases.
type Result struct {
	Table    string
	Rows     int64
	Checksum string // SHA-256 of every value of every row in the order of the key, hexadecimal
}

// ErrDiffers is returned if the databases differ after the copy.
var ErrDiffers = errors.New("the target differs from the source, probably because the source was changed meanwhile: " +
	"stop its servers, empty the target and copy again")

// Copy copies every row from one database to another, and then reads both to the end to compare
// them. The target must be empty, or hold an interrupted copy from the same source, which is then
// continued. The source is not changed.
func Copy(ctx context.Context, from, to Database, progress Progress) ([]Result, error) {
	source, err := identify(ctx, from)
	if err != nil {
		return nil, err
	}
	if err := begin(ctx, to, source); err != nil {
		return nil, err
	}
	total, err := countAll(ctx, from)
	if err != nil {
		return nil, err
	}
	progress.Begin("copying", total)
	for _, table := range Tables() {
		if err := copyTable(ctx, from, to, table, progress); err != nil {
			return nil, fmt.Errorf("copy the table %s: %w", table.Name, err)
		}
	}
	progress.Begin("comparing", 2*total)
	results, err := compareAll(ctx, from, to, progress)
	if err != nil {
		return nil, err
	}
	return results, to.SetUnfinishedCopy(ctx, "")
}

// identify returns a name of the source, so that a copy is not continued from another source. It is
// a digest of the installation's secret.
func identify(ctx context.Context, from Database) (string, error) {
	unfinished, err := from.UnfinishedCopy(ctx)
	if err != nil {
		return "", err
	}
	if unfinished != "" {
		return "", errors.New("the source is itself an unfinished copy: finish that first")
	}
	rows, err := from.Rows(ctx, Tables()[0], nil, 1)
	if err != nil {
		return "", err
	}
	if len(rows) == 0 {
		return "", errors.New("the source is empty")
	}
	sum := newChecksum()
	sum.add(rows[0][:2]) // the id and the secret, which never change
	return sum.String(), nil
}

// begin marks the target as unfinished, unless it is marked already.
func begin(ctx context.Context, to Database, source string) error {
	unfinished, err := to.UnfinishedCopy(ctx)
	switch {
	case err != nil || unfinished == source:
		return err
	case unfinished != "":
		return errors.New("the target is an unfinished copy of another source: take an empty database")
	}
	for _, table := range Tables() {
		rows, err := to.Count(ctx, table)
		if err != nil {
			return err
		}
		if rows > 0 {
			return fmt.Errorf("the target is not empty: its table %s has rows (%d); take an empty database", table.Name, rows)
		}
	}
	return to.SetUnfinishedCopy(ctx, source)
}

func countAll(ctx context.Context, database Database) (total int64, err error) {
	for _, table := range Tables() {
		rows, err := database.Count(ctx, table)
		if err != nil {
			return 0, err
		}
		total += rows
	}
	return total, nil
}

// copyTable copies the rows after the target's last row.
func copyTable(ctx context.Context, from, to Database, table Table, progress Progress) error {
	last, err := to.LastKey(ctx, table)
	if err != nil {
		return err
	}
	if last != nil {
		there, err := to.Count(ctx, table)
		if err != nil {
			return err
		}
		progress.Add(int(there))
	}
	return eachPage(ctx, from, table, last, func(rows []Row) error {
		if err := to.WriteRows(ctx, table, rows); err != nil {
			return err
		}
		progress.Add(len(rows))
		return nil
	})
}

func eachPage(ctx context.Context, database Database, table Table, after Row, do func([]Row) error) error {
	for {
		rows, err := database.Rows(ctx, table, after, pageRows)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := do(rows); err != nil {
			return err
		}
		after = rows[len(rows)-1][:table.KeyColumns]
	}
}

func compareAll(ctx context.Context, from, to Database, progress Progress) ([]Result, error) {
	var results []Result
	for _, table := range Tables() {
		want, err := digest(ctx, from, table, progress)
		if err != nil {
			return nil, err
		}
		got, err := digest(ctx, to, table, progress)
		if err != nil {
			return nil, err
		}
		if want != got {
			return nil, fmt.Errorf("%w (table %s: %d rows in the source, %d in the target)",
				ErrDiffers, table.Name, want.Rows, got.Rows)
		}
		results = append(results, want)
	}
	return results, nil
}

// digest reads a table to its end.
func digest(ctx context.Context, database Database, table Table, progress Progress) (Result, error) {
	result, sum := Result{Table: table.Name}, newChecksum()
	err := eachPage(ctx, database, table, nil, func(rows []Row) error {
		for _, row := range rows {
			sum.add(row)
		}
		result.Rows += int64(len(rows))
		progress.Add(len(rows))
		return nil
	})
	result.Checksum = sum.String()
	return result, err
}

// checksum digests rows: for every value a letter for its type, its length, and the value itself.
type checksum struct{ hash.Hash }

func newChecksum() checksum { return checksum{sha256.New()} }

func (c checksum) add(row Row) {
	for _, value := range row {
		switch v := value.(type) {
		case nil:
			c.write('0', nil)
		case string:
			c.write('t', []byte(v))
		case []byte:
			c.write('b', v)
		case int64:
			c.write('n', binary.BigEndian.AppendUint64(nil, uint64(v)))
		default:
			panic(fmt.Sprintf("transfer: a value of type %T", value))
		}
	}
}

func (c checksum) write(kind byte, value []byte) {
	head := binary.BigEndian.AppendUint64([]byte{kind}, uint64(len(value)))
	_, _ = c.Write(append(head, value...)) // a hash never fails
}

func (c checksum) String() string { return hex.EncodeToString(c.Sum(nil)) }
