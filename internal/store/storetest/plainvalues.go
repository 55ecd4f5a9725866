package storetest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/store/plain"
)

func compact(t *testing.T, text string) string {
	t.Helper()
	var value map[string]json.Number
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func testPlainValues(t *testing.T, db plain.DB) {
	want := newThing()
	values := []any{
		want.Number, want.Text, want.JSON, want.Count, want.Yes, want.Bytes, want.Digest[:], want.ID, want.At,
		want.MaybeText, want.MaybeNumber, want.MaybeCount, want.MaybeYes, want.MaybeAt,
	}
	for name, args := range map[string][]any{"values": values, "destinations": want.destinations()} {
		t.Run(name, func(t *testing.T) {
			exec(t, db, "DELETE FROM things")
			exec(t, db, insertThing, args...)
			got := readThing(t, db)
			got.JSON = compact(t, got.JSON)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.At.Location() != time.UTC || got.MaybeAt.Location() != time.UTC {
				t.Errorf("the times are in %v and %v", got.At.Location(), got.MaybeAt.Location())
			}
		})
	}
}

func testPlainAbsent(t *testing.T, db plain.DB) {
	exec(t, db, `INSERT INTO things (
		number, "text", json, count, yes, bytes, id, "at", maybe_text, maybe_number, maybe_count, maybe_yes, maybe_at
		) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)`,
		nil, nil, nil, nil, []byte(nil), core.ID{}, nil,
		(*string)(nil), (*int)(nil), (*int64)(nil), (*bool)(nil), (*time.Time)(nil))
	const allNull = `SELECT number FROM things WHERE "text" IS NULL AND json IS NULL AND count IS NULL AND yes IS NULL
		AND bytes IS NULL AND id IS NULL AND "at" IS NULL AND maybe_text IS NULL AND maybe_number IS NULL
		AND maybe_count IS NULL AND maybe_yes IS NULL AND maybe_at IS NULL`
	number := 0
	if err := scan(t, db, allNull, &number); err != nil || number != 1 {
		t.Errorf("not every column is NULL (%v)", err)
	}
	full := newThing()
	got := full // NULL must overwrite what was there
	err := scan(
		t, db, "SELECT bytes, id, maybe_text, maybe_number, maybe_count, maybe_yes, maybe_at FROM things",
		&got.Bytes, &got.ID, &got.MaybeText, &got.MaybeNumber, &got.MaybeCount, &got.MaybeYes, &got.MaybeAt)
	full.Bytes, full.ID = nil, core.ID{}
	full.MaybeText, full.MaybeNumber, full.MaybeCount, full.MaybeYes, full.MaybeAt = nil, nil, nil, nil, nil
	if diff := cmp.Diff(full, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func testPlainZero(t *testing.T, db plain.DB) {
	text, number, count, no := "", 0, int64(0), false
	want := thing{
		JSON: "{}", Bytes: []byte{}, ID: core.ID{1}, At: time.UnixMicro(0).UTC(),
		MaybeText: &text, MaybeNumber: &number, MaybeCount: &count, MaybeYes: &no,
	}
	exec(t, db, insertThing, want.destinations()...)
	if diff := cmp.Diff(want, readThing(t, db)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func testPlainTimes(t *testing.T, db plain.DB) {
	for i, at := range []time.Time{
		now.Add(999),
		now.In(time.FixedZone("elsewhere", 5*60*60)),
		time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
	} {
		exec(t, db, `INSERT INTO things (number, "at", maybe_at) VALUES (?1, ?2, ?2)`, i, at)
		var got time.Time
		var maybe *time.Time
		err := scan(t, db, `SELECT "at", maybe_at FROM things ORDER BY number`, &got, &maybe)
		if want := at.UTC().Truncate(time.Microsecond); err != nil || got != want || *maybe != want {
			t.Errorf("%v came back as %v and %v (%v)", at, got, maybe, err)
		}
	}
}
