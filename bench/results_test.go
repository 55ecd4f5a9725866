package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTheMedianIsThatOfEachFigure(t *testing.T) {
	r := result{Readings: map[string][]reading{"s": {
		{Rate: 3, P50: 30, P99: 100, PeakMiB: 7, Note: "n"},
		{Rate: 1, P50: 10, P99: 300, PeakMiB: 9},
		{Rate: 2, P50: 90, P99: 200, PeakMiB: 8},
	}}}
	got, measured := r.median("s")
	if diff := cmp.Diff(reading{Rate: 2, P50: 30, P99: 200, PeakMiB: 8, Note: "n"}, got); diff != "" || !measured {
		t.Errorf("measured %v (-want +got):\n%s", measured, diff)
	}
	if _, measured := r.median("another"); measured {
		t.Error("what was not measured has a median")
	}
}

func TestRatiosAreHeldAgainstTheirGoals(t *testing.T) {
	at := func(rate float64, p50, p99 time.Duration) []reading {
		return []reading{{Rate: rate, P50: p50, P99: p99}}
	}
	got := ratios([]result{
		{Case: "generate", Subjects: []string{bareServer.name, onSQLite, onPostgres}, Readings: map[string][]reading{
			bareServer.name: at(100, 1, 1), onSQLite: at(55, 1, 1), onPostgres: at(54, 1, 1),
		}},
		{Case: "half load", Subjects: []string{diskName, onSQLite}, Readings: map[string][]reading{
			diskName: at(1, 10, 20), onSQLite: at(1, 20, 51),
		}},
	})
	want := []string{
		"| generate, SQLite ÷ bare net/http | **0.55** | 0.55 |",
		"| generate, PostgreSQL ÷ bare net/http | 0.54 | 0.55 |",
		"| p99 of half load, SQLite ÷ one fsync | 5.10 | at most 5 |",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ratios (-want +got):\n%s", diff)
	}
}

// TestTheChartsShowTheReadings: what docs/charts holds is drawn from docs/benchmarks.json.
func TestTheChartsShowTheReadings(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	all, err := readResults(filepath.Join(root, resultsFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := drawCharts(all); err != nil {
		t.Fatal(err)
	}
	drawn, err := filepath.Glob(filepath.Join(chartsFolder, "*.svg"))
	if err != nil || len(drawn) != 3 {
		t.Fatalf("drawn: %v, %v", drawn, err)
	}
	for _, path := range drawn {
		got, errGot := os.ReadFile(path)
		want, errWant := os.ReadFile(filepath.Join(root, path))
		if errGot != nil || errWant != nil || !slices.Equal(got, want) {
			t.Errorf("%s is not what the readings show: %v, %v", path, errGot, errWant)
		}
	}
}
