// Package e2e tests the built program from outside, as its callers, its operators and
// its bad days see it: the example clients, many connections at once, SIGTERM and
// SIGKILL, a full disk, a locked database, keys that are taken back. It runs the
// binary and looks into the database; it calls none of the program's own code.
//
// It needs Linux (prlimit, mount namespaces) and what the examples are written in:
//
//	apt-get install curl nodejs python3 python3-requests php-cli php-curl postgresql pgbouncer util-linux
package e2e
