package app

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"accesscodes/internal/config"
)

// TestTheGreetingNamesACommandThatWorks: without a workspace no key can be made.
func TestTheGreetingNamesACommandThatWorks(t *testing.T) {
	service, closeService, err := OpenTenancy(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := closeService(); err != nil {
			t.Error(err)
		}
	}()
	for _, test := range []struct {
		cfg          config.Serve
		names, lacks string
	}{
		{config.Serve{NoBootstrap: true}, "accesscodes workspace create --help", "key create"},
		{config.Serve{}, "accesscodes key create --help", "workspace create"},
		{config.Serve{NoBootstrap: true}, "accesscodes key create --help", "workspace create"},
	} {
		var out bytes.Buffer
		w := welcome{tenancy: service, cfg: test.cfg, url: "http://127.0.0.1:8080", out: &out}
		if err := w.greet(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), test.names) || strings.Contains(out.String(), test.lacks) {
			t.Errorf("%+v: %s", test.cfg, out.String())
		}
	}
}
