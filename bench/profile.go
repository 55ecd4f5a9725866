package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// profile writes a CPU profile of the server under a case's load to a file.
func (p *plan) profile(ctx context.Context, folder, into string) error {
	debug, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	c := cases[max(0, slices.IndexFunc(cases, func(c workCase) bool { return strings.HasPrefix(c.name, p.only) }))]
	address := "sqlite:" + filepath.Join(folder, "codes.db")
	server, err := p.startServer(ctx, folder, address, "--debug-listen", debug)
	if err != nil {
		return err
	}
	defer server.stop()
	if err := p.fill(ctx, c, address); err != nil {
		return err
	}

	loaded := make(chan error, 1)
	go func() {
		_, err := p.measure(ctx, server, p.wrkArguments(c, 0, "/tenant-codes?limit=50"))
		loaded <- err
	}()
	// From a moment after the beginning to a moment before the end of the load.
	warmUp := p.duration / 10
	time.Sleep(warmUp)
	seconds := max(1, int((p.duration - 2*warmUp).Seconds()))
	err = download(ctx, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", debug, seconds), into)
	if err = errors.Join(err, <-loaded); err != nil {
		return err
	}
	fmt.Printf("%s: %d seconds of %s under load. Look at it with: go tool pprof -http=: %s %s\n", into, seconds, c.name, p.server, into)
	return nil
}

// freeAddress returns a local address that nobody listens on.
func freeAddress(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

func download(ctx context.Context, url, into string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	if err := os.MkdirAll(filepath.Dir(into), 0o755); err != nil {
		return err
	}
	file, err := os.Create(into)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, response.Body)
	return errors.Join(err, file.Close())
}
