package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const interval = time.Minute

func TestWorkIsDoneEverySoOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rounds := make(chan time.Time)
		done := make(chan struct{})
		work := func(context.Context) error {
			select {
			case rounds <- time.Now():
			case <-done: // the last round, which nobody receives
			}
			return nil
		}
		begin := time.Now()
		w := startWorker(interval, work, slog.New(slog.DiscardHandler))
		for i := range 3 {
			if got, want := (<-rounds).Sub(begin), time.Duration(i+1)*interval; got != want {
				t.Errorf("round %d was after %v, want %v", i, got, want)
			}
		}
		close(done)
		stopWorker(t, w)
	})
}

func TestStopDoesTheWorkOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rounds := 0
		w := startWorker(interval, func(context.Context) error { rounds++; return nil }, slog.New(slog.DiscardHandler))
		stopWorker(t, w)
		if rounds != 1 {
			t.Errorf("%d rounds, want 1", rounds)
		}
		stopWorker(t, w)
		if rounds != 1 {
			t.Errorf("%d rounds after the second stop, want 1", rounds)
		}
	})
}

func TestStopWaitsForTheRoundUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, pass := make(chan struct{}, 2), make(chan struct{})
		work := func(context.Context) error {
			begun <- struct{}{}
			<-pass
			return nil
		}
		w := startWorker(interval, work, slog.New(slog.DiscardHandler))
		<-begun
		var stops sync.WaitGroup
		stopped := make(chan struct{})
		for range 2 {
			stops.Go(func() { stopWorker(t, w) })
		}
		go func() {
			stops.Wait()
			close(stopped)
		}()
		for range 2 { // the round under way, then the last one
			synctest.Wait()
			select {
			case <-stopped:
				t.Fatal("stop returned during a round")
			case pass <- struct{}{}:
			}
		}
		<-stopped
		if len(begun) != 1 {
			t.Errorf("%d rounds after the stop, want 1", len(begun))
		}
	})
}

func TestWorkThatFailsIsLoggedAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		rounds := make(chan int)
		round := 0
		work := func(context.Context) error {
			round++
			if round <= 2 {
				rounds <- round
				return errors.New("the disk is full")
			}
			return nil
		}
		w := startWorker(interval, work, slog.New(slog.NewTextHandler(&out, nil)))
		<-rounds
		<-rounds
		stopWorker(t, w)
		if got := strings.Count(out.String(), `level=WARN msg="background work failed" error="the disk is full"`); got != 2 {
			t.Errorf("%d failures were logged, want 2:\n%s", got, out.String())
		}
	})
}

func TestARoundHasALimitedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rounds := make(chan time.Duration, 2)
		work := func(ctx context.Context) error {
			begin := time.Now()
			<-ctx.Done()
			rounds <- time.Since(begin)
			return ctx.Err()
		}
		w := startWorker(interval, work, slog.New(slog.DiscardHandler))
		if took := <-rounds; took != workTimeout {
			t.Errorf("the round took %v, want %v", took, workTimeout)
		}
		stopWorker(t, w)
		if took := <-rounds; took != endTimeout {
			t.Errorf("the last round took %v, want %v", took, endTimeout)
		}
	})
}

func TestWorkersEndSoonAndTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all workers
		begun := make(chan struct{}, 100)
		for range 4 {
			all = append(all, startWorker(time.Second, func(ctx context.Context) error {
				begun <- struct{}{}
				<-ctx.Done() // the database is away
				return ctx.Err()
			}, slog.New(slog.DiscardHandler)))
		}
		for range 4 {
			<-begun
		}
		begin := time.Now()
		if err := all.stop(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took > 2*endTimeout {
			t.Errorf("it took %v, want at most the rest of a round and a last one: %v", took, 2*endTimeout)
		}
	})
}

func stopWorker(t *testing.T, w *worker) {
	t.Helper()
	if err := w.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
}
