package sqlite

import (
	"os"

	"golang.org/x/sys/unix"
)

// writeOut starts to write what the system holds of a part of a file, and waits until the disk
// has taken it. It is no sync: the disk may still hold it in a cache of its own.
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
