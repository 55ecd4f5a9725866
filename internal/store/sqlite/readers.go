package sqlite

import (
	"context"
	"errors"
	"sync"

	"zombiezen.com/go/sqlite"

	"accesscodes/internal/codes"
)

// lane is the purpose of a query. Each lane has its own reading connections, so that long lists
// delay no look-up, and nothing delays the look-up of a key.
type lane int

// The lanes.
const (
	keyLane  lane = iota // API keys, and whether the store answers
	hotLane              // single things
	listLane             // lists, searches, copies
	laneCount
)

// listConnections is how many lists are read at once. It is more than one workspace may read, so
// that the lists of others can go on.
const listConnections = codes.ListsAtOnce + 2

func newLanes(processors int, oneEach bool) [laneCount]*readers {
	if oneEach {
		return [laneCount]*readers{keyLane: newReaders(1), hotLane: newReaders(1), listLane: newReaders(1)}
	}
	return [laneCount]*readers{
		keyLane:  newReaders(1),
		hotLane:  newReaders(processors),
		listLane: newReaders(listConnections),
	}
}

// lanePragmas set the page cache of each lane's connections. Lists read their pages once, and keys
// are few.
var lanePragmas = [laneCount]string{
	keyLane: "PRAGMA cache_size = -1024", hotLane: "PRAGMA cache_size = -16384", listLane: "PRAGMA cache_size = -4096",
}

// readers are the reading connections of a lane. The one that was used last is used next: each has
// its own page cache, and one warm cache is worth more than four lukewarm ones.
type readers struct {
	free chan struct{} // holds a token for each free connection

	mu   sync.Mutex
	idle []*sqlite.Conn // the free ones; the one that was used last is at the end
}

// newReaders returns an empty pool with room for a number of connections.
func newReaders(most int) *readers { return &readers{free: make(chan struct{}, most)} }

// take returns a free connection and waits for one if needed. Give it back with give.
func (r *readers) take(ctx context.Context) (*sqlite.Conn, error) {
	select {
	case <-r.free:
		return r.pop(), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// give gives a connection back, or adds a new one.
func (r *readers) give(conn *sqlite.Conn) {
	r.mu.Lock()
	r.idle = append(r.idle, conn)
	r.mu.Unlock()
	r.free <- struct{}{}
}

// close waits for the connections that are in use, and closes count of them.
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
