package app

import (
	"context"
	"fmt"
	"io"
	"net"

	"accesscodes/internal/config"
	"accesscodes/internal/core"
	"accesscodes/internal/member"
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

// setup is printed while nobody can sign in.
const setup = `Open the console and set it up. The link works once, within an hour:

  %s/console/link/%s

`

// welcome fills an empty database and tells a person how to go on.
type welcome struct {
	tenancy *tenancy.Service
	links   *member.Links
	cfg     config.Serve
	url     string // of the API
	console string // of the console; empty: there is none
	out     io.Writer
}

// greet fills an empty database with a first workspace and key, unless told not to,
// and prints what a person needs to go on.
func (w welcome) greet(ctx context.Context) error {
	if err := w.bootstrap(ctx); err != nil {
		return err
	}
	if err := w.offerSetup(ctx); err != nil {
		return err
	}
	at := "Listening on " + w.url
	if w.cfg.Docs {
		at += " (documentation: " + w.url + "/docs)."
	}
	if w.console != "" {
		at += "\nConsole: " + w.console + "/console/"
	}
	all, err := w.tenancy.Workspaces(ctx)
	if err != nil {
		return fmt.Errorf("list the workspaces: %w", err)
	}
	next := "More keys: accesscodes key create --help"
	if len(all) == 0 {
		next = "There is no workspace yet: accesscodes workspace create --help"
	}
	_, err = fmt.Fprintf(w.out, "%s\n%s\n", at, next)
	return err
}

// bootstrap makes the first workspace and prints its key.
func (w welcome) bootstrap(ctx context.Context) error {
	if w.cfg.NoBootstrap {
		return nil
	}
	secret, err := w.tenancy.Bootstrap(ctx, bootstrapSlug, bootstrapName,
		core.Format{Prefix: bootstrapPrefix, Groups: core.DefaultGroups, GroupLength: core.DefaultGroupLength})
	if err != nil {
		return fmt.Errorf("create the first workspace: %w", err)
	}
	if secret == "" {
		return nil
	}
	if _, err := fmt.Fprintf(w.out, firstStart, w.url, secret); err != nil {
		return fmt.Errorf("print the first key: %w", err)
	}
	return nil
}

// offerSetup prints the link by which the first person gets in, while there is nobody.
func (w welcome) offerSetup(ctx context.Context) error {
	if w.console == "" {
		return nil
	}
	token, err := w.links.SetUp(ctx)
	if err != nil || token == "" {
		return err
	}
	_, err = fmt.Fprintf(w.out, setup, w.console, token)
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
