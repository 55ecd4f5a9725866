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

// Commits append pages to the write-ahead log. A checkpoint copies them into the file, so that the
// log can start again from its beginning. By default SQLite lets the commit that finds the log too
// long do this, while all others wait for tens of milliseconds. Here it is done in parallel with
// commits, on a separate connection.

// DefaultLogLength is how many bytes are written to the log before they are copied into the file:
// enough that a page changed by many commits is written once.
const DefaultLogLength = 64 << 20

const (
	// logRest is how much of the log may be left for the last pass of a checkpoint, for which
	// commits wait: two or three milliseconds' work.
	logRest = 2 << 20
	// maxPasses limits the passes of one checkpoint, in case commits write as fast as it copies.
	maxPasses = 4
	// pieceLength is how much of the file is given to the disk at once: a commit's sync waits for
	// it.
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
	pages   int64         // in the log after the last commit; used only by the holder of the writer
	written atomic.Int64  // bytes that commits have added to the log since the start
	next    atomic.Int64  // how much will have been written when it is time for the next checkpoint
	lost    func(error)   // called when the disk has not taken what was copied into the file
}

// startCheckpointer starts a checkpointer for a file. writer holds the connection that makes the
// commits.
func startCheckpointer(file *os.File, writer chan *sqlite.Conn, length int64) (*checkpointer, error) {
	// It does not wait for another process that checkpoints, because that does the same work.
	conn, err := open(file.Name(), sqlite.OpenReadWrite, 0, pragmas)
	if err != nil {
		return nil, err
	}
	c := &checkpointer{
		conn:   conn,
		file:   file,
		length: length,
		long:   make(chan struct{}, 1),
		quit:   make(chan struct{}),
		done:   make(chan struct{}),
		lost:   end,
	}
	c.next.Store(length) // the first commit tells how long the log is already
	go c.run(writer)
	return c, nil
}

// again schedules the next checkpoint soon, because the log could not start again, or may be long.
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
	default: // it is running
	}
}

// grown adds the growth of the log since the last commit to the bytes written. A log that is shorter
// has started again. A log whose length cannot be read now is looked at after the next commit.
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

// end ends the process. SQLite treats what a pass has copied into the file as done, and overwrites
// the log, although a failed sync may have lost it: the system forgets what it could not write, and
// reports it only once. Nothing is lost as long as the log stays as it is: the next start copies all
// of it into the file again. PostgreSQL does the same (data_sync_retry).
func end(err error) {
	panic(
		fmt.Errorf(
			"the disk did not take what was written to the database: %w; the log still holds all of it, start "+
				"again when the disk works",
			err,
		),
	)
}

// run makes a checkpoint whenever the log is too long. It ignores errors of a pass: every commit is
// in the log. SQLite itself tries when the log is four times as long (writerPragmas), and trouble
// with the disk shows in the commits.
func (c *checkpointer) run(writer chan *sqlite.Conn) {
	defer close(c.done)
	for {
		select {
		case <-c.quit:
			return
		case <-c.long:
			if c.due() { // not due if signalled during the last checkpoint
				c.checkpoint(writer)
			}
		}
	}
}

// checkpoint makes passes in parallel with commits until little is left, and a last one without
// commits, after which the log is empty and starts again. SQLite syncs the file only in a pass that
// leaves nothing, which is the last one. So what the other passes have written is synced here;
// otherwise commits would wait for that, too. If a reader of an old state or another process that
// checkpoints is in the way, it is tried again soon.
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
	// This excludes other processes, too. If one of them is writing, it does not wait, because all
	// writers here would wait, too. Each write sets its own busy timeout.
	conn.SetBusyTimeout(0)
	if exec(conn, "BEGIN IMMEDIATE") != nil {
		return
	}
	left, err := c.pass()
	if exec(conn, "ROLLBACK") == nil && err == nil && left == 0 {
		c.next.Store(c.written.Load() + c.length)
	}
}

// sync syncs the file. It first writes it piece by piece, so that the disk is less busy and the
// syncs of commits wait less.
func (c *checkpointer) sync() error {
	info, err := c.file.Stat()
	for offset := int64(0); err == nil && offset < info.Size(); offset += pieceLength {
		err = writeOut(c.file, offset, pieceLength)
	}
	// If the system has no such call, or does not allow it, the sync does everything.
	if err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return c.file.Sync()
}

// pass copies into the file what the log holds when it begins, and returns how many bytes it had to
// leave.
func (c *checkpointer) pass() (left int64, err error) {
	pages, done, err := logLength(c.conn, "PRAGMA wal_checkpoint(PASSIVE)")
	return (pages - done) * pageSize, err
}

// logLength runs a checkpoint of a kind that may do nothing, and returns how many pages the log has
// and how many of them are in the file, too.
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

// errBusy is returned while another connection copies the log into the file.
var errBusy = errors.New("another connection is checkpointing")

// pageSize is SQLite's default.
const pageSize = 4096

func (c *checkpointer) stop() error {
	close(c.quit)
	<-c.done
	return c.conn.Close()
}
