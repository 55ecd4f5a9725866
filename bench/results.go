package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// reading is what one run showed. What is not known is 0.
type reading struct {
	Rate          float64       `json:"perSecond,omitempty"`
	P50           time.Duration `json:"p50Nanoseconds,omitempty"`
	P99           time.Duration `json:"p99Nanoseconds,omitempty"`
	CPUPerMillion float64       `json:"cpuSecondsPerMillion,omitempty"` // of the server, without PostgreSQL's own
	PeakMiB       float64       `json:"peakMiB,omitempty"`
	IdleMiB       float64       `json:"idleMiB,omitempty"`
	BytesPerCode  float64       `json:"bytesPerCode,omitempty"` // on disk, indexes counted
	Note          string        `json:"note,omitempty"`
}

func (r reading) String() string {
	var parts []string
	add := func(known float64, format string, values ...any) {
		if known != 0 {
			parts = append(parts, fmt.Sprintf(format, values...))
		}
	}
	add(r.Rate, "%8.0f per second", r.Rate)
	add(float64(r.P50), "p50 %6.2f ms", ms(r.P50))
	add(float64(r.P99), "p99 %6.2f ms", ms(r.P99))
	add(r.CPUPerMillion, "CPU %5.1f s per million", r.CPUPerMillion)
	add(r.PeakMiB, "peak memory %4.0f MiB", r.PeakMiB)
	add(r.IdleMiB, "idle memory %4.0f MiB", r.IdleMiB)
	add(r.BytesPerCode, "%4.0f bytes per code", r.BytesPerCode)
	if r.Note != "" {
		parts = append(parts, r.Note)
	}
	return strings.Join(parts, "  ")
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// result is every reading of a case.
type result struct {
	Case     string               `json:"case"`
	At       time.Time            `json:"at"`
	Subjects []string             `json:"subjects"`
	Readings map[string][]reading `json:"readings"`
}

// median is the median of each figure of a subject's readings; false if it was not measured.
func (r result) median(subject string) (m reading, measured bool) {
	all := r.Readings[subject]
	if len(all) == 0 {
		return m, false
	}
	return reading{
		Rate: medianOf(all, func(r reading) float64 { return r.Rate }),
		P50:  medianOf(all, func(r reading) time.Duration { return r.P50 }),
		P99:  medianOf(all, func(r reading) time.Duration { return r.P99 }),

		CPUPerMillion: medianOf(all, func(r reading) float64 { return r.CPUPerMillion }),
		PeakMiB:       medianOf(all, func(r reading) float64 { return r.PeakMiB }),
		IdleMiB:       medianOf(all, func(r reading) float64 { return r.IdleMiB }),
		BytesPerCode:  medianOf(all, func(r reading) float64 { return r.BytesPerCode }),
		Note:          all[0].Note,
	}, true
}

// medianOf is the median of one figure; of an even number of readings, the higher of two.
func medianOf[N cmp.Ordered](all []reading, figure func(reading) N) N {
	var figures []N
	for _, r := range all {
		figures = append(figures, figure(r))
	}
	slices.Sort(figures)
	return figures[len(figures)/2]
}

// measurements is what the file holds: the last result of each case.
type measurements struct {
	CPU     string   `json:"cpu"` // of the machine that measured last
	Results []result `json:"results"`
}

// find returns a case's result.
func (m measurements) find(name string) (result, bool) {
	i := slices.IndexFunc(m.Results, func(r result) bool { return r.Case == name })
	if i < 0 {
		return result{}, false
	}
	return m.Results[i], true
}

// readResults reads a file of measurements.
func readResults(path string) (all measurements, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return all, err
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return all, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

// writeResults puts results into a file, in place of earlier ones of the same cases, and
// returns all that is there then.
func writeResults(path string, results []result) (all measurements, err error) {
	all, err = readResults(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return all, err
	}
	all.CPU = processor()
	for _, r := range results {
		r.At = time.Now().UTC().Truncate(time.Second)
		if i := slices.IndexFunc(all.Results, func(old result) bool { return old.Case == r.Case }); i >= 0 {
			all.Results[i] = r
			continue
		}
		all.Results = append(all.Results, r)
	}
	text, err := json.MarshalIndent(all, "", "\t")
	if err != nil {
		return all, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return all, err
	}
	return all, os.WriteFile(path, append(text, '\n'), 0o644)
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
