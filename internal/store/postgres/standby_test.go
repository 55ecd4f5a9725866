package postgres_test

import (
	"fmt"
	"testing"

	"accesscodes/internal/core"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
)

// pair is a server and a standby that it waits for.
type pair struct {
	primary, standby *pgtest.Cluster
	database         string // its name
	address          string // of both: whichever takes writes
}

func startPair(t *testing.T) *pair {
	t.Helper()
	primary := startCluster(t)
	standby, err := primary.NewStandby(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	removeAtEnd(t, standby)
	awaitTrue(t, connect(t, primary.URL("postgres")),
		"SELECT count(*) = 1 AND bool_and(application_name = 'standby' AND sync_state = 'sync' "+
			"AND state = 'streaming') FROM pg_stat_replication")
	database := nameOf(t, databaseOn(t, primary))
	return &pair{
		primary: primary, standby: standby, database: database,
		address: fmt.Sprintf("postgres://postgres@%s,%s/%s?sslmode=disable&target_session_attrs=read-write",
			primary.Address(), standby.Address(), database),
	}
}

// failOver kills the primary and lets the standby take its place.
func (p *pair) failOver(t *testing.T) {
	t.Helper()
	if err := p.primary.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := p.standby.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestCampaignAFailoverToASynchronousStandbyLosesNothing(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	l := startLoad(t, p.address)
	l.awaitWork(200)
	onPrimary := connect(t, p.primary.URL(p.database))
	if ask[bool](t, onPrimary, "SELECT pg_is_in_recovery()") ||
		ask[int](t, onPrimary, "SELECT count(*) FROM codes") < 200 {
		t.Error("the load does not run on the primary")
	}
	p.failOver(t)
	l.awaitWork(100)
	promoted := connect(t, p.standby.URL(p.database))
	if ask[bool](t, promoted, "SELECT pg_is_in_recovery()") {
		t.Error("the standby was not promoted")
	}
	l.finish(promoted)
}

// TestCampaignARetryIsNotAnsweredWithACodeThatTheStandbyDoesNotHave: a commit that waits for a
// standby which is away becomes visible on the primary when its client has gone. A retry
// that finds it there must not pass it on: it would be lost with the primary.
func TestCampaignARetryIsNotAnsweredWithACodeThatTheStandbyDoesNotHave(t *testing.T) {
	t.Parallel()
	p := startPair(t)
	store := open(t, p.address, postgres.Options{Timeout: timeout})
	code := keyed(newCode("A", "a"), "key")
	if err := p.standby.Kill(); err != nil {
		t.Fatal(err)
	}
	if got := insert(t, store, code); !core.HasReason(got.err, core.ReasonOutcomeUnknown) {
		t.Errorf("InsertCodes while the standby is away: %v, %v", got.results, got.err)
	}
	retried := insert(t, store, code)
	if err := p.primary.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := p.standby.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.standby.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	promoted := connect(t, p.standby.URL(p.database))
	if retried.err == nil && ask[int](t, promoted, "SELECT count(*) FROM codes") != 1 {
		t.Errorf("the retry was answered with %+v, which is lost", retried.results)
	}
	checkTook(t, retried.took)
	if got := insert(t, store, keyed(newCode("B", "b"), "another key")); got.err != nil {
		t.Errorf("InsertCodes after the failover: %v", got.err)
	}
}
