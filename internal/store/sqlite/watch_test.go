package sqlite_test

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// observer is told what reaches the system of a file, when it has been done.
type observer interface {
	Wrote(data []byte, offset int64) // data is valid until it returns
	Synced()
}

// watchedFile is the kind of file that the engine writes: databases, or logs.
type watchedFile struct {
	once     sync.Once // fills in what follows, when the first one is opened
	write    func(tls *libc.TLS, file, data uintptr, length int32, offset int64) int32
	sync     func(tls *libc.TLS, file uintptr, flags int32) int32
	ours     uintptr // the table of functions that a file gets
	observer atomic.Pointer[observer]
	failSync atomic.Bool // the next sync fails after everything was written
}

// The tests' file system is the engine's own and shows what is done with it. The engine calls
// functions by their addresses and passes them nothing that could be ours, so that what they
// need belongs to the process.
var (
	engineOpen func(tls *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32
	databases  watchedFile
	logs       watchedFile
)

// TestMain puts the tests' file system below every other, that of the gathered log, too.
func TestMain(m *testing.M) {
	if err := installWatched(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func installWatched() error {
	tls := libc.NewTLS()
	defer tls.Close()
	base := lib.Xsqlite3_vfs_find(tls, 0)
	shim := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(lib.Tsqlite3_vfs{})))
	databases.ours = libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(lib.Tsqlite3_io_methods{})))
	logs.ours = libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(lib.Tsqlite3_io_methods{})))
	name, err := libc.CString("watched")
	if base == 0 || shim == 0 || databases.ours == 0 || logs.ours == 0 || err != nil {
		return errors.New("the engine has no memory for another file system")
	}
	callable(&engineOpen, at[lib.Tsqlite3_vfs](base).FxOpen)
	*at[lib.Tsqlite3_vfs](shim) = *at[lib.Tsqlite3_vfs](base)
	at[lib.Tsqlite3_vfs](shim).FzName = name
	at[lib.Tsqlite3_vfs](shim).FxOpen = pointerTo(watchedOpen)
	if code := lib.Xsqlite3_vfs_register(tls, shim, 1); code != lib.SQLITE_OK {
		return errors.New("the engine does not take the file system")
	}
	return nil
}

// at is a value in the engine's memory, which the garbage collector knows nothing of.
func at[T any](address uintptr) *T { return (*T)(unsafe.Add(unsafe.Pointer(nil), address)) }

// callable makes a function of the engine one that Go calls.
func callable[F any](function *F, pointer uintptr) {
	*function = *(*F)(unsafe.Pointer(&struct{ uintptr }{pointer}))
}

// pointerTo is a function, which must not be a closure, as the engine calls it.
func pointerTo(function any) uintptr { return (*[2]uintptr)(unsafe.Pointer(&function))[1] }

// watch shows what happens to the files of every store until stop is called.
func watch(database, log observer) (stop func()) {
	databases.observer.Store(&database)
	logs.observer.Store(&log)
	return func() {
		databases.observer.Store(nil)
		logs.observer.Store(nil)
	}
}

// failLogSync makes the next sync of a log fail after everything was written.
func failLogSync() { logs.failSync.Store(true) }

func watchedOpen(tls *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32 {
	code := engineOpen(tls, vfs, name, file, flags, outFlags)
	switch {
	case code != lib.SQLITE_OK:
	case flags&lib.SQLITE_OPEN_MAIN_DB != 0:
		databases.wrap(file, pointerTo(databaseWrite), pointerTo(databaseSync))
	case flags&lib.SQLITE_OPEN_WAL != 0:
		logs.wrap(file, pointerTo(logWrite), pointerTo(logSync))
	}
	return code
}

// wrap gives an open file these functions for writing and syncing.
func (w *watchedFile) wrap(file, write, sync uintptr) {
	methods := &at[lib.Tsqlite3_file](file).FpMethods
	w.once.Do(func() {
		table := *at[lib.Tsqlite3_io_methods](*methods)
		callable(&w.write, table.FxWrite)
		callable(&w.sync, table.FxSync)
		table.FxWrite, table.FxSync = write, sync
		*at[lib.Tsqlite3_io_methods](w.ours) = table
	})
	*methods = w.ours
}

func (w *watchedFile) watchedWrite(tls *libc.TLS, file, data uintptr, length int32, offset int64) int32 {
	code := w.write(tls, file, data, length, offset)
	if o := w.observer.Load(); o != nil && code == lib.SQLITE_OK {
		(*o).Wrote(unsafe.Slice(at[byte](data), length), offset)
	}
	return code
}

func (w *watchedFile) watchedSync(tls *libc.TLS, file uintptr, flags int32) int32 {
	if w.failSync.CompareAndSwap(true, false) {
		return lib.SQLITE_IOERR_FSYNC
	}
	code := w.sync(tls, file, flags)
	if o := w.observer.Load(); o != nil && code == lib.SQLITE_OK {
		(*o).Synced()
	}
	return code
}

func databaseWrite(tls *libc.TLS, file, data uintptr, length int32, offset int64) int32 {
	return databases.watchedWrite(tls, file, data, length, offset)
}

func databaseSync(tls *libc.TLS, file uintptr, flags int32) int32 {
	return databases.watchedSync(tls, file, flags)
}

func logWrite(tls *libc.TLS, file, data uintptr, length int32, offset int64) int32 {
	return logs.watchedWrite(tls, file, data, length, offset)
}

func logSync(tls *libc.TLS, file uintptr, flags int32) int32 {
	return logs.watchedSync(tls, file, flags)
}
