package console

import (
	"context"

	"accesscodes/internal/core"
)

// names are what the keys and members of a workspace are called, by id.
type names map[core.ID]string

// names finds out what the keys and members of the workspace are called, also those of ended keys.
func (s *server) names(ctx context.Context, p *page) (names, error) {
	all := names{}
	keys, err := s.deps.Tenancy.By(&p.Actor).Keys(ctx, p.workspace.Slug)
	if err != nil {
		return nil, err
	}
	for i := range keys {
		all[keys[i].ID] = keys[i].Name
	}
	seated, err := s.deps.Members.In(ctx, p.workspace.ID)
	if err != nil {
		return nil, err
	}
	for i := range seated {
		all[seated[i].ID] = seated[i].Name
	}
	return all, nil
}

// of is the name that goes with an id.
func (n names) of(p *page, id core.ID) string {
	if name := n[id]; name != "" {
		return name
	}
	return p.Say("actor.gone")
}
