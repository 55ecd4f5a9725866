package sqlite

import (
	"context"
	"errors"
	"sync"

	"zombiezen.com/go/sqlite"

	"accesscodes/internal/codes"
)

// lane is what a query is for. Each lane has reading connections of its own, so that long lists
// keep no look-up waiting, and nothing at all keeps a key from being looked up.
type lane int

// The lanes.
const (
	keyLane  lane = iota // API keys, and whether the store answers
	hotLane              // single things
	listLane             // lists, searches, copies
	laneCount
)

// listConnections is how many lists are read at once: more than one workspace may read, so that
// lists of others go on beside its own.
const listConnections = codes.ListsAtOnce + 2

func newLanes(processors int) [laneCount]*readers {
	return [laneCount]*readers{keyLane: newReaders(1), hotLane: newReaders(processors), listLane: newReaders(listConnections)}
}

// lanePragmas are how much each connection of a lane keeps in its page cache. Lists pass over
// what they read, and keys are few.
var lanePragmas = [laneCount]string{
	keyLane: "PRAGMA cache_size = -1024", hotLane: "PRAGMA cache_size = -16384", listLane: "PRAGMA cache_size = -4096",
}

// readers are the reading connections of a lane. The one that was used last is used next: each has a
// page cache of its own, and one that is warm is worth more than four that are lukewarm.
type readers struct {
	free chan struct{} // holds a token for each connection that nobody uses

	mu   sync.Mutex
	idle []*sqlite.Conn // those that nobody uses; the one that was used last comes last
}

// newReaders returns a pool of none, which can hold so many.
func newReaders(most int) *readers { return &readers{free: make(chan struct{}, most)} }

// take returns a connection that nobody uses, waiting for one if need be. Give it back.
func (r *readers) take(ctx context.Context) (*sqlite.Conn, error) {
	select {
	case <-r.free:
		return r.pop(), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// give gives a connection back, or a new one to the others.
func (r *readers) give(conn *sqlite.Conn) {
	r.mu.Lock()
	r.idle = append(r.idle, conn)
	r.mu.Unlock()
	r.free <- struct{}{}
}

// close waits for those that are used and closes so many.
func (r *readers) close(count int) (err error) {
	for range count {
		<-r.free
		err = errors.Join(err, r.pop().Close())
	}
	return err
}

func (r *readers) pop() *sqlite.Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := len(r.idle) - 1
	conn := r.idle[last]
	r.idle = r.idle[:last]
	return conn
}
