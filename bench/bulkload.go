package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"time"
)

// importCSV sends a file of codes with values in no order, which is made while it is sent.
func (s *bulkSite) importCSV(ctx context.Context) (reading, error) {
	return s.watch(s.rows, func() (time.Duration, error) {
		file, to := io.Pipe()
		go func() { to.CloseWithError(writeCodes(to, s.rows)) }()
		defer func() { _ = file.Close() }() // so that the writer ends, too
		var report struct {
			Status   string
			Accepted int
		}
		began := time.Now()
		err := s.server.send(ctx, "POST", "/imports?format=csv&batch=bench", "text/csv", file, &report)
		took := time.Since(began)
		if err == nil && report.Accepted != s.rows {
			err = fmt.Errorf("the import %s with %d of %d lines", report.Status, report.Accepted, s.rows)
		}
		return took, err
	})
}

func writeCodes(to io.Writer, rows int) error {
	w := bufio.NewWriterSize(to, 1<<16)
	if _, err := w.WriteString("code,type,maxRedemptions,note\n"); err != nil {
		return err
	}
	for n := range rows {
		if _, err := w.WriteString(benchCode(n) + ",Normal,1,moved here\n"); err != nil {
			return err
		}
	}
	return w.Flush()
}

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
