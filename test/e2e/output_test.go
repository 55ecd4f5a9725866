package e2e

import (
	"regexp"
	"sync"
	"time"
)

// maxOutput is how much of the end of a process's output is kept, in bytes.
const maxOutput = 64 << 10

// output keeps the end of what a process writes and lets a test wait for words in it.
type output struct {
	mu      sync.Mutex
	text    []byte
	changed chan struct{} // closed by the next write
}

func newOutput() *output { return &output{changed: make(chan struct{})} }

// Write implements [io.Writer].
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, p...)
	if len(o.text) > 2*maxOutput {
		o.text = append(o.text[:0], o.text[len(o.text)-maxOutput:]...)
	}
	close(o.changed)
	o.changed = make(chan struct{})
	return len(p), nil
}

// String returns what is kept.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text)
}

// await returns the first match and its groups, or nil if there is none before the
// deadline or before the process has ended.
func (o *output) await(pattern *regexp.Regexp, ended <-chan struct{}, deadline <-chan time.Time) []string {
	for {
		o.mu.Lock()
		match, changed := pattern.FindSubmatch(o.text), o.changed
		o.mu.Unlock()
		if match != nil {
			return texts(match)
		}
		select {
		case <-changed:
		case <-deadline:
			return nil
		case <-ended:
			return texts(pattern.FindSubmatch([]byte(o.String()))) // its last words have come
		}
	}
}

func texts(match [][]byte) (all []string) {
	for _, group := range match {
		all = append(all, string(group))
	}
	return all
}
