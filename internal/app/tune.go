package app

import (
	"os"
	"runtime"
	"runtime/debug"
)

// gcPercent lets the heap grow to five times what is live before it is collected. What
// is live is a few megabytes; collecting it at twice that cost a tenth of the
// processor time of a request.
const gcPercent = 400

// sparePlaces is how many threads may run Go code beyond one for each processor.
const sparePlaces = 2

// tuneRuntime sets what the Go runtime cannot know of this program, unless the operator
// has set it (GOGC, GOMAXPROCS, GOMEMLIMIT).
func tuneRuntime() {
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(gcPercent)
	}
	if _, set := os.LookupEnv("GOMEMLIMIT"); !set {
		if limit := memoryLimit(os.DirFS("/")); limit > 0 {
			debug.SetMemoryLimit(int64(memoryShare * float64(limit)))
		}
	}
	if _, set := os.LookupEnv("GOMAXPROCS"); !set {
		// The goroutine that commits spends its time in system calls. Coming back from
		// one it must find a free place to run, or every waiting caller waits longer.
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + sparePlaces)
	}
}
