package app

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
)

// startDebug serves profiles at /debug/pprof/ on an address of their own, which should
// not be reachable from outside: profiles show what the program is doing.
func startDebug(ctx context.Context, address string, log *slog.Logger) (*http.Server, error) {
	listener, err := listen(ctx, "debug-listen", address)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	log.Info("profiles", "url", baseURL("http", listener.Addr())+"/debug/pprof/")
	return serveAside(listener, &http.Server{Handler: mux, ReadHeaderTimeout: headPatience}, "profiles", log), nil
}

// serveAside serves something beside the API until it is closed.
func serveAside(listener net.Listener, server *http.Server, what string, log *slog.Logger) *http.Server {
	go func() {
		if err := server.Serve(listener); err != nil && err != http.ErrServerClosed {
			log.Error(what+" are not served any more", "error", err.Error())
		}
	}()
	return server
}
