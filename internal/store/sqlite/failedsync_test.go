package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/store/storetest"
)

// TestACommitThatCannotBeSyncedHasAnUnknownOutcome, because its pages are in the log: whoever
// opens the files next finds the code, and nobody here does.
func TestACommitThatCannotBeSyncedHasAnUnknownOutcome(t *testing.T) {
	inBothWays(t, testCommitThatCannotBeSynced)
}

func testCommitThatCannotBeSynced(t *testing.T, gathered bool) {
	store, path := openNew(t, sqlite.Options{GatherLog: gathered})
	list := manyCodes(2, 0)
	if _, err := store.InsertCodes(t.Context(), list[:1]); err != nil { // a new log begins with a sync of its own
		t.Fatal(err)
	}
	code := list[1]
	failLogSync()
	_, err := store.InsertCodes(t.Context(), list[1:])
	if !core.HasReason(err, core.ReasonOutcomeUnknown) {
		t.Fatalf("error %v, want an unknown outcome", err)
	}
	if _, err := store.Code(t.Context(), code.WorkspaceID, code.Canonical, time.Now()); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("here: error %v, want none to be found", err)
	}
	if _, err := openCopy(t, path).Code(t.Context(), code.WorkspaceID, code.Canonical, time.Now()); err != nil {
		t.Errorf("in a copy of the files: %v; then it could be said that nothing was done", err)
	}
	if _, err := store.InsertCodes(t.Context(), []*codes.NewCode{code}); err != nil {
		t.Errorf("when the disk works again: %v", err)
	}
}

// openCopy opens a copy of a database's files as they are now.
func openCopy(t *testing.T, path string) storetest.Store {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	store := openStore(t, to, sqlite.Options{})
	closing(t, store)
	return store
}

// TestAFileThatCannotBeSyncedEndsTheProcess: SQLite would begin the log again over what the disk
// may not have taken.
func TestAFileThatCannotBeSyncedEndsTheProcess(t *testing.T) {
	store, _ := openWithShortLog(t, true)
	lost := store.FailFileSync()
	codes := manyCodes(100, 400)
	for {
		select {
		case err := <-lost:
			if !errors.Is(err, os.ErrInvalid) && !errors.Is(err, os.ErrClosed) {
				t.Errorf("it ends with %v", err)
			}
			return
		default:
			for i, code := range codes {
				code.Canonical, code.Value = code.Canonical+"X", code.Value+"X"
				codes[i] = code
			}
			if _, err := store.InsertCodes(t.Context(), codes); err != nil {
				t.Fatal(err)
			}
		}
	}
}
