package app

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// workTimeout bounds one round of background work.
const workTimeout = 10 * time.Second

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
	for {
		select {
		case <-ticker.C:
			w.round()
		case <-w.quit:
			w.round()
			return
		}
	}
}

func (w *worker) round() {
	ctx, cancel := context.WithTimeout(context.Background(), workTimeout)
	defer cancel()
	if err := w.work(ctx); err != nil {
		w.log.Warn("background work failed", "error", err.Error())
	}
}

// stop ends the worker after a last round. It is safe to call twice.
func (w *worker) stop() error {
	w.once.Do(func() { close(w.quit) })
	<-w.done
	return nil
}
