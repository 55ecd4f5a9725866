package api

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/bulk"
	"accesscodes/internal/core"
	"accesscodes/internal/memtest"
	"accesscodes/internal/tenancy"
)

// readAtStart is how many pages an export of all types reads before it sends anything: one of each
// type, and one of each that is read ahead.
const readAtStart = 6

// codesIn counts the codes of an export in NDJSON.
func codesIn(t *testing.T, text string) map[string]int {
	t.Helper()
	count := map[string]int{}
	for _, line := range lines(t, text, "\n") {
		var object struct{ Code string }
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		count[object.Code]++
	}
	return count
}

// TestARowThatExistsThroughoutIsInAnExportOnce, and no row twice, whatever happens between two pages.
func TestARowThatExistsThroughoutIsInAnExportOnce(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, database newDatabase) {
		f, store := newPaged(t, database)
		values := f.fill(t, 8000, "n")
		deleted := map[string]bool{}
		added := 0
		store.do(func(page int64) error {
			f.add(t, "NEW-"+strconv.FormatInt(page, 10), `"type":"Normal"`)
			added++
			for i := int(page) * 7; i < len(values); i += 500 {
				f.call(t, "PATCH", "/tenant-codes/"+values[i], `{"note":"changed"}`).mustBeOK(t)
				f.call(t, "DELETE", "/tenant-codes/"+values[i+1], "")
				deleted[values[i+1]] = true
			}
			return nil
		})
		got := codesIn(t, f.exported(t, "/exports/codes?format=ndjson"))
		if added < 5 || len(deleted) < 20 {
			t.Fatalf("%d were added, %d deleted", added, len(deleted))
		}
		for _, value := range values {
			if got[value] != 1 && !deleted[value] {
				t.Errorf("%s is in the export %d times", value, got[value])
			}
		}
		for value, times := range got {
			if times != 1 {
				t.Errorf("%s is in the export %d times", value, times)
			}
		}
	})
}

// TestTheStatusInAnExportIsThatOfItsStart, so that the rows fit the filter and one another.
func TestTheStatusInAnExportIsThatOfItsStart(t *testing.T) {
	f, store := newPaged(t, newSQLite)
	f.add(t, "SOON", `"type":"Normal","expiresAt":"2031-02-03T05:00:00Z"`)
	f.clock.advance(time.Second)
	f.fill(t, 8000, "n")
	store.do(func(int64) error { f.clock.advance(time.Hour); return nil })
	for _, format := range []string{"csv", "ndjson"} {
		text := f.exported(t, "/exports/codes?status=active&q=&format="+format)
		if format == "ndjson" { // the clock is past it: no longer active
			if strings.Contains(text, "SOON") {
				t.Error("an expired code is active")
			}
		} else if !strings.Contains(text, "SOON,Normal,active") {
			t.Errorf("the code is not in it as it was: %.300s", text)
		}
	}
}

// TestUsersWhoComeLaterDoNotMakeAnExportEndless: ids are in no order of time.
func TestUsersWhoComeLaterDoNotMakeAnExportEndless(t *testing.T) {
	f := newFixture(t)
	f.call(t, "PUT", "/users/old", `{"status":"Normal"}`).mustBeOK(t)
	late := startTime.Add(time.Hour)
	f.clock.advance(time.Hour)
	f.call(t, "PUT", "/users/young", `{"status":"Normal"}`).mustBeOK(t)
	f.clock.advance(startTime.Sub(late))
	got := f.exported(t, "/exports/users?format=ndjson")
	if !strings.Contains(got, "old") || strings.Contains(got, "young") {
		t.Errorf("users %s", got)
	}
}

// TestAnExportIsNeverInMemoryAsAWhole: what 50,000 rows leave in use while they are sent is bounded.
func TestAnExportIsNeverInMemoryAsAWhole(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		const count, allowed = 50_000, 16 << 20 // the rows are some 30 MiB, as text and in memory
		f := newFixture(t)
		f.fill(t, count, strings.Repeat("note ", 40))
		server := f.serve(t, false)
		for _, format := range []string{"csv", "ndjson", "xlsx"} {
			watch := memtest.WatchInUse(allowed)
			response := f.fetch(t, server, "/exports/codes?format="+format)
			read, step := int64(0), int64(2<<20)
			if format == "xlsx" { // which is packed
				step /= 16
			}
			for {
				n, err := io.CopyN(io.Discard, response.Body, step)
				read += n
				watch.Look(t)
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if read < 2*step {
				t.Errorf("%s: only %d bytes", format, read)
			}
			t.Logf("%s: %d KiB, %d KiB in use at most", format, read>>10, watch.Most>>10)
		}
		for i, done := range f.completedExports(t) {
			if want := []string{"csv", "ndjson", "xlsx"}[i]; done["what"] != "codes" || done["format"] != want ||
				done["rows"] != json.Number(strconv.Itoa(count)) {
				t.Errorf("the event says %v", done)
			}
		}
	})
}

func TestTheFirstBytesOfAnExportComeBeforeTheSecondPage(t *testing.T) {
	f, store := newPaged(t, newSQLite)
	f.fill(t, 20_000, "n")
	server := f.serve(t, false)
	for _, coding := range []string{"identity", "gzip"} {
		seen := make(chan struct{})
		store.pages.Store(0)
		store.do(func(page int64) error {
			if page > readAtStart {
				<-seen
			}
			return nil
		})
		response := f.fetch(t, server, "/exports/codes", with("Accept-Encoding", coding))
		body := io.Reader(response.Body)
		if coding == "gzip" {
			unzipped, err := gzip.NewReader(body)
			if err != nil {
				t.Fatal(err)
			}
			body = unzipped
		}
		reader := bufio.NewReader(body)
		for range 100 {
			if _, err := reader.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		close(seen)
		if _, err := io.Copy(io.Discard, reader); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAnExportThatBreaksDoesNotLookWhole in any format, over any version of HTTP, and its event says so.
func TestAnExportThatBreaksDoesNotLookWhole(t *testing.T) {
	f, store := newPaged(t, newSQLite)
	f.fill(t, 8000, "n")
	for _, http2 := range []bool{false, true} {
		server := f.serve(t, http2)
		for _, format := range []string{"csv", "ndjson", "xlsx"} {
			for _, coding := range []string{"identity", "gzip"} {
				store.pages.Store(0)
				store.do(func(page int64) error {
					if page > readAtStart {
						return errStore
					}
					return nil
				})
				response := f.fetch(t, server, "/exports/codes?format="+format, with("Accept-Encoding", coding))
				if response.StatusCode != 200 || (response.ProtoMajor == 2) != http2 {
					t.Fatalf("status %d, %s", response.StatusCode, response.Proto)
				}
				mustBreak(t, response.Body)
			}
		}
	}
	if events := f.completedExports(t); len(events) != 0 {
		t.Errorf("events %v", events)
	}
	broken := f.exportEvents(t, "export.interrupted")
	for _, e := range broken {
		if rows, err := e["rows"].(json.Number).Int64(); err != nil || e["what"] != "codes" || rows == 0 || rows >= 8000 {
			t.Errorf("an export that broke off: %v", e)
		}
	}
	if len(broken) != 12 {
		t.Errorf("%d events of exports that broke off", len(broken))
	}
}

// TestWhatAnExportWasLimitedToIsRecorded: the filters, but no person and nothing that was searched for.
func TestWhatAnExportWasLimitedToIsRecorded(t *testing.T) {
	f, _ := newPaged(t, newSQLite)
	f.fill(t, 3, "n")
	for path, want := range map[string]map[string]any{
		"/exports/codes?type=Normal&status=active&q=jane": {"type": "Normal", "status": "active", "q": true},
		"/exports/redemptions?userId=jane":                nil,
		"/exports/events?subject=user:jane":               {"subject": "user"},
		"/exports/users?format=ndjson":                    nil,
	} {
		f.exported(t, path)
		all := f.completedExports(t)
		last := all[len(all)-1]
		filters, _ := last["filters"].(map[string]any)
		if diff := cmp.Diff(want, filters); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", path, diff)
		}
		var person any
		if strings.Contains(path, "redemptions") || strings.Contains(path, "user:") {
			person = "jane"
		}
		if last["userId"] != person {
			t.Errorf("%s: it is about %v", path, last["userId"])
		}
	}
}

// TestAnExportThatCannotBeRecordedIsSent, and the log says so.
func TestAnExportThatCannotBeRecordedIsSent(t *testing.T) {
	f, store := newPaged(t, newSQLite)
	f.fill(t, 3, "n")
	store.recordingFails = true
	if got := codesIn(t, f.exported(t, "/exports/codes?format=ndjson")); len(got) != 3 {
		t.Errorf("%d codes", len(got))
	}
	if logged := f.log.Take(); !strings.Contains(logged, "what was read in bulk cannot be recorded") {
		t.Errorf("the log: %s", logged)
	}
}

// TestAnExportGoesOnAfterAFailureOfTheStore, and one that has not begun is refused at once.
func TestAnExportGoesOnAfterAFailureOfTheStore(t *testing.T) {
	f, store := newPaged(t, newSQLite)
	values := f.fill(t, 8000, "n")
	store.do(func(int64) error { return core.Unavailable(errStore) })
	f.call(t, "GET", "/exports/codes", "").mustBe(t, 503, core.ReasonStoreUnavailable)
	store.pages.Store(0)
	store.do(func(page int64) error {
		if page == readAtStart+1 || page == readAtStart+2 {
			return core.Unavailable(errStore)
		}
		return nil
	})
	if got := codesIn(t, f.exported(t, "/exports/codes?format=ndjson")); len(got) != len(values) {
		t.Errorf("%d codes, want %d", len(got), len(values))
	}
}

func TestAnExportEndsWhenItsKeyIsRevoked(t *testing.T) {
	f, store := newPaged(t, newSQLite)
	f.fill(t, 8000, "n")
	key, secret := f.createKey(t, "acme", tenancy.NewKey{Name: "report", Role: tenancy.RoleRead})
	store.do(func(page int64) error {
		if page == readAtStart+1 {
			_, err := f.tenancy.RevokeKey(t.Context(), key.ID)
			return err
		}
		return nil
	})
	mustBreak(t, f.fetch(t, f.serve(t, false), "/exports/codes", with("X-Api-Key", secret)).Body)
}

// TestCallersWhoTakeNothingHoldNothing: meanwhile the lists and exports of others go on, and the
// workspace's own lists.
func TestCallersWhoTakeNothingHoldNothing(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		f.fill(t, 40_000, strings.Repeat("n", 500)) // more than the buffers of connections hold
		server := f.serve(t, false)
		for range bulk.ExportsAtOnce {
			f.fetch(t, server, "/exports/codes?format=ndjson")
		}
		f.call(t, "GET", "/exports/users", "").mustBe(t, 503, core.ReasonOverloaded)
		f.call(t, "GET", "/tenant-codes?limit=1000", "").mustBeOK(t)
		other := with("X-Api-Key", f.keyOf(t, "other", tenancy.RoleRead))
		if got := f.call(t, "GET", "/exports/codes", "", other); got.status != 200 {
			t.Errorf("the other workspace: status %d", got.status)
		}
	})
}

func TestACallerWhoStallsIsCutOff(t *testing.T) {
	f := newFixture(t)
	f.fill(t, 40_000, strings.Repeat("n", 500))
	f.stall = 100 * time.Millisecond
	f.server = newServer(t, f)
	server := httptest.NewUnstartedServer(f.server)
	closed := make(chan struct{}, 1)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	response := f.fetch(t, server, "/exports/codes?format=ndjson")
	<-closed
	mustBreak(t, response.Body)
}

func TestTheFormatOfAnExport(t *testing.T) {
	f := newFixture(t)
	f.add(t, "CODE", `"type":"Normal"`)
	id := f.createBatch(t, f.secret, `{"count":1,"type":"Normal"}`).text(t, "id")
	batch, file := "/batches/"+id+"/codes", "batch-"+id+"-acme-2031-02-03"
	f.work(t)
	const xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	for _, test := range []struct{ path, accept, want, file string }{
		{"/exports/codes", "", "text/csv", "codes-acme-2031-02-03.csv"},
		{"/exports/codes", "*/*", "text/csv", "codes-acme-2031-02-03.csv"},
		{"/exports/codes", "text/html, application/json", "text/csv", "codes-acme-2031-02-03.csv"},
		{"/exports/codes", "application/x-ndjson", "application/x-ndjson", "codes-acme-2031-02-03.ndjson"},
		{"/exports/codes", "application/JSONL", "application/x-ndjson", "codes-acme-2031-02-03.ndjson"},
		{
			"/exports/codes", "text/csv;q=0.5, application/ndjson; q=0.8",
			"application/x-ndjson", "codes-acme-2031-02-03.ndjson",
		},
		{"/exports/codes", "text/*;q=0, */*", "application/x-ndjson", "codes-acme-2031-02-03.ndjson"},
		{"/exports/codes", xlsx, xlsx, "codes-acme-2031-02-03.xlsx"},
		{"/exports/codes?format=csv", xlsx, "text/csv", "codes-acme-2031-02-03.csv"},
		{"/exports/users", xlsx + ", application/ndjson;q=0.1", "application/x-ndjson", "users-acme-2031-02-03.ndjson"},
		{"/exports/redemptions?format=ndjson", "text/csv", "application/x-ndjson", "redemptions-acme-2031-02-03.ndjson"},
		{batch, "", "application/x-ndjson", file + ".ndjson"},
		{batch, "text/csv;q=0, */*", "application/x-ndjson", file + ".ndjson"},
		{batch, "text/csv", "text/csv", file + ".csv"},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			got := f.call(t, method, test.path, "", with("Accept", test.accept), with("Accept-Encoding", "gzip"))
			mediaType, _, _ := strings.Cut(got.header.Get("Content-Type"), ";")
			if got.status != 200 || mediaType != test.want || (got.body == "") != (method == "HEAD") ||
				got.header.Get("Content-Disposition") != `attachment; filename="`+test.file+`"` ||
				(got.header.Get("Content-Encoding") == "gzip") == (test.want == xlsx) {
				t.Errorf("%s %s with Accept %q: status %d, %v", method, test.path, test.accept, got.status, got.header)
			}
		}
	}
}

// TestAnExportOverHTTP10MustBeCompressed: there the end of the connection is the end of the answer.
func TestAnExportOverHTTP10MustBeCompressed(t *testing.T) {
	f := newFixture(t)
	old := func(r *http.Request) { r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.0", 1, 0 }
	batch := "/batches/" + f.createBatch(t, f.secret, `{"count":1,"type":"Normal"}`).text(t, "id") + "/codes"
	for _, path := range []string{"/exports/codes", batch} {
		f.call(t, "GET", path, "", old).mustBe(t, 400, core.ReasonInvalidParameter)
	}
	for _, path := range []string{"/exports/codes?format=xlsx", "/exports/codes?format=csv", batch} {
		if got := f.call(t, "GET", path, "", old, with("Accept-Encoding", "gzip")); got.status != 200 {
			t.Errorf("%s: status %d", path, got.status)
		}
	}
}

// TestACompressedExportIsTheSame as one that is not.
func TestACompressedExportIsTheSame(t *testing.T) {
	f := newFixture(t)
	f.fill(t, 2500, "n")
	plain := f.exported(t, "/exports/codes")
	reader, err := gzip.NewReader(strings.NewReader(f.exported(t, "/exports/codes", with("Accept-Encoding", "gzip"))))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(reader)
	if err != nil || string(text) != plain || len(lines(t, plain, "\r\n")) != 2501 {
		t.Errorf("%d bytes, plain %d, %v", len(text), len(plain), err)
	}
	if !slices.Contains(strings.Split(plain, ","), "FILL-000000") && !strings.Contains(plain, "\r\nFILL-000000,") {
		t.Error("a code is missing")
	}
}

// TestMoreCodesThanASheetHoldsAreRefusedAtOnce where that can be known.
func TestMoreCodesThanASheetHoldsAreRefusedAtOnce(t *testing.T) {
	f, store := newPaged(t, newSQLite)
	f.fill(t, 10, "n")
	f.exported(t, "/exports/codes?format=xlsx")
	store.count = bulk.MaxSheetRows
	f.exported(t, "/exports/codes?format=xlsx")
	store.count++
	for path, isRefused := range map[string]bool{
		"/exports/codes?format=xlsx": true, "/exports/codes?format=xlsx&type=Normal": true,
		"/exports/codes?format=csv": false, "/exports/codes?format=xlsx&status=active": false,
		"/exports/codes?format=xlsx&q=FILL": false,
	} {
		got := f.call(t, "GET", path, "")
		if !isRefused {
			if got.status != http.StatusOK {
				t.Errorf("%s: status %d, %s", path, got.status, got.body)
			}
			continue
		}
		if p := got.mustBe(t, 400, core.ReasonInvalidParameter); !strings.Contains(p.Detail, "a sheet holds 1048575 rows") {
			t.Errorf("%s: %s", path, p.Detail)
		}
	}
}
