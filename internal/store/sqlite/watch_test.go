package sqlite

import (
	"testing"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Observer is told what the engine does with a file, when it has been done.
type Observer interface {
	Wrote(data []byte, offset int64) // data is valid until it returns
	Synced()
}

// watched is what the functions below need, which the engine calls by their addresses, see wal.
var watched struct {
	engines  lib.Tsqlite3_io_methods
	ours     uintptr // the table of functions that a database gets
	database Observer
}

// Watch shows what happens to the files of the store that is opened until stop is called. A
// store must have been opened before, and none may be open at either end.
func Watch(t *testing.T, database, log Observer) (stop func()) {
	t.Helper()
	tls := libc.NewTLS()
	base := lib.Xsqlite3_vfs_find(tls, 0)
	shim := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(lib.Tsqlite3_vfs{})))
	watched.ours = libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(lib.Tsqlite3_io_methods{})))
	name, err := libc.CString("accesscodes-watched")
	if shim == 0 || watched.ours == 0 || err != nil {
		t.Fatal("the engine has no memory for another file system")
	}
	*at[lib.Tsqlite3_vfs](shim) = *at[lib.Tsqlite3_vfs](base)
	at[lib.Tsqlite3_vfs](shim).FzName = name
	at[lib.Tsqlite3_vfs](shim).FxOpen = pointerTo(watchedOpen)
	makeDefault(t, tls, shim)
	watched.database = database
	write, sync := wal.write, wal.sync
	wal.write, wal.sync = watchedBy(log, write, sync)
	return func() {
		wal.write, wal.sync = write, sync
		lib.Xsqlite3_vfs_unregister(tls, shim)
		makeDefault(t, tls, base)
		tls.Close()
	}
}

// makeDefault lets the engine open files by a file system when it is told none.
func makeDefault(t *testing.T, tls *libc.TLS, vfs uintptr) {
	t.Helper()
	if code := lib.Xsqlite3_vfs_register(tls, vfs, 1); code != lib.SQLITE_OK {
		t.Fatal("the engine does not take the file system")
	}
}

// watchedBy is functions that do the same and tell an observer.
func watchedBy(o Observer, write dataFunc, sync syncFunc) (dataFunc, syncFunc) {
	return func(tls *libc.TLS, file, data uintptr, length int32, offset int64) int32 {
			code := write(tls, file, data, length, offset)
			if code == lib.SQLITE_OK {
				o.Wrote(unsafe.Slice(at[byte](data), length), offset)
			}
			return code
		}, func(tls *libc.TLS, file uintptr, flags int32) int32 {
			code := sync(tls, file, flags)
			if code == lib.SQLITE_OK {
				o.Synced()
			}
			return code
		}
}

// watchedOpen opens a file. If it is a database, it gets our functions.
func watchedOpen(tls *libc.TLS, vfs, name, file uintptr, flags int32, outFlags uintptr) int32 {
	code := wal.open(tls, vfs, name, file, flags, outFlags)
	if code != lib.SQLITE_OK || flags&lib.SQLITE_OPEN_MAIN_DB == 0 {
		return code
	}
	methods := &at[lib.Tsqlite3_file](file).FpMethods
	watched.engines = *at[lib.Tsqlite3_io_methods](*methods)
	table := watched.engines
	table.FxWrite, table.FxSync = pointerTo(watchedWrite), pointerTo(watchedSync)
	*at[lib.Tsqlite3_io_methods](watched.ours) = table
	*methods = watched.ours
	return code
}

func watchedWrite(tls *libc.TLS, file, data uintptr, length int32, offset int64) int32 {
	write, _ := watchedBy(watched.database, callable[dataFunc](watched.engines.FxWrite), nil)
	return write(tls, file, data, length, offset)
}

func watchedSync(tls *libc.TLS, file uintptr, flags int32) int32 {
	_, sync := watchedBy(watched.database, nil, callable[syncFunc](watched.engines.FxSync))
	return sync(tls, file, flags)
}
