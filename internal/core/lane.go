package core

import (
	"context"
	"sync"
	"time"
)

// Lane lets a few calls of each workspace run at once, so that no workspace uses up the store. It is
// safe for concurrent use.
type Lane struct {
	atOnce, waiting int
	wait            time.Duration

	mu         sync.Mutex
	workspaces map[ID]*turns // those with calls
}

// turns are the turns of one workspace.
type turns struct {
	free  chan struct{} // holds a token for each turn that is taken
	users int           // calls that have a turn or wait for one
}

// NewLane returns a lane in which so many calls of a workspace run at once. So many more wait for their
// turn, each for a time.
func NewLane(atOnce, waiting int, wait time.Duration) *Lane {
	return &Lane{atOnce: atOnce, waiting: waiting, wait: wait, workspaces: map[ID]*turns{}}
}

// Enter waits a short time for a turn of the workspace. Call leave when the work is done.
//
// Errors: KindUnavailable with ReasonOverloaded; that of ctx.
func (l *Lane) Enter(ctx context.Context, workspace ID) (leave func(), err error) {
	t := l.join(workspace)
	if t == nil {
		return nil, Overloaded()
	}
	select {
	case t.free <- struct{}{}:
		return l.leave(workspace, t), nil
	default:
	}
	patience := time.NewTimer(l.wait)
	defer patience.Stop()
	select {
	case t.free <- struct{}{}:
		return l.leave(workspace, t), nil
	case <-patience.C:
		err = Overloaded()
	case <-ctx.Done():
		err = ctx.Err()
	}
	l.part(workspace, t)
	return nil, err
}

// join counts a call among the workspace's, or returns nil if there are too many.
func (l *Lane) join(workspace ID) *turns {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.workspaces[workspace]
	if t == nil {
		t = &turns{free: make(chan struct{}, l.atOnce)}
		l.workspaces[workspace] = t
	}
	if t.users >= l.atOnce+l.waiting {
		return nil
	}
	t.users++
	return t
}

// leave gives a turn back.
func (l *Lane) leave(workspace ID, t *turns) func() {
	return func() {
		<-t.free
		l.part(workspace, t)
	}
}

// part undoes join.
func (l *Lane) part(workspace ID, t *turns) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.users--
	if t.users == 0 {
		delete(l.workspaces, workspace)
	}
}
