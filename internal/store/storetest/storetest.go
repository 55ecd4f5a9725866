// Package storetest is the conformance suite of [Store]: ordinary code that takes a factory and
// checks that every store, bare or wrapped, behaves the same. It tests no engine by itself.
package storetest

import (
	"context"
	"crypto/rand"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

// Factory opens an empty store for one test. Stores that are opened for the same
// test by a second call of open share one database, as two processes would.
type Factory func(t *testing.T) (open func() Store)

// Run holds the factory's stores to the contract, or to the named parts of it: what can be
// different only there need not be asked of a store that is another one in some respect. The
// parts run at the same time, each with databases of its own.
func Run(t *testing.T, newStore Factory, parts ...string) {
	t.Helper()
	suites := map[string]func(*testing.T, Factory){
		"Codes":           testCodes,
		"Retries":         testRetries,
		"Concurrency":     testConcurrency,
		"Workspaces":      testWorkspaces,
		"Keys":            testKeys,
		"Install":         testInstallation,
		"Context":         testContext,
		"Redemptions":     testRedemptions,
		"Reservations":    testReservations,
		"Tidying":         testTidyingMany,
		"Users":           testUsers,
		"Commands":        testCommands,
		"Table":           testTable,
		"RedemptionLists": testRedemptionLists,
		"UserLists":       testUserLists,
		"Search":          testSearch,
		"PageBytes":       testPageBytes,
		"CodeFilters":     testCodeFilters,
		"CodeLists":       testCodeLists,
		"Races":           testRaces,
		"UserRaces":       testUserRaces,
		"CodeRaces":       testCodeRaces,
		"Isolation":       testIsolation,
		"Revoking":        testRevoking,
		"Deleting":        testDeleting,
		"Changing":        testChanging,
		"Validating":      testValidating,
		"Events":          testEvents,
		"Cursors":         testCursors,
		"Jobs":            testJobs,
		"JobLeases":       testJobLeases,
		"JobTurns":        testJobTurns,
		"Runner":          testRunner,
		"Changes":         testChanges,
		"Batches":         testBatches,
		"Imports":         testImports,
		"People":          testPeople,
		"Overview":        testOverview,
	}
	if len(parts) == 0 {
		parts = slices.Sorted(maps.Keys(suites))
	}
	for _, name := range parts {
		suite, ok := suites[name]
		if !ok {
			t.Fatalf("the suite has no part %q", name)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			suite(t, newStore)
		})
	}
}

// open returns one store on an empty database.
func open(t *testing.T, newStore Factory) Store {
	t.Helper()
	return newStore(t)()
}

// now is a time with every digit that stores keep, so that lost precision shows.
var now = time.Date(2031, 2, 3, 4, 5, 6, 789_012_000, time.UTC)

func newID(t *testing.T) core.ID {
	t.Helper()
	id, err := nextID()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// newWorkspace stores a workspace with a random slug.
func newWorkspace(t *testing.T, s Store) tenancy.Workspace {
	t.Helper()
	w := tenancy.Workspace{
		ID: newID(t), Slug: strings.ToLower(rand.Text()), Name: "Acme",
		Format: core.Format{Prefix: "ACME", Groups: 2, GroupLength: 4}, CreatedAt: now,
	}
	inserted, err := s.InsertWorkspace(t.Context(), w)
	if err != nil || !inserted {
		t.Fatalf("InsertWorkspace = %v, %v", inserted, err)
	}
	return w
}

// newCode is a code that is not stored yet.
func newCode(workspace core.ID, value string) *codes.NewCode {
	return &codes.NewCode{
		Canonical: core.Canonical(value),
		Code: codes.Code{
			Value: value, WorkspaceID: workspace, Type: codes.TypeNormal,
			CreatedAt: now, CreatedBy: core.ID{15: 1},
		},
	}
}

func insert(t *testing.T, s Store, codes ...*codes.NewCode) []codes.InsertResult {
	t.Helper()
	results, err := s.InsertCodes(t.Context(), codes)
	if err != nil {
		t.Fatalf("InsertCodes: %v", err)
	}
	return results
}

func outcomes(results []codes.InsertResult) []codes.InsertOutcome {
	var all []codes.InsertOutcome
	for _, r := range results {
		all = append(all, r.Outcome)
	}
	return all
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
