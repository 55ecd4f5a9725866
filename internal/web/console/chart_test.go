package console

import "testing"

func TestTheTopOfAChartIsRoundAndCutsOutliers(t *testing.T) {
	for _, c := range []struct {
		values []int64
		want   int64
	}{
		{nil, 2},
		{[]int64{0, 0}, 2},
		{[]int64{1}, 2},
		{[]int64{7, 3}, 8},
		{[]int64{95, 109, 97, 113, 62}, 120},
		{[]int64{95, 109, 5060, 113, 39008}, 120},
		{[]int64{20013}, 30000},
		{[]int64{392, 388, 118}, 400},
		{[]int64{10, 0, 0, 0}, 10},
	} {
		if got := topOf(c.values); got != c.want {
			t.Errorf("%v: %d, want %d", c.values, got, c.want)
		}
	}
}
