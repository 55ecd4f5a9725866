package app

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"accesscodes/internal/web/kit"
)

// startMetrics serves /metrics on an address of its own.
func startMetrics(
	ctx context.Context, address string, registry *prometheus.Registry, log *slog.Logger,
) (*http.Server, error) {
	listener, err := listen(ctx, "metrics-listen", address)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", kit.MetricsHandler(registry))
	log.Info("metrics", "url", baseURL("http", listener.Addr())+"/metrics")
	return serveAside(listener, &http.Server{
		Handler: mux, ReadHeaderTimeout: headPatience, ReadTimeout: requestPatience,
		WriteTimeout: answerPatience, IdleTimeout: idlePatience,
	}, "metrics", log), nil
}
