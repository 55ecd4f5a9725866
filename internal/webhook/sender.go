package webhook

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"accesscodes/internal/core"
)

// Times of sending.
const (
	// lookInterval is how often a node looks for endpoints that have something to send.
	lookInterval = 250 * time.Millisecond
	// headInterval is how often it looks for new events of the endpoints that it sends for.
	headInterval = 50 * time.Millisecond
	leaseLife    = 6 * time.Second
	claimsAtOnce = 100
	lookTimeout  = 5 * time.Second
	// stopPatience is how long attempts under way may still take when the sender is stopped.
	stopPatience = 3 * time.Second
)

// Sender sends what endpoints want to know. Each of its pumps sends for one endpoint, so none keeps
// another one waiting.
type Sender struct {
	service *Service
	node    core.ID
	log     *slog.Logger

	wake chan struct{}
	quit chan struct{}
	done chan struct{}
	once sync.Once

	mu    sync.Mutex
	pumps map[core.ID]*pump // by endpoint
	group sync.WaitGroup
}

// NewSender returns a sender that does not run yet. node is unlike that of any other process.
func NewSender(service *Service, node core.ID, log *slog.Logger) *Sender {
	return &Sender{
		service: service, node: node, log: log, pumps: map[core.ID]*pump{},
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
	}
}

// Wake tells the sender that something about an endpoint is new: that there may be something to send, or that
// nothing is sent any more. Other nodes find out within keepInterval.
func (s *Sender) Wake(endpoint core.ID) {
	s.mu.Lock()
	p := s.pumps[endpoint]
	s.mu.Unlock()
	if p != nil {
		p.renew.Store(true)
		p.wake()
	}
	select {
	case s.wake <- struct{}{}:
	default: // it has been told already
	}
}

// Start runs until Stop.
func (s *Sender) Start() { go s.run() }

// Stop ends the attempts under way, after a short while, notes what they have come to, gives the leases
// back and waits for that. It is safe to call twice, but only after Start.
func (s *Sender) Stop() error {
	s.once.Do(func() { close(s.quit) })
	<-s.done
	return nil
}

func (s *Sender) run() {
	defer close(s.done)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	defer s.group.Wait()
	go func() { // a look with the database away would take its whole time
		select {
		case <-s.quit:
			cancel()
		case <-ctx.Done():
		}
	}()
	looks, heads := time.NewTicker(lookInterval), time.NewTicker(headInterval)
	defer looks.Stop()
	defer heads.Stop()
	for {
		var err error
		select {
		case <-s.quit:
			return
		case <-heads.C:
			err = s.showHeads(ctx)
		case <-looks.C:
			err = s.claim(ctx)
		case <-s.wake:
			err = s.claim(ctx)
		}
		if ctx.Err() != nil { // whatever else there would be to do
			return
		}
		if err != nil {
			s.log.Warn("webhooks wait", "error", err.Error())
			s.rest(time.Second)
		}
	}
}

func (s *Sender) rest(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.quit:
	}
}

// claim starts pumps for endpoints that have something to send.
func (s *Sender) claim(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	claims, err := s.service.deps.Store.ClaimEndpoints(ctx, s.node, leaseLife, claimsAtOnce)
	if err != nil {
		return err
	}
	for _, claim := range claims {
		p := newPump(s.service, claim)
		s.mu.Lock()
		before := s.pumps[claim.Endpoint.ID] // which has lost its lease
		s.pumps[claim.Endpoint.ID] = p
		s.mu.Unlock()
		s.group.Go(func() {
			if before != nil {
				before.depose()
				<-before.done
			}
			s.pump(p)
		})
	}
	return nil
}

// pump runs a pump until it has nothing more to send, the lease is lost or the sender is stopped.
func (s *Sender) pump(p *pump) {
	defer close(p.done)
	err := p.run(context.Background(), s.quit)
	s.mu.Lock()
	if s.pumps[p.lease.EndpointID] == p {
		delete(s.pumps, p.lease.EndpointID)
	}
	s.mu.Unlock()
	if e := &p.endpoint; err == nil && e.Status() == Disabled {
		s.log.Warn("a webhook endpoint was switched off", "endpoint", p.lease.EndpointID.String(),
			"workspace", p.lease.WorkspaceID.String(), "why", string(e.DisabledReason))
	}
	if err != nil && !errors.Is(err, ErrLeaseLost) {
		s.log.Warn("sending to a webhook endpoint was interrupted", "endpoint", p.lease.EndpointID.String(),
			"error", err.Error())
	}
}

// showHeads shows the pumps how long the logs of their workspaces are.
func (s *Sender) showHeads(ctx context.Context) error {
	s.mu.Lock()
	pumps := make([]*pump, 0, len(s.pumps))
	workspaces := map[core.ID]struct{}{}
	for _, p := range s.pumps {
		pumps = append(pumps, p)
		workspaces[p.lease.WorkspaceID] = struct{}{}
	}
	s.mu.Unlock()
	if len(pumps) == 0 {
		return nil
	}
	ids := make([]core.ID, 0, len(workspaces))
	for id := range workspaces {
		ids = append(ids, id)
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	heads, err := s.service.deps.Log.EventHeads(ctx, ids)
	for _, p := range pumps {
		if head := heads[p.lease.WorkspaceID]; head > p.head.Load() {
			p.head.Store(head)
			p.wake()
		}
	}
	return err
}
