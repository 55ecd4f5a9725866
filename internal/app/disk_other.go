//go:build !linux

package app

// freeOnDisk is known on Linux only.
func freeOnDisk(string) (int64, bool) { return 0, false }
