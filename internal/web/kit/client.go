package kit

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// proxies are the networks of proxies whose word about a client's address is taken.
type proxies []netip.Prefix

// clientOf is the address of whoever sent a request, without a port: the peer's own, or what a
// trusted proxy says. A chain of proxies is followed from the last one, which is the peer, back to
// the first hop that is not trusted. What that hop says of those before it proves nothing.
func (p proxies) clientOf(r *http.Request) string {
	peer, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	if len(p) == 0 {
		return peer
	}
	addr, err := netip.ParseAddr(peer)
	if err != nil || !p.contain(addr) {
		return peer
	}
	return p.follow(addr.Unmap(), r.Header).String()
}

func (p proxies) contain(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(addr) })
}

// follow returns the first hop before a trusted peer that is not trusted. Proxies write one of
// two header fields and pass the other on as it came, so where both are there and differ, one of
// them may be a client's invention, and neither is believed.
func (p proxies) follow(peer netip.Addr, header http.Header) netip.Addr {
	plain, standard := header.Values("X-Forwarded-For"), header.Values("Forwarded")
	byPlain := p.firstUntrusted(peer, slices.Backward(strings.Split(strings.Join(plain, ","), ",")))
	if len(standard) == 0 {
		return byPlain
	}
	byStandard := p.firstUntrusted(peer, forwardedFor(strings.Join(standard, ",")))
	if len(plain) == 0 || byPlain == byStandard {
		return byStandard
	}
	return peer
}

// firstUntrusted goes through hops from the last on. One that is no address ends the way.
func (p proxies) firstUntrusted(peer netip.Addr, hops func(func(int, string) bool)) netip.Addr {
	last := peer
	for _, hop := range hops {
		addr, ok := parseHop(hop)
		if !ok {
			return last
		}
		last = addr
		if !p.contain(addr) {
			return last
		}
	}
	return last
}

// parseHop reads an address with or without a port: 192.0.2.1, 192.0.2.1:4711, 2001:db8::1,
// [2001:db8::1] or [2001:db8::1]:4711.
func parseHop(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap().WithZone(""), true
	}
	if inner, ok := strings.CutPrefix(text, "["); ok {
		if text, ok = strings.CutSuffix(inner, "]"); !ok {
			return netip.Addr{}, false
		}
	}
	addr, err := netip.ParseAddr(text)
	return addr.Unmap().WithZone(""), err == nil
}

// forwardedFor goes through the parameters "for" of the header field Forwarded (RFC 7239), from
// the last hop on; a hop without one is empty. Where a quote is left open, a client may have tried
// to swallow what a proxy has added, and there are no hops.
func forwardedFor(field string) func(func(int, string) bool) {
	return func(yield func(int, string) bool) {
		if strings.Count(field, `"`)%2 != 0 {
			return
		}
		for i, hop := range slices.Backward(split(field, ',')) {
			found := ""
			for _, pair := range split(hop, ';') {
				name, value, _ := strings.Cut(pair, "=")
				if strings.EqualFold(strings.TrimSpace(name), "for") {
					found = strings.Trim(strings.TrimSpace(value), `"`)
				}
			}
			if !yield(i, found) {
				return
			}
		}
	}
}

// split splits at a separator outside quotes.
func split(text string, separator rune) []string {
	quoted := false
	return strings.FieldsFunc(text, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == separator && !quoted
	})
}

// isSecured reports whether a request came over TLS, to this server or to a trusted proxy.
func (p proxies) isSecured(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	peer, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(peer)
	if err != nil || !p.contain(addr) {
		return false
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-Proto"), ","), ",")
	return strings.EqualFold(strings.TrimSpace(hops[len(hops)-1]), "https")
}
