package member

import (
	"context"
	"sync"
)

// Flood takes every turn of strangers and every place of those who wait, until the flood ebbs.
func (p *People) Flood() (ebb func()) {
	turns := p.Sessions.passwords.strangers
	release := make(chan struct{})
	var all sync.WaitGroup
	for range hashesOfStrangers {
		running := make(chan struct{})
		all.Go(func() {
			_ = turns.take(context.Background(), func() error { close(running); <-release; return nil })
		})
		<-running
	}
	turns.waiting.Add(hashesWaiting - hashesOfStrangers)
	return func() {
		turns.waiting.Add(hashesOfStrangers - hashesWaiting)
		close(release)
		all.Wait()
	}
}
