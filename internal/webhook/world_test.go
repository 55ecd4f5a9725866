package webhook_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/web/api"
	"accesscodes/internal/webhook"
)

// patience is how long a test waits for something before it fails.
const patience = 20 * time.Second

// bell wakes those who wait for something that others do.
type bell struct {
	mu   sync.Mutex
	rung chan struct{} // closed at the next ring
}

func newBell() *bell { return &bell{rung: make(chan struct{})} }

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.rung)
	b.rung = make(chan struct{})
}

func (b *bell) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rung
}

// await waits until something is so. It looks each time that the bell rings.
func (b *bell) await(t testing.TB, what string, isSo func() bool) {
	t.Helper()
	limit := time.After(patience)
	for {
		next := b.next()
		if isSo() {
			return
		}
		select {
		case <-next:
		case <-limit:
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// rung is a store that rings when a sender has stored something.
type rung struct {
	*sqlite.Store
	bell *bell
	lost *atomic.Int64 // counts leases that senders have lost
}

func (r rung) KeepEndpoint(
	ctx context.Context, lease webhook.Lease, release bool, change webhook.Change,
) (webhook.Endpoint, error) {
	defer r.bell.ring()
	e, err := r.Store.KeepEndpoint(ctx, lease, release, change)
	if errors.Is(err, webhook.ErrLeaseLost) {
		r.lost.Add(1)
	}
	return e, err
}

// emptyDatabase returns the file of a database that is empty. It is made once: that takes longer than a test.
var emptyDatabase = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "accesscodes-webhook")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "codes.db")
	if _, err := sqlite.Migrate(context.Background(), path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// world is a workspace whose webhooks may go to 127.0.0.1 only.
type world struct {
	*webhook.Service
	store   *sqlite.Store
	bell    *bell
	actor   core.Actor
	ahead   atomic.Int64         // how far the service's clock is ahead of the true time
	lost    atomic.Int64         // leases that senders have lost
	source  *event.Source        // of events to send
	senders []*webhook.Sender    // those that run
	deps    webhook.Deps         // what the service was made of
	config  webhook.ClientConfig // what the client was made of
}

// newWorld returns a world whose service is made as the options say.
func newWorld(t testing.TB, options ...func(*world)) *world {
	t.Helper()
	path := filepath.Join(t.TempDir(), "codes.db")
	migrated, err := emptyDatabase()
	must(t, err)
	must(t, os.WriteFile(path, migrated, 0o600))
	store, err := sqlite.Open(path, sqlite.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	w := &world{store: store, bell: newBell()}
	spaces := tenancy.NewService(tenancy.Deps{Store: store, Now: w.now, Entropy: rand.Reader, NewID: newID})
	acme, err := spaces.CreateWorkspace(t.Context(), "acme", "Acme Inc.", core.Format{Groups: 2, GroupLength: 4})
	must(t, err)
	w.actor = core.Actor{
		Kind: core.ActorKey, ID: core.ID{15: 9}, WorkspaceID: acme.ID, Workspace: "acme",
		Permissions: []core.Permission{core.PermissionWebhooks},
	}
	w.source = event.NewRecorder(rand.Reader).Source(acme.ID, event.System(), event.AllHot)
	secrets, err := webhook.NewSecrets(nil)
	must(t, err)
	w.config = webhook.ClientConfig{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Agent: "accesscodes"}
	w.deps = webhook.Deps{
		Store: rung{store, w.bell, &w.lost}, Log: store, Secrets: secrets, Schedule: webhook.Schedule{time.Hour, time.Hour},
		Render: api.RenderEvent, Now: w.now, Entropy: rand.Reader, NewID: newID, Wake: w.wake,
	}
	for _, option := range options {
		option(w)
	}
	w.deps.Client = webhook.NewClient(w.config)
	w.Service = webhook.NewService(w.deps)
	return w
}

// newID makes an id that no other test makes.
func newID() (id core.ID, err error) {
	_, err = rand.Read(id[:])
	id[6], id[8] = 0x70|id[6]&0x0f, 0x80|id[8]&0x3f
	return id, err
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// pass moves the service's clock on.
func (w *world) pass(d time.Duration) { w.ahead.Add(int64(d)) }

func (w *world) wake(endpoint core.ID) {
	for _, s := range w.senders {
		s.Wake(endpoint)
	}
}

// send starts a sender. stop is called at the end of the test at the latest.
func (w *world) send(t testing.TB) (stop func()) {
	t.Helper()
	node, err := newID()
	must(t, err)
	sender := webhook.NewSender(w.Service, node, slog.New(slog.DiscardHandler))
	w.senders = append(w.senders, sender)
	sender.Start()
	stop = func() { must(t, sender.Stop()) }
	t.Cleanup(stop)
	return stop
}

// happen records events about codes, one for each value.
func (w *world) happen(t testing.TB, values ...string) {
	t.Helper()
	all := make([]*event.Event, len(values))
	for i, value := range values {
		var err error
		all[i], err = w.source.Make(event.CodeRevoked, w.now().UTC().Truncate(time.Microsecond),
			event.Code(value, value), "", event.Data{"number": i})
		must(t, err)
	}
	must(t, w.store.RecordEvents(t.Context(), all...))
	w.wake(core.ID{}) // whoever wants it
}

// create adds an endpoint that is not tested yet.
func (w *world) create(t testing.TB, url string, types ...string) (webhook.Endpoint, string) {
	t.Helper()
	e, secret, err := w.Create(t.Context(), &w.actor, webhook.NewEndpoint{URL: url, Types: types})
	must(t, err)
	return e, secret
}

// test sends a test, which must arrive.
func (w *world) test(t testing.TB, id core.ID) {
	t.Helper()
	d, _, err := w.Test(t.Context(), &w.actor, id)
	must(t, err)
	if d.Status != webhook.Succeeded {
		t.Fatalf("the test: %+v", d.Attempts)
	}
}

// enable adds an endpoint for what happens to codes, and tests it.
func (w *world) enable(t testing.TB, r *receiver) webhook.Endpoint {
	t.Helper()
	e, secret := w.create(t, r.URL, "code.*")
	r.secret.Store(&secret)
	w.test(t, e.ID)
	r.forget()
	return e
}

func (w *world) endpoint(t testing.TB, id core.ID) webhook.Endpoint {
	t.Helper()
	e, err := w.Endpoint(t.Context(), &w.actor, id)
	must(t, err)
	return e
}

func (w *world) status(t testing.TB, id core.ID) webhook.Status {
	t.Helper()
	e := w.endpoint(t, id)
	return e.Status()
}

// deliveries returns an endpoint's deliveries about codes, by the code.
func (w *world) deliveries(t testing.TB, id core.ID) map[string]webhook.Delivery {
	t.Helper()
	page, err := w.Deliveries(t.Context(), &w.actor, id, "", core.PageRequest{Limit: core.MaxPage})
	must(t, err)
	all := map[string]webhook.Delivery{}
	for _, d := range page.Items {
		if d.Subject.Kind == event.SubjectCode {
			all[d.Subject.ID] = d
		}
	}
	return all
}

// awaitDelivery waits until a delivery about a code is stored that is as wanted.
func (w *world) awaitDelivery(
	t testing.TB, id core.ID, code string, isSo func(*webhook.Delivery) bool,
) (found webhook.Delivery) {
	t.Helper()
	w.bell.await(t, "a delivery about "+code, func() bool {
		d, ok := w.deliveries(t, id)[code]
		found = d
		return ok && isSo(&d)
	})
	return found
}

func hasStatus(status webhook.DeliveryStatus) func(*webhook.Delivery) bool {
	return func(d *webhook.Delivery) bool { return d.Status == status }
}

func hasAttempts(count int) func(*webhook.Delivery) bool {
	return func(d *webhook.Delivery) bool { return len(d.Attempts) == count }
}

// events returns how many events of a type are in the log.
func (w *world) events(t testing.TB, types ...event.Type) []event.Event {
	t.Helper()
	page, err := w.store.Events(t.Context(), &event.Query{
		Workspace: w.actor.WorkspaceID, Types: types, Limit: event.MaxLimit,
	})
	must(t, err)
	return page.Events
}

// numbered returns names that begin alike.
func numbered(prefix string, count int) []string {
	all := make([]string, count)
	for i := range all {
		all[i] = fmt.Sprintf("%s%d", prefix, i)
	}
	return all
}

// closedPort is an address at which nothing listens.
func closedPort(t testing.TB, host string) string {
	t.Helper()
	l, err := net.Listen("tcp", host+":0")
	must(t, err)
	must(t, l.Close())
	return l.Addr().String()
}
