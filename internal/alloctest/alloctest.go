// Package alloctest holds hot functions to the number of allocations that they need, and
// measures the same functions in benchmarks. Seconds say something about one machine;
// allocations are the same on all of them.
package alloctest

import (
	"math"
	"runtime"
	"testing"
)

// Function is a hot function and the most that it may allocate.
type Function struct {
	Name string
	// Start prepares everything and returns the function.
	Start func(testing.TB) (run func())
	Limit float64 // allocations, of whatever size and in whatever goroutine
	// Times is how often one run does what the limit is for, such as inserting a code;
	// 0: once.
	Times int
}

func (f *Function) times() float64 { return float64(max(f.Times, 1)) }

// tries is how many runs are looked at until one keeps to the limit. What a run allocates
// beyond what the function needs is chance: something else ran in the background, or a
// sync.Pool had lost what it kept, which the race detector sees to with one in four. So
// the fewest allocations of many runs count, which are nearly the same with that detector.
const tries = 200

// Hold fails the test for each function that allocates more than its limit. No test may
// run beside it.
func Hold(t *testing.T, functions []Function) {
	t.Helper()
	for _, f := range functions {
		t.Run(f.Name, func(t *testing.T) {
			run := f.Start(t)
			fewest := math.Inf(1)
			for try := 0; try < tries && fewest > f.Limit; try++ {
				fewest = min(fewest, testing.AllocsPerRun(1, run)/f.times())
			}
			if fewest > f.Limit {
				t.Errorf("it takes %.4g allocations; the limit is %.4g", fewest, f.Limit)
			}
		})
	}
}

// Measure runs a benchmark of each function. An operation is one run; where that does
// something several times, what each costs is reported, too.
func Measure(b *testing.B, functions []Function) {
	for _, f := range functions {
		b.Run(f.Name, func(b *testing.B) {
			run := f.Start(b)
			b.ReportAllocs()
			before := allocated()
			for b.Loop() {
				run()
			}
			if f.Times > 1 {
				each := float64(b.N) * f.times()
				b.ReportMetric(float64(allocated()-before)/each, "allocs/each")
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/each, "ns/each")
			}
		})
	}
}

// allocated is how often the process has allocated something.
func allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.Mallocs
}
