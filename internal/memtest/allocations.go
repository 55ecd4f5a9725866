// Package memtest tests what code takes of memory. It holds our own hot functions to the number of
// allocations that they need, and measures the same functions in benchmarks: seconds say something
// about one machine, allocations are the same on all of them. It is not for what libraries
// allocate, which changes with their versions. And it watches how much stays in use while something
// large passes through.
package memtest

import "testing"

// Function is a hot function and the most that it may allocate.
type Function struct {
	Name string
	// Start prepares everything and returns the function.
	Start func(testing.TB) (run func())
	Limit float64 // allocations of one run on average, of whatever size and in whatever goroutine
}

// Hold fails the test for each function that allocates more than its limit. No test may
// run beside it.
func Hold(t *testing.T, functions []Function) {
	t.Helper()
	for _, f := range functions {
		t.Run(f.Name, func(t *testing.T) {
			if got := testing.AllocsPerRun(200, f.Start(t)); got > f.Limit {
				t.Errorf("it takes %v allocations, the limit is %v", got, f.Limit)
			}
		})
	}
}

// Measure runs a benchmark of each function.
func Measure(b *testing.B, functions []Function) {
	for _, f := range functions {
		b.Run(f.Name, func(b *testing.B) {
			run := f.Start(b)
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}
