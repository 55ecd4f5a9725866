package main

import (
	"context"
	"net/http"
	"slices"
	"time"

	"accesscodes/internal/event"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/webhook"
)

// receiver is a program of the company that is told what happens.
type receiver struct {
	url, about string
	types      []string
	since      time.Time
	down       time.Time // since when nothing arrives; zero: it is up
}

// receivers are the programs that are told: one that gets everything, and one that is down since last night.
func (w *world) receivers() []receiver {
	return []receiver{
		{
			url: "https://crm.acme.example/hooks/codes", about: "CRM", types: []string{"redemption.*", "code.revoked"},
			since: w.ago(15, 13, 40),
		},
		{
			url: "https://stats.acme.example/in", about: "Reports of the fair", types: []string{"redemption.created"},
			since: w.ago(9, 10, 10), down: w.ago(1, 20, 0),
		},
	}
}

// enrolled are the deeds that add them.
func (w *world) enrolled(store *sqlite.Store) (all []deed) {
	secrets, _ := webhook.NewSecrets(nil) // without a key there is no error
	service := webhook.NewService(webhook.Deps{
		Store: store, Log: store, Secrets: secrets, Client: webhook.NewClient(webhook.ClientConfig{}),
		Now: w.clock, Entropy: entropy('h'), NewID: w.newID,
	})
	for _, r := range w.receivers() {
		all = append(all, deed{r.since, func(ctx context.Context) error {
			_, _, err := service.Create(ctx, &w.mara, webhook.NewEndpoint{URL: r.url, Description: r.about, Types: r.types})
			w.shop.Listens = event.HotSet([]event.Type{event.RedemptionCreated})
			return err
		}})
	}
	return all
}

// tell makes the deliveries of what has happened.
func (w *world) tell(ctx context.Context, store *sqlite.Store) error {
	endpoints, err := store.Endpoints(ctx, w.workspace.ID)
	if err != nil {
		return err
	}
	for i, r := range w.receivers() {
		all, err := store.Events(ctx, &event.Query{
			Workspace: w.workspace.ID, Types: endpoints[i].Wants(), Backwards: true, From: r.since, Limit: 150,
		})
		if err != nil {
			return err
		}
		change := func(e *webhook.Endpoint) (webhook.Changed, error) {
			e.TestedAt, e.Position = &r.since, all.Head
			return webhook.Changed{Deliveries: w.deliveries(e, &r, all.Events)}, nil
		}
		_, err = store.ChangeEndpoint(ctx, w.workspace.ID, endpoints[i].ID, change)
		if err != nil {
			return err
		}
	}
	return nil
}

// deliveries tells an endpoint of events, of which the newest come first.
func (w *world) deliveries(e *webhook.Endpoint, r *receiver, events []event.Event) (all []webhook.Delivery) {
	for _, told := range slices.Backward(events) {
		d := webhook.Delivery{
			WorkspaceID: e.WorkspaceID, EndpointID: e.ID, Position: told.Position, EventID: told.ID, Type: told.Type,
			Subject: told.Subject, CreatedAt: told.At, Status: webhook.Succeeded,
		}
		took := time.Duration(30+w.dice.IntN(60)) * time.Millisecond
		ok := webhook.Attempt{At: told.At, Took: took, Status: http.StatusNoContent}
		refused := webhook.Attempt{
			At: told.At, Took: 12 * time.Millisecond, Status: http.StatusBadGateway, Error: "it answered 502 Bad Gateway",
		}
		switch {
		case !r.down.IsZero() && told.At.After(r.down):
			later := w.now.Add(time.Duration(20+w.dice.IntN(90)) * time.Minute)
			d.Status, d.NextAt, d.Tries, d.Answer = webhook.Pending, &later, 3, "<h1>502 Bad Gateway</h1>"
			d.Attempts = []webhook.Attempt{refused, after(refused, 5*time.Second), after(refused, 5*time.Minute)}
			if e.FailingSince == nil {
				e.FailingSince = &told.At
			}
			e.Failures++
		case w.dice.IntN(25) == 0:
			d.Attempts = []webhook.Attempt{refused, after(ok, 5*time.Second)}
		default:
			d.Attempts = []webhook.Attempt{ok}
		}
		last := d.Attempts[len(d.Attempts)-1]
		e.LastAt, e.LastStatus, e.LastError = &last.At, last.Status, last.Error
		if d.NextAt != nil && (e.NextAt == nil || d.NextAt.Before(*e.NextAt)) {
			e.NextAt = d.NextAt
		}
		all = append(all, d)
	}
	return all
}

// after is an attempt that was made later.
func after(a webhook.Attempt, later time.Duration) webhook.Attempt {
	a.At = a.At.Add(later)
	return a
}
