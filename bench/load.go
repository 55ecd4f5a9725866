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

// wrkSummary is what the script prints.
type wrkSummary struct {
	Requests, Errors, NotOK int64
	Micros                  int64
	P50, P99                float64
}

// measure runs wrk once against a process. arguments are those of the script.
func (p *plan) measure(ctx context.Context, target *process, arguments []string) (reading, error) {
	before, err := target.cpu()
	if err != nil {
		return reading{}, err
	}
	s, err := p.wrk(ctx, target, arguments)
	if err != nil {
		return reading{}, err
	}
	if s.Errors+s.NotOK > 0 || s.Requests == 0 {
		return reading{}, fmt.Errorf("%d requests: %d failed, %d were not answered with 2xx", s.Requests, s.Errors, s.NotOK)
	}
	after, errCPU := target.cpu()
	peak, errPeak := target.peakMiB()
	return reading{
		Rate: float64(s.Requests) / (float64(s.Micros) / 1e6),
		P50:  time.Duration(s.P50) * time.Microsecond, P99: time.Duration(s.P99) * time.Microsecond,
		CPUPerMillion: (after - before).Seconds() / float64(s.Requests) * 1e6,
		PeakMiB:       peak,
	}, errors.Join(errCPU, errPeak)
}

func (p *plan) wrk(ctx context.Context, target *process, arguments []string) (s wrkSummary, err error) {
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
	cmd := exec.CommandContext(ctx, "wrk", append([]string{
		"-t1", "-c" + strconv.Itoa(p.connections), "-d" + p.duration.String(),
		"-s", file.Name(), "-H", "X-Api-Key: " + target.key, target.url, "--",
	}, arguments...)...)
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
