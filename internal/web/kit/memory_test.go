package kit

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	streamed    = 1 << 30   // bytes
	maxResident = 100 << 20 // bytes
)

// streamServer is the environment variable that makes a process of this test's binary a server of
// two routes: its memory is its own then.
const streamServer = "ACCESSCODES_TEST_STREAM_SERVER"

// serveStreams prints where it listens and serves until it is ended.
func serveStreams() {
	handler, err := New(Config{
		Routes: []Route{streaming("GET", "/out", sendMuch), streaming("POST", "/in", takeMuch)},
		Log:    slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	panic((&http.Server{Handler: handler, ReadTimeout: requestPatience, WriteTimeout: answerPatience}).Serve(listener))
}

// sendMuch writes rows, as an export does.
func sendMuch(_ context.Context, c *Call) error {
	c.Begin("application/json")
	row := bytes.Repeat([]byte("0123456789abcde\n"), 16)
	for sent := 0; sent < streamed; sent += len(row) {
		if _, err := c.Writer.Write(row); err != nil {
			return err
		}
	}
	return nil
}

func takeMuch(_ context.Context, c *Call) error {
	taken, err := io.Copy(io.Discard, c.Request.Body)
	if err != nil {
		return err
	}
	return c.Answer(taken)
}

func TestCampaignAGibibyteOutAndInTakesLittleMemory(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), streamServer+"=1")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = cmd.Process.Kill(), cmd.Wait() }()
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + strings.TrimSpace(address)
	t.Logf("resident before: %d MiB", mostResident(t, cmd.Process.Pid)>>20)

	response, err := http.Get(url + "/out")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, response.Body); n != streamed || err != nil {
		t.Errorf("out: %d bytes came, %v", n, err)
	}
	checkResident(t, "out", cmd.Process.Pid)

	response, err = http.Post(url+"/in", "text/csv", io.LimitReader(zeros{}, streamed))
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(response.Body); string(body) != fmt.Sprint(streamed) || err != nil {
		t.Errorf("in: %q bytes were taken, %v", body, err)
	}
	checkResident(t, "in", cmd.Process.Pid)
}

func checkResident(t *testing.T, what string, pid int) {
	t.Helper()
	most := mostResident(t, pid)
	t.Logf("%s: at most %d MiB were resident", what, most>>20)
	if most > maxResident {
		t.Errorf("%s: %d MiB were resident, want at most %d", what, most>>20, maxResident>>20)
	}
}

// mostResident is the most memory, in bytes, that a process has had resident.
func mostResident(t *testing.T, pid int) (bytes int64) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscanf(line, "%d kB", &bytes); err != nil {
		t.Fatal(err)
	}
	return bytes << 10
}

type zeros struct{}

func (zeros) Read(into []byte) (int, error) { return len(into), nil }
