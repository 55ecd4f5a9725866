package config

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// validateNetwork says what is wrong with how the server meets its callers.
func (c Serve) validateNetwork() (errs []error) {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		errs = append(errs, errors.New("--tls-cert and --tls-key are given together or not at all"))
	}
	if c.MaxConnections < 1 {
		errs = append(errs, errors.New("--max-connections must be at least 1"))
	}
	if c.PublicURL != "" && !isBaseURL(c.PublicURL) {
		errs = append(errs, fmt.Errorf("--public-url %q is not like https://codes.example.org", c.PublicURL))
	}
	if _, err := c.Proxies(); err != nil {
		errs = append(errs, fmt.Errorf("--trusted-proxies %w", err))
	}
	if c.ConsoleListen != "" {
		errs = append(errs, checkAddress("--console-listen", c.ConsoleListen))
		if !c.Console {
			errs = append(errs, errors.New("--console-listen is of no use with --console=false"))
		}
	}
	if c.MetricsListen != "" {
		errs = append(errs, checkAddress("--metrics-listen", c.MetricsListen))
	}
	return errs
}

// checkAddress says what is wrong with an address to listen on. Whether it is free is seen only when
// it is listened on.
func checkAddress(flag, address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%s %q is not host:port", flag, address)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return fmt.Errorf("%s %q has no port from 0 to 65535", flag, address)
	}
	return nil
}

// CheckFiles says what is wrong with the files that are named.
func (c Serve) CheckFiles() error {
	if c.TLSCert == "" {
		return nil
	}
	if _, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey); err != nil {
		return fmt.Errorf("--tls-cert %q and --tls-key %q cannot be used: %w", c.TLSCert, c.TLSKey, err)
	}
	return nil
}

// isBaseURL reports whether links can be made by adding a path to the text.
func isBaseURL(text string) bool {
	parsed, err := url.Parse(text)
	return err == nil && (parsed.Scheme == "https" || parsed.Scheme == "http") && parsed.Hostname() != "" &&
		parsed.User == nil && !strings.ContainsAny(text, "?#")
}

// Proxies returns the networks of the proxies whose word about a client's address is taken.
func (c Serve) Proxies() ([]netip.Prefix, error) { return parseNetworks(c.TrustedProxies) }

// parseNetworks reads networks with commas between them. A single address is a network, too.
func parseNetworks(list string) (networks []netip.Prefix, err error) {
	if list == "" {
		return nil, nil
	}
	for text := range strings.SplitSeq(list, ",") {
		text = strings.TrimSpace(text)
		network, err := netip.ParsePrefix(text)
		if addr, single := netip.ParseAddr(text); single == nil && addr.Zone() == "" {
			network, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%q is not a network like 10.0.0.0/8 or an address", text)
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}
