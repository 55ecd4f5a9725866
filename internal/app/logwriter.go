package app

import (
	"io"
	"sync"
	"time"
)

// logPause is for how long events are gathered after some have been written. What a crash
// loses of the log is no older.
const logPause = 2 * time.Millisecond

// maxLogBuffer is how many bytes of log may wait for a slow reader before further
// events wait with them.
const maxLogBuffer = 1 << 20

// logWriter gathers log events and writes them in one go: at once when nothing has been
// written for logPause, and otherwise everything that came meanwhile. A server under load
// makes one system call for many events; an idle one writes each as it comes.
type logWriter struct {
	to io.Writer

	mu      sync.Mutex
	space   sync.Cond // signalled when the buffer has been taken
	buffer  []byte
	stopped bool

	wake chan struct{} // capacity 1: there is something to do
	done chan struct{}
}

func startLogWriter(to io.Writer) *logWriter {
	w := &logWriter{to: to, wake: make(chan struct{}, 1), done: make(chan struct{})}
	w.space.L = &w.mu
	go w.run()
	return w
}

// Write implements [io.Writer]. It never fails: a log that cannot be written must not
// stop the work that it tells of.
func (w *logWriter) Write(event []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.buffer) > maxLogBuffer && !w.stopped {
		w.space.Wait()
	}
	w.buffer = append(w.buffer, event...)
	w.signal()
	return len(event), nil
}

func (w *logWriter) signal() {
	select {
	case w.wake <- struct{}{}:
	default: // a signal is pending already
	}
}

func (w *logWriter) run() {
	defer close(w.done)
	var taken []byte
	for range w.wake {
		w.mu.Lock()
		taken, w.buffer = w.buffer, taken[:0]
		stopped := w.stopped
		w.space.Broadcast()
		w.mu.Unlock()
		if len(taken) > 0 {
			_, _ = w.to.Write(taken)
		}
		if stopped {
			return
		}
		time.Sleep(logPause)
	}
}

// stop writes what waits. It is safe to call twice.
func (w *logWriter) stop() error {
	w.mu.Lock()
	w.stopped = true
	w.space.Broadcast() // whoever waits for room need not any more
	w.signal()
	w.mu.Unlock()
	<-w.done
	return nil
}
