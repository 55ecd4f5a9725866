package why_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/why"
)

// TestHelpNeverMultipliesACode: whatever those who may only help do to one code for one use and to its
// replacements, at most one of them can be redeemed; also while others revoke some.
func TestHelpNeverMultipliesACode(t *testing.T) {
	w := newWorld(t)
	support := w.as(core.PermissionRead, core.PermissionRemedy)
	tickets := 0
	rapid.Check(t, func(rt *rapid.T) {
		tickets++
		ticket := fmt.Sprint("TICKET-", tickets)
		w.add(t, ticket, codes.TypePremium, 1, ends(w.clock().Add(20*24*time.Hour)))
		h := &helper{world: w, actor: support, family: []string{ticket}, before: w.head(t)}
		defer h.end(t)
		rt.Repeat(map[string]func(*rapid.T){
			"":         func(rt *rapid.T) { h.requireOneLive(t, rt) },
			"replace":  func(rt *rapid.T) { h.replace(t, rt) },
			"restore":  func(rt *rapid.T) { h.act(); _, _ = w.Restore(t.Context(), support, h.any(rt)) },
			"withdraw": func(rt *rapid.T) { h.act(); _, _ = w.Withdraw(t.Context(), support, h.any(rt)) },
			"raise":    func(rt *rapid.T) { h.act(); _, _ = w.RaiseLimit(t.Context(), support, h.any(rt), 2) },
			"extend": func(rt *rapid.T) {
				h.act()
				_, _ = w.Extend(t.Context(), support, h.any(rt), w.clock().Add(7*24*time.Hour))
			},
			"undo":   func(rt *rapid.T) { h.undo(t, rt) },
			"pass":   func(*rapid.T) { w.pass(10 * 24 * time.Hour) },
			"revoke": func(rt *rapid.T) { must[codes.Code](t)(w.codes.RevokeCode(t.Context(), w.acme, h.any(rt))) },
		})
	})
}

// helper is someone who may only help, and the codes that came of one.
type helper struct {
	*world
	actor  *core.Actor
	family []string
	before int64 // the newest position of the log at first
	acts   int
}

// end revokes the codes, so that no later walk counts them.
func (h *helper) end(t *testing.T) {
	for _, value := range h.family {
		must[codes.Code](t)(h.codes.RevokeCode(t.Context(), h.world.acme, value))
	}
}

// act begins a request of its own.
func (h *helper) act() {
	h.acts++
	h.actor.RequestID = fmt.Sprint(h.family[0], "/", h.acts)
	h.pass(time.Second)
}

func (h *helper) any(rt *rapid.T) string { return rapid.SampledFrom(h.family).Draw(rt, "code") }

func (h *helper) replace(t *testing.T, rt *rapid.T) {
	h.act()
	made, err := h.Replace(t.Context(), h.actor, h.any(rt), "ann", "")
	if err == nil && !slices.Contains(h.family, made.Code.Value) {
		h.family = append(h.family, made.Code.Value)
	}
}

// undo takes back what the log tells of.
func (h *helper) undo(t *testing.T, rt *rapid.T) {
	page, err := h.log.List(t.Context(), event.Query{
		Workspace: h.actor.WorkspaceID, After: h.before, Limit: event.MaxLimit,
	}, 0)
	if err != nil {
		t.Fatal(err)
	}
	told := slices.DeleteFunc(page.Events, func(e event.Event) bool { return e.RequestID == "" })
	if len(told) == 0 {
		return
	}
	e := told[rapid.IntRange(0, len(told)-1).Draw(rt, "event")]
	h.act()
	if made, _ := why.Undoable(h.actor, &e, h.clock()); made != "" {
		_, _ = h.Withdraw(t.Context(), h.actor, made)
		return
	}
	_, _ = h.Undo(t.Context(), h.actor, e.Subject.ID, e.RequestID)
}

func (h *helper) requireOneLive(t *testing.T, rt *rapid.T) {
	if live := h.redeemable(t); len(live) > 1 {
		rt.Fatalf("%q can be redeemed", live)
	}
}

// head returns the newest position of the log.
func (w *world) head(t *testing.T) int64 {
	t.Helper()
	page, err := w.log.List(t.Context(), event.Query{Workspace: w.acme.WorkspaceID, Limit: 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return page.Head
}
