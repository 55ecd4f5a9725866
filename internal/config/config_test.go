package config_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/config"
)

func TestDefaultsAreValid(t *testing.T) {
	if err := config.DefaultServe().Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	cases := []struct {
		name   string
		change func(*config.Serve)
		want   []string // one for each mistake; none: valid
	}{
		{"a free port", func(c *config.Serve) { c.Listen = "127.0.0.1:0" }, nil},
		{"every address", func(c *config.Serve) { c.Listen = ":8080" }, nil},
		{"IPv6", func(c *config.Serve) { c.Listen = "[::1]:8080" }, nil},
		{"no port", func(c *config.Serve) { c.Listen = "127.0.0.1" }, []string{`--listen "127.0.0.1" is not host:port`}},
		{"no address", func(c *config.Serve) { c.Listen = "" }, []string{`--listen "" is not host:port`}},
		{"profiles", func(c *config.Serve) { c.DebugListen = "127.0.0.1:6060" }, nil},
		{
			"profiles without a port",
			func(c *config.Serve) { c.DebugListen = "localhost" },
			[]string{`--debug-listen "localhost" is not host:port`},
		},
		{"log level debug", func(c *config.Serve) { c.LogLevel = "debug" }, nil},
		{"log level in capitals", func(c *config.Serve) { c.LogLevel = "WARN" }, nil},
		{"log level error", func(c *config.Serve) { c.LogLevel = "error" }, nil},
		{
			"an unknown log level",
			func(c *config.Serve) { c.LogLevel = "loud" },
			[]string{`--log-level "loud" is not debug, info, warn or error`},
		},
		{
			"no log level",
			func(c *config.Serve) { c.LogLevel = "" },
			[]string{`--log-level "" is not debug, info, warn or error`},
		},
		{"text logs", func(c *config.Serve) { c.LogFormat = "text" }, nil},
		{
			"an unknown log format",
			func(c *config.Serve) { c.LogFormat = "xml" },
			[]string{`--log-format "xml" is not json or text`},
		},
		{"no draining", func(c *config.Serve) { c.DrainTimeout = 0 }, nil},
		{
			"draining backwards",
			func(c *config.Serve) { c.DrainTimeout = -time.Second },
			[]string{"--drain-timeout must not be negative"},
		},
		{"another file", func(c *config.Serve) { c.Database = "sqlite:/var/lib/a b?#%.db" }, nil},
		{"a path alone", func(c *config.Serve) { c.Database = "data/x.db" }, []string{"--database"}},
		{"TLS", func(c *config.Serve) { c.TLSCert, c.TLSKey = "a.pem", "b.pem" }, nil},
		{
			"a certificate without its key",
			func(c *config.Serve) { c.TLSCert = "a.pem" },
			[]string{"--tls-cert and --tls-key"},
		},
		{"a key without its certificate", func(c *config.Serve) { c.TLSKey = "b.pem" }, []string{"--tls-cert and --tls-key"}},
		{"one connection", func(c *config.Serve) { c.MaxConnections = 1 }, nil},
		{"no connections", func(c *config.Serve) { c.MaxConnections = 0 }, []string{"--max-connections must be at least 1"}},
		{"a public URL", func(c *config.Serve) { c.PublicURL = "https://codes.example.org:8443/api/" }, nil},
		{
			"a public host",
			func(c *config.Serve) { c.PublicURL = "codes.example.org" },
			[]string{`--public-url "codes.example.org" is not`},
		},
		{"a public file", func(c *config.Serve) { c.PublicURL = "file:///etc" }, []string{"--public-url"}},
		{"a public URL with a query", func(c *config.Serve) { c.PublicURL = "https://x.org/?a" }, []string{"--public-url"}},
		{"a public URL with a user", func(c *config.Serve) { c.PublicURL = "https://u@x.org" }, []string{"--public-url"}},
		{"proxies", func(c *config.Serve) { c.TrustedProxies = "10.0.0.0/8, 192.0.2.7,2001:db8::/32" }, nil},
		{
			"a proxy by name",
			func(c *config.Serve) { c.TrustedProxies = "10.0.0.0/8,lb" },
			[]string{`--trusted-proxies "lb" is not`},
		},
		{
			"an empty proxy",
			func(c *config.Serve) { c.TrustedProxies = "10.0.0.0/8," },
			[]string{`--trusted-proxies "" is not`},
		},
		{"metrics elsewhere", func(c *config.Serve) { c.MetricsListen = "127.0.0.1:9090" }, nil},
		{
			"metrics without a port",
			func(c *config.Serve) { c.MetricsListen = "x" },
			[]string{`--metrics-listen "x" is not host:port`},
		},
		{
			"everything wrong", func(c *config.Serve) {
				*c = config.Serve{
					Listen: "a", DebugListen: "b", Database: "c", LogLevel: "d", LogFormat: "e", DrainTimeout: -1,
					TLSCert: "f", MaxConnections: -1, PublicURL: "g", TrustedProxies: "h", MetricsListen: "i",
				}
			},
			[]string{
				"--listen", "--debug-listen", "--database", "--log-level", "--log-format", "--drain-timeout",
				"--tls-cert", "--max-connections", "--public-url", "--trusted-proxies", "--metrics-listen",
			},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cfg := config.DefaultServe()
			c.change(&cfg)
			var lines []string
			if err := cfg.Validate(); err != nil {
				lines = strings.Split(err.Error(), "\n")
			}
			if len(lines) != len(c.want) {
				t.Fatalf("got %q, want %q", lines, c.want)
			}
			for i, want := range c.want {
				if !strings.HasPrefix(lines[i], want) {
					t.Errorf("got %q, want %q", lines[i], want)
				}
			}
		})
	}
}

func TestProxies(t *testing.T) {
	got, err := (config.Serve{TrustedProxies: "10.1.2.3/8, 192.0.2.7,2001:db8::1"}).Proxies()
	if text := fmt.Sprint(got); text != "[10.0.0.0/8 192.0.2.7/32 2001:db8::1/128]" || err != nil {
		t.Errorf("got %s, %v", text, err)
	}
	if got, err := (config.Serve{}).Proxies(); got != nil || err != nil {
		t.Errorf("of none: got %v, %v", got, err)
	}
}

func TestLevel(t *testing.T) {
	for text, want := range map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo,
		"warn": slog.LevelWarn, "error": slog.LevelError,
	} {
		if got, err := (config.Serve{LogLevel: text}).Level(); err != nil || got != want {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
}

func TestParseDatabase(t *testing.T) {
	for address, path := range map[string]string{
		"sqlite:/var/lib/x.db": "/var/lib/x.db",
		"sqlite:C:/data/x.db":  "C:/data/x.db",
		"sqlite:a b?#%20.db":   "a b?#%20.db", // a path, not a URL
		config.DefaultDatabase: "data/accesscodes.db",
	} {
		got, err := config.ParseDatabase(address)
		if want := (config.Database{Engine: config.SQLite, Path: path}); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", address, got, err)
		}
	}
	for _, address := range []string{
		"", ":", "sqlite", "sqlite:", "SQLite:x.db", "data/x.db", "file:x.db", "mysql://host/db",
	} {
		got, err := config.ParseDatabase(address)
		if err == nil {
			t.Errorf("%q was taken as %+v", address, got)
		} else if text := err.Error(); !strings.Contains(text, "sqlite:PATH") {
			t.Errorf("%q: not clear: %s", address, text)
		}
	}
}

// A database in memory would be another one for each connection.
func TestParseDatabaseRefusesMemory(t *testing.T) {
	if got, err := config.ParseDatabase("sqlite::memory:"); err == nil {
		t.Errorf("taken as %+v", got)
	}
}

// Addresses hold passwords in more ways than URLs; errors end up in logs.
func TestParseDatabaseNeverRepeatsAPassword(t *testing.T) {
	for _, address := range []string{
		"mysql://app:hunter2@host/db", "mysql:host=db;password=hunter2", "host=db user=app password=hunter2",
		"password=hunter2 host=db:5432", "app/hunter2@host", "hunter2", "hunter2:app@host", "://app:hunter2@host",
	} {
		if _, err := config.ParseDatabase(address); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
