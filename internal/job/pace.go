package job

import "time"

// Pace chooses how much a step does, and lets interactive requests go first between steps. It is for
// one goroutine.
type Pace struct {
	load Load
	size int    // of the next step; 0: none was made yet
	seen uint64 // what the load had done
}

// NewPace returns a pace beside a load; nil: there is none.
func NewPace(load Load) *Pace {
	if load == nil {
		load = func() (uint64, int) { return 0, 0 }
	}
	return &Pace{load: load}
}

// Size is how many things the next step should do.
func (p *Pace) Size() int { return max(p.size, minSize) }

// Took chooses the size of the next step by how long the last one took.
func (p *Pace) Took(took time.Duration) {
	if p.size == 0 {
		p.size = firstSize
		return
	}
	factor := min(max(float64(stepTime)/float64(max(took, time.Microsecond)), 0.5), 2)
	p.size = min(max(int(float64(p.size)*factor), minSize), maxSize)
}

// Failed makes the next step smaller: the last one may have failed because it took too long.
func (p *Pace) Failed() { p.size = max(p.size/2, minSize) }

// GiveWay lets interactive requests go first, after a step that took so long. rest waits for a time.
func (p *Pace) GiveWay(took time.Duration, rest func(time.Duration)) {
	for range 4 {
		done, waiting := p.load()
		if done == p.seen && waiting == 0 {
			return
		}
		p.seen = done
		rest(took)
		if _, waiting = p.load(); waiting == 0 {
			p.seen, _ = p.load()
			return
		}
	}
}
