package e2e

import (
	"net/http"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// enough requests of a kind to call it the rule; the whole of what a test writes must
// fit on the small file system.
const enough = 200

func TestAFileSizeLimitIsAnsweredWith503AndPasses(t *testing.T) {
	db := newSQLite(t)
	s := startServer(t, db)
	l := newLedger()
	requireOutageSurvived(t, s, l, func() { limitFiles(t, s, db) }, func() { freeFiles(t, s) })
	s.stop(t)
	l.check(t, db.rows(t))
}

func TestNothingThatWasRefusedAppearsAfterACrashDuringAFileSizeLimit(t *testing.T) {
	db := newSQLite(t)
	s := startServer(t, db)
	l := newLedger()
	ld := requireOutage(t, s, l, func() { limitFiles(t, s, db) })
	s.kill(t)
	ld.stop()
	again := startServer(t, db)
	newClient(t, again.url, s.key).mustGet(t, "/readyz", http.StatusOK)
	l.check(t, db.rows(t))
}

func TestAFullFileSystemIsAnsweredWith503AndPasses(t *testing.T) {
	disk, s := startOnSmallDisk(t)
	l := newLedger()
	requireOutageSurvived(t, s, l, func() { disk.fill(t) }, func() { disk.free(t) })
	l.check(t, disk.copyDatabase(t).rows(t))
	disk.fill(t)
	s.stop(t) // ends with 0 on a full disk too
}

// requireOutage runs load on a server, fills its disk and requires 503 with all that
// belongs to it, and no crash. The load goes on.
func requireOutage(t *testing.T, s *server, l *ledger, fill func()) *load {
	t.Helper()
	c := newClient(t, s.url, s.key)
	ld := startLoad(t, c, l, 16, "DISK")
	l.await(t, "requests succeed", func() bool { return l.successes() >= enough })
	fill()
	l.await(t, "requests are refused", func() bool { return l.refusalCount() >= enough })
	c.mustGet(t, "/livez", http.StatusOK)
	if n := l.unanswered(); n > 0 {
		t.Errorf("%d requests got no answer", n)
	}
	return ld
}

// requireOutageSurvived requires that requests succeed again when the disk has room,
// without a restart.
func requireOutageSurvived(t *testing.T, s *server, l *ledger, fill, free func()) {
	t.Helper()
	ld := requireOutage(t, s, l, fill)
	free()
	before := l.successes()
	l.await(t, "requests succeed again", func() bool { return l.successes() >= before+enough })
	ld.stop()
	if n := l.unanswered(); n > 0 {
		t.Errorf("%d requests got no answer", n)
	}
	t.Logf("%d codes acknowledged, %d requests refused", l.successes(), l.refusalCount())
}

// limitFiles lets no file of the server become larger than the write-ahead log will be
// a few commits from now; the limit is in the middle of a page.
func limitFiles(t *testing.T, s *server, db sqliteDatabase) {
	t.Helper()
	log, err := os.Stat(db.path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	setFileLimit(t, s, uint64(log.Size())+50_000)
}

func freeFiles(t *testing.T, s *server) {
	t.Helper()
	setFileLimit(t, s, unix.RLIM_INFINITY)
}

func setFileLimit(t *testing.T, s *server, bytes uint64) {
	t.Helper()
	limit := unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}
	if err := unix.Prlimit(s.pid(), unix.RLIMIT_FSIZE, &limit, nil); err != nil {
		t.Fatalf("prlimit: %v", err)
	}
}
