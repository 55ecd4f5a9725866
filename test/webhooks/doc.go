// Package webhooks tests what receivers of webhooks rely on: the programs of docs/webhooks.md, run by
// their own interpreters, and the official libraries of Standard Webhooks, against what the server's
// signing makes.
//
// It needs what scripts/install-test-deps installs:
//
//	apt-get install curl mono-mcs nodejs npm openssl php-cli python3
package webhooks
