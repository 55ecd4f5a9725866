package codes_test

import (
	"context"
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/store/storetest"
	"accesscodes/internal/tenancy"
)

// spying is a store that keeps what hot calls give it.
type spying struct {
	storetest.Store
	commands []*codes.Command
	codes    []*codes.NewCode
}

// Execute implements [codes.RedemptionStore].
func (s *spying) Execute(ctx context.Context, commands []*codes.Command) ([]codes.Result, error) {
	s.commands = append(s.commands, commands...)
	return s.Store.Execute(ctx, commands)
}

// InsertCodes implements [codes.CodeStore].
func (s *spying) InsertCodes(ctx context.Context, codes []*codes.NewCode) ([]codes.InsertResult, error) {
	s.codes = append(s.codes, codes...)
	return s.Store.InsertCodes(ctx, codes)
}

// TestWhereNobodyListensHotRequestsHaveNothingToDoWithEvents: neither source nor event goes to
// the store, so that it has nothing to look at but that there is none.
func TestWhereNobodyListensHotRequestsHaveNothingToDoWithEvents(t *testing.T) {
	for _, recorded := range []tenancy.EventsRecorded{"", tenancy.EventsSome, tenancy.EventsAll} {
		t.Run("events "+string(recorded), func(t *testing.T) {
			w := newWorld(t)
			spy := &spying{Store: w.Store}
			service := w.serve(t, spy)
			caller := *w.acme
			caller.Listens = (&tenancy.Workspace{Events: recorded}).Listens()
			issued, err := service.GenerateCode(t.Context(), &caller, codes.IssueRequest{Type: codes.TypeNormal})
			if err != nil {
				t.Fatal(err)
			}
			w.add(t, &caller, "shared", codes.IssueRequest{Type: codes.TypeNormal})
			if _, err := service.Redeem(t.Context(), &caller, codes.RedeemRequest{
				Code:   issued.Code.Value,
				UserID: "ada",
			}); err != nil {
				t.Fatal(err)
			}
			for _, end := range []func(id core.ID) error{
				func(id core.ID) error { _, err := service.Release(t.Context(), &caller, id); return err },
				func(id core.ID) error { _, err := service.Confirm(t.Context(), &caller, id); return err },
			} {
				held, err := service.Reserve(t.Context(), &caller, codes.ReserveRequest{Code: "shared", UserID: "bob"})
				if err != nil {
					t.Fatal(err)
				}
				if err := end(held.Reservation.ID); err != nil {
					t.Fatal(err)
				}
			}
			all := recorded == tenancy.EventsAll
			for _, command := range spy.commands {
				if (command.Source != nil) != all {
					t.Errorf("a command has the source %+v", command.Source)
				}
			}
			if len(spy.commands) != 5 || len(spy.codes) != 1 || (len(spy.codes[0].Events) > 0) != all {
				t.Errorf("%d commands; codes %+v", len(spy.commands), spy.codes)
			}
		})
	}
}

func TestWhoDidItIsTheKeyOrTheProgramOrWhoRunsTheCommand(t *testing.T) {
	w := newWorld(t)
	person := tenancy.NewService(tenancy.Deps{
		Store: w.Store, Now: w.clock, Entropy: core.SystemEntropy(), NewID: w.newID,
		Actor: event.Actor{Kind: core.ActorCLI, Name: "root"},
	})
	if _, _, err := person.CreateKey(t.Context(), "acme",
		tenancy.NewKey{Name: "CRM", Role: tenancy.RoleFull}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.PutUser(t.Context(), w.acme, "ada", codes.UserNormal); err != nil {
		t.Fatal(err)
	}
	page, err := w.Store.Events(t.Context(), &event.Query{Workspace: w.acme.WorkspaceID, Limit: 10})
	if err != nil || len(page.Events) != 4 {
		t.Fatalf("%d events, %v", len(page.Events), err)
	}
	want := []event.Actor{
		event.System(),
		event.System(),
		{Kind: core.ActorCLI, Name: "root"},
		{Kind: core.ActorKey, ID: w.acme.ID, Name: "full"},
	}
	for i, e := range page.Events { // the workspace, its first key, another key, the user
		if e.Actor != want[i] {
			t.Errorf("%s by %+v, want %+v", e.Type, e.Actor, want[i])
		}
	}
}
