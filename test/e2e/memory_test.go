package e2e

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// What a server may take when many connections ask for much or for nothing.
const (
	deafCallers     = 400
	idleCallers     = 2000
	maxDeafResident = 200 << 20
	maxIdleResident = 200 << 20
)

// TestCallersWhoNeverReadTheDocumentationTakeLittleMemory asks for the page and for the largest
// file behind it, in both encodings.
func TestCallersWhoNeverReadTheDocumentationTakeLittleMemory(t *testing.T) {
	s := startServer(t, newSQLite(t))
	for _, path := range []string{"/docs", "/docs/assets/swagger-ui-bundle.js"} {
		for _, encoding := range []string{"gzip", "identity"} {
			request := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: x\r\nAccept-Encoding: %s\r\n\r\n", path, encoding)
			conns := openMany(t, s, deafCallers, request)
			newClient(t, s.url, s.key).mustGenerate(t, "Normal", 200, "")
			used := resident(t, s, "VmHWM")
			t.Logf("%s, %s: at most %d MiB were resident", path, encoding, used>>20)
			if used > maxDeafResident {
				t.Errorf("%d callers of %s who do not read: %d MiB", deafCallers, path, used>>20)
			}
			closeAll(t, conns)
		}
	}
}

func TestThousandsOfIdleConnectionsTakeLittleMemory(t *testing.T) {
	s := startServer(t, newSQLite(t))
	before := resident(t, s, "VmRSS")
	conns := openMany(t, s, idleCallers, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
	for _, c := range conns {
		if _, err := io.ReadFull(c, make([]byte, len("TTP/1.1 200"))); err != nil {
			t.Fatal(err)
		}
	}
	newClient(t, s.url, s.key).mustGenerate(t, "Normal", 200, "")
	used := resident(t, s, "VmRSS")
	t.Logf("%d MiB before, %d MiB with %d idle connections: %d KiB each",
		before>>20, used>>20, idleCallers, (used-before)>>10/idleCallers)
	if used > maxIdleResident {
		t.Errorf("%d idle connections: %d MiB", idleCallers, used>>20)
	}
	closeAll(t, conns)
}

// openMany opens connections and sends a request on each. It returns when the server has begun
// to answer all of them.
func openMany(t *testing.T, s *server, count int, request string) []net.Conn {
	t.Helper()
	conns := make([]net.Conn, count)
	var all sync.WaitGroup
	for i := range conns {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err == nil {
			err = conn.SetDeadline(time.Now().Add(workLimit))
		}
		if err != nil {
			t.Fatal(err)
		}
		conns[i] = conn
		all.Go(func() {
			if _, err := io.WriteString(conn, request); err != nil {
				t.Error(err)
			}
			if n, err := conn.Read(make([]byte, 1)); n != 1 {
				t.Errorf("connection %d: %v", i, err)
			}
		})
	}
	all.Wait()
	return conns
}

func closeAll(t *testing.T, conns []net.Conn) {
	t.Helper()
	for _, c := range conns {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// resident is how much memory a server has resident (VmRSS), or has had at most (VmHWM).
func resident(t *testing.T, s *server, field string) (bytes int64) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid()))
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(status), field+":")
	if _, err := fmt.Sscanf(line, "%d kB", &bytes); err != nil {
		t.Fatal(err)
	}
	return bytes << 10
}
