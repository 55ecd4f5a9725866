package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/sqlite"
)

// writeCalls is how often this process has asked the operating system to write something.
func writeCalls(t *testing.T) int {
	t.Helper()
	io, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Fatal(err)
	}
	calls, err := strconv.Atoi(string(regexp.MustCompile(`syscw: (\d+)`).FindSubmatch(io)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return calls
}

// manyCodes are codes in no order, each with a note of so many characters.
func manyCodes(count, note int) []*codes.NewCode {
	list := make([]*codes.NewCode, count)
	for i := range list {
		value := fmt.Sprintf("C%07d", i*7919%10_000_019)
		list[i] = &codes.NewCode{Canonical: value, Code: codes.Code{
			Value: value, WorkspaceID: core.ID{1}, CreatedBy: core.ID{2}, Type: codes.TypeNormal,
			Note:      strings.Repeat("n", note),
			CreatedAt: time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC),
		}}
	}
	return list
}

// inBothWays runs a test with stores that gather what they write to the log and with others.
func inBothWays(t *testing.T, test func(t *testing.T, gathered bool)) {
	t.Run("gathered", func(t *testing.T) { test(t, true) })
	t.Run("page by page", func(t *testing.T) { test(t, false) })
}

func openNew(t *testing.T, options sqlite.Options) (store *sqlite.Store, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "codes.db")
	if _, err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	store = openStore(t, path, options)
	closing(t, store)
	return store, path
}

// requireSound requires that the file holds so many codes and is not damaged, as another
// program sees it.
func requireSound(t *testing.T, path string, codes int) {
	t.Helper()
	conn, err := zsqlite.OpenConn(path, zsqlite.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}()
	for query, want := range map[string]string{
		"PRAGMA integrity_check":     "ok",
		"SELECT count(*) FROM codes": strconv.Itoa(codes),
	} {
		got, err := sqlitex.ResultText(conn.Prep(query))
		if err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", query, got, err, want)
		}
	}
}

func TestACommitIsHandedToTheSystemInAFewCalls(t *testing.T) {
	store, path := openNew(t, sqlite.Options{GatherLog: true})
	all := manyCodes(5_000, 0)
	if _, err := store.InsertCodes(t.Context(), all[:4_900]); err != nil {
		t.Fatal(err)
	}
	before := writeCalls(t)
	if _, err := store.InsertCodes(t.Context(), all[4_900:]); err != nil {
		t.Fatal(err)
	}
	// SQLite by itself makes two calls for each of some forty pages.
	if calls := writeCalls(t) - before; calls > 10 {
		t.Errorf("a commit of 100 codes took %d calls to write", calls)
	}
	requireSound(t, path, 5_000)
}

// TestATransactionThatIsLargerThanTheCache: SQLite then writes pages to the log before the
// commit, reads them from there and writes them again.
func TestATransactionThatIsLargerThanTheCache(t *testing.T) {
	store, path := openNew(t, sqlite.Options{GatherLog: true})
	all := manyCodes(4_000, 6_000)
	half := len(all) / 2
	if _, err := store.InsertCodes(t.Context(), all[:half]); err != nil {
		t.Fatal(err)
	}
	requireSound(t, path, half)
	t.Run("and fails at its end", func(t *testing.T) {
		failing := manyCodes(len(all), 6_000)[half:]
		failing = append(
			failing,
			&codes.NewCode{Canonical: "LAST", Code: codes.Code{CreatedAt: time.Now(), Metadata: map[string]string{"k": "v"}}},
		)
		failing[len(failing)-1].Retry = codes.Retry{Key: [16]byte{1}}
		exclude(t, path)
		if _, err := store.InsertCodes(t.Context(), failing); err == nil {
			t.Fatal("it did not fail")
		}
		requireSound(t, path, half)
	})
	if _, err := store.InsertCodes(t.Context(), all[half:]); err != nil {
		t.Fatal(err)
	}
	requireSound(t, path, len(all))
	for _, code := range []*codes.NewCode{all[0], all[half], all[len(all)-1]} {
		got, err := store.Code(t.Context(), core.ID{1}, code.Canonical, time.Now())
		if err != nil || got.Note != code.Note {
			t.Errorf("%s: %v", code.Canonical, err)
		}
	}
}

// exclude lets the database refuse the code LAST.
func exclude(t *testing.T, path string) {
	t.Helper()
	conn, err := zsqlite.OpenConn(path, zsqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	err = sqlitex.ExecuteTransient(
		conn,
		"CREATE TRIGGER refuse BEFORE INSERT ON codes WHEN new.canonical = 'LAST' BEGIN SELECT RAISE(ABORT, 'refused'); END",
		nil,
	)
	if err != nil {
		t.Error(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}
