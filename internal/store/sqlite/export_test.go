package sqlite

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/pressly/goose/v3"
	"zombiezen.com/go/sqlite"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/storetest"
)

// MigrateTo brings a new file's schema to an older version.
func MigrateTo(ctx context.Context, path string, version int64) error {
	return withProvider(path, func(p *goose.Provider) error {
		_, err := p.UpTo(ctx, version)
		return err
	})
}

// Query is a statement with its arguments, as tests explain it.
type Query struct {
	Text string
	Args []any
}

// CodesQuery lists codes of one type.
func CodesQuery(q *codes.CodeQuery, t codes.Type, found []string, isFew bool) Query {
	text, args := codesQuery(q, t, found, isFew)
	return Query{text, args}
}

// OfBatch are what is asked of a batch: its codes from an index on, and how many were redeemed.
func OfBatch(workspace, batch core.ID, from int64) []Query {
	text, args := batchCodesQuery(workspace, batch, from, 50, time.UnixMicro(0))
	return []Query{{text, args}, {outcomesQuery, []any{workspace[:], batch[:], from, from + 50}}}
}

// Searches look up what a text finds.
func Searches(q *codes.CodeQuery) (all []Query) {
	for _, s := range searches(q) {
		all = append(all, Query{s.query, s.args})
	}
	return all
}

// RedemptionsQuery lists redemptions.
func RedemptionsQuery(q *codes.RedemptionQuery) Query {
	which, args := redemptionsQuery(q)
	return Query{"SELECT " + redemptionColumns + " FROM redemptions " + which, args}
}

// OfUser are what a command and an erasure ask of a user.
func OfUser(workspace core.ID, id string) []Query {
	args := []any{workspace[:], id}
	return []Query{
		{"SELECT " + redemptionColumns + " FROM redemptions " + redemptionsOfUser, args},
		{"SELECT " + reservationColumns + " FROM reservations " + reservationsOfUser, args},
	}
}

// UsersQuery lists users.
func UsersQuery(q *codes.UserQuery) Query {
	text, args := usersQuery(q)
	return Query{text, args}
}

// FailFileSync makes the checkpointer's syncs of the file fail, and sends the errors that would
// end the process.
func (s *Store) FailFileSync() <-chan error {
	lost := make(chan error, 1)
	s.checkpoints.lost = func(err error) {
		select {
		case lost <- err:
		default: // it goes on here, and fails again
		}
	}
	s.checkpoints.file = os.NewFile(^uintptr(0), "gone")
	return lost
}

// Forms does the work of the migration of canonical forms, one code in each transaction, and
// stops before it gives the code number limit another form.
func Forms(ctx context.Context, path string, limit int) error {
	killed := forms
	killed.AtOnce, killed.Rename = 1, storetest.Killing(limit, forms.Rename)
	db, err := openSQL(path)
	if err != nil {
		return err
	}
	return errors.Join(killed.Up(ctx, db), db.Close())
}

// The lanes.
const (
	KeyLane  = int(keyLane)
	HotLane  = int(hotLane)
	ListLane = int(listLane)
	Lanes    = int(laneCount)
)

// TakeLane takes every connection of a lane.
func TakeLane(ctx context.Context, s *Store, lane int) (giveBack func()) {
	var taken []*sqlite.Conn
	for range cap(s.lanes[lane].free) {
		conn, err := s.lanes[lane].take(ctx)
		if err != nil {
			panic(err)
		}
		taken = append(taken, conn)
	}
	return func() {
		for _, conn := range taken {
			s.lanes[lane].give(conn)
		}
	}
}

// WithHints is a portable statement as it is prepared.
func WithHints(sql string) string { return withHints(sql) }
