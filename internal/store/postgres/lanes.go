package postgres

import "context"

// lane is the purpose of a connection. Long lists leave connections for everything else, and the
// last connection is kept for looking up keys.
type lane int

// The lanes.
const (
	keyLane  lane = iota // API keys, and whether the store answers
	hotLane              // commands, and look-ups of single things
	listLane             // lists, searches
	laneCount
)

// turns limits how many connections a lane may use at once: its capacity. nil: unlimited.
type turns chan struct{}

// newTurns divides a pool of connections. All but one are for lists and for hot work; lists take up
// to half of those. A single connection cannot be divided.
func newTurns(connections int) (all [laneCount]turns) {
	if connections > 1 {
		all[hotLane] = make(turns, connections-1)
		all[listLane] = make(turns, max(1, (connections-1)/2))
	}
	return all
}

// enterLane waits for a turn in a lane. Call leave when its connection is given back. A list takes a
// turn among lists first, and then one among hot work.
func (s *Store) enterLane(ctx context.Context, lane lane) (leave func(), err error) {
	hot, lists := s.turns[hotLane], s.turns[listLane]
	switch lane {
	case hotLane:
		return hot.leave, hot.enter(ctx)
	case listLane:
		if err := lists.enter(ctx); err != nil {
			return nil, err
		}
		if err := hot.enter(ctx); err != nil {
			lists.leave()
			return nil, err
		}
		return func() { hot.leave(); lists.leave() }, nil
	default:
		return func() {}, nil
	}
}

func (t turns) enter(ctx context.Context) error {
	if t == nil {
		return nil
	}
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turns) leave() {
	if t != nil {
		<-t
	}
}
