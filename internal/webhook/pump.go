package webhook

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Limits of a pump.
const (
	maxInFlight  = 8
	readAtOnce   = 100
	storedAtOnce = 100
	// storeInterval is how long results may wait to be stored together.
	storeInterval = 50 * time.Millisecond
	keepInterval  = 2 * time.Second        // between two renewals of the lease
	trustInterval = 250 * time.Millisecond // for which a renewal is enough to begin with new events
	idleLimit     = 5 * time.Second        // without anything to send, after which the lease is given back
	// downAfter is how many failures in a row make an endpoint one that is down: attempts pause, and
	// events wait in the log instead of failing one by one.
	downAfter       = 10
	firstPause      = time.Second
	longestPause    = 5 * time.Minute
	unavailableRest = 250 * time.Millisecond
	longestRest     = 200 * time.Millisecond // after a part of the log that has nothing for the endpoint
)

// pump sends for one endpoint. All of its fields but head and renew belong to the goroutine of run.
type pump struct {
	service  *Service
	lease    Lease
	endpoint Endpoint
	line     *line
	head     atomic.Int64 // the newest position of the log, as far as is known
	renew    atomic.Bool  // the lease at once: something about the endpoint is new
	woken    chan struct{}
	results  chan result
	depose   func()        // ends run: another pump of this node has the lease
	deposed  chan struct{} // closed by depose
	done     chan struct{} // closed when run has ended

	taken    int64    // up to it, the log was read
	fresh    []item   // events that were read, not yet begun
	retries  []item   // deliveries that are due, not yet begun
	underWay []item   // attempts
	attempts []result // that are not stored yet
	window   int      // how many attempts may be under way
	retry    bool     // whose turn it is: a delivery that is due, or a new event

	stored, busy time.Time // the last time that something was stored; that there was something to do
}

// item is an event to send.
type item struct {
	about    event.Event
	delivery Delivery
	isRetry  bool
	missing  bool // the event is not kept any more
}

// subject names what the event is about; of a user who was erased, the event alone.
func (i *item) subject() string {
	if s := i.about.Subject; s.Kind != event.SubjectUser {
		return string(s.Kind) + ":" + s.Key
	}
	if i.about.UserID == "" {
		return i.about.ID.String()
	}
	return "user:" + i.about.UserID
}

// result is an attempt that has ended.
type result struct {
	item    item
	attempt Attempt
}

func newPump(service *Service, claim Claim) *pump {
	p := &pump{
		service: service, lease: claim.Lease, endpoint: claim.Endpoint, line: service.deps.Client.line(),
		woken: make(chan struct{}, 1), results: make(chan result, maxInFlight),
		taken: claim.Endpoint.Position, window: maxInFlight, stored: time.Now(), busy: time.Now(),
	}
	if claim.Endpoint.Failures > 0 {
		p.window = 1
	}
	p.deposed, p.done = make(chan struct{}), make(chan struct{})
	p.depose = sync.OnceFunc(func() { close(p.deposed) })
	p.head.Store(claim.Endpoint.Position + 1) // there may be more
	return p
}

// wake tells the pump that there is something new.
func (p *pump) wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

// run sends until there has been nothing to send for a while, or until quit is closed.
func (p *pump) run(ctx context.Context, quit <-chan struct{}) error {
	defer p.line.close()
	ctx, cancel := context.WithCancel(ctx)
	defer p.abort(cancel)
	tick := time.NewTicker(storeInterval)
	defer tick.Stop()
	for {
		err := p.turn(ctx)
		if core.IsKind(err, core.KindUnavailable) { // no fault of the endpoint's
			rest(ctx, unavailableRest)
			err = nil
		}
		if err != nil || p.endpoint.Status() != Enabled {
			return err // which gave the lease back
		}
		if p.isPaused() && len(p.underWay) == 0 {
			return p.pause(ctx)
		}
		if len(p.underWay)+len(p.fresh)+len(p.retries)+len(p.attempts) > 0 {
			p.busy = time.Now()
		} else if time.Since(p.busy) > idleLimit {
			return p.store(ctx, true)
		}
		select {
		case r := <-p.results:
			p.ended(r)
		case <-p.woken:
		case <-tick.C:
		case <-p.deposed:
			return ErrLeaseLost
		case <-quit:
			return p.end(ctx, cancel)
		}
	}
}

// turn does what there is to do now.
func (p *pump) turn(ctx context.Context) error {
	if err := p.fill(ctx); err != nil {
		return err
	}
	if err := p.store(ctx, false); err != nil {
		return err
	}
	if p.endpoint.Status() == Enabled && !p.isPaused() {
		p.begin(ctx) // with a lease that was renewed lately
	}
	return nil
}

// isPaused reports whether an endpoint that is down is left alone now.
func (p *pump) isPaused() bool {
	return p.endpoint.PausedUntil != nil && time.Now().Before(*p.endpoint.PausedUntil)
}

// pause gives the lease back until the endpoint is tried again. What was read is forgotten: people may be
// erased meanwhile.
func (p *pump) pause(ctx context.Context) error {
	p.taken = p.floor()
	p.fresh, p.retries = nil, nil
	return p.store(ctx, true)
}

// abort ends the attempts under way, and waits for that.
func (p *pump) abort(cancel func()) {
	cancel()
	for range p.underWay {
		<-p.results
	}
}

// end waits for the attempts under way, a short time, and gives the lease back.
func (p *pump) end(ctx context.Context, cancel func()) error {
	stop := time.AfterFunc(stopPatience, cancel)
	defer stop.Stop()
	for len(p.underWay) > 0 {
		p.ended(<-p.results)
	}
	ctx, cancelStore := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
	defer cancelStore()
	return p.store(ctx, true)
}

// begin begins as many attempts as may be under way. Of each subject, one event is under way at a time.
func (p *pump) begin(ctx context.Context) {
	for len(p.underWay) < p.window {
		next, found := p.next()
		if !found {
			return
		}
		p.underWay = append(p.underWay, next)
		if next.missing {
			why := Attempt{At: p.service.now(), Error: "the event is not kept any more, so it cannot be sent"}
			p.results <- result{next, why}
			continue
		}
		endpoint := p.endpoint
		go func() {
			p.results <- result{next, p.service.attempt(ctx, p.line, &endpoint, &next.about)}
		}()
	}
}

// next takes the next item whose subject is free. New events and deliveries that are due take turns.
func (p *pump) next() (item, bool) {
	queues := []*[]item{&p.fresh, &p.retries}
	if p.retry {
		slices.Reverse(queues)
	}
	p.retry = !p.retry
	busy := map[string]bool{}
	for i := range p.underWay {
		busy[p.underWay[i].subject()] = true
	}
	for _, queue := range queues {
		for i := range *queue {
			if subject := (*queue)[i].subject(); !busy[subject] {
				next := (*queue)[i]
				*queue = slices.Delete(*queue, i, i+1)
				return next, true
			}
		}
	}
	return item{}, false
}

// ended notes the result of an attempt.
func (p *pump) ended(r result) {
	p.underWay = slices.DeleteFunc(p.underWay, func(i item) bool {
		return i.delivery.Position == r.item.delivery.Position
	})
	p.attempts = append(p.attempts, r)
	if r.item.missing || r.attempt.interrupted {
		return
	}
	p.endpoint.attempted(&r.attempt, p.service.deps.Schedule.quiet())
	p.endpoint.PausedUntil = nil
	if r.attempt.Succeeded() {
		p.window = min(2*p.window, maxInFlight)
		return
	}
	p.window = max(p.window/2, 1)
	var wait time.Duration
	if more := p.endpoint.Failures - downAfter; more >= 0 {
		p.window = 1
		wait = min(firstPause<<min(more, 16), longestPause)
	}
	if r.attempt.isAboutAll() {
		wait = max(wait, min(r.attempt.retryAfter, longestPause))
	}
	if wait > 0 {
		p.endpoint.PausedUntil = new(time.Now().UTC().Add(wait).Truncate(time.Microsecond))
	}
}

// floor is up to where the log was read and nothing is under way any more.
func (p *pump) floor() int64 {
	floor := p.taken
	for _, items := range [][]item{p.fresh, p.underWay} {
		for i := range items {
			if !items[i].isRetry {
				floor = min(floor, items[i].delivery.Position-1)
			}
		}
	}
	return floor
}

// store stores results, if there are some that have waited long enough, and renews the lease in time.
func (p *pump) store(ctx context.Context, release bool) error {
	since := time.Since(p.stored)
	isFull := len(p.attempts) >= storedAtOnce || len(p.attempts) > 0 && since >= storeInterval
	isNew := p.renew.Swap(false)
	isOld := since >= keepInterval || since >= trustInterval && len(p.fresh) > 0 && len(p.underWay) == 0
	if !isFull && !isOld && !isNew && !release && p.endpoint.Status() == Enabled {
		return nil
	}
	var changed Changed
	for i := range p.attempts {
		d := &p.attempts[i].item.delivery
		if p.attempts[i].item.missing {
			d.end(p.attempts[i].attempt)
		} else {
			d.attempted(p.attempts[i].attempt, p.service.deps.Schedule)
		}
		changed.Deliveries = append(changed.Deliveries, *d)
	}
	if p.endpoint.Status() != Enabled {
		made, err := p.service.disabled(&p.endpoint)
		if err != nil {
			return err
		}
		changed.Events = []*event.Event{made}
	}
	mine := p.endpoint
	mine.Position = p.floor()
	e, err := p.service.deps.Store.KeepEndpoint(ctx, p.lease, release, func(e *Endpoint) (Changed, error) {
		e.Position = mine.Position
		e.Failures, e.FailingSince, e.PausedUntil = mine.Failures, mine.FailingSince, mine.PausedUntil
		if mine.LastAt != nil && (e.LastAt == nil || e.LastAt.Before(*mine.LastAt)) { // no test is newer
			e.LastAt, e.LastStatus, e.LastError = mine.LastAt, mine.LastStatus, mine.LastError
		}
		e.DisabledAt, e.DisabledReason = mine.DisabledAt, mine.DisabledReason
		return changed, nil
	})
	if err != nil {
		if isNew {
			p.renew.Store(true)
		}
		return err
	}
	p.endpoint, p.attempts, p.stored = e, nil, time.Now()
	return nil
}
