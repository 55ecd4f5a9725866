package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// script tells wrk what to send and to print its figures as JSON.
//
//go:embed generate.lua
var script []byte

// reading is what one run showed.
type reading struct {
	rate          float64 // requests per second
	p50, p99      time.Duration
	cpuPerMillion float64 // processor seconds of the server per million requests
	peakMiB       float64
	note          string // instead of what is not known
}

func (r reading) String() string {
	if r.note != "" {
		return fmt.Sprintf("%8.0f per second    %s", r.rate, r.note)
	}
	return fmt.Sprintf("%8.0f per second    p50 %6.2f ms  p99 %6.2f ms  CPU %5.1f s per million  peak memory %4.0f MiB",
		r.rate, ms(r.p50), ms(r.p99), r.cpuPerMillion, r.peakMiB)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// wrkSummary is what the script prints.
type wrkSummary struct {
	Requests, Errors, NotOK int64
	Micros                  int64
	P50, P99                float64
}

// measure runs wrk once against a process.
func (p *plan) measure(ctx context.Context, target *process) (reading, error) {
	before, err := target.cpu()
	if err != nil {
		return reading{}, err
	}
	s, err := p.wrk(ctx, target)
	if err != nil {
		return reading{}, err
	}
	if s.Errors+s.NotOK > 0 || s.Requests == 0 {
		return reading{}, fmt.Errorf("%d requests: %d failed, %d were not answered with 2xx", s.Requests, s.Errors, s.NotOK)
	}
	after, errCPU := target.cpu()
	peak, errPeak := target.peakMiB()
	return reading{
		rate: float64(s.Requests) / (float64(s.Micros) / 1e6),
		p50:  time.Duration(s.P50) * time.Microsecond, p99: time.Duration(s.P99) * time.Microsecond,
		cpuPerMillion: (after - before).Seconds() / float64(s.Requests) * 1e6,
		peakMiB:       peak,
	}, errors.Join(errCPU, errPeak)
}

func (p *plan) wrk(ctx context.Context, target *process) (s wrkSummary, err error) {
	file, err := os.CreateTemp("", "*.lua")
	if err != nil {
		return s, err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	if _, err := file.Write(script); err != nil {
		return s, err
	}
	if err := file.Close(); err != nil {
		return s, err
	}
	cmd := exec.CommandContext(ctx, "wrk", "-t1", "-c"+strconv.Itoa(p.connections), "-d"+p.duration.String(),
		"-s", file.Name(), "-H", "X-Api-Key: "+target.key, target.url+"/tenant-codes/generate")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return s, fmt.Errorf("wrk: %w: %s", err, out)
	}
	_, summary, ok := strings.Cut(string(out), "SUMMARY ")
	if !ok {
		return s, fmt.Errorf("wrk printed no summary: %s", out)
	}
	return s, json.Unmarshal([]byte(summary), &s)
}

// median returns the reading with the median rate.
func median(all []reading) reading {
	sorted := slices.SortedFunc(slices.Values(all), func(a, b reading) int {
		if a.rate < b.rate {
			return -1
		}
		return 1
	})
	return sorted[len(sorted)/2]
}
