package console

import (
	"context"
	"net/http"
	"slices"

	"accesscodes/internal/core"
	"accesscodes/internal/member"
	"accesscodes/internal/web/kit"
)

// refusalView is what a page shows instead of what was asked for.
type refusalView struct {
	problem *kit.Problem
	title   string
	why     string
	owners  []string // who can do it or give the role
	needs   string   // the role that it takes; empty: it is not about one
}

// refuse shows what went wrong and what to do next. What only the log may know stays there.
func (s *server) refuse(c *kit.Call, problem *kit.Problem) {
	p, ok := c.Data.(*page)
	if !ok { // no page has this address
		p = s.newPage(Route{Path: c.Request.URL.Path}, c)
	}
	problem.SetHeader(c.Writer.Header())
	c.Writer.Header().Del("WWW-Authenticate") // browsers would ask for a name and password of their own
	v := &refusalView{
		problem: problem, title: p.Say("refusal." + kindOf(problem)),
		why: p.problemWords(problem),
	}
	ctx := context.WithoutCancel(c.Request.Context())
	if problem.Status == http.StatusForbidden && p.who != nil && p.workspace.Slug != "" {
		if needed := leastRole(p.route.Needs); !p.may(p.route.Needs) { // else the reason is another
			v.why = p.Say("refusal.role", "role", p.Say("role.with."+p.Actor.Role))
			if needed != "" {
				v.needs = p.Say("role." + string(needed))
			}
		}
		if owners, err := s.deps.Members.Owners(ctx, p.workspace.ID); err == nil {
			v.owners = owners
		}
	}
	if err := p.showWith(ctx, problem.Status, refusalPage(p, v)); err != nil {
		s.deps.Log.Error("cannot show a refusal", "error", err.Error())
		http.Error(c.Writer, v.title, problem.Status)
	}
}

// leastRole is the role that has a permission and may do least beside it; empty: none has it.
func leastRole(needs core.Permission) member.Role {
	for _, role := range slices.Backward(member.Roles()) {
		if role.Allows(needs) {
			return role
		}
	}
	return ""
}

// kindOf is the part of a text's name that goes with a status.
func kindOf(problem *kit.Problem) string {
	switch status := problem.Status; {
	case problem.Reason == core.ReasonOtherOrigin:
		return "elsewhere"
	case status == http.StatusForbidden:
		return "forbidden"
	case status == http.StatusNotFound:
		return "missing"
	case status == http.StatusConflict:
		return "conflict"
	case status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests:
		return "busy"
	case status >= http.StatusInternalServerError:
		return "fault"
	default:
		return "wrong"
	}
}

// canTryAgain reports whether the same request may succeed later.
func (v *refusalView) canTryAgain() bool {
	kind := v.problem.Reason.Kind()
	return kind == core.KindUnavailable || kind == core.KindInternal
}
