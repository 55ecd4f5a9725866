// Package sqlite keeps everything in one SQLite file: the embedded default, for one machine. One
// connection writes; a pool of read-only connections reads at the same time (write-ahead logging).
// Every commit is synced to the disk before it returns (synchronous=FULL), so an acknowledged write
// survives a power cut.
//
// Several processes may use one file. The engine is SQLite itself, translated to Go
// (modernc.org/sqlite), used through its low-level interface (zombiezen.com/go/sqlite), which costs
// less per row than database/sql. The package holds no rules: it stores what the areas decide.
package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/plain"
	"accesscodes/internal/store/sqlite/walvfs"
	"accesscodes/internal/tenancy"
)

// DefaultBusyTimeout is how long a write waits for another process's lock.
const DefaultBusyTimeout = 5 * time.Second

// DefaultListTimeout is how long a list or a search may take, including its wait for a connection.
const DefaultListTimeout = 3 * time.Second

// Options says how to open a file.
type Options struct {
	BusyTimeout time.Duration // 0: DefaultBusyTimeout
	ListTimeout time.Duration // 0: DefaultListTimeout
	// LogLength is how many bytes the write-ahead log grows by before they are copied into the file;
	// 0: DefaultLogLength.
	LogLength int64
	// GatherLog: write the log through [walvfs]. Opening fails if that was not tested with this build
	// of SQLite.
	GatherLog bool
	// OneReader: open one reading connection for each purpose instead of as many as a server needs.
	// Opening a connection reads the schema, which takes most of the time of a short command.
	OneReader bool
}

// Store keeps every area in an SQLite file.
type Store struct {
	plain.Store

	busyTimeout time.Duration
	file        *os.File          // the database's, which the checkpointer syncs; see Close
	writer      chan *sqlite.Conn // holds the one writing connection while it is free
	lanes       [laneCount]*readers
	listTimeout time.Duration
	checkpoints *checkpointer
	committed   chan struct{} // holds a value when there was a commit that EventSignal has not told of
}

var (
	_ codes.Store   = (*Store)(nil)
	_ bulk.Store    = (*Store)(nil)
	_ tenancy.Store = (*Store)(nil)
)

// pragmas apply to every connection. The page cache is small on purpose: after a page has split,
// SQLite walks the whole cache at the end of the transaction (pcache1TruncateUnsafe), which cost 15
// % of an insert with 64 MiB. Pages that drop out of the cache come back from the kernel's cache.
var pragmas = []string{
	"PRAGMA synchronous = FULL",
	"PRAGMA cache_size = -16384",
	"PRAGMA foreign_keys = ON",
}

// writerPragmas sets when SQLite makes its own checkpoint, for which commits wait: at a log of
// 64,000 pages, four times DefaultLogLength. The log becomes that long only if the checkpointer
// fails or readers never let it finish.
var writerPragmas = append([]string{
	"PRAGMA journal_mode = WAL",
	"PRAGMA wal_autocheckpoint = 64000",
}, pragmas...)

func configure(conn *sqlite.Conn, busyTimeout time.Duration, pragmas []string) error {
	conn.SetBusyTimeout(busyTimeout)
	for _, pragma := range pragmas {
		if err := sqlitex.ExecuteTransient(conn, pragma, nil); err != nil {
			return fmt.Errorf("%s: %w", pragma, err)
		}
	}
	return nil
}

// Open opens the file at path. If needed it creates the file and its folder, readable only by their
// owner. Call Migrate on the path first.
func Open(path string, options Options) (*Store, error) {
	if options.BusyTimeout == 0 {
		options.BusyTimeout = DefaultBusyTimeout
	}
	if options.LogLength == 0 {
		options.LogLength = DefaultLogLength
	}
	file, err := createFile(path)
	if err != nil {
		return nil, err
	}
	s := &Store{
		busyTimeout: options.BusyTimeout,
		file:        file,
		writer:      make(chan *sqlite.Conn, 1),
		lanes:       newLanes(runtime.GOMAXPROCS(0), options.OneReader),
		listTimeout: cmp.Or(options.ListTimeout, DefaultListTimeout),
		committed:   make(chan struct{}, 1),
	}
	s.Store = plain.New(s)
	if err := s.connect(path, options); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), s.disconnect(), file.Close())
	}
	return s, nil
}

func (s *Store) connect(path string, options Options) error {
	writer, err := s.openWriter(path, options.GatherLog)
	if err != nil {
		return err
	}
	s.writer <- writer
	for lane, readers := range s.lanes {
		for range cap(readers.free) {
			reader, err := open(path, sqlite.OpenReadOnly, s.busyTimeout, append(slices.Clip(pragmas), lanePragmas[lane]))
			if err != nil {
				return err
			}
			readers.give(reader)
		}
	}
	s.checkpoints, err = startCheckpointer(s.file, s.writer, options.LogLength)
	return err
}

func (s *Store) openWriter(path string, gatherLog bool) (*sqlite.Conn, error) {
	if !gatherLog {
		return open(path, sqlite.OpenReadWrite, s.busyTimeout, writerPragmas)
	}
	if err := walvfs.Register(); err != nil {
		return nil, err
	}
	address := url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: "vfs=" + walvfs.Name}
	return open(address.String(), sqlite.OpenReadWrite|sqlite.OpenURI, s.busyTimeout, writerPragmas)
}

// open returns a new connection.
func open(path string, flags sqlite.OpenFlags, busyTimeout time.Duration, pragmas []string) (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(path, flags)
	if err != nil {
		return nil, err
	}
	if err := configure(conn, busyTimeout, pragmas); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// disconnect closes the connections that are free.
func (s *Store) disconnect() error {
	var err error
	for _, readers := range s.lanes {
		err = errors.Join(err, readers.close(len(readers.free)))
	}
	select {
	case writer := <-s.writer:
		return errors.Join(err, writer.Close())
	default:
		return err
	}
}

// createFile makes sure that the file exists. A new file is readable only by its owner, because it
// holds the installation's secret. SQLite gives its other files the same mode.
func createFile(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("create the database's folder: %w", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return file, nil
}

// Close waits for running work and ends every connection, the writing one last: at its end SQLite
// copies the whole log into the file. The file itself is closed after all connections: when a
// process closes a file, it loses all locks that SQLite holds on it.
func (s *Store) Close() (err error) {
	err = s.checkpoints.stop()
	writer := <-s.writer
	for _, readers := range s.lanes {
		err = errors.Join(err, readers.close(cap(readers.free)))
	}
	return errors.Join(err, writer.Close(), s.file.Close())
}

// Ping makes a small read. No node can be away: there is one file.
func (s *Store) Ping(ctx context.Context) (away []string, err error) {
	return nil, s.readIn(ctx, keyLane, func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, "SELECT id FROM installation", nil)
	})
}

// read looks up single things. That is short, so it does not watch for a caller who leaves: watching
// costs more than a look-up.
func (s *Store) read(ctx context.Context, do func(*sqlite.Conn) error) error {
	return s.readIn(ctx, hotLane, do)
}

// readIn runs queries on a connection of a lane.
func (s *Store) readIn(ctx context.Context, lane lane, do func(*sqlite.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	conn, err := s.lanes[lane].take(ctx)
	if err != nil {
		return err
	}
	defer s.lanes[lane].give(conn)
	return storeError(ctx, do(conn))
}

// scan is for queries that may be long: they end when their caller leaves.
func (s *Store) scan(ctx context.Context, do func(*sqlite.Conn) error) error {
	return s.readIn(ctx, listLane, func(conn *sqlite.Conn) error {
		conn.SetInterrupt(ctx.Done())
		defer conn.SetInterrupt(nil)
		return do(conn)
	})
}

// list is scan with a deadline, for lists that a request waits for.
func (s *Store) list(ctx context.Context, do func(*sqlite.Conn) error) error {
	limited, cancel := context.WithTimeout(ctx, s.listTimeout)
	defer cancel()
	err := s.scan(limited, do)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return core.Overloaded()
	}
	return err
}

// write runs a function in one transaction. It is durable when write returns nil; if write returns
// an error, nothing was changed.
func (s *Store) write(ctx context.Context, do func(*sqlite.Conn) error) (err error) {
	var conn *sqlite.Conn
	select {
	case conn = <-s.writer:
	case <-ctx.Done():
		return ctx.Err()
	}
	conn.SetInterrupt(ctx.Done())
	defer func() {
		conn.SetInterrupt(nil) // a rollback must not be interrupted
		if !conn.AutocommitEnabled() {
			err = errors.Join(err, exec(conn, "ROLLBACK"))
		}
		s.writer <- conn
	}()
	if err := s.begin(ctx, conn); err != nil {
		return storeError(ctx, err)
	}
	if err := do(conn); err != nil {
		return storeError(ctx, err)
	}
	if err := exec(conn, "COMMIT"); err != nil {
		return commitError(ctx, err)
	}
	s.checkpoints.committed(conn)
	s.signalCommit()
	return nil
}

// begin takes the file's write lock. It asks again about every millisecond. SQLite's own wait soon
// asks only ten times a second, so a process that writes without a pause would never let another one
// in.
func (s *Store) begin(ctx context.Context, conn *sqlite.Conn) error {
	conn.SetBusyTimeout(0)
	defer conn.SetBusyTimeout(s.busyTimeout)
	deadline := time.Now().Add(s.busyTimeout)
	for {
		err := exec(conn, "BEGIN IMMEDIATE")
		if sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy || time.Now().After(deadline) {
			return err
		}
		select {
		case <-time.After(time.Millisecond/2 + rand.N(time.Millisecond)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func exec(conn *sqlite.Conn, statement string) error {
	return sqlitex.Execute(conn, statement, nil)
}

// run runs a statement that returns no rows.
func run(conn *sqlite.Conn, statement string, args ...any) error {
	return sqlitex.Execute(conn, statement, &sqlitex.ExecOptions{Args: args})
}

// one runs a query that returns at most one row; no row is [core.ErrNotFound].
func one(conn *sqlite.Conn, query string, args []any, scan func(*sqlite.Stmt)) error {
	found := false
	err := sqlitex.Execute(conn, query, &sqlitex.ExecOptions{
		Args:       args,
		ResultFunc: func(stmt *sqlite.Stmt) error { found = true; scan(stmt); return nil },
	})
	return orNotFound(found, err)
}

// first runs a query and reads its first row; no row is [core.ErrNotFound]. It is for the hottest
// statements, whose parameters are bound by hand: sqlitex.Execute finds out the type of each
// argument.
func first(conn *sqlite.Conn, query string, bind func(*sqlite.Stmt), scan func(*sqlite.Stmt) error) error {
	stmt, err := conn.Prepare(query)
	if err != nil {
		return err
	}
	bind(stmt)
	found, err := stmt.Step()
	if err != nil || !found {
		return orNotFound(found, err)
	}
	return errors.Join(scan(stmt), stmt.Reset())
}

// storeError translates SQLite's errors. A full disk and a lock, which pass by themselves, become
// [core.Unavailable].
func storeError(ctx context.Context, err error) error {
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultBusy, sqlite.ResultLocked, sqlite.ResultFull, sqlite.ResultIOErr,
		sqlite.ResultCantOpen, sqlite.ResultReadOnly, sqlite.ResultNoMem, sqlite.ResultProtocol:
		return core.Unavailable(err)
	case sqlite.ResultInterrupt:
		return ctx.Err()
	default:
		return err
	}
}

// commitError is storeError for a commit. A commit whose pages are in the log but could not be
// synced is undone for every connection of this process. The next process to open the file still
// finds it, unless another commit has overwritten it.
func commitError(ctx context.Context, err error) error {
	code := sqlite.ErrCode(err)
	if code.ToPrimary() == sqlite.ResultIOErr && code != sqlite.ResultIOErrWrite {
		return core.OutcomeUnknown(err)
	}
	return storeError(ctx, err)
}
