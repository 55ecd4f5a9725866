package postgres_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/schema"
	"accesscodes/internal/store/storetest"
)

// The tests let a store try for timeout; what it does then may take margin more, on a
// busy machine.
const (
	timeout = 4 * time.Second
	margin  = 2 * time.Second
)

// patience is how long tests wait for what must happen.
const patience = 30 * time.Second

// connect connects past every store and proxy.
func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) }) // its server may be gone
	return conn
}

// exec runs statements on a connection.
func exec(t *testing.T, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// ask returns the one value that a query returns.
func ask[T any](t *testing.T, conn *pgx.Conn, query string, args ...any) T {
	t.Helper()
	var value T
	if err := conn.QueryRow(t.Context(), query, args...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

// awaitTrue waits until a query returns true.
func awaitTrue(t *testing.T, conn *pgx.Conn, query string, args ...any) {
	t.Helper()
	for end := time.Now().Add(patience); !ask[bool](t, conn, query, args...); {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for: %s %v", query, args)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// nameOf is the name of an address's database.
func nameOf(t *testing.T, address string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(parsed.Path, "/")
}

// with is an address with one more parameter.
func with(address, parameter, value string) string {
	return address + "&" + parameter + "=" + url.QueryEscape(value)
}

// startCluster starts a server that ends with its test.
func startCluster(t *testing.T, settings ...string) *pgtest.Cluster {
	t.Helper()
	c, err := pgtest.New(t.Context(), settings...)
	if err != nil {
		t.Fatal(err)
	}
	removeAtEnd(t, c)
	return c
}

func removeAtEnd(t *testing.T, c *pgtest.Cluster) {
	t.Cleanup(func() {
		if err := c.Remove(); err != nil {
			t.Error(err)
		}
	})
}

// databaseOn returns the address of a new, migrated database on a cluster.
func databaseOn(t *testing.T, c *pgtest.Cluster) string {
	t.Helper()
	if err := c.Exec(t.Context(), "postgres", "CREATE DATABASE codes"); err != nil {
		t.Fatal(err)
	}
	migrate(t, c.URL("codes"))
	return c.URL("codes")
}

func migrate(t *testing.T, address string) []schema.Migration {
	t.Helper()
	done, err := postgres.Migrate(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// newCode is a code of a workspace that need not be there. Each call's can be told from
// every other's.
func newCode(value, note string) *codes.NewCode {
	limit := int64(len(note))
	return &codes.NewCode{
		Canonical: core.Canonical(value),
		Code: codes.Code{
			Value: value, WorkspaceID: core.ID{1}, CreatedBy: core.ID{2}, Type: codes.TypeNormal,
			CreatedAt: time.Date(2031, 2, 3, 4, 5, 6, 789_012_000, time.UTC),
			Note:      note, Recipient: "for " + note, Metadata: map[string]string{"note": note}, MaxRedemptions: &limit,
		},
	}
}

// keyed marks a code with an Idempotency-Key.
func keyed(code *codes.NewCode, key string) *codes.NewCode {
	copy(code.Retry.Key[:], key)
	code.Retry.Fingerprint[0] = 1
	return code
}

// answer is what a call returned, and how long it took.
type answer struct {
	results []codes.InsertResult
	err     error
	took    time.Duration
}

func insert(t *testing.T, store storetest.Store, codes ...*codes.NewCode) answer {
	t.Helper()
	start := time.Now()
	results, err := store.InsertCodes(t.Context(), codes)
	return answer{results, err, time.Since(start)}
}

// begin calls InsertCodes without waiting for it.
func begin(t *testing.T, store storetest.Store, codes ...*codes.NewCode) <-chan answer {
	t.Helper()
	answers := make(chan answer, 1)
	go func() { answers <- insert(t, store, codes...) }()
	return answers
}

// checkInserted checks that a call was told that all its codes are stored, in time.
func checkInserted(t *testing.T, got answer) {
	t.Helper()
	if got.err != nil {
		t.Errorf("InsertCodes: %v", got.err)
	}
	for i, result := range got.results {
		if result.Outcome != codes.Inserted {
			t.Errorf("code %d: outcome %v, want Inserted", i, result.Outcome)
		}
	}
	checkTook(t, got.took)
}

// checkUnavailable checks that a call was told, in time, that nothing was done.
func checkUnavailable(t *testing.T, got answer) {
	t.Helper()
	if !core.IsKind(got.err, core.KindUnavailable) || !core.HasReason(got.err, core.ReasonStoreUnavailable) {
		t.Errorf("InsertCodes: %v, %v; want %s", got.results, got.err, core.ReasonStoreUnavailable)
	}
	checkTook(t, got.took)
}

func checkTook(t *testing.T, took time.Duration) {
	t.Helper()
	if took > timeout+margin {
		t.Errorf("it took %v, the store's timeout is %v", took, timeout)
	}
}

// row is what a table holds of a code.
type row struct {
	canonical, value, note, recipient, metadata, key string
	workspace                                        [16]byte
	limit                                            int64 // 0: none
}

// rowOf is the row that a code must become.
func rowOf(code *codes.NewCode) row {
	r := row{
		canonical: code.Canonical, value: code.Value, note: code.Note, recipient: code.Recipient,
		metadata:  code.Metadata["note"],
		workspace: code.WorkspaceID,
	}
	if code.MaxRedemptions != nil {
		r.limit = *code.MaxRedemptions
	}
	if !code.Retry.IsZero() {
		r.key = string(code.Retry.Key[:])
	}
	return r
}

// rowsOf reads the whole table, past every index.
func rowsOf(t *testing.T, conn *pgx.Conn) []row {
	t.Helper()
	rows, err := conn.Query(t.Context(),
		"SELECT canonical, value, note, recipient, metadata->>'note', workspace_id, coalesce(max_redemptions, 0), "+
			"retry_key FROM codes ORDER BY created_at, canonical")
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, func(line pgx.CollectableRow) (r row, err error) {
		var key []byte
		err = line.Scan(&r.canonical, &r.value, &r.note, &r.recipient, &r.metadata, &r.workspace, &r.limit, &key)
		r.key = string(key)
		return r, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// checkRows checks that the table holds these codes, each once, and nothing else.
func checkRows(t *testing.T, conn *pgx.Conn, codes ...*codes.NewCode) {
	t.Helper()
	times := map[row]int{}
	for _, r := range rowsOf(t, conn) {
		times[r]++
	}
	for _, code := range codes {
		if n := times[rowOf(code)]; n != 1 {
			t.Errorf("the code %s is stored %d times", code.Canonical, n)
		}
	}
	if len(times) != len(codes) {
		t.Errorf("%d codes are stored, want %d", len(times), len(codes))
	}
}
