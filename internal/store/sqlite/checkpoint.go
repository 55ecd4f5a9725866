package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Commits append pages to the write-ahead log; a checkpoint brings them into the file, so that
// the log can begin again. Left to SQLite, the commit that finds the log too long does that
// while everybody waits for it, for tens of milliseconds. Here it is done beside the commits,
// on a connection of its own.

// DefaultLogLength is how many bytes are written to the log before they are brought into the
// file: enough that a page that many commits have touched is written once.
const DefaultLogLength = 64 << 20

const (
	// logRest is how much of the log may be left for the last pass of a checkpoint, which
	// commits wait for: two or three milliseconds' work.
	logRest = 2 << 20
	// maxPasses bounds the passes of one checkpoint, for when commits write as fast.
	maxPasses = 4
	// pieceLength is how much of the file is handed to the disk at once: a commit's sync waits
	// for that.
	pieceLength = 4 << 20
)

// checkpointer keeps the log short.
type checkpointer struct {
	conn    *sqlite.Conn
	file    *os.File      // the database's
	length  int64         // how long the log may become
	long    chan struct{} // capacity 1: it is longer
	quit    chan struct{} // closed to end the checkpointer
	done    chan struct{} // closed when it has ended
	pages   int64         // in the log after the last commit; only who holds the writer uses it
	written atomic.Int64  // bytes that commits have added to the log since the start
	next    atomic.Int64  // how much will have been written when it is time for the next checkpoint
	lost    func(error)   // what is done when the disk has not taken what was brought into the file
}

// startCheckpointer starts a checkpointer for a file. writer holds the connection that commits
// are made on.
func startCheckpointer(file *os.File, writer chan *sqlite.Conn, length int64) (*checkpointer, error) {
	// Another process that checkpoints does the same work: it is not waited for.
	conn, err := open(file.Name(), sqlite.OpenReadWrite, 0, pragmas)
	if err != nil {
		return nil, err
	}
	c := &checkpointer{conn: conn, file: file, length: length, long: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}), lost: end}
	c.next.Store(length) // the first commit tells how long the log is already
	go c.run(writer)
	return c, nil
}

// again makes the next checkpoint soon, because the log could not begin again, or may be long.
func (c *checkpointer) again() { c.next.Store(c.written.Load() + c.length/16) }

// due reports whether it is time for the next checkpoint.
func (c *checkpointer) due() bool { return c.written.Load() >= c.next.Load() }

// committed is called after each commit, with the connection that made it.
func (c *checkpointer) committed(conn *sqlite.Conn) {
	if c.grown(conn); !c.due() {
		return
	}
	select {
	case c.long <- struct{}{}:
	default: // it is at it
	}
}

// grown adds to what was written by how much the log has grown since the last commit. A log that
// is shorter has begun again. One whose length cannot be told now is looked at after the next
// commit.
func (c *checkpointer) grown(conn *sqlite.Conn) {
	pages, _, err := logLength(conn, "PRAGMA wal_checkpoint(NOOP)")
	if err != nil {
		return
	}
	more := pages - c.pages
	if more < 0 {
		more = pages
	}
	c.pages = pages
	c.written.Add(more * pageSize)
}

// end ends the process. SQLite takes what a pass has brought into the file for done, and begins
// the log again over it, although a sync that failed may have lost it: the system forgets what it
// could not write, and says so once. Nothing is lost for good while the log is as it is, and the next start brings
// all of it into the file again. PostgreSQL does the same (data_sync_retry).
func end(err error) {
	panic(fmt.Errorf("the disk did not take what was written to the database: %w; the log still holds all of it, start again when the disk works", err))
}

// run checkpoints whenever the log is too long. An error of a pass is nobody's: every commit is in
// the log. SQLite itself tries when the log is four times as long (writerPragmas), and the disk's
// trouble shows in the commits.
func (c *checkpointer) run(writer chan *sqlite.Conn) {
	defer close(c.done)
	for {
		select {
		case <-c.quit:
			return
		case <-c.long:
			if c.due() { // which it is not if it was said during the last one
				c.checkpoint(writer)
			}
		}
	}
}

// checkpoint makes passes beside the commits until little is left, and a last one without
// commits, after which the log is empty and begins again. SQLite syncs the file in a pass that
// leaves nothing, so in the last one only: what the others have written is synced here, or
// commits would wait for that, too. Where somebody is in the way, a
// reader of an old state or another process that checkpoints, it is tried again soon.
func (c *checkpointer) checkpoint(writer chan *sqlite.Conn) {
	c.again()
	for range maxPasses {
		before := c.written.Load()
		if left, err := c.pass(); err != nil || left > logRest {
			return
		}
		if err := c.sync(); err != nil {
			c.lost(err)
			return
		}
		if c.written.Load()-before < logRest {
			break
		}
	}
	conn := <-writer
	defer func() { writer <- conn }()
	// This keeps other processes out, too. If one of them is writing it is not waited for:
	// everybody here would wait, too. Each write sets its own patience.
	conn.SetBusyTimeout(0)
	if exec(conn, "BEGIN IMMEDIATE") != nil {
		return
	}
	left, err := c.pass()
	if exec(conn, "ROLLBACK") == nil && err == nil && left == 0 {
		c.next.Store(c.written.Load() + c.length)
	}
}

// sync syncs the file, piece by piece before as a whole, so that the disk is not so busy with it
// that the syncs of commits wait.
func (c *checkpointer) sync() error {
	info, err := c.file.Stat()
	for offset := int64(0); err == nil && offset < info.Size(); offset += pieceLength {
		err = writeOut(c.file, offset, pieceLength)
	}
	// Where there is no such call, or it is not allowed, the sync does all.
	if err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return c.file.Sync()
}

// pass brings into the file what the log holds when it begins, and returns how many bytes of
// that it had to leave.
func (c *checkpointer) pass() (left int64, err error) {
	pages, done, err := logLength(c.conn, "PRAGMA wal_checkpoint(PASSIVE)")
	return (pages - done) * pageSize, err
}

// logLength runs a checkpoint, of a kind that may do nothing, and returns how many pages are in
// the log and how many of them are in the file, too.
func logLength(conn *sqlite.Conn, checkpoint string) (pages, done int64, err error) {
	err = sqlitex.Execute(conn, checkpoint, &sqlitex.ExecOptions{
		ResultFunc: func(stmt *sqlite.Stmt) error {
			if stmt.ColumnBool(0) {
				return errBusy
			}
			pages, done = stmt.ColumnInt64(1), stmt.ColumnInt64(2)
			return nil
		},
	})
	return pages, done, err
}

// errBusy is that another connection brings the log into the file.
var errBusy = errors.New("somebody else is at it")

// pageSize is SQLite's default.
const pageSize = 4096

func (c *checkpointer) stop() error {
	close(c.quit)
	<-c.done
	return c.conn.Close()
}
