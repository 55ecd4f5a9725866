package console

import (
	"fmt"
	"math"
	"slices"

	"accesscodes/internal/overview"
)

// strip is a chart of one value per day: bars in a box of 300 by 100 that is stretched to its place. Text
// is beside it, in HTML, so that it never shrinks.
type strip struct {
	bars []bar
	top  int64 // the value at the upper edge
	cut  []overview.Day
}

// bar is one day.
type bar struct {
	title   string
	x, y, h string
	isCut   bool
	cutPath string
	isToday bool
	value   int64
}

// Sizes of a chart in its own units.
const (
	chartWidth  = 300.0
	chartHeight = 100.0
	barShare    = 0.7 // of a day's width
)

// outlier is how many times as high as the fourth highest bar one must be to be cut.
const outlier = 4

// newStrip draws a value of each day. A bar that would make all others tiny is cut.
func (p *page) newStrip(days []overview.Day, of func(overview.Day) int64) strip {
	values := make([]int64, len(days))
	for i, day := range days {
		values[i] = of(day)
	}
	s := strip{top: topOf(values)}
	width := chartWidth / float64(max(len(days), 1))
	for i, day := range days {
		value := values[i]
		height := math.Min(float64(value)/float64(s.top), 1) * chartHeight
		x := float64(i)*width + width*(1-barShare)/2
		b := bar{
			title: p.Day(day.Date) + ": " + p.Number(value), value: value, isToday: i == len(days)-1,
			x: decimal(x), y: decimal(chartHeight - height), h: decimal(height),
		}
		if value > s.top {
			b.isCut = true
			b.cutPath = fmt.Sprintf("M%s 22l3.6-7 3.6 7 3.6-7", decimal(x-2))
			s.cut = append(s.cut, day)
		}
		s.bars = append(s.bars, b)
	}
	return s
}

func decimal(f float64) string { return fmt.Sprintf("%.1f", f) }

// topOf is the upper edge of a chart: a round number that all bars but outliers reach at most.
func topOf(values []int64) int64 {
	sorted := slices.Sorted(slices.Values(values))
	slices.Reverse(sorted)
	if len(sorted) == 0 || sorted[0] == 0 {
		return 2
	}
	highest := sorted[0]
	for i := range min(len(sorted)-1, 3) { // at most three are cut
		if next := sorted[i+1]; next > 0 && sorted[i] > outlier*next {
			highest = next
		}
	}
	return roundUp(highest)
}

// roundUp returns the next even number with one digit, or two of which the second is even, before zeros.
func roundUp(n int64) int64 {
	step := int64(2)
	for step*10 < n {
		step *= 10
	}
	if n <= step*5 && step > 2 {
		step /= 2
	}
	return (n + step - 1) / step * step
}
