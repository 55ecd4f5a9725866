package app

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// workTimeout bounds one round of background work, endTimeout what a worker still does when it is
// stopped: with the database away it would take its whole time, and loses nothing that matters.
const (
	workTimeout = 10 * time.Second
	endTimeout  = 2 * time.Second
)

// workers are stopped together.
type workers []*worker

// stop ends all workers, each after a last round.
func (ws workers) stop() error {
	for _, w := range ws {
		w.end()
	}
	for _, w := range ws {
		_ = w.stop() // never fails
	}
	return nil
}

// worker does something every so often, and once more when it is stopped. Work that
// fails is logged and tried again in the next round.
type worker struct {
	work func(context.Context) error
	log  *slog.Logger
	once sync.Once
	quit chan struct{}
	done chan struct{}
}

func startWorker(interval time.Duration, work func(context.Context) error, log *slog.Logger) *worker {
	w := &worker{work: work, log: log, quit: make(chan struct{}), done: make(chan struct{})}
	go w.run(interval)
	return w
}

func (w *worker) run(interval time.Duration) {
	defer close(w.done)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for !w.isEnding() { // a tick may be there as well
		select {
		case <-ticker.C:
			w.round(workTimeout)
		case <-w.quit:
		}
	}
	w.round(endTimeout)
}

func (w *worker) isEnding() bool {
	select {
	case <-w.quit:
		return true
	default:
		return false
	}
}

func (w *worker) round(limit time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if limit > endTimeout {
		done := make(chan struct{})
		defer close(done)
		go w.hurry(done, cancel)
	}
	if err := w.work(ctx); err != nil {
		w.log.Warn("background work failed", "error", err.Error())
	}
}

// hurry cancels a round that is still under way some time after the worker was told to end.
func (w *worker) hurry(done <-chan struct{}, cancel func()) {
	select {
	case <-done:
		return
	case <-w.quit:
	}
	select {
	case <-done:
	case <-time.After(endTimeout):
		cancel()
	}
}

// end lets the worker do a last round and end.
func (w *worker) end() { w.once.Do(func() { close(w.quit) }) }

// stop ends the worker and waits for that. It is safe to call twice.
func (w *worker) stop() error {
	w.end()
	<-w.done
	return nil
}
