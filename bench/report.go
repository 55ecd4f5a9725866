package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// reading is what one run showed.
type reading struct {
	Rate          float64       `json:"perSecond"`
	P50           time.Duration `json:"p50Nanoseconds,omitempty"`
	P99           time.Duration `json:"p99Nanoseconds,omitempty"`
	CPUPerMillion float64       `json:"cpuSecondsPerMillion,omitempty"` // of the server, without PostgreSQL's own
	PeakMiB       float64       `json:"peakMiB,omitempty"`
	Note          string        `json:"note,omitempty"` // instead of what is not known
}

func (r reading) String() string {
	if r.Note != "" {
		return fmt.Sprintf("%8.0f per second    %s", r.Rate, r.Note)
	}
	return fmt.Sprintf("%8.0f per second    p50 %6.2f ms  p99 %6.2f ms  CPU %5.1f s per million  peak memory %4.0f MiB",
		r.Rate, ms(r.P50), ms(r.P99), r.CPUPerMillion, r.PeakMiB)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// result is every reading of a case.
type result struct {
	Case     string               `json:"case"`
	Subjects []string             `json:"subjects"`
	Readings map[string][]reading `json:"readings"`
}

// median returns the reading with the median rate.
func median(all []reading) reading {
	sorted := slices.SortedFunc(slices.Values(all), func(a, b reading) int {
		if a.Rate < b.Rate {
			return -1
		}
		return 1
	})
	return sorted[len(sorted)/2]
}

// report prints the medians and the ratios that the goals are about.
func report(results []result) {
	rate := map[string]float64{}
	fmt.Println("\nMedians")
	for _, r := range results {
		for _, subject := range r.Subjects {
			m := median(r.Readings[subject])
			rate[r.Case+": "+subject] = m.Rate
			fmt.Printf("  %-24s %-24s %s\n", r.Case, subject, m)
		}
	}
	fmt.Println("\nRatios")
	ratio := func(a, b string) {
		if rate[a] > 0 && rate[b] > 0 {
			fmt.Printf("  %-44s ÷ %-44s %.2f\n", a, b, rate[a]/rate[b])
		}
	}
	for _, r := range results {
		for _, engine := range []string{onSQLite, onPostgres} {
			ratio(r.Case+": "+engine, r.Case+": "+bareServer)
			ratio(r.Case+": "+engine+farPage, r.Case+": "+engine+firstPage)
		}
		ratio(r.Case+": "+onPostgres, r.Case+": "+pgbenchName)
	}
	for _, engine := range []string{onSQLite, onPostgres} {
		ratio("redeem, one shared code: "+engine, "redeem, one code each: "+engine)
	}
}

// writeResults writes every reading to a file, with what it was made on.
func writeResults(path string, results []result) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(struct {
		At      time.Time `json:"at"`
		CPU     string    `json:"cpu"`
		Results []result  `json:"results"`
	}{time.Now().UTC().Truncate(time.Second), processor(), results}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// processor is the name of the machine's processor.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo") // without it there is no name
	for line := range strings.Lines(string(info)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, "\t :"))
		}
	}
	return ""
}
