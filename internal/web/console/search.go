package console

import (
	"context"

	"github.com/a-h/templ"

	"accesscodes/internal/core"
	"accesscodes/internal/why"
)

func (s *server) searchRoutes() []Route {
	return []Route{
		post("/search", core.PermissionRead, s.search),
		get("/search", core.PermissionRead, s.showSearch),
	}
}

// search answers POST /console/w/{workspace}/search. It is no GET: somebody may paste an API key, which
// must not get into an address.
func (s *server) search(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	typed := f.get("q")
	if typed == "" {
		return p.see(p.link("why"))
	}
	if to, err := s.findWebhook(ctx, p, typed); err != nil {
		return err
	} else if to != "" {
		return p.see(to)
	}
	found, err := s.deps.Why.Find(ctx, &p.Actor, typed)
	if err != nil {
		return err
	}
	if to := p.targetOf(found); to != "" {
		return p.see(to)
	}
	if found.Secret {
		return p.show(ctx, searchPage(p, "", found))
	}
	return p.see(with(p.path("search"), "q", typed))
}

// showSearch answers GET /console/w/{workspace}/search: what begins with a text that is nothing by itself.
func (s *server) showSearch(ctx context.Context, p *page) error {
	typed := p.question().get("q")
	if typed == "" {
		return p.see(p.link("why"))
	}
	found, err := s.deps.Why.Find(ctx, &p.Actor, typed)
	if err != nil {
		return err
	}
	return p.show(ctx, searchPage(p, typed, found))
}

// targetOf is the page that a search leads to; "": there is none.
func (p *page) targetOf(f *why.Found) templ.SafeURL {
	switch f.Target {
	case why.TargetWhy:
		return with(p.path("why"), "typed", f.Value)
	case why.TargetUser:
		return p.link("users", f.Value)
	case why.TargetBatch:
		return p.link("batches", f.ID.String())
	case why.TargetImport:
		return p.link("imports", f.ID.String())
	case why.TargetChange:
		return p.link("changes", f.ID.String())
	case why.TargetKey:
		return with(p.path("keys"), "key", f.ID.String())
	case why.TargetActivity:
		return with(p.path("activity"), "request", f.Value)
	default:
		return ""
	}
}

// countOf is a bounded count in words: "more than 20".
func (p *page) countOf(c why.Count) string {
	if c.More {
		return p.Say("search.more_than", "number", c.N)
	}
	return p.Number(int64(c.N))
}
