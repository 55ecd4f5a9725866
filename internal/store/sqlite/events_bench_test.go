package sqlite_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/store/grouped"
	"accesscodes/internal/store/sqlite"
)

// BenchmarkEvents generates codes and redeems each, with many requests under way: where hot events are not
// recorded, where those of one type are, and where all are.
func BenchmarkEvents(b *testing.B) {
	for _, c := range []struct {
		name    string
		listens core.EventSet
	}{
		{"none", 0}, {"redemption.created", event.HotSet([]event.Type{event.RedemptionCreated})}, {"all", event.AllHot},
	} {
		listens := c.listens
		b.Run(c.name+"/generate", func(b *testing.B) {
			service, _, caller := servingFile(b, listens)
			measure(b, func() error {
				_, err := service.GenerateCode(b.Context(), caller, codes.IssueRequest{Type: codes.TypeNormal})
				return err
			})
		})
		b.Run(c.name+"/redeem", func(b *testing.B) {
			service, store, caller := servingFile(b, listens)
			var list atomic.Int64
			insertMany(b, store, caller, b.N)
			measure(b, func() error {
				n := list.Add(1)
				_, err := service.Redeem(
					b.Context(),
					caller,
					codes.RedeemRequest{Code: fmt.Sprint("CODE-", n), UserID: fmt.Sprint("user-", n)},
				)
				return err
			})
		})
	}
}

// servingFile returns a service on a new file.
func servingFile(b *testing.B, listens core.EventSet) (*codes.Services, codes.Store, *core.Actor) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "codes.db")
	if _, err := sqlite.Migrate(b.Context(), path); err != nil {
		b.Fatal(err)
	}
	below, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	store := grouped.New(below, grouped.Options{})
	b.Cleanup(func() {
		store.Close()
		if err := below.Close(); err != nil {
			b.Error(err)
		}
	})
	services := codes.NewServices(codes.Deps{
		Store: store, Now: time.Now, Entropy: core.SystemEntropy(),
		NewID: func() (core.ID, error) { id, err := uuid.NewV7(); return core.ID(id), err },
	})
	actor := &core.Actor{
		Kind: core.ActorKey, ID: core.ID{1}, Name: "backend", WorkspaceID: core.ID{2},
		Format: core.Format{Prefix: "ACME", Groups: 4, GroupLength: 4}, Listens: listens,
	}
	return services, store, actor
}

// insertMany inserts codes that can each be redeemed once.
func insertMany(b *testing.B, store codes.Store, caller *core.Actor, count int) {
	b.Helper()
	once := int64(1)
	var list []*codes.NewCode
	for n := range count {
		value := fmt.Sprint("CODE-", n+1)
		list = append(list, &codes.NewCode{Canonical: core.Canonical(value), Code: codes.Code{
			Value: value, WorkspaceID: caller.WorkspaceID, Type: codes.TypeNormal, MaxRedemptions: &once,
			CreatedAt: time.Now(), CreatedBy: caller.ID,
		}})
	}
	if _, err := store.InsertCodes(b.Context(), list); err != nil {
		b.Fatal(err)
	}
}

// measure asks with 64 requests under way for each processor.
func measure(b *testing.B, ask func() error) {
	b.Helper()
	b.ReportAllocs()
	b.SetParallelism(64)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := ask(); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
