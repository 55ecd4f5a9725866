package codes

import (
	"context"
	"sync"
	"time"

	"accesscodes/internal/core"
)

// Limits of what one workspace may read from the store at once, besides look-ups of single things.
const (
	// ListsAtOnce is how many lists and searches of one workspace are read at once.
	ListsAtOnce = 2
	// listsWaiting is how many more may wait for their turn.
	listsWaiting = 16
	// listWait is how long each of them waits at most.
	listWait = time.Second
	// suggestionsAtOnce is how many searches for typos run at once. Further ones give no suggestion.
	suggestionsAtOnce = 1
)

// lane lets a few calls of each workspace run at once, so that no workspace uses up the store.
type lane struct {
	atOnce, waiting int
	wait            time.Duration

	mu         sync.Mutex
	workspaces map[core.ID]*turns // those with calls
}

// turns are the turns of one workspace.
type turns struct {
	free  chan struct{} // holds a token for each turn that is taken
	users int           // calls that have a turn or wait for one
}

func newLane(atOnce, waiting int, wait time.Duration) *lane {
	return &lane{atOnce: atOnce, waiting: waiting, wait: wait, workspaces: map[core.ID]*turns{}}
}

// enter waits a short time for a turn of the workspace. Call leave when the work is done.
//
// Errors: KindUnavailable with ReasonOverloaded; that of ctx.
func (l *lane) enter(ctx context.Context, workspace core.ID) (leave func(), err error) {
	t := l.join(workspace)
	if t == nil {
		return nil, core.Overloaded()
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
		err = core.Overloaded()
	case <-ctx.Done():
		err = ctx.Err()
	}
	l.part(workspace, t)
	return nil, err
}

// join counts a call among the workspace's, or returns nil if there are too many.
func (l *lane) join(workspace core.ID) *turns {
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
func (l *lane) leave(workspace core.ID, t *turns) func() {
	return func() {
		<-t.free
		l.part(workspace, t)
	}
}

// part undoes join.
func (l *lane) part(workspace core.ID, t *turns) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.users--
	if t.users == 0 {
		delete(l.workspaces, workspace)
	}
}
