package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// script tells wrk what to send and to print its figures as JSON.
//
//go:embed load.lua
var script []byte

// load is what wrk sends.
type load struct {
	kind         string // as the script knows it
	run          string // makes the requests different from those of all other runs
	first, count int    // the codes that are used: how many, from which on
	path         string // of the kind list
	duration     time.Duration
}

// wrkSummary is what the script prints.
type wrkSummary struct {
	Requests, Errors, NotOK int64
	Micros                  int64
	P50, P99                float64
}

// measure runs wrk once against a process.
func (p *plan) measure(ctx context.Context, target *process, l load) (reading, error) {
	before, err := target.cpu()
	if err != nil {
		return reading{}, err
	}
	s, err := p.wrk(ctx, target, l)
	if err != nil {
		return reading{}, err
	}
	if s.Errors+s.NotOK > 0 || s.Requests == 0 {
		return reading{}, fmt.Errorf("%d requests: %d failed, %d were not answered with 2xx", s.Requests, s.Errors, s.NotOK)
	}
	after, errCPU := target.cpu()
	peak, errPeak := target.memory("VmHWM")
	return reading{
		Rate: float64(s.Requests) / (float64(s.Micros) / 1e6),
		P50:  time.Duration(s.P50) * time.Microsecond, P99: time.Duration(s.P99) * time.Microsecond,
		CPUPerMillion: (after - before).Seconds() / float64(s.Requests) * 1e6,
		PeakMiB:       peak,
	}, errors.Join(errCPU, errPeak)
}

func (p *plan) wrk(ctx context.Context, target *process, l load) (s wrkSummary, err error) {
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
	// wrk takes whole seconds only, and "0s" for less.
	seconds := max(1, int(l.duration.Round(time.Second).Seconds()))
	cmd := exec.CommandContext(ctx, "wrk",
		"-t1", "-c"+strconv.Itoa(p.connections), "-d"+strconv.Itoa(seconds), "--timeout", "10s",
		"-s", file.Name(), "-H", target.authorization(), target.url, "--",
		l.kind, l.run, strconv.Itoa(l.first), strconv.Itoa(l.count), l.path)
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
