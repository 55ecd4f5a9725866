package main

import (
	"context"
	"fmt"
)

// generateAlone finds the peak first.
func (s *bulkSite) generateAlone(ctx context.Context, _ int) (reading, error) {
	peak, err := s.bench.measure(ctx, s.server, load{kind: "generate", duration: s.duration / 2})
	if err != nil {
		return reading{}, err
	}
	s.tenth = max(1, int(peak.Rate/10))
	return s.paced(ctx, s.server, s.tenth)
}

// generateBesideBatch generates while a batch is made that is too large to end meanwhile.
func (s *bulkSite) generateBesideBatch(ctx context.Context, _ int) (reading, error) {
	return s.generateBeside(ctx, "/batches", `{"count":10000000,"type":"Normal","format":{"groups":3}}`)
}

func (s *bulkSite) generateBesideChange(ctx context.Context, _ int) (reading, error) {
	return s.generateBeside(ctx, "/changes", `{"select":{"type":"Normal"},"do":{"set":{"note":"changed"}}}`)
}

// generateBeside generates beside a job, which is canceled after that.
func (s *bulkSite) generateBeside(ctx context.Context, path, body string) (reading, error) {
	var j wireJob
	if err := s.server.call(ctx, "POST", path, body, &j); err != nil {
		return reading{}, err
	}
	r, err := s.paced(ctx, s.server, s.tenth)
	if err != nil {
		return reading{}, err
	}
	if err := s.server.call(ctx, "POST", j.path(path)+"/cancel", "", &j); err != nil {
		return reading{}, fmt.Errorf("the job ended too soon: %w", err)
	}
	r.Note = fmt.Sprintf("of which it did %s rows", thousands(float64(max(j.Progress.Done, j.Changed))))
	return r, nil
}
