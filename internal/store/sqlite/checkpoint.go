package sqlite

import (
	"errors"

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
	// commits wait for: a few milliseconds' work.
	logRest = 2 << 20
	// maxPasses bounds the passes of one checkpoint, for when commits write as fast.
	maxPasses = 2
)

// checkpointer keeps the log short.
type checkpointer struct {
	conn   *sqlite.Conn
	length int64         // how long the log may become
	long   chan struct{} // capacity 1: it is longer
	done   chan struct{} // closed when the checkpointer has ended
	mark   int64         // what had been written when the last checkpoint ended; belongs to whoever writes
}

// startCheckpointer starts a checkpointer for the file at path. writer holds the connection
// that commits are made on.
func startCheckpointer(path string, writer chan *sqlite.Conn, length int64) (*checkpointer, error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	// Another process that checkpoints does the same work: it is not waited for.
	if err := configure(conn, 0, pragmas); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	c := &checkpointer{conn: conn, length: length, long: make(chan struct{}, 1), done: make(chan struct{}), mark: wal.written.Load()}
	go c.run(writer)
	return c, nil
}

// committed is called after each commit by whoever holds the writing connection.
func (c *checkpointer) committed() {
	if wal.written.Load()-c.mark < c.length {
		return
	}
	select {
	case c.long <- struct{}{}:
	default: // it is at it
	}
}

// run checkpoints whenever the log is too long, until that channel is closed. An error is
// nobody's: every commit is in the log. SQLite itself tries again when the log is four times
// as long (writerPragmas), and the disk's trouble shows in the commits.
func (c *checkpointer) run(writer chan *sqlite.Conn) {
	defer close(c.done)
	for range c.long {
		for range maxPasses {
			before := wal.written.Load()
			if c.pass() != nil || wal.written.Load()-before < logRest {
				break
			}
		}
		// Nothing is added during the last pass: the log is empty then, and begins again.
		conn := <-writer
		_ = c.pass()
		c.mark = wal.written.Load()
		writer <- conn
	}
}

// pass brings into the file what the log holds when it begins.
func (c *checkpointer) pass() error {
	return sqlitex.Execute(c.conn, "PRAGMA wal_checkpoint(PASSIVE)", nil)
}

func (c *checkpointer) stop() error {
	close(c.long)
	<-c.done
	return c.conn.Close()
}
