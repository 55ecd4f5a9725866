package storetest

import (
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/store/plain"
)

// Types are how an engine calls the types of columns.
type Types struct{ Text, JSON, Int, Bool, Bytes, ID, Time string }

// RunPlain holds an engine to [plain.DB]. Its tests make a table of their own.
func RunPlain(t *testing.T, types Types, db plain.DB) {
	makeThings(t, db, types)
	suites := map[string]func(*testing.T, plain.DB){
		"values come back as they went in":        testPlainValues,
		"absent values come back absent":          testPlainAbsent,
		"zero values are not absent":              testPlainZero,
		"times are cut to microseconds":           testPlainTimes,
		"a wrong destination is an error":         testPlainDestinations,
		"a wrong argument is an error":            testPlainArguments,
		"a write that fails leaves nothing":       testPlainFailingWrite,
		"a parameter may stand in several places": testPlainParameters,
		"Exec counts the rows that it changes":    testPlainCounts,
	}
	for name, suite := range suites {
		t.Run(name, func(t *testing.T) {
			exec(t, db, "DELETE FROM things")
			suite(t, db)
		})
	}
}

// thing has a field of every kind.
type thing struct {
	Number int
	Text   string
	JSON   string
	Count  int64
	Yes    bool
	Bytes  []byte
	Digest [4]byte
	ID     core.ID
	At     time.Time

	MaybeText   *string
	MaybeNumber *int
	MaybeCount  *int64
	MaybeYes    *bool
	MaybeAt     *time.Time
}

const (
	thingColumns = `number, "text", json, count, yes, bytes, digest, id, "at",
		maybe_text, maybe_number, maybe_count, maybe_yes, maybe_at`
	insertThing = "INSERT INTO things (" + thingColumns + `) VALUES (
		?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)`
)

func makeThings(t *testing.T, db plain.DB, types Types) {
	t.Helper()
	exec(t, db, `CREATE TABLE things (
		number `+types.Int+` PRIMARY KEY, "text" `+types.Text+`, json `+types.JSON+`, count `+types.Int+`,
		yes `+types.Bool+`, bytes `+types.Bytes+`, digest `+types.Bytes+`, id `+types.ID+`, "at" `+types.Time+`,
		maybe_text `+types.Text+`, maybe_number `+types.Int+`, maybe_count `+types.Int+`,
		maybe_yes `+types.Bool+`, maybe_at `+types.Time+`)`)
}

// destinations are where a row goes, and the arguments that it comes from.
func (th *thing) destinations() []any {
	return []any{
		&th.Number, &th.Text, &th.JSON, &th.Count, &th.Yes, &th.Bytes, th.Digest[:], &th.ID, &th.At,
		&th.MaybeText, &th.MaybeNumber, &th.MaybeCount, &th.MaybeYes, &th.MaybeAt,
	}
}

func exec(t *testing.T, db plain.DB, sql string, args ...any) {
	t.Helper()
	err := db.Write(t.Context(), plain.Once, func(tx plain.Tx) error {
		_, err := tx.Exec(sql, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// scan reads every row of a query into the same destinations.
func scan(t *testing.T, db plain.DB, sql string, dest ...any) error {
	return db.Read(t.Context(), func(tx plain.Tx) error {
		return tx.Query(sql, nil, func(row plain.Row) error { return row.Scan(dest...) })
	})
}

func readThing(t *testing.T, db plain.DB) (th thing) {
	t.Helper()
	if err := scan(t, db, "SELECT "+thingColumns+" FROM things", th.destinations()...); err != nil {
		t.Fatal(err)
	}
	return th
}

func newThing() thing {
	text, number, count, yes, at := "maybe", -7, int64(1)<<62, true, now.Add(time.Hour)
	return thing{
		Number: 42, Text: "täxt ? $1 '\"", JSON: `{"a":9007199254740993}`, Count: -1 << 63, Yes: true,
		Bytes: []byte{0, 1, 255}, Digest: [4]byte{1, 2, 3, 4}, ID: core.ID{1, 15: 2}, At: now,
		MaybeText: &text, MaybeNumber: &number, MaybeCount: &count, MaybeYes: &yes, MaybeAt: &at,
	}
}
