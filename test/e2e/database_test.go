package e2e

import (
	"testing"
	"time"
)

// database is a database of one of the engines. The program knows it by its address;
// the tests look straight into it.
type database interface {
	address() string // for --database
	// rows returns every code by its canonical form. It only reads: servers may run.
	rows(t testing.TB) map[string]row
	// uses returns every redemption that stands.
	uses(t testing.TB) []use
	// count returns how many rows a table has.
	count(t testing.TB, table string) int
	// texts returns the one column of a query, which sees one state of the database.
	texts(t testing.TB, query string) []string
	// lock keeps everybody from writing codes, as a backup tool or another program might,
	// until the returned function is called.
	lock(t testing.TB) (release func())
	// awaitQuiet returns when nothing is done any more for a server that was killed then.
	awaitQuiet(t testing.TB, killed time.Time)
}

// engine is a kind of database.
type engine struct {
	name   string
	nodes  int                         // how many servers share a database where several do
	create func(t testing.TB) database // one that no server has seen
}

var engines = []engine{
	{"sqlite", 2, func(t testing.TB) database { return newSQLite(t) }},
	{"postgres", 3, func(t testing.TB) database { return newPostgres(t) }},
}

// forEachEngine runs a test once for each engine, at the same time, with a new database.
func forEachEngine(t *testing.T, test func(t *testing.T, db database)) {
	t.Helper()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			test(t, e.create(t))
		})
	}
}

// forEachEngineAndItsNodes runs a test once for each engine, at the same time, with several
// servers on a new database. The first of them has printed the key.
func forEachEngineAndItsNodes(t *testing.T, test func(t *testing.T, db database, nodes []*server)) {
	t.Helper()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			withNodes(t, e, test)
		})
	}
}

func withNodes(t *testing.T, e engine, test func(t *testing.T, db database, nodes []*server)) {
	t.Helper()
	db := e.create(t)
	var nodes []*server
	for range e.nodes {
		nodes = append(nodes, startServer(t, db))
	}
	test(t, db, nodes)
}

// row is a code as it lies in the database.
type row struct {
	canonical, value, kind string
	maxRedemptions         int64 // 0: no limit
	redemptions            int64
	createdAt              time.Time
	owned                  bool // its workspace and the key that made it exist
}

// selectRows reads what a row has, in its order.
const selectRows = `
SELECT canonical, value, type, coalesce(max_redemptions, 0), redemptions, created_at,
       EXISTS (SELECT 1 FROM api_keys k WHERE k.id = c.created_by AND k.workspace_id = c.workspace_id)
FROM codes c`
