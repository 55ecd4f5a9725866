package memtest

import (
	"runtime"
	"testing"
	"time"
)

// InUse watches how much memory stays in use while a test goes on. No test may run beside it.
type InUse struct {
	Most    int64 // bytes more than at the start that were in use at most
	start   int64
	allowed int64
}

// WatchInUse begins to watch. So many bytes more than now may be in use.
func WatchInUse(allowed int64) *InUse { return &InUse{start: Used(), allowed: allowed} }

// Look fails the test if more is in use. What other goroutines allocate while memory is collected
// counts as in use until the next time, the more the slower the machine is. So only that is too
// much which stays too much for two seconds, in which such a goroutine has come to wait for the test.
func (w *InUse) Look(t *testing.T) {
	t.Helper()
	used := Used() - w.start
	for begin := time.Now(); used > w.allowed && time.Since(begin) < 2*time.Second; {
		used = min(used, Used()-w.start)
	}
	if w.Most = max(w.Most, used); used > w.allowed {
		t.Errorf("%d KiB of memory stay in use, allowed are %d", used>>10, w.allowed>>10)
	}
}

// Used is how many bytes of memory are in use.
func Used() int64 {
	runtime.GC()
	runtime.GC() // what pools hold outlives the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
