package app

import "syscall"

// freeOnDisk returns how much room there is on the disk of a file for who runs the program, in bytes.
func freeOnDisk(path string) (int64, bool) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(path, &disk); err != nil {
		return 0, false
	}
	return int64(disk.Bavail) * disk.Bsize, true
}
