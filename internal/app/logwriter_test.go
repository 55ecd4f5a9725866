package app

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// heldWriter holds each write back until the test lets it through, as a terminal or a
// pipe does that nobody reads. Closing pass lets everything through.
type heldWriter struct {
	pass   chan struct{}
	writes []string
}

func (w *heldWriter) Write(p []byte) (int, error) {
	<-w.pass
	w.writes = append(w.writes, string(p))
	return len(p), nil
}

// startHeld must be called inside a synctest bubble.
func startHeld(t *testing.T) (*logWriter, *heldWriter) {
	t.Helper()
	to := &heldWriter{pass: make(chan struct{})}
	return startLogWriter(to), to
}

// logEvent writes an event and returns when it is taken, which closes the channel, or waits.
func logEvent(t *testing.T, w *logWriter, event string) (taken <-chan struct{}) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if n, err := w.Write([]byte(event)); n != len(event) || err != nil {
			t.Errorf("Write = %d, %v", n, err)
		}
	}()
	synctest.Wait()
	return done
}

// finish lets everything through and stops the writer.
func finish(t *testing.T, w *logWriter, to *heldWriter) {
	t.Helper()
	close(to.pass)
	stopLog(t, w)
}

func stopLog(t *testing.T, w *logWriter) {
	t.Helper()
	if err := w.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
}

func checkWrites(t *testing.T, to *heldWriter, want ...string) {
	t.Helper()
	if !slices.Equal(to.writes, want) {
		t.Errorf("wrote %.40q, want %.40q", to.writes, want)
	}
}

func TestEveryEventIsWrittenWholeAndInOrder(t *testing.T) {
	const writers, each = 20, 200
	var out bytes.Buffer
	w := startLogWriter(&out)
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			for i := range each {
				_, _ = fmt.Fprintf(w, "%d:%d\n", writer, i)
			}
		})
	}
	all.Wait()
	stopLog(t, w)
	var next [writers]int
	for line := range strings.Lines(out.String()) {
		var writer, i int
		if _, err := fmt.Sscanf(line, "%d:%d\n", &writer, &i); err != nil || i != next[writer] {
			t.Fatalf("after event %d of writer %d came %q, %v", next[writer]-1, writer, line, err)
		}
		next[writer]++
	}
	for writer, n := range next {
		if n != each {
			t.Errorf("%d events of writer %d were written, want %d", n, writer, each)
		}
	}
}

func TestAnEventOfAnIdleProgramIsWrittenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, to := startHeld(t)
		close(to.pass)
		logEvent(t, w, "A")
		time.Sleep(logPause)
		logEvent(t, w, "B")
		checkWrites(t, to, "A", "B")
		stopLog(t, w)
	})
}

func TestEventsGatherForAWhileAfterAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, to := startHeld(t)
		close(to.pass)
		logEvent(t, w, "A")
		logEvent(t, w, "B")
		logEvent(t, w, "C")
		time.Sleep(logPause)
		synctest.Wait()
		checkWrites(t, to, "A", "BC")
		stopLog(t, w)
	})
}

func TestEventsGatherWhileAWriteIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, to := startHeld(t)
		for _, event := range []string{"A", "B", "C", "D"} {
			logEvent(t, w, event)
		}
		to.pass <- struct{}{}
		to.pass <- struct{}{}
		synctest.Wait()
		checkWrites(t, to, "A", "BCD")
		finish(t, w, to)
	})
}

// TestAnEventMayBeChangedOnceItIsTaken: a log handler uses its memory again.
func TestAnEventMayBeChangedOnceItIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, to := startHeld(t)
		event := []byte("one")
		for _, next := range []string{"two", "end"} {
			if _, err := w.Write(event); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			copy(event, next)
		}
		finish(t, w, to)
		if got := strings.Join(to.writes, ""); got != "onetwo" {
			t.Errorf("wrote %q", got)
		}
	})
}

func TestStopWritesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, to := startHeld(t)
		logEvent(t, w, "A")
		logEvent(t, w, "B")
		stopped := make(chan struct{}, 2)
		for range cap(stopped) {
			go func() {
				stopLog(t, w)
				stopped <- struct{}{}
			}()
		}
		synctest.Wait()
		if len(stopped) != 0 {
			t.Error("stop returned before everything was written")
		}
		close(to.pass)
		<-stopped
		<-stopped
		stopLog(t, w) // again, when all is over
		checkWrites(t, to, "A", "B")
	})
}

func TestNothingIsWrittenWhenNothingWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, to := startHeld(t)
		finish(t, w, to)
		checkWrites(t, to)
	})
}

func TestEventsWaitWhenTheBufferIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, to := startHeld(t)
		logEvent(t, w, "first") // being written
		full := strings.Repeat("x", maxLogBuffer+1)
		<-logEvent(t, w, full)
		taken := logEvent(t, w, "last")
		select {
		case <-taken:
			t.Error("an event was taken although the buffer is full")
		default:
		}
		to.pass <- struct{}{} // the first is written, the buffer is taken
		<-taken
		finish(t, w, to)
		checkWrites(t, to, "first", full, "last")
	})
}

// TestAnEventThatWaitsForRoomIsWrittenBeforeStopReturns: stop must not leave behind
// whoever waited for a full buffer.
func TestAnEventThatWaitsForRoomIsWrittenBeforeStopReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, to := startHeld(t)
		logEvent(t, w, "first")
		full := strings.Repeat("x", maxLogBuffer+1)
		logEvent(t, w, full)
		logEvent(t, w, "last") // waits
		stopped := make(chan struct{})
		go func() {
			stopLog(t, w)
			close(stopped)
		}()
		synctest.Wait()
		close(to.pass)
		<-stopped
		if got, want := strings.Join(to.writes, ""), "first"+full+"last"; got != want {
			t.Errorf("wrote %d bytes, want %d", len(got), len(want))
		}
	})
}

func TestALogThatCannotBeWrittenDoesNotStopTheWork(t *testing.T) {
	w := startLogWriter(brokenWriter{})
	for range 3 {
		if n, err := w.Write([]byte("event")); n != 5 || err != nil {
			t.Errorf("Write = %d, %v", n, err)
		}
	}
	stopLog(t, w)
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }
