package tenancy

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// MaxAddresses is how many addresses are remembered of each key.
const MaxAddresses = 50

// addressLife is how long an address from which a key was used is known. One from which it was not used for
// longer is a new one.
const addressLife = 90 * 24 * time.Hour

// FlushKeyUsage stores when keys were last used, for the keys used since the last flush, and from where. Call
// it about every minute, and once before the store is closed. If a flush fails, the next one stores its
// values.
func (s *Service) FlushKeyUsage(ctx context.Context) error {
	if used := s.usage.take(); len(used) > 0 {
		if err := s.store.TouchKeys(ctx, used); err != nil {
			s.usage.putBack(used)
			return err
		}
	}
	var errs []error
	s.usage.of.Range(func(id, use any) bool {
		if err := s.flushAddresses(ctx, id.(core.ID), use.(*keyUse)); err != nil {
			errs = append(errs, err)
		}
		return len(errs) == 0 // the others are left for the next time
	})
	return errors.Join(errs...)
}

// flushAddresses stores from where a key was used. A use from a new address is an event.
func (s *Service) flushAddresses(ctx context.Context, id core.ID, use *keyUse) error {
	clients, workspace, name := use.takeClients()
	var addresses []string
	for _, client := range clients {
		if address := addressOf(client); address != "" {
			addresses = append(addresses, address)
		}
	}
	if len(addresses) == 0 {
		return nil
	}
	slices.Sort(addresses)
	now := s.now()
	source := s.recorder.Source(workspace, event.Actor{Kind: core.ActorKey, ID: id, Name: name}, 0)
	record := func(address string) (*event.Event, error) {
		data := event.Data{"name": name, "address": address}
		return source.Make(event.KeyUsed, now, event.Thing(event.SubjectKey, id), "", data)
	}
	err := s.store.NoteAddresses(ctx, id, slices.Compact(addresses), now, now.Add(-addressLife), record)
	if err != nil {
		for _, client := range clients {
			use.add(client)
		}
	}
	return err
}

// addressOf returns what is remembered of a caller's address: IPv4 as it is, of IPv6 the network of 64 bits,
// within which a caller changes its address at will; empty: it is no address.
func addressOf(client string) string {
	addr, err := netip.ParseAddr(client)
	if err != nil {
		return ""
	}
	if addr = addr.Unmap().WithZone(""); addr.Is4() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, 64).Masked().String()
}

// NoteAddress notes from where a request with a key has come. It only keeps that in memory, until
// [Service.FlushKeyUsage].
func (s *Service) NoteAddress(actor *core.Actor, client string) {
	if actor.Kind == core.ActorKey {
		s.usage.noteClient(actor, client)
	}
}

// keyUsage keeps in memory when and from where keys were last used. A write for each request would cost more
// than the request.
type keyUsage struct {
	of sync.Map // ID → *keyUse
}

// keyUse is the use of one key since the last flush.
type keyUse struct {
	last   atomic.Int64           // microseconds since 1970
	recent atomic.Pointer[string] // the client that was noted last: most requests come from it, too

	mu        sync.Mutex
	workspace core.ID
	name      string
	clients   map[string]struct{} // MaxAddresses at most
}

func (u *keyUsage) use(id core.ID) *keyUse {
	use, ok := u.of.Load(id)
	if !ok {
		use, _ = u.of.LoadOrStore(id, new(keyUse))
	}
	return use.(*keyUse)
}

func (u *keyUsage) note(id core.ID, now time.Time) { u.use(id).last.Store(now.UnixMicro()) }

func (u *keyUsage) noteClient(actor *core.Actor, client string) {
	use := u.use(actor.ID)
	if recent := use.recent.Load(); recent == nil || *recent != client {
		use.noteClient(actor, client)
	}
}

func (k *keyUse) noteClient(actor *core.Actor, client string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.workspace, k.name = actor.WorkspaceID, actor.Name
	client = strings.Clone(client) // it may be part of a larger text
	k.insert(client)
	k.recent.Store(&client)
}

func (k *keyUse) add(client string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.insert(client)
}

func (k *keyUse) insert(client string) {
	if k.clients == nil {
		k.clients = map[string]struct{}{}
	}
	if len(k.clients) < MaxAddresses {
		k.clients[client] = struct{}{}
	}
}

// takeClients returns the clients since the last time, and whose key it is.
func (k *keyUse) takeClients() (clients []string, workspace core.ID, name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for client := range k.clients {
		clients = append(clients, client)
	}
	k.clients = nil
	k.recent.Store(nil)
	return clients, k.workspace, k.name
}

func (u *keyUsage) take() map[core.ID]time.Time {
	used := map[core.ID]time.Time{}
	u.of.Range(func(id, use any) bool {
		if at := use.(*keyUse).last.Swap(0); at != 0 {
			used[id.(core.ID)] = time.UnixMicro(at).UTC()
		}
		return true
	})
	return used
}

// putBack undoes take, except for keys that have been used again.
func (u *keyUsage) putBack(used map[core.ID]time.Time) {
	for id, at := range used {
		u.use(id).last.CompareAndSwap(0, at.UnixMicro())
	}
}
