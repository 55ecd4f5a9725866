// Package config holds what an operator can set, with defaults and checks. Where the
// values come from (flags, environment) is the command line's business.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"accesscodes/internal/event"
	"accesscodes/internal/words"
)

// Serve is what `accesscodes serve` can be told.
type Serve struct {
	Listen       string        // host:port; port 0 takes a free one
	Database     string        // sqlite:PATH or a postgres:// URL
	NoBootstrap  bool          // leave an empty database empty
	LogLevel     string        // debug, info, warn or error
	LogFormat    string        // json or text
	DrainTimeout time.Duration // how long requests under way may take after SIGTERM
	DebugListen  string        // host:port for net/http/pprof; empty: none

	TLSCert, TLSKey string        // PEM files; both empty: plain HTTP
	MaxConnections  int           // open at once; more wait until one ends
	PublicURL       string        // the address that callers use
	PublicURLGiven  bool          // PublicURL replaces what the database holds, also if it is empty
	TrustedProxies  string        // CIDRs with commas between them; their word about a client's address is taken
	MetricsListen   string        // host:port for /metrics; empty: with everything else
	Docs            bool          // serve /docs
	Console         bool          // serve the console
	ConsoleListen   string        // host:port for the console; empty: with everything else
	GatheredLog     bool          // hand SQLite's write-ahead log over in few calls
	EventsKeep      time.Duration // how long events are kept; 0: for ever
	SecretFile      string        // what secrets in the database are encrypted with; empty: they are not
	WebhookAllow    string        // CIDRs with commas between them: private networks that webhooks may reach
	WebhookRetries  string        // durations with commas between them; empty: the usual
	WebhookProxy    bool          // webhooks use the proxies of the environment
	// EventsKeepTypes is how long events of some types are kept, in place of EventsKeep.
	EventsKeepTypes []event.TypeRetention

	WordFilter string        // "off", or the file of the words that generated codes may not hold; empty: the list of ours
	Words      *words.Filter // what WordFilter says, see ReadWords
}

// DefaultDatabase is the database that every command uses unless told otherwise.
const DefaultDatabase = "sqlite:data/accesscodes.db"

// DefaultServe returns the defaults.
func DefaultServe() Serve {
	return Serve{
		Listen: "127.0.0.1:8080", Database: DefaultDatabase,
		LogLevel: "info", LogFormat: "json", DrainTimeout: 25 * time.Second,
		MaxConnections: 10_000, Docs: true, Console: true, GatheredLog: true, EventsKeep: 90 * 24 * time.Hour,
	}
}

// Validate says what is wrong, all of it at once.
func (c Serve) Validate() error {
	var errs []error
	errs = append(errs, checkAddress("--listen", c.Listen))
	if c.DebugListen != "" {
		errs = append(errs, checkAddress("--debug-listen", c.DebugListen))
	}
	if _, err := ParseDatabase(c.Database); err != nil {
		errs = append(errs, fmt.Errorf("--database %w", err))
	}
	if _, err := c.Level(); err != nil {
		errs = append(errs, fmt.Errorf("--log-level %q is not debug, info, warn or error", c.LogLevel))
	}
	if c.LogFormat != "json" && c.LogFormat != "text" {
		errs = append(errs, fmt.Errorf("--log-format %q is not json or text", c.LogFormat))
	}
	if c.DrainTimeout < 0 {
		errs = append(errs, errors.New("--drain-timeout must not be negative"))
	}
	if c.EventsKeep < 0 {
		errs = append(errs, errors.New("--events-keep must not be negative; 0 keeps events for ever"))
	}
	errs = append(errs, c.validateWebhooks()...)
	if err := (event.Retention{Types: c.EventsKeepTypes}).Check(); err != nil {
		errs = append(errs, fmt.Errorf("--events-keep-types: %w", err))
	}
	return errors.Join(append(errs, c.validateNetwork()...)...)
}

// Level returns the log level.
func (c Serve) Level() (level slog.Level, err error) {
	return level, level.UnmarshalText([]byte(c.LogLevel))
}

// Engine is a kind of database.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Database is a parsed database address.
type Database struct {
	Engine Engine
	Path   string // of the SQLite file
	URL    string // of the PostgreSQL database; it may hold a password
}

// ParseDatabase reads a database address. Its error is what is to be said of the flag that
// holds it, and does not repeat it.
func ParseDatabase(address string) (Database, error) {
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok && path != "" &&
		path != ":memory:" { // which would be another database for each connection
		return Database{Engine: SQLite, Path: path}, nil
	}
	if parsed, err := url.Parse(address); err == nil && (parsed.Scheme == "postgres" || parsed.Scheme == "postgresql") &&
		parsed.Opaque == "" {
		return Database{Engine: Postgres, URL: address}, nil
	}
	return Database{}, errors.New("must be sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE")
}
