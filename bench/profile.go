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

// profile writes two profiles of the server under a case's load to a folder: of its
// processor time, cpu.pprof, and of what it allocates, allocs.pprof.
func (p *plan) profile(ctx context.Context, folder, into string) error {
	debug, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(cases, func(c benchCase) bool { return strings.HasPrefix(c.title(), p.only) })
	if i < 0 {
		return fmt.Errorf("no case begins with %q", p.only)
	}
	c, ok := cases[i].(workCase)
	if !ok {
		return fmt.Errorf("there is no profile of the case %s", p.only)
	}
	address := "sqlite:" + filepath.Join(folder, "codes.db")
	server, err := p.startServer(ctx, folder, address, "--debug-listen", debug)
	if err != nil {
		return err
	}
	defer server.stop()
	f := filling{shared: c.shared, once: true}
	if c.codes != nil {
		f.count = c.codes(p)
	}
	if err := f.fill(ctx, address); err != nil {
		return err
	}

	loaded := make(chan error, 1)
	go func() {
		l := c.load(p, 0)
		l.path = fmt.Sprintf("/tenant-codes?limit=%d", pageSize)
		_, err := p.measure(ctx, server, l)
		loaded <- err
	}()
	// From a moment after the beginning to a moment before the end of the load.
	warmUp := p.duration / 10
	time.Sleep(warmUp)
	seconds := max(1, int((p.duration - 2*warmUp).Seconds()))
	downloaded := make(chan error)
	for _, kind := range profiles {
		go func() {
			downloaded <- download(ctx,
				fmt.Sprintf("http://%s/debug/pprof/%s?seconds=%d", debug, kind.endpoint, seconds),
				filepath.Join(into, kind.file))
		}()
	}
	for range profiles {
		err = errors.Join(err, <-downloaded)
	}
	if err = errors.Join(err, <-loaded); err != nil {
		return err
	}
	fmt.Printf("%d seconds of %s under load. Look at them with:\n", seconds, c.name)
	for _, kind := range profiles {
		fmt.Printf("  go tool pprof -http=: %s%s %s\n", kind.flags, p.server, filepath.Join(into, kind.file))
	}
	return nil
}

// profiles are those that are taken, both of the same seconds.
var profiles = []struct{ endpoint, file, flags string }{
	{"profile", "cpu.pprof", ""},
	{"allocs", "allocs.pprof", "-sample_index=alloc_space "},
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
