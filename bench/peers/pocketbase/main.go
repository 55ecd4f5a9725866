// Command pocketbase is PocketBase as a peer to measure against: an instance with a new
// database in a temporary folder and one collection, codes, whose values are unique.
// It prints a superuser's token and where it listens, and serves until it is told to end.
// Everything keeps PocketBase's defaults.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
)

const email = "bench@example.com"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "pocketbase:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	folder, err := os.MkdirTemp("", "pocketbase-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	app := pocketbase.NewWithConfig(pocketbase.Config{DefaultDataDir: folder})
	if err := app.Bootstrap(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, terminate(app)) }()
	password := rand.Text()
	if err := addSuperuser(app, password); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Listener = listener
		return e.Next()
	})
	ended := make(chan error, 1)
	go func() {
		err := apis.Serve(app, apis.ServeConfig{HttpAddr: listener.Addr().String()})
		_ = listener.Close() // if it never served, nobody should wait for its answer
		ended <- err
	}()
	url := "http://" + listener.Addr().String()
	token, err := prepare(ctx, url, password)
	if err != nil {
		return err
	}
	fmt.Println("API key:", token)
	fmt.Println("Listening on", url)
	select {
	case <-ctx.Done():
		return nil
	case err := <-ended:
		return errors.Join(errors.New("the server ended"), err)
	}
}

// terminate ends the server and closes the databases.
func terminate(app core.App) error {
	return app.OnTerminate().Trigger(&core.TerminateEvent{App: app}, func(e *core.TerminateEvent) error {
		return e.App.ResetBootstrapState()
	})
}

// addSuperuser does what PocketBase's command "superuser create" does.
func addSuperuser(app core.App, password string) error {
	collection, err := app.FindCachedCollectionByNameOrId(core.CollectionNameSuperusers)
	if err != nil {
		return err
	}
	superuser := core.NewRecord(collection)
	superuser.SetEmail(email)
	superuser.SetPassword(password)
	return app.Save(superuser)
}

// prepare makes the collection over HTTP and returns the superuser's token.
func prepare(ctx context.Context, url, password string) (token string, err error) {
	var auth struct{ Token string }
	credentials := map[string]string{"identity": email, "password": password}
	if err := post(ctx, url+"/api/collections/_superusers/auth-with-password", "", credentials, &auth); err != nil {
		return "", err
	}
	collection := map[string]any{
		"name": "codes",
		"type": "base",
		"fields": []map[string]any{
			{"name": "code", "type": "text", "required": true},
			{"name": "type", "type": "text"},
		},
		"indexes": []string{"CREATE UNIQUE INDEX idx_codes_code ON codes (code)"},
	}
	return auth.Token, post(ctx, url+"/api/collections", auth.Token, collection, &struct{}{})
}

// post sends a body and reads the answer into a pointer.
func post(ctx context.Context, url, token string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err = io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("POST %s: %s: %s", url, response.Status, text)
	}
	return json.Unmarshal(text, answer)
}
