package e2e

import (
	"math/rand/v2"
	"testing"
	"time"
)

// jobLimit is how long a job may take: in a full campaign it has hundreds of thousands of codes.
const jobLimit = 10 * time.Minute

// killing is servers on a database that are killed now and then: one on SQLite, two on PostgreSQL, of
// which either is killed.
type killing struct {
	t      *testing.T
	db     database
	random *rand.Rand
	kills  int
	nodes  []*server
	asked  int // the node that is called
	key    string
	caller *client // of the node that was called last
}

func newKilling(t *testing.T, db database, kills int) *killing {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("random seed %d", seed)
	k := &killing{t: t, db: db, random: rand.New(rand.NewPCG(seed, 0)), kills: kills}
	k.nodes = []*server{startServer(t, db)}
	k.key = k.nodes[0].key
	if _, isPostgres := db.(postgresDatabase); isPostgres {
		k.nodes = append(k.nodes, startServer(t, db))
	}
	return k
}

func (k *killing) client() *client {
	if url := k.nodes[k.asked].url; k.caller == nil || k.caller.url != url {
		k.caller = newClient(k.t, url, k.key)
	}
	return k.caller
}

// until kills servers until some work is over, which look tells beside how far it is. At least one must die
// before that.
func (k *killing) until(what string, look func() (progress int64, isOver bool)) {
	k.t.Helper()
	last, inTheMiddle := int64(0), 0
	for range k.kills {
		victim := k.random.IntN(len(k.nodes))
		k.asked = len(k.nodes) - 1 - victim
		eventually(k.t, jobLimit, what+": it goes on", func() bool {
			progress, isOver := look()
			return progress > last || isOver
		})
		// When a process dies is the point here, so it is a time and no signal.
		<-time.After(time.Duration(k.random.Int64N(int64(60 * time.Millisecond))))
		if _, isOver := look(); isOver {
			break
		}
		k.nodes[victim].kill(k.t)
		killed := time.Now()
		inTheMiddle++
		k.nodes[victim] = startServer(k.t, k.db)
		if len(k.nodes) == 1 {
			k.db.awaitQuiet(k.t, killed)
		}
		isOver := false
		if last, isOver = look(); isOver {
			break
		}
	}
	k.t.Logf("%s: %d kills in the middle; it was at %d at the last", what, inTheMiddle, last)
	if inTheMiddle == 0 {
		k.t.Errorf("%s: it had ended before the first kill, which proves nothing", what)
	}
	eventually(k.t, jobLimit, what+": it ends", func() bool { _, isOver := look(); return isOver })
}
