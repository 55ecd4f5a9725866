//go:build race

package alloctest

// raceDetector is whether the race detector is on.
const raceDetector = true
