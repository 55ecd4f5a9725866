package console

import (
	"context"
	"slices"

	"github.com/a-h/templ"

	"accesscodes/internal/member"
)

func (s *server) homeRoutes() []Route {
	return []Route{{Method: "GET", Path: "/console", handle: s.home}}
}

// home answers GET /console/: it goes to where somebody can begin.
func (s *server) home(ctx context.Context, p *page) error {
	if seats := p.openSeats(); len(seats) == 1 {
		return p.see(templ.SafeURL(workspacePath(seats[0].Workspace.Slug)))
	}
	return p.see("/console/workspaces")
}

// openSeats are the workspaces that the person can enter.
func (p *page) openSeats() []member.Seat {
	return slices.DeleteFunc(slices.Clone(p.who.Seats), func(s member.Seat) bool {
		return s.Workspace.SuspendedAt != nil
	})
}
