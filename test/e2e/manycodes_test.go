package e2e

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/campaign"
)

const (
	// codesVariable says how many codes the walk makes, instead of the usual 100,000, or 1,000,000 in full
	// length.
	codesVariable = "ACCESSCODES_TEST_CODES"
	// maxManyResident is what a server may have resident, however many codes there are.
	maxManyResident = 150 << 20
)

// TestCampaignVeryManyCodesTakeLittleMemory makes very many codes, lists them, downloads them, exports
// them, revokes them, and undoes that, with one server on each engine.
func TestCampaignVeryManyCodesTakeLittleMemory(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "48MiB") // for servers: how long garbage may lie depends on how busy the machine is
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			w := newManyWalk(t, e.create(t))
			batch := createBatch(t, w.c, w.count)
			w.step("made", func() { w.await("/batches/"+batch.ID, "succeeded") })
			w.step("listed", w.list)
			var before string
			w.step("downloaded", func() { before = w.download(batch.ID) })
			w.requireCodes("active")
			change := readChange(t, w.c, http.MethodPost, "/changes",
				`{"select":{"batchId":"`+batch.ID+`"},"do":{"revoke":true}}`)
			w.step("revoked", func() {
				if done := w.await("/changes/"+change.ID, "succeeded"); done.Matched != w.count || done.Changed != w.count {
					t.Errorf("the change is %+v, want %d", done, w.count)
				}
			})
			w.requireCodes("revoked")
			readChange(t, w.c, http.MethodPost, "/changes/"+change.ID+"/undo", "{}")
			w.step("undone", func() {
				if undone := w.await("/changes/"+change.ID, "undone"); undone.Undone.Changed != w.count {
					t.Errorf("the undone change is %+v, want %d", undone, w.count)
				}
			})
			w.requireCodes("active")
			if w.download(batch.ID) != before {
				t.Error("the codes are not what they were")
			}
			batch.checkRows(t, w.db, w.count)
		})
	}
}

// manyWalk is a server with very many codes.
type manyWalk struct {
	t     *testing.T
	db    database
	s     *server
	c     *client
	count int
	after int64 // the last event that was read
}

func newManyWalk(t *testing.T, db database) *manyWalk {
	t.Helper()
	count := campaign.Number(t, codesVariable, campaign.Length(t, 20_000, 1_000_000))
	w := &manyWalk{t: t, db: db, s: startServer(t, db), count: count}
	w.c = newClient(t, w.s.url, w.s.key)
	w.c.http.Timeout = 0 // downloads take as long as they move
	return w
}

// step does something, and requires the server to have had little memory resident until then.
func (w *manyWalk) step(what string, do func()) {
	w.t.Helper()
	began := time.Now()
	do()
	took, most := time.Since(began), resident(w.t, w.s, "VmHWM")
	w.t.Logf("%d codes are %s after %s, %.0f in a second; at most %d MiB were resident",
		w.count, what, took.Round(time.Millisecond), float64(w.count)/took.Seconds(), most>>20)
	if most > maxManyResident {
		w.t.Errorf("%d MiB were resident when the codes were %s", most>>20, what)
	}
}

// await follows the log until a job has ended, and requires it to have a status.
func (w *manyWalk) await(path, status string) wireChange {
	w.t.Helper()
	const rate = 500 // codes in a second that the slowest machine manages
	for end := time.Now().Add(jobLimit + time.Duration(w.count/rate)*time.Second); time.Now().Before(end); {
		change := readChange(w.t, w.c, http.MethodGet, path, "")
		switch change.Status {
		case status:
			return change
		case "failed", "canceled":
			w.t.Fatalf("%s is %s", path, change.Status)
		}
		var log struct{ Next int64 }
		answer := w.c.mustGet(w.t, fmt.Sprintf("/events?wait=20&after=%d", w.after), http.StatusOK)
		if err := json.Unmarshal([]byte(answer.body), &log); err != nil {
			w.t.Fatal(err)
		}
		w.after = log.Next
	}
	w.t.Fatalf("%s does not end", path)
	return wireChange{}
}

// list goes through the pages of the list, in whose order no code can come twice.
func (w *manyWalk) list() {
	w.t.Helper()
	type code struct {
		Code      string
		CreatedAt time.Time
	}
	var page struct {
		Data       []code
		NextCursor *string
	}
	count, last := 0, code{}
	for cursor := ""; ; cursor = *page.NextCursor {
		answer := w.c.mustGet(w.t, "/tenant-codes?limit=1000&cursor="+cursor, http.StatusOK)
		page.Data, page.NextCursor = nil, nil
		if err := json.Unmarshal([]byte(answer.body), &page); err != nil {
			w.t.Fatal(err)
		}
		for _, next := range page.Data {
			order := next.CreatedAt.Compare(last.CreatedAt)
			if count > 0 && (order > 0 || order == 0 && next.Code >= last.Code) {
				w.t.Fatalf("%v comes after %v", next, last)
			}
			count, last = count+1, next
		}
		if page.NextCursor == nil {
			break
		}
	}
	if count != w.count {
		w.t.Errorf("%d codes are listed, want %d", count, w.count)
	}
}

// download requires a batch to have its codes, with indexes without gaps, and returns their digest.
func (w *manyWalk) download(batch string) string {
	w.t.Helper()
	w.lines("/batches/"+batch+"/codes?format=csv", func(i int, line string) {
		if !strings.HasPrefix(line, strconv.Itoa(i)+",") {
			w.t.Fatalf("line %d is %s", i, line)
		}
	})
	sum := sha256.New()
	w.lines("/batches/"+batch+"/codes?format=ndjson", func(_ int, line string) { _, _ = io.WriteString(sum, line) })
	return hex.EncodeToString(sum.Sum(nil))
}

// requireCodes requires every code to have a status, by two exports.
func (w *manyWalk) requireCodes(status string) {
	w.t.Helper()
	w.step("exported as "+status, func() {
		w.lines("/exports/codes?format=csv&status="+status, func(int, string) {})
		w.lines("/exports/codes?format=ndjson", func(_ int, line string) {
			if !strings.Contains(line, `"status":"`+status+`"`) {
				w.t.Fatalf("not %s: %s", status, line)
			}
		})
	})
}

// lines reads the lines of an answer, but for a header of CSV. There must be one for each code.
func (w *manyWalk) lines(path string, each func(i int, line string)) {
	w.t.Helper()
	request, err := http.NewRequest(http.MethodGet, w.c.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("X-Api-Key", w.c.key)
	response, err := w.c.http.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it was read to its end
	count := 0
	lines := bufio.NewScanner(response.Body)
	if strings.Contains(path, "format=csv") && !lines.Scan() {
		w.t.Fatalf("%s: no header, %v", path, lines.Err())
	}
	for ; lines.Scan(); count++ {
		each(count, lines.Text())
	}
	if err := lines.Err(); err != nil || count != w.count || response.StatusCode != http.StatusOK {
		w.t.Fatal(fmt.Errorf("%s: status %d, %d codes, want %d: %w", path, response.StatusCode, count, w.count, err))
	}
}
