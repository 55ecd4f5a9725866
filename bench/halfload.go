package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"time"
)

// halfLoad is how long generating takes at half of the rate that is possible, at a constant
// pace, beside what one sync of the disk takes, and what a server that does nothing takes at
// the same pace: the load generator is a Go program, which has to be woken, too.
type halfLoad struct{}

func (halfLoad) title() string { return "half load" }

func (h halfLoad) measure(ctx context.Context, b *bench) ([]result, error) {
	engines, err := b.engines(ctx, "half_load")
	if err != nil {
		return nil, err
	}
	bare, _, err := bareServer.start(ctx)
	if err != nil {
		return nil, err
	}
	b.started = append(b.started, bare)
	subjects := []subject{b.disk()}
	for _, e := range engines {
		half := 0
		subjects = append(subjects, subject{e.name, func(ctx context.Context, run int) (reading, error) {
			peak, err := b.measure(ctx, e.server, load{kind: "generate", duration: b.duration / 2})
			if err != nil {
				return reading{}, err
			}
			half = int(peak.Rate / 2)
			return b.paced(ctx, e.server, half)
		}}, subject{bareServer.name + " as often as " + e.name, func(ctx context.Context, _ int) (reading, error) {
			return b.paced(ctx, bare, half)
		}})
	}
	measured, err := inTurn(ctx, h.title(), b.runs, subjects)
	return []result{measured}, err
}

// paced generates codes at a rate.
func (b *bench) paced(ctx context.Context, target *process, rate int) (reading, error) {
	out, err := exec.CommandContext(ctx, "bin/paced", "-url", target.url+"/tenant-codes/generate",
		"-header", target.authorization(),
		"-body", `{"type":"Normal"}`, "-rate", strconv.Itoa(rate), "-connections", strconv.Itoa(b.connections),
		"-duration", b.duration.String()).Output()
	if err != nil {
		return reading{}, fmt.Errorf("paced: %w", err)
	}
	var s struct {
		OK, Rate float64
		P50, P99 time.Duration
		Errors   []string
	}
	if err := json.Unmarshal(out, &s); err != nil {
		return reading{}, fmt.Errorf("paced: %w", err)
	}
	if s.OK < 1 {
		return reading{}, fmt.Errorf("at %d per second not every request was answered with 2xx: %v", rate, s.Errors)
	}
	return reading{Rate: s.Rate, P50: s.P50, P99: s.P99}, nil
}
