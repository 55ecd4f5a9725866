package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
)

// copiedCodes are so many that a copy is far from its end when its first page is noticed.
const copiedCodes = 50_000

var copyingLine = regexp.MustCompile(`(?m)^copying \d+ rows$`)

func TestCampaignACopyThatIsKilledGoesOnWhereItStopped(t *testing.T) {
	forEachEngine(t, func(t *testing.T, to database) {
		from := newSQLite(t)
		s := startServer(t, from)
		key := s.key
		s.stop(t)
		from.fill(t, copiedCodes)
		command := []string{program, "copy", "--from", from.address(), "--to", to.address()}

		killed := killInTheMiddle(t, to, command)
		to.awaitQuiet(t, killed)
		if n := to.count(t, "codes"); n == 0 || n >= copiedCodes {
			t.Fatalf("%d of %d codes were copied before the kill, which proves nothing", n, copiedCodes)
		}
		if r := run(t, nil, serveCommand(to)...); r.code == 0 || !strings.Contains(r.stderr, "unfinished") {
			t.Errorf("a server on what the kill has left ended with %d: %s", r.code, r.stderr)
		}
		mustRun(t, nil, command...)
		if !maps.Equal(from.rows(t), to.rows(t)) {
			t.Error("the target has other codes than the source")
		}
		newClient(t, startServer(t, to).url, key).mustGenerate(t, "Normal", http.StatusOK, "")
	})
}

// killInTheMiddle kills a copy when its first codes are there.
func killInTheMiddle(t *testing.T, to database, command []string) (killed time.Time) {
	t.Helper()
	copying := launch(t, command...)
	if copying.log.await(copyingLine, copying.exited, time.After(startLimit)) == nil {
		t.Fatal("the copy did not begin")
	}
	eventually(t, workLimit, "codes are copied", func() bool { return to.count(t, "codes") > 0 })
	copying.kill(t)
	return time.Now()
}

// fill stores so many codes of the first key, as the server itself would but faster.
func (d sqliteDatabase) fill(t testing.TB, codes int) {
	t.Helper()
	conn := d.open(t, sqlite.OpenReadWrite)
	defer closeConn(t, conn)
	query(t, conn, fmt.Sprintf(`
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO codes (canonical, workspace_id, value, type, max_redemptions, created_at, created_by)
		SELECT 'COPIED' || i, k.workspace_id, 'COPIED-' || i, 'Normal', 1, k.created_at + i, k.id FROM n,
		api_keys k`, codes), nil)
}
