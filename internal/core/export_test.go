package core

// Workspaces returns how many are kept in mind.
func (l *Lane) Workspaces() int { return len(l.workspaces) }
