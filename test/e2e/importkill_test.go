package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/campaign"
)

// TestCampaignAnImportSurvivesKills kills servers at random moments of an import and sends the same file
// again. Each time the codes that are there are as many as were reported as accepted, and in the end they
// are those of the file, once each and in its order. On PostgreSQL two nodes work, and either is killed.
func TestCampaignAnImportSurvivesKills(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("random seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		count, kills := campaign.Length(t, 40_000, 200_000), campaign.Length(t, 2, 10)
		nodes := []*server{startServer(t, db)}
		key := nodes[0].key
		if _, isPostgres := db.(postgresDatabase); isPostgres {
			nodes = append(nodes, startServer(t, db))
		}
		file := importedFile(count)
		accepted, inTheMiddle := 0, 0
		for range kills {
			victim := random.IntN(len(nodes))
			sent := make(chan struct{})
			go func(c *client) {
				defer close(sent)
				_, _ = c.importFile(file) // whose server is killed
			}(newClient(t, nodes[victim].url, key))
			c := newClient(t, nodes[len(nodes)-1-victim].url, key)
			var now wireImport
			eventually(t, workLimit, "the import is under way", func() bool {
				now = newestImport(t, c)
				return now.Status == "running" && now.Lines > accepted || now.Status == "succeeded"
			})
			// When a process dies is the point here, so it is a time and no signal.
			<-time.After(time.Duration(random.Int64N(int64(250 * time.Millisecond))))
			nodes[victim].kill(t)
			<-sent
			nodes[victim] = startServer(t, db)
			c = newClient(t, nodes[victim].url, key)
			eventually(t, workLimit, "the import has ended", func() bool {
				now = newestImport(t, c)
				return now.Status != "running"
			})
			accepted += now.Accepted
			if stored := db.count(t, "codes"); stored != accepted {
				t.Fatalf("%d codes are stored, %d were reported: %+v", stored, accepted, now)
			}
			if now.Status == "succeeded" {
				break
			}
			inTheMiddle++
		}
		t.Logf("%d kills in the middle; %d of %d codes were made at the last", inTheMiddle, accepted, count)
		if inTheMiddle == 0 {
			t.Error("the import had ended before the first kill, which proves nothing")
		}
		c := newClient(t, nodes[0].url, key)
		a, err := c.importFile(file)
		if err != nil || a.status != http.StatusOK {
			t.Fatalf("%v: %+v", err, a)
		}
		checkImported(t, c, file, newestImport(t, c), count)
		if stored := db.count(t, "codes"); stored != count {
			t.Errorf("%d codes are stored, want %d", stored, count)
		}
	})
}

// importedFile is a file of so many codes.
func importedFile(count int) string {
	var file strings.Builder
	file.WriteString("code,type\n")
	for n := range count {
		fmt.Fprintf(&file, "%05X-%06d,Premium\n", n*7919%(1<<20), n)
	}
	return file.String()
}

// importFile sends a file, with the same Idempotency-Key each time.
func (c *client) importFile(file string) (answer, error) {
	request, err := http.NewRequest(http.MethodPost, c.url+"/imports?batch=survivors", strings.NewReader(file))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", "text/csv")
	request.Header.Set("Idempotency-Key", "survivors")
	return c.send(request)
}

// wireImport is an import as the API shows it.
type wireImport struct {
	ID, Status               string
	Lines, Accepted, Skipped int
}

func newestImport(t *testing.T, c *client) wireImport {
	t.Helper()
	var page struct{ Data []wireImport }
	if err := json.Unmarshal([]byte(batchAnswer(t, c, http.MethodGet, "/imports?limit=1", "")), &page); err != nil {
		t.Fatal(err)
	}
	if len(page.Data) == 0 {
		return wireImport{}
	}
	return page.Data[0]
}

// checkImported requires the codes of the import's batch to be those of the file, in its order.
func checkImported(t *testing.T, c *client, file string, now wireImport, count int) {
	t.Helper()
	if now.Status != "succeeded" || now.Accepted+now.Skipped != count {
		t.Errorf("the import is %+v, want %d lines", now, count)
	}
	codes := batchAnswer(t, c, http.MethodGet, "/batches/"+now.ID+"/codes?format=csv", "")
	want := strings.Split(strings.TrimSuffix(file, "\n"), "\n")[1:]
	for i, line := range strings.Split(strings.TrimSuffix(codes, "\n"), "\n")[1:] {
		value, _, _ := strings.Cut(want[min(i, count-1)], ",")
		if i >= count || !strings.HasPrefix(line, fmt.Sprintf("%d,%s,", i, value)) {
			t.Fatalf("line %d is %q, want %s", i, line, value)
		}
	}
	if lines := strings.Count(codes, "\n") - 1; lines != count {
		t.Errorf("%d codes are in the batch, want %d", lines, count)
	}
}
