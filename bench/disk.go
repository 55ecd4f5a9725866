package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const diskName = "one fsync"

// syncs is how many syncs the disk is measured with.
const syncs = 1000

// disk is what a write to the disk costs that survives a power cut: as many of 4 KiB as go one
// after the other, each with a sync, in the folder of the databases.
func (b *bench) disk() subject {
	return subject{diskName, func(context.Context, int) (reading, error) {
		took, err := syncTimes(filepath.Join(b.folder, "disk"))
		if err != nil {
			return reading{}, err
		}
		slices.Sort(took)
		p50 := took[len(took)/2]
		return reading{Rate: float64(time.Second) / float64(p50), P50: p50, P99: took[len(took)*99/100]}, nil
	}}
}

// syncTimes overwrites a file page by page, as a log that has begun again is written.
func syncTimes(path string) (took []time.Duration, err error) {
	page := make([]byte, 4096)
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(path)) }()
	for i := range 2 * syncs {
		began := time.Now()
		if _, err := file.WriteAt(page, int64(i%syncs)*int64(len(page))); err != nil {
			return nil, err
		}
		if err := file.Sync(); err != nil {
			return nil, err
		}
		if i >= syncs {
			took = append(took, time.Since(began))
		}
	}
	return took, nil
}
