package storetest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/store/plain"
	"accesscodes/internal/webhook"
)

// PlainStatement is a statement of [plain.Store] about a table that grows without end, with the index
// that it must be carried out by (empty: that of the primary key), and the columns that the index is
// searched by.
type PlainStatement struct {
	Name, SQL, Index string
	Params           int // how many it has
	Columns          []string
}

// PlainStatements are the statements of [plain.Store] that must not read a whole table, for tests that
// let engines explain them.
func PlainStatements(t *testing.T) []PlainStatement {
	t.Helper()
	return slices.Concat(eventStatements(t), countStatements(t), deliveryStatements(t))
}

// taken are the statements about a table that an action sends.
func taken(
	t *testing.T, table, name, index, columns string, action func(plain.Store, *statements) error,
) (all []PlainStatement) {
	t.Helper()
	sent := new(statements)
	if err := action(plain.New(sent), sent); err != nil {
		t.Fatal(err)
	}
	for _, s := range sent.all {
		if strings.Contains(s.SQL, " "+table+" ") && !strings.Contains(s.SQL, "SELECT position FROM") {
			all = append(all, PlainStatement{name, s.SQL, index, s.Params, strings.Fields(columns)})
		}
	}
	if len(all) == 0 {
		t.Errorf("%s: no statement about %s", name, table)
	}
	return all
}

// deliveryStatements read what was sent to webhook endpoints.
func deliveryStatements(t *testing.T) (all []PlainStatement) {
	t.Helper()
	const table = "webhook_deliveries"
	e := webhook.Endpoint{WorkspaceID: core.ID{15: 1}, ID: core.ID{15: 2}}
	all = append(all, taken(t, table, "due deliveries", "webhook_deliveries_due", "workspace_id endpoint_id next_at",
		func(s plain.Store, _ *statements) error {
			_, err := s.DueDeliveries(t.Context(), &e, now, 10)
			return err
		})...)
	q := webhook.DeliveryQuery{WorkspaceID: e.WorkspaceID, EndpointID: e.ID, Before: 100, Limit: 10}
	all = append(all, taken(t, table, "deliveries", "", "workspace_id endpoint_id position",
		func(s plain.Store, _ *statements) error {
			_, err := s.Deliveries(t.Context(), &q)
			return err
		})...)
	q.Status = webhook.Failed
	return append(all, taken(t, table, "failed deliveries", "webhook_deliveries_unsent",
		"workspace_id endpoint_id status position",
		func(s plain.Store, _ *statements) error {
			_, err := s.Deliveries(t.Context(), &q)
			return err
		})...)
}

// countStatements read what is to be counted.
func countStatements(t *testing.T) (all []PlainStatement) {
	t.Helper()
	workspace := core.ID{15: 1}
	all = append(all, taken(t, "codes", "count codes", "codes_listed", "workspace_id type created_at",
		func(s plain.Store, _ *statements) error {
			_, err := s.CodesToCount(t.Context(), workspace, codes.TypeNormal, codes.CodeKey{CreatedAt: now}, 10, now)
			return err
		})...)
	all = append(all, taken(t, "redemptions", "count redemptions", "", "workspace_id id",
		func(s plain.Store, _ *statements) error {
			_, err := s.RedemptionsToCount(t.Context(), workspace, core.ID{}, core.ID{15: 9}, 10)
			return err
		})...)
	all = append(all, taken(t, "jobs", "unfinished jobs", "jobs_unfinished", "workspace_id",
		func(s plain.Store, _ *statements) error {
			_, err := s.UnfinishedJobs(t.Context(), workspace)
			return err
		})...)
	all = append(all, taken(t, "jobs", "count unfinished jobs", "jobs_unfinished", "",
		func(s plain.Store, _ *statements) error {
			_, err := s.CountUnfinished(t.Context())
			return err
		})...)
	return append(all, taken(t, "users", "count users", "", "workspace_id user_id",
		func(s plain.Store, _ *statements) error {
			_, err := s.UsersToCount(t.Context(), workspace, "", 10)
			return err
		})...)
}

// eventStatements read or change the log.
func eventStatements(t *testing.T) (all []PlainStatement) {
	t.Helper()
	workspace := core.ID{15: 1}
	take := func(name, index, columns string, action func(plain.Store, *statements) error) {
		t.Helper()
		all = append(all, taken(t, "events", name, index, columns, action)...)
	}
	query := func(name, index, columns string, q event.Query) {
		q.Workspace, q.Limit = workspace, 10
		take(
			name,
			index,
			columns,
			func(s plain.Store, _ *statements) error { _, err := s.Events(t.Context(), &q); return err },
		)
	}
	query("all", "", "workspace_id position", event.Query{})
	query("backwards", "", "workspace_id position", event.Query{Backwards: true})
	query(
		"of a code, backwards",
		"events_subject",
		"workspace_id subject_key position",
		event.Query{Backwards: true, Subject: &event.SubjectName{Kind: event.SubjectCode, Key: "A"}},
	)
	query(
		"of types",
		"",
		"workspace_id position",
		event.Query{Types: []event.Type{event.CodeCreated, event.CodeRevoked}},
	)
	query(
		"by an actor",
		"",
		"workspace_id position",
		event.Query{Actor: &event.ActorName{Kind: core.ActorKey, ID: workspace}},
	)
	query(
		"of a code",
		"events_subject",
		"workspace_id subject_key position",
		event.Query{Subject: &event.SubjectName{Kind: event.SubjectCode, Key: "A"}},
	)
	query(
		"of a user",
		"events_user",
		"workspace_id user_id position",
		event.Query{Subject: &event.SubjectName{Kind: event.SubjectUser, Key: "a"}},
	)
	take("erase", "events_user", "workspace_id user_id", func(_ plain.Store, sent *statements) error {
		return plain.EraseFromEvents(sent, workspace, "ada")
	})
	take(
		"scrub",
		"events_erased",
		"at",
		func(s plain.Store, _ *statements) error { _, err := s.ScrubErased(t.Context(), now); return err },
	)
	take(
		"prune",
		"",
		"workspace_id",
		func(s plain.Store, _ *statements) error {
			_, err := s.PruneEvents(t.Context(), now, event.Retention{
				All: time.Hour, Types: []event.TypeRetention{{Types: "session.*", Keep: time.Minute}},
			})
			return err
		},
	)
	take("links", "", "workspace_id position", func(s plain.Store, _ *statements) error {
		_, err := s.Links(t.Context(), core.ID{15: 1}, 5, 10)
		return err
	})
	for _, table := range []string{"events", "event_digests"} {
		all = append(all, taken(t, table, "logs", "", "workspace_id", func(s plain.Store, sent *statements) error {
			sent.answered = 2 // else there is always a next workspace
			_, err := s.Logs(t.Context())
			return err
		})...)
	}
	return all
}

// statements is an engine that carries nothing out: it keeps what is sent to it, and answers
// each query with one row of ones.
type statements struct {
	all      []PlainStatement
	answered int // how many are; 0: all
}

// Read implements [plain.DB].
func (s *statements) Read(_ context.Context, read func(plain.Tx) error) error { return read(s) }

// List implements [plain.DB].
func (s *statements) List(_ context.Context, read func(plain.Tx) error) error { return read(s) }

// Write implements [plain.DB].
func (s *statements) Write(_ context.Context, _ plain.Repeat, write func(plain.Tx) error) error {
	return write(s)
}

// Query implements [plain.Tx].
func (s *statements) Query(sql string, args []any, scan func(plain.Row) error) error {
	s.all = append(s.all, PlainStatement{SQL: sql, Params: len(args)})
	if s.answered > 0 && len(s.all) > s.answered {
		return nil
	}
	return scan(ones{})
}

// Exec implements [plain.Tx].
func (s *statements) Exec(sql string, args ...any) (int64, error) {
	s.all = append(s.all, PlainStatement{SQL: sql, Params: len(args)})
	return 1, nil
}

// AddEvents implements [plain.Tx].
func (*statements) AddEvents(...*event.Event) error { return nil }

// Now implements [plain.Tx].
func (*statements) Now() (time.Time, error) { return now, nil }

// ones is a row in which every number is 1 and everything else as it was.
type ones struct{}

// Scan implements [plain.Row].
func (ones) Scan(dest ...any) error {
	for _, d := range dest {
		switch d := d.(type) {
		case *int64:
			*d = 1
		case *time.Time:
			*d = now.Add(-time.Hour)
		}
	}
	return nil
}
