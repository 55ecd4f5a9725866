package plain

import (
	"fmt"
	"strings"
)

// table says how one kind of thing is stored in a table. It is the only place that lists its
// columns.
type table[T any] struct {
	name      string
	columns   []column[T]
	insertion string // INSERT INTO … VALUES …
}

// column is a column and the place of its value in a thing, as [Row] reads into it.
type column[T any] struct {
	name  string
	field func(*T) any
}

func newTable[T any](name string, columns []column[T]) *table[T] {
	t := &table[T]{name: name, columns: columns}
	params := make([]string, len(columns))
	for i := range params {
		params[i] = fmt.Sprintf("?%d", i+1)
	}
	t.insertion = "INSERT INTO " + name + " (" + t.list("") + ") VALUES (" + strings.Join(params, ", ") + ") "
	return t
}

// fields returns the places that a row's columns are read into and written from, in their order.
func (t *table[T]) fields(thing *T) []any {
	fields := make([]any, len(t.columns))
	for i, column := range t.columns {
		fields[i] = column.field(thing)
	}
	return fields
}

// list is the columns as a statement lists them, each behind a prefix such as "k.".
func (t *table[T]) list(prefix string) string {
	names := make([]string, len(t.columns))
	for i, column := range t.columns {
		names[i] = prefix + column.name
	}
	return strings.Join(names, ", ")
}

// insert inserts a thing, and reports whether it did: onConflict may keep it from that.
func (t *table[T]) insert(tx Tx, thing *T, onConflict string) (bool, error) {
	inserted, err := tx.Exec(t.insertion+onConflict, t.fields(thing)...)
	if err != nil {
		return false, fmt.Errorf("insert into %s: %w", t.name, err)
	}
	return inserted == 1, nil
}

// find returns the thing for which a condition holds, or core.ErrNotFound.
func (t *table[T]) find(tx Tx, condition string, args ...any) (thing T, err error) {
	err = one(tx, "SELECT "+t.list("")+" FROM "+t.name+" WHERE "+condition, args, func(row Row) error {
		return row.Scan(t.fields(&thing)...)
	})
	return thing, err
}

// all returns the things that the rest of a query, behind FROM, leaves.
func (t *table[T]) all(tx Tx, rest string, args ...any) (things []T, err error) {
	err = tx.Query("SELECT "+t.list("")+" FROM "+t.name+" "+rest, args, func(row Row) error {
		var thing T
		err := row.Scan(t.fields(&thing)...)
		things = append(things, thing)
		return err
	})
	return things, err
}
