package codes

import (
	"time"

	"accesscodes/internal/core"
)

// Undeletion brings a code back that a change has deleted, as it was, together with the mark of the
// request that made it: a retry finds the code again. It is refused if the value was taken since, in
// whatever workspace.
type Undeletion struct{ Was RetriedCode }

// Command returns the command that brings the code back. It records no event.
func (u *Undeletion) Command(workspace core.ID, canonical string, at time.Time) *Command {
	u.Was.WorkspaceID = workspace
	return &Command{WorkspaceID: workspace, Canonical: canonical, At: at, AddsCode: true, Rule: u.rule}
}

func (u *Undeletion) rule(x *Execution) Result {
	if x.isTaken() {
		return refuse(errCodeExists())
	}
	x.add(&u.Was)
	return Result{Code: x.codeNow()}
}
