package app

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"time"
)

// startDebug serves profiles at /debug/pprof/ on an address of their own, which should
// not be reachable from outside: profiles show what the program is doing.
func startDebug(ctx context.Context, address string, log *slog.Logger) (*http.Server, error) {
	listener, err := listen(ctx, address)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := server.Serve(listener); err != nil && err != http.ErrServerClosed {
			log.Error("profiles are not served any more", "error", err.Error())
		}
	}()
	log.Info("profiles", "url", baseURL(listener.Addr())+"/debug/pprof/")
	return server, nil
}
