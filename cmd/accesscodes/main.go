// Command accesscodes serves access codes and administers them. See README.md.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"accesscodes/internal/cli"
)

// version is set by the build (-ldflags "-X main.version=…").
var version = ""

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := cli.Run(ctx, os.Args[1:], cli.Env{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv, Version: version,
	})
	os.Exit(cli.ExitCode(err))
}
