package member

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"accesscodes/internal/core"
)

// How fast passwords can be tried: so many at once, then one in so long. What is refused does not count,
// so nobody waits longer because somebody else keeps trying.
var (
	ofPair    = pace{10, 6 * time.Second}  // one account from one address
	ofAddress = pace{40, 2 * time.Second}  // all accounts from one address, which may be that of an office
	ofAccount = pace{60, 10 * time.Second} // one account from all addresses
	ofDevice  = pace{20, 5 * time.Second}  // one account from a browser in which its person has signed in before
)

// pace allows some tries at once and then one in each interval.
type pace struct {
	burst int
	every time.Duration
}

// maxPaced is of how many accounts, addresses and pairs the tries are remembered.
const maxPaced = 20_000

// throttle slows the guessing of passwords down. It is in memory: each node counts for itself.
type throttle struct {
	mu       sync.Mutex
	limiters map[string]*rate.Limiter
}

func newThrottle() *throttle { return &throttle{limiters: map[string]*rate.Limiter{}} }

// try takes a try of an account from an address. With known the account's person has signed in from the
// browser before: then what others try counts for nothing.
//
// Errors: KindTooMany, with how long to wait.
func (t *throttle) try(now time.Time, account, address string, known bool) error {
	if known {
		return t.take(now, map[string]pace{"d" + account: ofDevice})
	}
	address = network(address)
	return t.take(now, map[string]pace{
		"p" + account + "\n" + address: ofPair, "i" + address: ofAddress, "a" + account: ofAccount,
	})
}

// network is an address as tries are counted: of IPv6 the /64 that one customer has (RFC 6177).
func network(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil || !addr.Is6() {
		return address
	}
	prefix, err := addr.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}

// take takes a try of each name, or of none.
func (t *throttle) take(now time.Time, names map[string]pace) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var wait time.Duration
	for name, pace := range names {
		limiter := t.limiter(now, name, pace)
		if missing := 1 - limiter.TokensAt(now); missing > 0 {
			wait = max(wait, time.Duration(missing*float64(pace.every)))
		}
	}
	if wait > 0 {
		return &core.Error{
			Kind: core.KindTooMany, Reason: core.ReasonTooManyRequests,
			RetryAfter: wait.Truncate(time.Second) + time.Second,
			Detail:     "too many tries to sign in; wait a little, then try again",
		}
	}
	for name, pace := range names {
		t.limiter(now, name, pace).AllowN(now, 1)
	}
	return nil
}

// forget gives an account's tries from an address back, after the right password.
func (t *throttle) forget(account, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.limiters, "p"+account+"\n"+network(address))
	delete(t.limiters, "d"+account)
}

func (t *throttle) limiter(now time.Time, name string, p pace) *rate.Limiter {
	if found := t.limiters[name]; found != nil {
		return found
	}
	if len(t.limiters) >= maxPaced {
		t.tidy(now)
	}
	made := rate.NewLimiter(rate.Every(p.every), p.burst)
	t.limiters[name] = made
	return made
}

// tidy drops what allows as much as anew. If that is little, somebody fills the memory: then all goes.
func (t *throttle) tidy(now time.Time) {
	for name, limiter := range t.limiters {
		if limiter.TokensAt(now) >= float64(limiter.Burst()) {
			delete(t.limiters, name)
		}
	}
	if len(t.limiters) > maxPaced/2 {
		clear(t.limiters)
	}
}
