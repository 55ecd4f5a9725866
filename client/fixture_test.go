package client_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"accesscodes/client"
	"accesscodes/internal/app"
	"accesscodes/internal/config"
	"accesscodes/internal/tenancy"
)

// server is a running accesscodes server on a new SQLite database, with a workspace that records every
// event, and a key with the role full.
type server struct {
	url, key string
	database string
	stop     func() error
}

var greeting = regexp.MustCompile(`API key: (ack_\w+)|^Listening on (http://\S+)`)

// startServer starts the whole program on a free port.
func startServer(folder string) (*server, error) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{database: "sqlite:" + filepath.Join(folder, "codes.db")}
	cfg := config.DefaultServe()
	cfg.Listen, cfg.Database = "127.0.0.1:0", s.database
	out, stdout := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := app.Run(ctx, cfg, app.Streams{Out: stdout, Log: io.Discard, Version: "v1.2.3-test"})
		_ = stdout.CloseWithError(err) // never fails
		ended <- err
	}()
	s.stop = func() error { cancel(); return <-ended }
	lines := bufio.NewScanner(out)
	for s.url == "" && lines.Scan() {
		if m := greeting.FindStringSubmatch(lines.Text()); m != nil {
			s.key, s.url = s.key+m[1], m[2]
		}
	}
	if s.url == "" {
		return nil, errors.Join(lines.Err(), s.stop())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // what it says later
	return s, s.withTenancy(func(t *tenancy.Service) error {
		all := tenancy.EventsAll
		_, err := t.UpdateWorkspace(ctx, "default", tenancy.WorkspaceChange{Events: &all})
		return err
	})
}

func (s *server) withTenancy(do func(*tenancy.Service) error) error {
	service, closeService, err := app.OpenTenancy(context.Background(), s.database)
	if err != nil {
		return err
	}
	return errors.Join(do(service), closeService())
}

// newServer starts a server until the test ends.
func newServer(t *testing.T) *server {
	t.Helper()
	s, err := startServer(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	return s
}

// keyOf is a new key with a role.
func (s *server) keyOf(t *testing.T, role tenancy.Role) (secret string) {
	t.Helper()
	err := s.withTenancy(func(service *tenancy.Service) (err error) {
		_, secret, err = service.CreateKey(t.Context(), "default", tenancy.NewKey{Name: string(role), Role: role})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// client is a client of the server itself.
func (s *server) client(t *testing.T, options ...client.Option) *client.Client {
	t.Helper()
	return newClient(t, s.url, s.key, options...)
}

// newClient is a client until the test ends.
func newClient(t *testing.T, url, key string, options ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(url, key, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// must returns a result that there has to be.
func must[T any](result T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
}

// collect takes everything out of an iterator.
func collect[T any](t *testing.T, all func(func(*T, error) bool)) (found []*T) {
	t.Helper()
	for one, err := range all {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, one)
	}
	return found
}

// TestMain runs a server for the examples.
func TestMain(m *testing.M) { os.Exit(runWithServer(m)) }

func runWithServer(m *testing.M) int {
	folder, err := os.MkdirTemp("", "accesscodes-client")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }() // it is temporary anyway
	s, err := startServer(folder)
	if err != nil {
		panic(err)
	}
	defer func() { _ = s.stop() }() // newServer sees to how servers end
	for name, value := range map[string]string{"ACCESSCODES_SERVER": s.url, "ACCESSCODES_API_KEY": s.key} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	return m.Run()
}
