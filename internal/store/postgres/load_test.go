package postgres_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/grouped"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/storetest"
)

// callers is how many insert codes at once. It is even: they want values in pairs.
const callers = 8

// load is callers that insert codes and redeem some without a pause through one store, and
// ledgers of what each was told.
type load struct {
	t       *testing.T
	store   storetest.Store
	stopped chan struct{}
	end     func() // stops the callers and waits for them
	running sync.WaitGroup

	mu         sync.Mutex
	ledger     []entry
	redeemings []redeeming
	watches    []*watch
	slowest    time.Duration // command in the store below
}

// entry is a code that a caller asked for, and what it was told.
type entry struct {
	code   *codes.NewCode
	result codes.InsertResult
	err    error
	took   time.Duration
}

// watch waits for a number of entries in one of the ledgers.
type watch struct {
	match     func(entry) bool     // nil: none will do
	redeeming func(redeeming) bool // likewise
	left      int
	done      chan struct{}
}

// startLoad opens the database at an address and lets callers loose on it.
func startLoad(t *testing.T, address string) *load {
	t.Helper()
	below, err := postgres.Open(t.Context(), address, postgres.Options{Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	l := &load{t: t, stopped: make(chan struct{})}
	store := grouped.New(below, grouped.Options{Observe: l.observe})
	l.store = &storetest.Wrapped{
		Store: store, Tenancy: below, Log: below, Work: below, Bulk: below, People: below, Overview: below,
		Webhooks: below,
		Below:    below, End: store.Close,
	}
	l.end = sync.OnceFunc(func() {
		close(l.stopped)
		l.running.Wait()
	})
	t.Cleanup(func() {
		l.end()
		if err := l.store.Close(); err != nil {
			t.Error(err)
		}
	})
	l.startRedeemers()
	for caller := range callers {
		l.running.Go(func() { l.run(caller) })
	}
	return l
}

// rig is a load that reaches its database through a proxy.
type rig struct {
	*load
	proxy *proxy
	conn  *pgx.Conn // past the proxy
}

func startRig(t *testing.T) *rig {
	t.Helper()
	address := pgtest.Database(t)
	proxy, through := startProxy(t, address)
	return &rig{startLoad(t, through), proxy, connect(t, address)}
}

func (l *load) observe(_ int, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slowest = max(l.slowest, took)
}

func (l *load) isStopped() bool {
	select {
	case <-l.stopped:
		return true
	default:
		return false
	}
}

// run is one caller. It asks in turn for a value of its own, for one that its neighbour
// wants too, for three at once, and for one with an Idempotency-Key.
func (l *load) run(caller int) {
	for n := 0; !l.isStopped(); n++ {
		note := fmt.Sprintf("%d-%d", caller, n)
		l.ask(newCode("OWN-"+note, note))
		l.ask(newCode(fmt.Sprintf("SHARED-%d-%d", caller/2, n), note+"-shared"))
		l.ask(newCode("FIRST-"+note, note+"-first"), newCode("SECOND-"+note, note+"-second"),
			newCode("THIRD-"+note, note+"-third"))
		l.askWithKey(note)
	}
}

// askWithKey repeats a request until it has been answered twice. Each time it asks for
// another value, so that only its key can tell that it is the same request.
func (l *load) askWithKey(note string) {
	answered := 0
	for try := 0; answered < 2 && !l.isStopped(); try++ {
		note := fmt.Sprintf("%s-try-%d", note, try)
		if l.ask(keyed(newCode("KEYED-"+note, note), note[:len(note)-len(fmt.Sprint("-try-", try))])) == nil {
			answered++
		}
	}
}

// ask calls the store once and writes down what it said.
func (l *load) ask(codes ...*codes.NewCode) error {
	got := insert(l.t, l.store, codes...)
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, code := range codes {
		e := entry{code: code, err: got.err, took: got.took}
		if got.err == nil {
			e.result = got.results[i]
		}
		l.ledger = append(l.ledger, e)
		l.tell(func(w *watch) bool { return w.match != nil && w.match(e) })
	}
	return got.err
}

// tell tells watches of an entry that is one of theirs.
func (l *load) tell(isTheirs func(*watch) bool) {
	for _, w := range l.watches {
		if w.left > 0 && isTheirs(w) {
			if w.left--; w.left == 0 {
				close(w.done)
			}
		}
	}
}

// await waits until callers have been told something a number of times more.
func (l *load) await(times int, what string, match func(entry) bool) {
	l.t.Helper()
	l.wait(what, &watch{match: match, left: times})
}

func (l *load) wait(what string, w *watch) {
	l.t.Helper()
	w.done = make(chan struct{})
	l.mu.Lock()
	l.watches = append(l.watches, w)
	l.mu.Unlock()
	select {
	case <-w.done:
	case <-time.After(patience):
		l.t.Fatalf("waited in vain for more %s", what)
	}
}

// awaitWork waits for codes and for a tenth as many redemptions, all of them asked for from
// now on.
func (l *load) awaitWork(codes int) {
	l.t.Helper()
	l.awaitInserted(codes)
	l.awaitRedeemed(1 + codes/10)
}

// awaitInserted waits for codes that are asked for from now on: the store works.
func (l *load) awaitInserted(times int) {
	l.t.Helper()
	start := time.Now()
	l.await(times, "stored codes", func(e entry) bool {
		return e.err == nil && e.result.Outcome == codes.Inserted && time.Since(start) > e.took
	})
}

func isUnavailable(e entry) bool { return core.IsKind(e.err, core.KindUnavailable) }

func isUnknown(e entry) bool { return core.HasReason(e.err, core.ReasonOutcomeUnknown) }

// tally says how often callers were told what.
type tally struct{ inserted, taken, keyUsed, redeemed, exhausted, unavailable, unknown int }

// finish ends the load and checks every promise that was made against the database.
func (l *load) finish(conn *pgx.Conn) (all tally) {
	l.t.Helper()
	l.end()
	stored := rowsOf(l.t, conn)
	rows := map[string]row{}
	for _, r := range stored {
		rows[r.canonical] = r
	}
	if len(rows) != len(stored) {
		l.t.Errorf("%d rows hold %d values", len(stored), len(rows))
	}
	for _, e := range l.ledger {
		l.check(e, rows, &all)
	}
	l.checkOwners(stored)
	l.checkKeys(stored)
	l.checkRedemptions(conn, &all)
	if l.slowest > timeout+margin {
		l.t.Errorf("a command took %v, the store's timeout is %v", l.slowest, timeout)
	}
	if all.inserted == 0 || all.taken == 0 || all.keyUsed == 0 || all.redeemed == 0 || all.exhausted == 0 {
		l.t.Errorf("the load has not tried everything: %+v", all)
	}
	l.t.Logf("%+v, slowest command %v", all, l.slowest.Round(time.Millisecond))
	return all
}

// check holds one promise against the table.
func (l *load) check(e entry, rows map[string]row, all *tally) {
	l.t.Helper()
	got, found := rows[e.code.Canonical]
	isStored := found && got.note == e.code.Note
	switch {
	case isUnavailable(e):
		all.unavailable++
		if isStored {
			l.t.Errorf("%s was refused, but it is stored", e.code.Canonical)
		}
	case isUnknown(e):
		all.unknown++
	case e.err != nil:
		l.t.Errorf("%s: %v", e.code.Canonical, e.err)
	case e.result.Outcome == codes.Inserted:
		all.inserted++
		if got != rowOf(e.code) {
			l.t.Errorf("%s was acknowledged, but this is stored: %+v", e.code.Canonical, got)
		}
	case e.result.Outcome == codes.CodeTaken:
		all.taken++
		if !found || isStored {
			l.t.Errorf("%s was said to be taken, but this is stored: %+v", e.code.Canonical, got)
		}
	case e.result.Outcome == codes.RetryKeyUsed:
		all.keyUsed++
		if isStored {
			l.t.Errorf("%s was said to be stored by an earlier request, but this one did", e.code.Canonical)
		}
	}
	// A call may come when a commit is under way, which it waits for.
	if e.took > 2*timeout+margin {
		l.t.Errorf("%s took %v, the store's timeout is %v", e.code.Canonical, e.took, timeout)
	}
}

// checkOwners checks that nothing is stored that nobody asked for or that was
// acknowledged to two.
func (l *load) checkOwners(stored []row) {
	l.t.Helper()
	asked, owners := map[row]bool{}, map[string]int{}
	for _, e := range l.ledger {
		asked[rowOf(e.code)] = true
		if e.err == nil && e.result.Outcome == codes.Inserted {
			owners[e.code.Canonical]++
		}
	}
	for _, r := range stored {
		if !asked[r] {
			l.t.Errorf("nobody asked for %+v", r)
		}
	}
	for canonical, n := range owners {
		if n > 1 {
			l.t.Errorf("%s was acknowledged to %d callers", canonical, n)
		}
	}
}

// checkKeys checks that each Idempotency-Key stands for one code, always the same.
func (l *load) checkKeys(stored []row) {
	l.t.Helper()
	list := map[string]string{} // key → canonical form
	for _, r := range stored {
		if r.key == "" {
			continue
		}
		if other := list[r.key]; other != "" {
			l.t.Errorf("one Idempotency-Key made %s and %s", other, r.canonical)
		}
		list[r.key] = r.canonical
	}
	for _, e := range l.ledger {
		if e.err != nil || e.code.Retry.IsZero() {
			continue
		}
		canonical := e.code.Canonical
		if e.result.Outcome == codes.RetryKeyUsed {
			canonical = core.Canonical(e.result.Existing.Value)
		}
		if want := list[string(e.code.Retry.Key[:])]; canonical != want {
			l.t.Errorf("a request was answered with %s, its key stands for %s", canonical, want)
		}
	}
}
