package core_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"accesscodes/internal/core"
)

// TestALaneLetsAFewOfAWorkspaceInAtOnce: the others wait, and no longer than is allowed; nobody
// waits for another workspace.
func TestALaneLetsAFewOfAWorkspaceInAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mine, theirs := core.ID{1}, core.ID{2}
		lane := core.NewLane(2, 1, time.Second)
		enter := func(workspace core.ID) func() {
			t.Helper()
			leave, err := lane.Enter(t.Context(), workspace)
			if err != nil {
				t.Fatal(err)
			}
			return leave
		}
		start := time.Now()
		first, second := enter(mine), enter(mine)
		enter(theirs)()
		if waited := time.Since(start); waited != 0 {
			t.Errorf("they waited for %v", waited)
		}
		third := make(chan func())
		go func() { third <- enter(mine) }()
		synctest.Wait()
		if _, err := lane.Enter(t.Context(), mine); !core.HasReason(err, core.ReasonOverloaded) || time.Since(start) != 0 {
			t.Errorf("one too many: %v after %v", err, time.Since(start))
		}
		first()
		first = <-third
		if _, err := lane.Enter(t.Context(), mine); !core.HasReason(err, core.ReasonOverloaded) ||
			time.Since(start) != time.Second {
			t.Errorf("nobody leaves: %v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := lane.Enter(ctx, mine); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the caller goes: %v", err)
		}
		first()
		second()
		if n := lane.Workspaces(); n != 0 {
			t.Errorf("%d workspaces are kept in mind that nobody uses", n)
		}
	})
}
