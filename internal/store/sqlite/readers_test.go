package sqlite

import (
	"context"
	"errors"
	"testing"

	"zombiezen.com/go/sqlite"
)

func TestTheReaderThatWasUsedLastIsUsedNext(t *testing.T) {
	r := newReaders(3)
	a, b, c := new(sqlite.Conn), new(sqlite.Conn), new(sqlite.Conn)
	for _, conn := range []*sqlite.Conn{a, b, c} {
		r.give(conn)
	}
	first, second := r.pop(), r.pop()
	if first != c || second != b {
		t.Error("readers are not taken in the order in which they were given back, the last one first")
	}
}

func TestWhoWaitsForAReaderMayGiveUp(t *testing.T) {
	r := newReaders(1)
	conn := new(sqlite.Conn)
	r.give(conn)
	taken, err := r.take(t.Context())
	if taken != conn || err != nil {
		t.Fatalf("took %v, %v", taken, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.take(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that the caller gave up", err)
	}
	r.give(conn)
	if again, err := r.take(t.Context()); again != conn || err != nil {
		t.Errorf("took %v, %v after it was given back", again, err)
	}
}
