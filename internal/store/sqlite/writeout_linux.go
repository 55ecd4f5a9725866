package sqlite

import (
	"os"

	"golang.org/x/sys/unix"
)

// writeOut writes what the system holds of a part of a file, and waits until the disk has taken it.
// It is not a sync: the disk may still hold it in its own cache.
func writeOut(file *os.File, offset, length int64) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	const whole = unix.SYNC_FILE_RANGE_WAIT_BEFORE | unix.SYNC_FILE_RANGE_WRITE | unix.SYNC_FILE_RANGE_WAIT_AFTER
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = unix.SyncFileRange(int(fd), offset, length, whole) }); err != nil {
		return err
	}
	return failed
}
