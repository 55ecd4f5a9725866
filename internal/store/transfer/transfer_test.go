package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/store/storetest"
	"accesscodes/internal/store/transfer"
	"accesscodes/internal/tenancy"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// store is both: what callers use and one end of a transfer.
type store interface {
	storetest.Store
	transfer.Database
}

// engines open an empty store.
var engines = map[string]func(t *testing.T) store{
	"sqlite": func(t *testing.T) store {
		path := filepath.Join(t.TempDir(), "codes.db")
		if _, err := sqlite.Migrate(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		return openSQLite(t, path)
	},
	"postgres": func(t *testing.T) store { return openPostgres(t, pgtest.Lent(t)) },
}

func openSQLite(t *testing.T, path string) store {
	t.Helper()
	s, err := sqlite.Open(path, sqlite.Options{})
	return closing(t, s, err)
}

func openPostgres(t *testing.T, address string) store {
	t.Helper()
	s, err := postgres.Open(t.Context(), address, postgres.Options{})
	return closing(t, s, err)
}

func closing(t *testing.T, s store, err error) store {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// forEachPair runs a test for every engine as the source and every engine as the target.
func forEachPair(t *testing.T, test func(t *testing.T, from, to store)) {
	t.Helper()
	for source, openSource := range engines {
		for target, openTarget := range engines {
			t.Run(source+" to "+target, func(t *testing.T) { test(t, openSource(t), openTarget(t)) })
		}
	}
}

// now has every digit that stores keep.
var now = time.Date(2031, 2, 3, 4, 5, 6, 789_012_000, time.UTC)

// contents are what fill stores.
type contents struct {
	workspaces   []tenancy.Workspace
	keys         []tenancy.Key
	codes        []*codes.NewCode
	gone         *codes.NewCode // was deleted
	used         []codes.Code
	users        []codes.User
	redemptions  []codes.Redemption
	reservations []codes.Reservation
	rows         map[string]int64 // in each table
}

// Many are more than two pages, so that pages have ends.
const (
	manyCodes       = 4100
	manyUsers       = 4200
	manyRedemptions = 4300
)

// fill stores something in every column of every table.
func fill(t *testing.T, s store) (c contents) {
	t.Helper()
	ctx := t.Context()
	secret := []byte("the installation's secret " + t.Name())
	_, err := s.Secret(ctx, secret)
	must(t, err)
	must(t, s.SetPublicURL(ctx, "https://codes.example.org/"+t.Name()))
	for _, slug := range []string{"acme", "other"} {
		w := tenancy.Workspace{
			ID: newID(t), Slug: slug, Name: "Grüße & <Söhne>", CreatedAt: now,
			Format: core.Format{Prefix: strings.ToUpper(slug), Groups: 3, GroupLength: 5},
		}
		if _, err := s.InsertWorkspace(ctx, w); err != nil {
			t.Fatal(err)
		}
		c.workspaces = append(c.workspaces, w)
	}
	suspended := true
	c.workspaces[1], err = s.UpdateWorkspace(ctx, "other", tenancy.WorkspaceChange{Suspended: &suspended}, now, nil)
	must(t, err)
	later := now.Add(time.Hour)
	for i := range 3 {
		k := tenancy.Key{
			ID: newID(t), WorkspaceID: c.workspaces[0].ID, Name: fmt.Sprint("key ", i), Role: tenancy.RoleFull,
			Hash: tenancy.KeyHash{byte(i)}, Display: "ack_ab12…wxyz", CreatedAt: now,
		}
		if i > 0 {
			k.ExpiresAt, k.LastUsedAt, k.RevokedAt = &later, &now, &now
		}
		must(t, s.InsertKey(ctx, k))
		c.keys = append(c.keys, k)
	}
	c.codes = newCodes(t, c)
	results, err := s.InsertCodes(ctx, c.codes)
	must(t, err)
	for i, r := range results {
		if r.Outcome != codes.Inserted {
			t.Fatalf("code %d: outcome %v", i, r.Outcome)
		}
	}
	c.gone = newCode(c, "GONE")
	c.gone.Retry = codes.Retry{Key: [16]byte{0: 1, 15: 255}, Fingerprint: [16]byte{15: 1}}
	_, err = s.InsertCodes(ctx, []*codes.NewCode{c.gone})
	must(t, err)
	use(t, s, &c)
	c.rows = map[string]int64{
		"installation": 1, "workspaces": 2, "api_keys": 3, "codes": int64(len(c.codes) + len(c.used)),
		"deleted_retries": 1,
		"key_addresses":   1,
		"event_digests":   1,
		"users":           int64(len(c.users)) + manyUsers,
		"redemptions":     int64(len(c.redemptions)) + manyRedemptions,
		"reservations":    int64(len(c.reservations)),
		"jobs":            1,
		"change_items":    1,
		"change_people":   1,
		"change_lists":    1,
		"import_rejects":  1,
		"members":         1,
		"memberships":     1,
		"sessions":        1,
		"member_devices":  2,
		"member_links":    1,

		"webhook_endpoints": 1, "webhook_deliveries": 1,
	}
	addJob(t, s, c)
	addPeople(t, s, c)
	queueEvents(t, s, c)
	_, err = s.PutCursor(ctx, event.Cursor{Workspace: c.workspaces[0].ID, Name: "crm", UpdatedAt: now},
		func(event.CursorFacts) (int64, error) { return 1, nil })
	must(t, err)
	c.rows["cursors"] = 1
	addWebhook(t, s, c)
	for _, table := range []string{"events", "event_positions", "event_queue"} {
		rows, err := s.Count(ctx, tableNamed(table))
		must(t, err)
		if rows == 0 {
			t.Errorf("the table %s is empty", table)
		}
		c.rows[table] = rows
	}
	return c
}

// use redeems and reserves codes, in every way that leaves another trace.
func use(t *testing.T, s store, c *contents) {
	t.Helper()
	ctx, at := t.Context(), now
	service := codes.NewServices(codes.Deps{
		Store: s, Now: func() time.Time { return at }, Entropy: core.SystemEntropy(),
		NewID: func() (core.ID, error) { id, err := uuid.NewV7(); return core.ID(id), err },
	})
	mine := &core.Actor{WorkspaceID: c.workspaces[0].ID, ID: c.keys[0].ID}
	must(t, service.DeleteCode(ctx, mine, c.gone.Value))
	join, raise := newCode(*c, "Jöin 🎉"), newCode(*c, "UP")
	raise.Type = codes.TypeUpgrade
	_, err := s.InsertCodes(ctx, []*codes.NewCode{join, raise})
	must(t, err)
	redeem := func(code, user string, metadata map[string]string) core.ID {
		made, err := service.Redeem(ctx, mine, codes.RedeemRequest{Code: code, UserID: user, Metadata: metadata})
		must(t, err)
		return made.Redemption.ID
	}
	reserve := func(user string, life time.Duration) core.ID {
		held, err := service.Reserve(ctx, mine, codes.ReserveRequest{Code: join.Value, UserID: user, Life: life})
		must(t, err)
		return held.Reservation.ID
	}
	redemptions := []core.ID{
		redeem(
			join.Value,
			"Ada Ö'Hara",
			map[string]string{"z": "<&>", "a": "", "ключ": `"\`},
		), redeem(raise.Value, "Ada Ö'Hara", nil),
		redeem(join.Value, "bob", nil), redeem(join.Value, "erased", nil),
	}
	for i, reason := range []string{1: "", 2: "Grund: \"nein\"\n✗"} {
		if i > 0 {
			_, err = service.Rollback(ctx, mine, redemptions[i], reason)
			must(t, err)
		}
	}
	held, confirmed, released, lapsing, erased := reserve(
		"held",
		time.Hour,
	), reserve(
		"confirmed",
		0,
	), reserve(
		"released",
		0,
	), reserve(
		"lapsed",
		time.Minute,
	), reserve(
		"erased, too",
		0,
	)
	made, err := service.Confirm(ctx, mine, confirmed)
	must(t, err)
	_, err = service.Release(ctx, mine, released)
	must(t, err)
	must(t, service.EraseUser(ctx, mine, "erased"))
	must(t, service.EraseUser(ctx, mine, "erased, too"))
	at = now.Add(time.Minute)
	must(t, service.TidyReservations(ctx))
	for _, id := range append(redemptions, made.Redemption.ID) {
		_, r, err := s.Redemption(ctx, mine.WorkspaceID, id)
		must(t, err)
		c.redemptions = append(c.redemptions, r)
	}
	for _, id := range []core.ID{held, confirmed, released, lapsing, erased} {
		_, r, err := s.Reservation(ctx, mine.WorkspaceID, id)
		must(t, err)
		c.reservations = append(c.reservations, r)
	}
	c.users, err = s.Users(ctx, &codes.UserQuery{WorkspaceID: mine.WorkspaceID, Limit: 10})
	must(t, err)
	for _, code := range []*codes.NewCode{join, raise} {
		used, err := s.Code(ctx, code.WorkspaceID, code.Canonical, now)
		must(t, err)
		c.used = append(c.used, used)
	}
	useMany(t, s, *c)
}

// useMany writes users and redemptions of both workspaces, as the store itself would but
// faster. Each id is there once in each.
func useMany(t *testing.T, s store, c contents) {
	t.Helper()
	rows := map[string][]transfer.Row{}
	for i := range max(manyUsers, manyRedemptions) {
		id := newID(t)
		if i%2 == 1 { // the last one's
			id = core.ID(rows["redemptions"][i-1][1].([]byte))
		}
		workspace, user := c.workspaces[i%2].ID, fmt.Sprintf("%s-%d", []string{"user", "User", "Üser", "🎉"}[i/2%4], i/2)
		if i < manyUsers {
			rows["users"] = append(
				rows["users"],
				transfer.Row{workspace[:], user, "Normal", now.UnixMicro(), now.UnixMicro() + 1, int64(1)},
			)
		}
		rows["redemptions"] = append(rows["redemptions"], transfer.Row{
			workspace[:], id[:], fmt.Sprint("MANY", i), fmt.Sprint("MANY-", i), "Normal", user, "Normal", nil, int64(1),
			nil, nil,
			now.UnixMicro(), c.keys[0].ID[:], nil, nil, nil,
		})
	}
	for name, all := range rows {
		must(t, s.WriteRows(t.Context(), tableNamed(name), all))
	}
}

func newCodes(t *testing.T, c contents) []*codes.NewCode {
	t.Helper()
	full := newCode(c, "Ünï 🎉-code")
	limit, starts, expires := int64(7), now.Add(time.Microsecond), now.Add(time.Hour)
	full.Type, full.MaxRedemptions, full.StartsAt, full.ExpiresAt = codes.TypeUpgrade, &limit, &starts, &expires
	full.Note, full.Recipient, full.BatchID = "line 1\n'; DROP TABLE codes; -- \"%s", "ada@example.org", newID(t)
	full.BatchIndex = new(int64(4711))
	full.Metadata = map[string]string{"z": "<&>", "a": "", "ключ": "значение", `q"`: `\`}
	full.Retry = codes.Retry{Key: [16]byte{1, 0, 255}, Fingerprint: [16]byte{2}}
	codes := []*codes.NewCode{full}
	for i := range manyCodes {
		codes = append(codes, newCode(c, fmt.Sprintf("MANY-%d", i)))
	}
	old := newCode(c, "Noe\u0308l") // left with its old form by a migration
	old.Canonical, old.HasOldForm = core.OldForm(old.Value), true
	return append(codes, old)
}

func newCode(c contents, value string) *codes.NewCode {
	return &codes.NewCode{
		Canonical: core.Canonical(value),
		Code: codes.Code{
			Value: value, WorkspaceID: c.workspaces[0].ID, Type: codes.TypeNormal, CreatedAt: now, CreatedBy: c.keys[0].ID,
		},
	}
}

// addJob stores a job that a node works on.
func addJob(t *testing.T, s store, c contents) {
	t.Helper()
	_, _, err := s.InsertJob(t.Context(), job.Job{
		ID: newID(t), WorkspaceID: c.workspaces[0].ID, Kind: "batch", Status: job.Queued, Spec: `{"Name":"Ünï"}`,
		Total: 7, CreatedAt: now, Actor: event.Actor{Kind: core.ActorKey, ID: c.keys[0].ID, Name: "key"},
		RetryKey: []byte{1, 0, 255}, Fingerprint: []byte{2},
	})
	must(t, err)
	_, lease, err := s.ClaimJob(t.Context(), newID(t), []job.Kind{"batch"}, time.Hour)
	must(t, err)
	must(t, s.ListCodes(t.Context(), lease.WorkspaceID, lease.JobID, `["Ünï"]`))
	_, err = s.StepChange(t.Context(), lease, nil,
		func(_ *job.Job, _ []codes.Result, ledger bulk.Ledger) ([]*event.Event, error) {
			_, err := ledger.Count([]bulk.Person{{1, 0, 255}})
			return nil, errors.Join(err, ledger.Add([]bulk.ChangeItem{{
				WorkspaceID: lease.WorkspaceID, ChangeID: lease.JobID, Canonical: "ÜNÏ", Was: `{"note":"ü"}`, Is: `{}`,
			}}))
		})
	must(t, err)
	_, err = s.StoreImport(t.Context(), lease, new(bulk.ImportSet),
		func(_ *job.Job, _ []codes.Result, rejects bulk.Rejects) ([]*event.Event, error) {
			return nil, rejects.Keep([]bulk.RejectedLine{{
				WorkspaceID: lease.WorkspaceID, ImportID: lease.JobID, Line: 2, Raw: []byte{0, 0xff}, Detail: "Ünï",
			}})
		})
	must(t, err)
}

func newID(t *testing.T) core.ID {
	t.Helper()
	id, err := uuid.NewV7()
	must(t, err)
	return core.ID(id)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func tableNamed(name string) transfer.Table {
	all := transfer.Tables()
	return all[slices.IndexFunc(all, func(table transfer.Table) bool { return table.Name == name })]
}

// requireContents requires a store to answer as the one that was filled.
func requireContents(t *testing.T, s store, want contents) {
	t.Helper()
	ctx := t.Context()
	if secret, err := s.Secret(ctx, []byte("another")); err != nil || string(secret) == "another" {
		t.Errorf("the secret is %q, %v", secret, err)
	}
	workspaces, err := s.Workspaces(ctx)
	must(t, err)
	keys, err := s.Keys(ctx, want.workspaces[0].ID)
	must(t, err)
	if diff := cmp.Diff(want.workspaces, workspaces) + cmp.Diff(want.keys, keys); diff != "" {
		t.Errorf("workspaces and keys (-want +got):\n%s", diff)
	}
	for _, code := range []*codes.NewCode{want.codes[0], want.codes[1], want.codes[manyCodes], want.codes[manyCodes+1]} {
		got, err := s.Code(ctx, code.WorkspaceID, code.Canonical, now)
		must(t, err)
		if diff := cmp.Diff(code.Code, got); diff != "" {
			t.Errorf("code (-want +got):\n%s", diff)
		}
	}
	requireUse(t, s, want)
	again, err := s.InsertCodes(ctx, []*codes.NewCode{want.codes[0]})
	must(t, err)
	if again[0].Outcome != codes.RetryKeyUsed || again[0].Existing.Retry != want.codes[0].Retry {
		t.Errorf("a repeated request: %+v", again[0])
	}
	again, err = s.InsertCodes(ctx, []*codes.NewCode{want.gone})
	must(t, err)
	left := again[0].Existing
	if again[0].Outcome != codes.RetryKeyUsed || !left.Deleted || left.Retry != want.gone.Retry {
		t.Errorf("a request whose code was deleted: %+v", again[0])
	}
}

// requireUse requires what became of codes.
func requireUse(t *testing.T, s store, want contents) {
	t.Helper()
	ctx, got := t.Context(), contents{}
	for _, code := range want.used {
		used, err := s.Code(ctx, code.WorkspaceID, core.Canonical(code.Value), now)
		must(t, err)
		got.used = append(got.used, used)
	}
	for _, user := range want.users {
		found, err := s.User(ctx, user.WorkspaceID, user.ID)
		must(t, err)
		got.users = append(got.users, found)
	}
	for _, r := range want.redemptions {
		canonical, found, err := s.Redemption(ctx, r.WorkspaceID, r.ID)
		must(t, err)
		if canonical != core.Canonical(r.Code) {
			t.Errorf("the redemption of %q has the canonical form %q", r.Code, canonical)
		}
		got.redemptions = append(got.redemptions, found)
	}
	for _, r := range want.reservations {
		canonical, found, err := s.Reservation(ctx, r.WorkspaceID, r.ID)
		must(t, err)
		if canonical != core.Canonical(r.Code) {
			t.Errorf("the reservation of %q has the canonical form %q", r.Code, canonical)
		}
		got.reservations = append(got.reservations, found)
	}
	diff := cmp.Diff(want.used, got.used) + cmp.Diff(want.users, got.users) +
		cmp.Diff(want.redemptions, got.redemptions) + cmp.Diff(want.reservations, got.reservations)
	if diff != "" {
		t.Errorf("codes, users, redemptions and reservations (-want +got):\n%s", diff)
	}
	last, err := s.Redemptions(ctx, &codes.RedemptionQuery{WorkspaceID: want.workspaces[1].ID, UserID: "Üser-2", Limit: 2})
	if err != nil || len(last) != 1 || last[0].Code != "MANY-5" {
		t.Errorf("a user's redemptions: %+v, %v", last, err)
	}
}

func TestCopyBringsEverything(t *testing.T) {
	forEachPair(t, func(t *testing.T, from, to store) {
		want := fill(t, from)
		seen := &seen{}
		results, err := transfer.Copy(t.Context(), from, to, seen)
		must(t, err)
		if seen.stages != 2 || seen.left != 0 {
			t.Errorf("progress: %d stages, %d rows left at the end", seen.stages, seen.left)
		}
		rows := map[string]int64{}
		for _, result := range results {
			rows[result.Table] = result.Rows
		}
		if diff := cmp.Diff(want.rows, rows); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
		requireContents(t, to, want)
		requireContents(t, from, want)
		if source, err := to.UnfinishedCopy(t.Context()); source != "" || err != nil {
			t.Errorf("the copy is still unfinished: %q, %v", source, err)
		}
	})
}

func TestCopyRefusesATargetThatIsNotEmpty(t *testing.T) {
	forEachPair(t, func(t *testing.T, from, to store) {
		fill(t, from)
		_, err := to.Secret(t.Context(), []byte("theirs"))
		must(t, err)
		_, err = transfer.Copy(t.Context(), from, to, &seen{})
		requireError(t, err, "the target is not empty")
		if rows, err := to.Count(t.Context(), transfer.Tables()[1]); rows != 0 || err != nil {
			t.Errorf("%d workspaces were written, %v", rows, err)
		}
	})
}

func TestCopyRefusesAnEmptySource(t *testing.T) {
	_, err := transfer.Copy(t.Context(), engines["sqlite"](t), engines["sqlite"](t), &seen{})
	requireError(t, err, "the source is empty")
}

// TestAnInterruptedCopyGoesOnWhereItStopped: in the middle of a table with a key of one column,
// and of those with two, one after the other.
func TestAnInterruptedCopyGoesOnWhereItStopped(t *testing.T) {
	forEachPair(t, func(t *testing.T, from, to store) {
		want := fill(t, from)
		written := map[string]int64{}
		for _, table := range []string{"codes", "users", "redemptions"} {
			ctx, cancel := context.WithCancel(t.Context())
			// The table's second page is never written.
			broken := &breaking{Database: &counting{Database: to, rows: written}, table: table, pages: 1, cancel: cancel}
			_, err := transfer.Copy(ctx, from, broken, &seen{})
			cancel()
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("the copy that was interrupted in %s: %v", table, err)
			}
			if rows, err := to.Count(t.Context(), tableNamed(table)); rows == 0 || rows == want.rows[table] || err != nil {
				t.Errorf("%d rows of %s were written, %v", rows, table, err)
			}
		}
		requireStopped(t, from, to)

		progress := &seen{}
		_, err := transfer.Copy(t.Context(), from, &counting{Database: to, rows: written}, progress)
		must(t, err)
		if diff := cmp.Diff(want.rows, written); diff != "" || progress.left != 0 {
			t.Errorf("%d rows left at the end; rows written in all (-want +got):\n%s", progress.left, diff)
		}
		requireContents(t, to, want)
	})
}

// requireStopped requires the target to know that it is unfinished, and nobody to mix it
// up with another source or to copy from it.
func requireStopped(t *testing.T, from, to store) {
	t.Helper()
	if source, err := to.UnfinishedCopy(t.Context()); source == "" || err != nil {
		t.Errorf("the target does not know that it is unfinished: %q, %v", source, err)
	}
	other := engines["sqlite"](t)
	_, err := other.Secret(t.Context(), []byte("another installation"))
	must(t, err)
	_, err = transfer.Copy(t.Context(), other, to, &seen{})
	requireError(t, err, "unfinished copy of another source")
	_, err = transfer.Copy(t.Context(), to, other, &seen{})
	requireError(t, err, "the source is itself an unfinished copy")
}

func TestCopyNoticesThatTheSourceWasChanged(t *testing.T) {
	forEachPair(t, func(t *testing.T, from, to store) {
		c := fill(t, from)
		late := &meddling{Database: to, meddle: func() {
			_, err := from.InsertCodes(t.Context(), []*codes.NewCode{newCode(c, "AAA")}) // before the first page's end
			must(t, err)
		}}
		_, err := transfer.Copy(t.Context(), from, late, &seen{})
		if !errors.Is(err, transfer.ErrDiffers) {
			t.Errorf("got %v", err)
		}
		if source, err := to.UnfinishedCopy(t.Context()); source == "" || err != nil {
			t.Errorf("the target passes for a finished copy: %v", err)
		}
	})
}

func requireError(t *testing.T, err error, part string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), part) {
		t.Errorf("got %v, want an error with %q", err, part)
	}
}

// seen is the progress that was shown.
type seen struct {
	stages int
	left   int64 // rows that are still to be done
}

func (s *seen) Begin(_ string, rows int64) {
	s.stages++
	s.left += rows
}

func (s *seen) Add(rows int) { s.left -= int64(rows) }

// breaking cancels the copy after so many pages of a table.
type breaking struct {
	transfer.Database
	table  string
	pages  int
	cancel func()
}

func (b *breaking) WriteRows(ctx context.Context, table transfer.Table, rows []transfer.Row) error {
	if table.Name == b.table {
		if b.pages == 0 {
			b.cancel()
			return ctx.Err()
		}
		b.pages--
	}
	return b.Database.WriteRows(ctx, table, rows)
}

// counting counts the rows of each table that are written.
type counting struct {
	transfer.Database
	rows map[string]int64
}

func (c *counting) WriteRows(ctx context.Context, table transfer.Table, rows []transfer.Row) error {
	err := c.Database.WriteRows(ctx, table, rows)
	if err == nil {
		c.rows[table.Name] += int64(len(rows))
	}
	return err
}

// meddling changes the source after the first page of codes.
type meddling struct {
	transfer.Database
	meddle func()
}

func (m *meddling) WriteRows(ctx context.Context, table transfer.Table, rows []transfer.Row) error {
	err := m.Database.WriteRows(ctx, table, rows)
	if table.Name == "codes" && m.meddle != nil {
		m.meddle()
		m.meddle = nil
	}
	return err
}
