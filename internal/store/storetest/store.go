package storetest

import (
	"context"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
	"accesscodes/internal/member"
	"accesscodes/internal/overview"
	"accesscodes/internal/store/grouped"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/webhook"
)

// Store is a store of every area, as an engine is. The areas' interfaces say what the methods
// promise.
type Store interface {
	codes.Store
	tenancy.Store
	event.Store
	job.Store
	bulk.Store
	member.Store
	overview.Store
	webhook.Store
	// Ping reports whether the store answers, and which of its nodes do not.
	Ping(ctx context.Context) (away []string, err error)
	// Close ends every connection. It is called once, after the last other method.
	Close() error
}

// Wrapped is a store of which areas are wrapped one by one, as the program does it.
type Wrapped struct {
	codes.Store
	Tenancy
	Log
	Work
	Bulk
	People
	Overview
	Webhooks
	Below Store  // what answers, and is closed
	End   func() // is called before that; nil: nothing
}

// Tenancy is [tenancy.Store] by another name, so that it can stand beside the others.
type Tenancy interface{ tenancy.Store }

// Log is [event.Store] by another name.
type Log interface{ event.Store }

// Work is [job.Store] by another name.
type Work interface{ job.Store }

// Bulk is [bulk.Store] by another name.
type Bulk interface{ bulk.Store }

// People is [member.Store] by another name.
type People interface{ member.Store }

// Overview is [overview.Store] by another name.
type Overview interface{ overview.Store }

// Webhooks is [webhook.Store] by another name.
type Webhooks interface{ webhook.Store }

// Ping implements [Store].
func (w *Wrapped) Ping(ctx context.Context) ([]string, error) { return w.Below.Ping(ctx) }

// Close implements [Store].
func (w *Wrapped) Close() error {
	if w.End != nil {
		w.End()
	}
	return w.Below.Close()
}

// Grouped wraps a store so that hot writes share commits.
func Grouped(below Store) Store {
	store := grouped.New(below, grouped.Options{})
	return &Wrapped{
		Store: store, Tenancy: below, Log: below, Work: below, Bulk: below, People: below, Overview: below, Webhooks: below,
		Below: below, End: store.Close,
	}
}
