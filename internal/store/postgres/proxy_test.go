package postgres_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"sync"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"
)

// proxy stands between a store and its database and spoils what passes. "upstream" is
// what the store sends, "downstream" what the database answers.
type proxy struct {
	t *testing.T
	*toxiproxy.Proxy
}

// startProxy returns a proxy to the database at an address, and the address that leads
// through it.
func startProxy(t *testing.T, address string) (*proxy, string) {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := &proxy{t, toxiproxy.NewProxy(server, t.Name(), "127.0.0.1:0", parsed.Host)}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	parsed.Host = p.Listen
	return p, parsed.String()
}

// add spoils one direction of a share of the connections, those that are there already
// and new ones.
func (p *proxy) add(kind, direction string, share float32, toxic toxics.Toxic) {
	p.t.Helper()
	text, err := json.Marshal(toxics.ToxicWrapper{Type: kind, Stream: direction, Toxicity: share, Toxic: toxic})
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.Toxics.AddToxicJson(bytes.NewReader(text)); err != nil {
		p.t.Fatal(err)
	}
}

// swallow lets a direction's bytes disappear without a word.
func (p *proxy) swallow(direction string) {
	p.t.Helper()
	p.add("timeout", direction, 1, &toxics.TimeoutToxic{})
}

// breakOnce does something and breaks the first connection on which that makes the
// database send more than a number of bytes, after these. It reports whether it did.
func (p *proxy) breakOnce(bytes int64, action func()) (broken bool) {
	p.t.Helper()
	p.add("break_once", "downstream", 1, &breakOnce{Bytes: bytes})
	toxic := p.Toxics.GetToxic("break_once_downstream").Toxic.(*breakOnce)
	action()
	p.Toxics.ResetToxics(p.t.Context())
	return toxic.broken
}

// breakOnce is a toxic that lets so many bytes through and then breaks one connection.
// Toxiproxy's own limit_data would break every further one too.
type breakOnce struct {
	Bytes int64

	mu     sync.Mutex
	passed int64
	broken bool
}

func init() { toxics.Register("break_once", new(breakOnce)) }

// Pipe implements [toxics.Toxic].
func (b *breakOnce) Pipe(stub *toxics.ToxicStub) {
	for {
		select {
		case <-stub.Interrupt:
			return
		case chunk := <-stub.Input:
			if chunk == nil {
				stub.Close()
				return
			}
			rest, breaks := b.pass(chunk.Data)
			chunk.Data = rest
			stub.Output <- chunk
			if breaks {
				stub.Close()
				return
			}
		}
	}
}

// pass returns what of the data is let through, and whether the connection breaks then.
func (b *breakOnce) pass(data []byte) (rest []byte, breaks bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	left := b.Bytes - b.passed
	b.passed += int64(len(data))
	if b.broken || int64(len(data)) <= left {
		return data, false
	}
	b.broken = true
	return data[:left], true
}

// cut breaks every connection and lets new ones through, unspoilt.
func (p *proxy) cut() {
	p.t.Helper()
	p.Stop()
	p.Toxics.ResetToxics(p.t.Context())
	var err error
	for range 1000 {
		if err = p.Start(); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond) // the kernel may have lent the port to a client
	}
	p.t.Fatal(err)
}
