package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/storetest"
)

// isLockAwaited asks whether a session waits for a lock of another one.
const isLockAwaited = `SELECT EXISTS (
	SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
	AND wait_event <> 'advisory')`

// erasure is what became of an erasure.
type erasure struct {
	found bool
	err   error
}

func beginErasure(t *testing.T, store *postgres.Store, workspace core.ID, user string) <-chan erasure {
	t.Helper()
	answers := make(chan erasure, 1)
	go func() {
		found, err := store.EraseUser(t.Context(), workspace, user)
		answers <- erasure{found, err}
	}()
	return answers
}

// checkErased checks that nothing holds a user's id, whose one redemption stands.
func checkErased(t *testing.T, store *postgres.Store, got erasure, workspace core.ID, user string) {
	t.Helper()
	if !got.found || got.err != nil {
		t.Errorf("EraseUser = %v, %v", got.found, got.err)
	}
	if _, err := store.User(t.Context(), workspace, user); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("the user is still registered: %v", err)
	}
	all, err := store.Redemptions(t.Context(), &codes.RedemptionQuery{WorkspaceID: workspace, Limit: 2})
	if err != nil || len(all) != 1 || all[0].UserID != "" || !all[0].Stands() {
		t.Errorf("redemptions %+v, %v", all, err)
	}
}

// TestErasingSomebodyWhoRegistersMeanwhile: the erasure has found that the user is not
// registered and waits for the table of redemptions, in which another node is about to
// store the user's first.
func TestErasingSomebodyWhoRegistersMeanwhile(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	store, watcher, node := open(t, address, postgres.Options{}), connect(t, address), connect(t, address)
	workspace := core.ID{1}
	exec(t, node, "BEGIN", "LOCK TABLE redemptions IN SHARE ROW EXCLUSIVE MODE")
	erased := beginErasure(t, store, workspace, "ada")
	awaitTrue(t, watcher, isLockAwaited)
	exec(
		t, node,
		`INSERT INTO users VALUES ('01000000-0000-0000-0000-000000000000', 'ada', 'Normal', now(), now())`,
		`INSERT INTO redemptions (canonical, id, workspace_id, code, type, user_id, grants, user_ordinal,
			created_at, created_by)
		VALUES ('CODE', gen_random_uuid(), '01000000-0000-0000-0000-000000000000', 'CODE', 'Normal', 'ada', 'Normal',
		1, now(), gen_random_uuid())`,
		"COMMIT",
	)
	checkErased(t, store, <-erased, workspace, "ada")
}

// TestErasingSomebodyWhoseReservationIsBeingConfirmed: the confirmation has read the id, and
// its commit is held back until the erasure waits for it.
func TestErasingSomebodyWhoseReservationIsBeingConfirmed(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	store, watcher, holder := open(t, address, postgres.Options{}), connect(t, address), connect(t, address)
	service, caller := serve(t, store)
	if _, err := store.InsertCodes(t.Context(), []*codes.NewCode{newCode("CODE", "one use")}); err != nil {
		t.Fatal(err)
	}
	held, err := service.Reserve(t.Context(), caller, codes.ReserveRequest{Code: "CODE", UserID: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	holdCommits(t, watcher, "redemptions")
	confirmed := make(chan error, 1)
	var erased <-chan erasure
	whileCommitWaits(t, holder, func() {
		go func() {
			_, err := service.Confirm(t.Context(), caller, held.Reservation.ID)
			confirmed <- err
		}()
	}, func() {
		erased = beginErasure(t, store, caller.WorkspaceID, "ada")
		awaitTrue(t, watcher, isLockAwaited)
	})
	if err := <-confirmed; err != nil {
		t.Errorf("Confirm: %v", err)
	}
	checkErased(t, store, <-erased, caller.WorkspaceID, "ada")
}

// serve returns a server over a store, and an actor who may do everything in the workspace
// of newCode.
func serve(t *testing.T, store storetest.Store) (*codes.Services, *core.Actor) {
	t.Helper()
	service := codes.NewServices(codes.Deps{
		Store: store, Now: time.Now, Entropy: core.SystemEntropy(),
		NewID: func() (core.ID, error) { id, err := uuid.NewV7(); return core.ID(id), err },
	})
	return service, &core.Actor{WorkspaceID: core.ID{1}, ID: core.ID{2}}
}
