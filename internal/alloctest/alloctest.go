// Package alloctest holds hot functions to the number of allocations that they need, and
// measures the same functions in benchmarks. Seconds say something about one machine;
// allocations are the same on all of them.
package alloctest

import (
	"iter"
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

// tries is how many runs are looked at. What one of them allocates beyond what the function
// needs may be chance: something else ran in the background, or a sync.Pool had lost what it
// kept. Without the race detector that is one run in a few hundred. With it, pools lose one in
// four on purpose, so that few runs of a function with many of them keep to its limit.
const tries = 200

// enough is how many of them have to keep to the limit.
func enough() int {
	if raceDetector {
		return 1
	}
	return tries * 9 / 10
}

// Hold fails the test for each function that allocates more than its limit. No test may
// run beside it.
func Hold(t *testing.T, functions []Function) {
	t.Helper()
	for _, f := range functions {
		t.Run(f.Name, func(t *testing.T) {
			kept, fewest, most := 0, math.Inf(1), 0.0
			for took := range runs(f.Start(t)) {
				took /= f.times()
				fewest, most = min(fewest, took), max(most, took)
				if took <= f.Limit {
					kept++
				}
				if kept == enough() {
					break
				}
			}
			if kept < enough() {
				t.Errorf("it takes %.4g to %.4g allocations; %d of %d runs keep to the limit of %.4g", fewest, most, kept, tries, f.Limit)
			}
		})
	}
}

// runs are what each run of a function allocates, after a first one. testing.AllocsPerRun warms
// up before each, and would never see what every other run allocates.
func runs(run func()) iter.Seq[float64] {
	return func(yield func(float64) bool) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
		run()
		var stats runtime.MemStats
		for range tries {
			before := allocated(&stats)
			run()
			if !yield(float64(allocated(&stats) - before)) {
				return
			}
		}
	}
}

// Measure runs a benchmark of each function. An operation is one run; where that does
// something several times, what each costs is reported, too.
func Measure(b *testing.B, functions []Function) {
	for _, f := range functions {
		b.Run(f.Name, func(b *testing.B) {
			run := f.Start(b)
			b.ReportAllocs()
			var stats runtime.MemStats
			before := allocated(&stats)
			for b.Loop() {
				run()
			}
			if f.Times > 1 {
				each := float64(b.N) * f.times()
				b.ReportMetric(float64(allocated(&stats)-before)/each, "allocs/each")
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/each, "ns/each")
			}
		})
	}
}

// allocated is how often the process has allocated something.
func allocated(stats *runtime.MemStats) uint64 {
	runtime.ReadMemStats(stats)
	return stats.Mallocs
}
