package e2e

import (
	"fmt"
	"sync"
	"testing"
)

// load is clients that do something without a pause.
type load struct {
	client  *client
	quit    chan struct{}
	clients sync.WaitGroup
	once    sync.Once
}

// startClients starts clients that each run until the load is over.
func startClients(t testing.TB, c *client, clients int, run func(ld *load, client int)) *load {
	t.Helper()
	ld := &load{client: c, quit: make(chan struct{})}
	for i := range clients {
		ld.clients.Go(func() { run(ld, i) })
	}
	t.Cleanup(ld.stop)
	return ld
}

// startLoad starts clients that add and generate codes and enter every answer in the ledger. The label makes
// their values unique, without their dashes too. A client that gets no answer stops: its server is gone.
func startLoad(t testing.TB, c *client, l *ledger, clients int, label string) *load {
	t.Helper()
	return startClients(t, c, clients, func(ld *load, client int) { ld.run(l, fmt.Sprintf("%s-C%d", label, client)) })
}

func (ld *load) isOver() bool {
	select {
	case <-ld.quit:
		return true
	default:
		return false
	}
}

func (ld *load) run(l *ledger, label string) {
	for i := 0; !ld.isOver(); i++ {
		w := wanted{kind: codeTypes[i%len(codeTypes)], generated: i%2 == 1}
		var a answer
		var err error
		if w.generated {
			a, err = ld.client.generate(w.kind)
		} else {
			w.value = fmt.Sprintf("%s-N%d", label, i)
			a, err = ld.client.add(w.value, w.kind)
		}
		l.record(w, a, err)
		if err != nil {
			return
		}
	}
}

// stop ends the load and waits for the answers under way. It closes the connections: a
// transport may have opened one that it then did not use, and a server that drains
// gives such a connection 5 s to send something.
func (ld *load) stop() {
	ld.once.Do(func() { close(ld.quit) })
	ld.clients.Wait()
	ld.client.http.CloseIdleConnections()
}
