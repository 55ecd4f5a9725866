package cli

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"accesscodes/internal/app"
	"accesscodes/internal/config"
	"accesscodes/internal/event"
)

func newServe(env Env) *cobra.Command {
	cfg := config.DefaultServe()
	cmd := &cobra.Command{
		Use: "serve", Short: "Bring the database's schema up to date and serve the HTTP API", Args: exactArgs(),
		Long: "Bring the database's schema up to date and serve the HTTP API.\n\n" +
			"On an empty database it first creates the workspace \"default\" and one API key and prints the key.\n" +
			"SIGTERM and SIGINT let the requests under way finish, then the program exits with 0.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg.PublicURLGiven = cmd.Flags().Changed("public-url")
			if err := errors.Join(cfg.Validate(), cfg.CheckFiles(), cfg.ReadWords()); err != nil {
				return usageError{err}
			}
			return app.Run(
				cmd.Context(),
				cfg,
				app.Streams{Out: cmd.OutOrStdout(), Log: cmd.ErrOrStderr(), Version: versionOf(env)},
			)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&cfg.Listen, "listen", cfg.Listen, "`address` to listen on, host:port; port 0 takes a free one")
	databaseFlag(flags, &cfg.Database)
	flags.BoolVar(&cfg.NoBootstrap, "no-bootstrap", cfg.NoBootstrap, "leave an empty database empty")
	flags.StringVar(&cfg.LogLevel, "log-level", cfg.LogLevel, "debug, info, warn or error")
	flags.StringVar(&cfg.LogFormat, "log-format", cfg.LogFormat, "json or text")
	flags.DurationVar(
		&cfg.DrainTimeout,
		"drain-timeout",
		cfg.DrainTimeout,
		"how long requests under way may take after SIGTERM",
	)
	flags.StringVar(
		&cfg.DebugListen,
		"debug-listen",
		cfg.DebugListen,
		"`address` for profiles (net/http/pprof), host:port; keep it private; none if empty",
	)
	networkFlags(flags, &cfg)
	webhookFlags(flags, &cfg)
	flags.BoolVar(
		&cfg.GatheredLog,
		"sqlite-gathered-log",
		cfg.GatheredLog,
		"hand SQLite's write-ahead log to the system in few calls; =false if in doubt about it",
	)
	flags.StringVar(&cfg.WordFilter, "word-filter", "",
		"`FILE` of the words that generated codes may not hold, one a line, or off; if empty, a list of our own")
	flags.Var((*daysValue)(&cfg.EventsKeep), "events-keep", "how long events are kept, such as 90d or 12h; 0: for ever")
	flags.Var((*keepValue)(&cfg.EventsKeepTypes), "events-keep-types",
		"how long events of some `types` are kept instead, such as session.*=30d,code.*=2y; the longest match counts")
	return cmd
}

// networkFlags are the flags for how the server meets its callers.
func networkFlags(flags *pflag.FlagSet, cfg *config.Serve) {
	flags.StringVar(&cfg.TLSCert, "tls-cert", "",
		"PEM `file` of the server's certificate and those above it; read again when it changes; plain HTTP if empty")
	flags.StringVar(&cfg.TLSKey, "tls-key", "", "PEM `file` of the certificate's private key")
	flags.IntVar(&cfg.MaxConnections, "max-connections", cfg.MaxConnections,
		"how many connections may be open at once; more wait until one ends")
	flags.StringVar(&cfg.PublicURL, "public-url", "",
		"`URL` under which callers reach the server; it is kept in the database, an empty one removes it")
	flags.StringVar(&cfg.TrustedProxies, "trusted-proxies", "",
		"`CIDRs` of proxies, with commas: only from these is X-Forwarded-For or Forwarded believed")
	flags.StringVar(&cfg.MetricsListen, "metrics-listen", "",
		"`address` for /metrics alone, host:port; with everything else if empty")
	flags.BoolVar(&cfg.Console, "console", cfg.Console,
		"serve the console for people at /console; --console=false turns it off")
	flags.StringVar(&cfg.ConsoleListen, "console-listen", "",
		"`address` for the console alone, host:port; with everything else if empty")
	flags.BoolVar(&cfg.Docs, "docs", cfg.Docs, "serve the documentation at /docs; --docs=false turns it off")
}

// webhookFlags are the flags for how webhooks are sent.
func webhookFlags(flags *pflag.FlagSet, cfg *config.Serve) {
	flags.StringVar(&cfg.SecretFile, "secret-file", "",
		"`file` of random bytes with which the secrets of webhook endpoints are encrypted in the database")
	flags.StringVar(&cfg.WebhookAllow, "webhook-allow", "",
		"`CIDRs` of private networks that webhooks may reach, with commas, also by http://; none if empty")
	flags.StringVar(&cfg.WebhookRetries, "webhook-retries", "",
		"`times` to wait after each failure of a webhook, with commas; if empty 5s,5m,30m,2h,5h,10h,14h,20h,24h")
	flags.BoolVar(&cfg.WebhookProxy, "webhook-proxy", false,
		"send webhooks through the proxies of HTTPS_PROXY, HTTP_PROXY and NO_PROXY")
}

// daysValue is a flag that holds a time in which whole days may be given, too.
type daysValue time.Duration

// Set implements [pflag.Value].
func (v *daysValue) Set(text string) error {
	length, err := parseDays(text)
	if err != nil {
		return errors.New("it must be a time such as 90d or 12h")
	}
	*v = daysValue(length)
	return nil
}

// String implements [pflag.Value].
func (v *daysValue) String() string {
	const day = 24 * time.Hour
	if length := time.Duration(*v); length == 0 || length%day != 0 {
		return length.String()
	}
	return strconv.Itoa(int(time.Duration(*v)/day)) + "d"
}

// Type implements [pflag.Value].
func (v *daysValue) Type() string { return "duration" }

// keepValue is a flag that says how long events of some types are kept.
type keepValue []event.TypeRetention

// Set implements [pflag.Value].
func (v *keepValue) Set(text string) error {
	*v = nil
	for pair := range strings.SplitSeq(text, ",") {
		types, keep, _ := strings.Cut(pair, "=")
		length, err := parseDays(keep)
		if err != nil || types == "" {
			return errors.New("it must be types and times such as session.*=30d,code.*=2y")
		}
		*v = append(*v, event.TypeRetention{Types: types, Keep: length})
	}
	return nil
}

// String implements [pflag.Value].
func (v *keepValue) String() string {
	var all []string
	for _, of := range *v {
		all = append(all, of.Types+"="+(*daysValue)(&of.Keep).String())
	}
	return strings.Join(all, ",")
}

// Type implements [pflag.Value].
func (v *keepValue) Type() string { return "types" }
