package storetest

import (
	"errors"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/store/plain"
	"accesscodes/internal/tenancy"
)

func testPlainDestinations(t *testing.T, db plain.DB) {
	full := newThing()
	exec(t, db, insertThing, full.destinations()...)
	for name, c := range map[string]struct {
		columns string
		dest    []any
	}{
		"NULL into a string":       {"CAST(NULL AS text)", []any{new(string)}},
		"NULL into an int":         {"nullif(number, number)", []any{new(int)}},
		"NULL into a bool":         {"nullif(yes, yes)", []any{new(bool)}},
		"NULL into a time":         {`nullif("at", "at")`, []any{new(time.Time)}},
		"NULL into so many bytes":  {"nullif(digest, digest)", []any{make([]byte, 4)}},
		"text into an int":         {`"text"`, []any{new(int)}},
		"text into an int64":       {`"text"`, []any{new(*int64)}},
		"text into a bool":         {`"text"`, []any{new(bool)}},
		"text into a time":         {`"text"`, []any{new(time.Time)}},
		"text into an id":          {`"text"`, []any{new(core.ID)}},
		"a number into a string":   {"number", []any{new(string)}},
		"a number into bytes":      {"number", []any{new([]byte)}},
		"a number into an id":      {"number", []any{new(core.ID)}},
		"bytes into a time":        {"bytes", []any{new(*time.Time)}},
		"bytes into an id":         {"bytes", []any{new(core.ID)}},
		"more bytes than expected": {"digest", []any{make([]byte, 3)}},
		"less bytes than expected": {"digest", []any{make([]byte, 5)}},
		"into another type":        {"number", []any{new(struct{})}},
		"into a value":             {"number", []any{0}},
		"into nothing":             {"number", []any{nil}},
		"fewer than columns":       {"number, count", []any{new(int)}},
		"more than columns":        {"number", []any{new(int), new(int)}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := scan(t, db, "SELECT "+c.columns+" FROM things", c.dest...); err == nil {
				t.Error("no error")
			}
		})
	}
	if got := readThing(t, db); got.Number != full.Number {
		t.Errorf("afterwards: %+v", got)
	}
}

func testPlainArguments(t *testing.T, db plain.DB) {
	for name, args := range map[string][]any{
		"another type":          {1, 1.5},
		"a type of its own":     {1, tenancy.RoleFull},
		"fewer than parameters": {1},
		"more than parameters":  {1, 2, 3},
	} {
		t.Run(name, func(t *testing.T) {
			err := db.Write(t.Context(), plain.Once, func(tx plain.Tx) error {
				_, err := tx.Exec("INSERT INTO things (number, count) VALUES (?1, ?2)", args...)
				return err
			})
			if err == nil {
				t.Error("no error")
			}
		})
	}
}

func testPlainFailingWrite(t *testing.T, db plain.DB) {
	const insert = "INSERT INTO things (number) VALUES (?1)"
	exec(t, db, insert, 1)
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		then func(tx plain.Tx) error
		want error
	}{
		"by itself":      {func(plain.Tx) error { return boom }, boom},
		"by a statement": {func(tx plain.Tx) error { _, err := tx.Exec(insert, 1); return err }, nil},
		"while it reads": {func(tx plain.Tx) error {
			return tx.Query("SELECT number FROM things", nil, func(plain.Row) error { return boom })
		}, boom},
	} {
		t.Run(name, func(t *testing.T) {
			err := db.Write(t.Context(), plain.Once, func(tx plain.Tx) error {
				if changed, err := tx.Exec(insert, 2); err != nil || changed != 1 {
					t.Errorf("the first half: %d, %v", changed, err)
				}
				return c.then(tx)
			})
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("Write: %v", err)
			}
			count := 0
			if err := scan(t, db, "SELECT count(*) FROM things", &count); err != nil || count != 1 {
				t.Errorf("%d rows, %v", count, err)
			}
		})
	}
}

func testPlainParameters(t *testing.T, db plain.DB) {
	exec(t, db, "INSERT INTO things (number, count, maybe_count, maybe_number) VALUES (?3, ?1, ?1, ?2)", 20, 10, 30)
	var got [4]int
	err := scan(t, db, "SELECT number, count, maybe_count, maybe_number FROM things", &got[0], &got[1], &got[2], &got[3])
	if err != nil || got != [4]int{30, 20, 20, 10} {
		t.Errorf("%v, %v", got, err)
	}
}

func testPlainCounts(t *testing.T, db plain.DB) {
	for i := range 3 {
		exec(t, db, "INSERT INTO things (number) VALUES (?1)", i)
	}
	steps := []struct {
		sql  string
		want int64
	}{
		{"INSERT INTO things (number) VALUES (1) ON CONFLICT (number) DO NOTHING", 0},
		{"UPDATE things SET yes = NULL WHERE number > 0", 2},
		{"UPDATE things SET yes = NULL WHERE number > 5", 0},
		{"DELETE FROM things", 3},
	}
	err := db.Write(t.Context(), plain.Once, func(tx plain.Tx) error {
		for _, step := range steps {
			if changed, err := tx.Exec(step.sql); err != nil || changed != step.want {
				t.Errorf("%s: %d, %v, want %d", step.sql, changed, err, step.want)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
