package console

import (
	"context"

	"github.com/a-h/templ"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// maxUndo is the longest address that takes something back: a message holds it.
const maxUndo = maxToast / 2

// undoOf is the address that takes back what this request does to a code.
func (p *page) undoOf(value, back string) string {
	return p.undoAt(back, "code", value, "request", p.RequestID)
}

// undoAt is the address that takes back what pairs name, and where to go then. A message holds only a
// short one: else the way is to the code.
func (p *page) undoAt(back string, pairs ...string) string {
	address := with(p.path("why", "undo"), append(pairs, "back", back)...)
	if len(address) >= maxUndo {
		address = with(p.path("why", "undo"), pairs...)
	}
	return string(address)
}

// undoOne answers POST /console/w/{workspace}/why/undo: it takes back what was done to one code.
func (s *server) undoOne(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	value, made := f.raw("code"), f.raw("made")
	var code codes.Code
	if made != "" {
		value = made
		code, err = s.deps.Why.Withdraw(ctx, &p.Actor, made)
	} else {
		code, err = s.deps.Why.Undo(ctx, &p.Actor, value, f.get("request"))
	}
	said := "why.undone"
	switch {
	case core.HasReason(err, core.ReasonChangeNotUndoable):
		said = "why.not_undone"
	case err != nil:
		return err
	default:
		value = code.Value
	}
	p.sayNext(said, "", "code", value)
	if back := localPath(f.raw("back")); back != "" {
		return p.see(templ.SafeURL(back))
	}
	return p.see(p.link("codes", value))
}
