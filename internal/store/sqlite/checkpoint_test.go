package sqlite_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/codes"
	"accesscodes/internal/store/sqlite"
)

const (
	shortLog    = 1 << 20
	insertedLog = 10 << 20 // at least, for the codes of fill
)

// openWithShortLog opens a new store that checkpoints every megabyte.
func openWithShortLog(t *testing.T, gathered bool) (store *sqlite.Store, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "codes.db")
	if _, err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(path, sqlite.Options{LogLength: shortLog, GatherLog: gathered})
	if err != nil {
		t.Fatal(err)
	}
	closing(t, store)
	return store, path
}

// fill inserts codes, 50 in a commit, with pauses in which a checkpoint can come to its end.
func fill(t *testing.T, store *sqlite.Store, codes []*codes.NewCode) {
	t.Helper()
	for len(codes) > 0 {
		if _, err := store.InsertCodes(t.Context(), codes[:50]); err != nil {
			t.Fatal(err)
		}
		codes = codes[50:]
		time.Sleep(time.Millisecond)
	}
}

// logSize is the size of the log's file, which never shrinks: how long the log was at most.
func logSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestTheLogBeginsAgainBesideCommits(t *testing.T) { inBothWays(t, testTheLogBeginsAgain) }

func testTheLogBeginsAgain(t *testing.T, gathered bool) {
	store, path := openWithShortLog(t, gathered)
	codes := manyCodes(4_000, 500)
	fill(t, store, codes)
	if size := logSize(t, path); size > insertedLog/2 {
		t.Errorf("the log grew to %d bytes, want not much more than %d", size, shortLog)
	}
	requireSound(t, path, len(codes))
}

// A reader that still looks at an old state keeps the log from beginning again, not commits
// from being made. Once it has gone, the log is short again.
func TestAReaderThatStaysHoldsUpTheLogOnly(t *testing.T) {
	store, path := openWithShortLog(t, true)
	codes := manyCodes(8_000, 500)
	fill(t, store, codes[:50])
	reader := look(t, path)
	fill(t, store, codes[50:4_000])
	grown := logSize(t, path)
	if grown < insertedLog {
		t.Fatalf("the log has %d bytes: the reader did not hold it up", grown)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	fill(t, store, codes[4_000:])
	if size := logSize(t, path); size > grown+insertedLog/2 {
		t.Errorf("without the reader, the log grew from %d to %d bytes", grown, size)
	}
	requireSound(t, path, len(codes))
}

// Commits that are still under way when the store is closed find the log too long.
func TestClosingDuringCommitsIsOrderly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "codes.db")
	if _, err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	list := manyCodes(2_000, 0)
	store, err := sqlite.Open(path, sqlite.Options{LogLength: 1, GatherLog: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	begun := make(chan struct{}, len(list))
	for part := range slices.Chunk(list, 500) {
		writing.Go(func() {
			for _, code := range part {
				if _, err := store.InsertCodes(ctx, []*codes.NewCode{code}); err != nil {
					return // the store is closed, and the caller has gone
				}
				begun <- struct{}{}
			}
		})
	}
	for range 100 {
		<-begun
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	cancel()
	writing.Wait()
}

// look opens a connection that looks at the database as it is now until it is closed.
func look(t *testing.T, path string) *zsqlite.Conn {
	t.Helper()
	conn, err := zsqlite.OpenConn(path, zsqlite.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"BEGIN", "SELECT count(*) FROM codes"} {
		if err := sqlitex.ExecuteTransient(conn, statement, nil); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}
