package app

import (
	"context"
	"fmt"
	"io"
	"net"

	"accesscodes/internal/config"
	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

// What an empty database gets.
const (
	bootstrapSlug   = "default"
	bootstrapName   = "Default"
	bootstrapPrefix = "CODE"
)

const firstStart = `A new database: it now has the workspace "default" and an API key with the role full.
The key is shown only this once.

  API key: %[2]s

Generate a code:

  curl -X POST %[1]s/tenant-codes/generate -H 'Content-Type: application/json' -H 'X-Api-Key: %[2]s' -d '{"type":"Normal"}'

`

// greet fills an empty database with a first workspace and key, unless told not to,
// and prints what a person needs to go on.
func greet(ctx context.Context, service *tenancy.Service, cfg config.Serve, url string, out io.Writer) error {
	if !cfg.NoBootstrap {
		secret, err := service.Bootstrap(ctx, bootstrapSlug, bootstrapName,
			core.Format{Prefix: bootstrapPrefix, Groups: core.DefaultGroups, GroupLength: core.DefaultGroupLength})
		if err != nil {
			return fmt.Errorf("create the first workspace: %w", err)
		}
		if secret != "" {
			if _, err := fmt.Fprintf(out, firstStart, url, secret); err != nil {
				return fmt.Errorf("print the first key: %w", err)
			}
		}
	}
	docs := ""
	if cfg.Docs {
		docs = " (documentation: " + url + "/docs)."
	}
	all, err := service.Workspaces(ctx)
	if err != nil {
		return fmt.Errorf("list the workspaces: %w", err)
	}
	next := "More keys: accesscodes key create --help"
	if len(all) == 0 {
		next = "There is no workspace yet: accesscodes workspace create --help"
	}
	_, err = fmt.Fprintf(out, "Listening on %s%s\n%s\n", url, docs, next)
	return err
}

// baseURL is where a person on this machine reaches the address.
func baseURL(scheme string, addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return scheme + "://" + addr.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

func scheme(secured bool) string {
	if secured {
		return "https"
	}
	return "http"
}
