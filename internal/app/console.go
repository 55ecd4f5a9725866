package app

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"accesscodes/internal/config"
	"accesscodes/internal/core"
	"accesscodes/internal/member"
	"accesscodes/internal/web/console"
)

func newPeople(store member.Store) (*member.People, error) {
	return member.New(member.Deps{Store: store, Now: time.Now, Entropy: core.SystemEntropy(), NewID: newID})
}

// beside serves the console's addresses beside those of the API.
type beside struct{ console, api handler }

// ServeHTTP implements [http.Handler].
func (b beside) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if console.Serves(r.URL.Path) {
		b.console.ServeHTTP(w, r)
		return
	}
	b.api.ServeHTTP(w, r)
}

// Drain implements handler.
func (b beside) Drain() {
	b.console.Drain()
	b.api.Drain()
}

// consoleDoor is the console on an address of its own.
type consoleDoor struct {
	url   string
	aside *server
	ended chan struct{} // closed when aside serves no more
}

// openConsole serves the console on an address of its own until it is closed.
func openConsole(
	ctx context.Context, cfg config.Serve, pages *console.Server, certificate *certificate, log *slog.Logger,
) (*consoleDoor, error) {
	listener, err := listen(ctx, "console-listen", cfg.ConsoleListen)
	if err != nil {
		return nil, err
	}
	door := &consoleDoor{
		url:   baseURL(scheme(certificate != nil), listener.Addr()),
		aside: newServer(pages, listener, cfg.MaxConnections, certificate, log), ended: make(chan struct{}),
	}
	go func() {
		defer close(door.ended)
		if err := door.aside.serve(); err != nil && err != http.ErrServerClosed {
			log.Error("the console is not served any more", "error", err.Error())
		}
	}()
	return door, nil
}

// close answers the requests under way.
func (d *consoleDoor) close(timeout time.Duration) error {
	err := d.aside.drain(timeout)
	<-d.ended
	return err
}
