package webhooks

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// How long programs may take on a busy machine before a test gives up.
const (
	buildLimit   = 2 * time.Minute
	programLimit = time.Minute
)

// receiver is how a program of the page is built and run. PROGRAM, FOLDER and PORT are filled in; a port
// of 0 is a free one.
type receiver struct {
	file       string
	build, run []string
	needsPort  bool // it cannot choose a port
}

var receivers = []receiver{
	{file: "webhook.mjs", run: []string{"node", "PROGRAM"}},
	{file: "webhook.py", run: []string{"python3", "PROGRAM"}},
	{file: "webhook.php", run: []string{"php", "-S", "127.0.0.1:PORT", "PROGRAM"}},
	{
		file:      "Webhook.cs",
		build:     []string{"mcs", "-warnaserror", "-out:FOLDER/webhook.exe", "PROGRAM"},
		run:       []string{"mono", "FOLDER/webhook.exe"},
		needsPort: true,
	},
	{
		file:  "main.go",
		build: []string{"go", "build", "-race=false", "-trimpath", "-o", "FOLDER/receiver", "PROGRAM"},
		run:   []string{"FOLDER/receiver"},
	},
}

func TestReceiversOfThePage(t *testing.T) {
	lookAt(t, "../../client")
	codes := programs(t)
	for _, r := range receivers {
		t.Run(r.file, func(t *testing.T) {
			t.Parallel()
			r = r.prepare(t, codes[r.file])
			secret := newSecret(t)
			address := r.start(t, secret)
			if address == "" {
				t.Fatal("it does not listen")
			}
			breakOff(t, address)
			for _, m := range messages(t, secret) {
				want := http.StatusUnauthorized
				if m.good {
					want = http.StatusNoContent
				}
				if got := post(t, address, m); got != want {
					t.Errorf("%s: got %d, want %d", m.name, got, want)
				}
			}
			for _, empty := range []string{"", "whsec_"} {
				if address := r.start(t, empty); address != "" && post(t, address, signedByNothing()) < 300 {
					t.Errorf("with the secret %q it takes what anyone can sign", empty)
				}
			}
		})
	}
}

// prepare fills in the placeholders, writes the program down and builds it.
func (r receiver) prepare(t *testing.T, code string) receiver {
	t.Helper()
	folder := t.TempDir()
	program := filepath.Join(folder, r.file)
	if err := os.WriteFile(program, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	places := strings.NewReplacer("PROGRAM", program, "FOLDER", folder)
	filled := receiver{file: r.file, needsPort: r.needsPort}
	for _, word := range r.run {
		filled.run = append(filled.run, places.Replace(word))
	}
	if r.build == nil {
		return filled
	}
	for _, word := range r.build {
		filled.build = append(filled.build, places.Replace(word))
	}
	ctx, cancel := context.WithTimeout(t.Context(), buildLimit)
	defer cancel()
	build := exec.CommandContext(ctx, filled.build[0], filled.build[1:]...)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filled
}

var listens = regexp.MustCompile(`127\.0\.0\.1:([1-9]\d*)`)

// start runs the program until the test ends. It returns where it listens; empty: it has ended with an
// error instead.
func (r receiver) start(t *testing.T, secret string) (address string) {
	t.Helper()
	port := "0"
	if r.needsPort {
		port = freePort(t)
	}
	words := make([]string, len(r.run))
	for i, word := range r.run {
		words[i] = strings.ReplaceAll(word, "PORT", port)
	}
	ctx, cancel := context.WithTimeout(context.Background(), programLimit)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Env = append(os.Environ(), "WEBHOOK_SECRET="+secret, "PORT="+port)
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = in, in
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = in.Close() // the program has its own
	lines, said := bufio.NewScanner(out), new(bytes.Buffer)
	ended := make(chan struct{})
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
		_ = out.Close()
		<-ended
		if t.Failed() {
			t.Logf("it said:\n%.4000s", said)
		}
	})
	for address == "" && lines.Scan() {
		_, _ = fmt.Fprintln(said, lines.Text())
		address = listens.FindString(lines.Text())
	}
	go func() { _, _ = io.Copy(said, out); close(ended) }()
	if address == "" {
		if err := cmd.Wait(); err == nil {
			t.Error("it has ended well")
		}
	}
	return address
}

// freePort returns a port that no connection gets by itself.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000))
		if listener, err := net.Listen("tcp", address); err == nil {
			_ = listener.Close() // it has had no connection
			return strings.TrimPrefix(address, "127.0.0.1:")
		}
	}
	t.Fatal("no port is free")
	return ""
}

func post(t *testing.T, address string, m message) (status int) {
	t.Helper()
	request, err := http.NewRequestWithContext(
		t.Context(), http.MethodPost, "http://"+address+"/webhooks", strings.NewReader(m.body),
	)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = m.header()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatalf("%s: %v", m.name, err)
	}
	_ = response.Body.Close() // there is nothing to read
	return response.StatusCode
}

// breakOff sends half a request. A receiver must survive it.
func breakOff(t *testing.T, address string) {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(connection, "POST / HTTP/1.1\r\nHost: "+address+"\r\nContent-Length: 100\r\n\r\n{")
	if err != nil {
		t.Fatal(err)
	}
	if err := connection.Close(); err != nil {
		t.Fatal(err)
	}
}

// lookAt looks at the files of a folder that another program reads: go test takes no earlier result
// when one of them has changed.
func lookAt(t *testing.T, folder string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", folder, err)
	}
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			t.Fatal(err)
		}
	}
}
